"""Sends HTTP requests: transport, address guard, redirects, decoding, limits. Only this package uses httpx."""
