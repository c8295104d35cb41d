"""Documents to items: html, json; selectors compiled once per spec generation."""
