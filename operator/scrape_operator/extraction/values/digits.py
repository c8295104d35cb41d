"""Digits of every script. Called by `numbers` and `dates`."""

import unicodedata


def ascii_digits(text: str) -> str:
    """Return a text with its decimal digits as those of ASCII."""
    if text.isascii():
        return text
    return "".join(str(unicodedata.decimal(char)) if char.isdecimal() else char for char in text)
