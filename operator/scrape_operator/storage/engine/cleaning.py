"""Text and JSON that every database takes. Called by the column types, at the last moment before a write.

PostgreSQL can hold neither NUL nor lone surrogates in text and JSONB, while scraped pages and servers'
messages have both; the contract makes them U+FFFD.
"""

import json
import re
from typing import Any

import orjson

REPLACEMENT = "\N{REPLACEMENT CHARACTER}"
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
_ESCAPE = re.compile(
    r"""\\(?:
        u[dD][89abAB]..\\u[dD][c-fC-F]..        # a pair of surrogates: one character
        | (?P<bad> u0000 | u[dD][89a-fA-F].. )  # NUL, or half a pair
        | .                                     # any other escape, also an escaped backslash before a u
    )""",
    re.VERBOSE,
)


def clean_text(text: str) -> str:
    """Replace NUL and lone surrogates by U+FFFD."""
    if text.isascii():
        return text.replace("\0", REPLACEMENT) if "\0" in text else str(text)
    return _UNSTORABLE.sub(REPLACEMENT, text)


def dump_json(value: Any) -> str:
    """Write a value as JSON that JSONB takes.

    orjson first, for speed; what it refuses (lone surrogates, integers beyond 64 bits, nesting beyond
    254) is written by the standard library. What can't be stored is mended in the text, where it needs
    no recursion: data may be nested 512 deep by the contract.
    """
    try:
        text = orjson.dumps(value).decode()
    except TypeError:
        return _mend(json.dumps(value, allow_nan=False, separators=(",", ":")))
    return _mend(text) if "\\u0000" in text else text


def _mend(text: str) -> str:
    return _ESCAPE.sub(lambda match: "\\ufffd" if match["bad"] else match[0], text)
