"""Field types: numbers, dates, JSON values, text."""
