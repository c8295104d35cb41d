"""Text and JSON that every database takes. Called by the column types, at the last moment before a write.

PostgreSQL can hold neither NUL nor lone surrogates in text and JSONB, while scraped pages and servers'
messages have both; api.md (exact rules) makes them U+FFFD.
"""

import json
import re
from typing import Any

import orjson

REPLACEMENT = "\N{REPLACEMENT CHARACTER}"
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")


def clean_text(text: str) -> str:
    """Replace NUL and lone surrogates by U+FFFD."""
    if text.isascii():
        return text.replace("\0", REPLACEMENT) if "\0" in text else str(text)
    return _UNSTORABLE.sub(REPLACEMENT, text)


def clean_json(value: Any) -> Any:
    """Do so in every text of a JSON value, names of members included."""
    if isinstance(value, str):
        return clean_text(value)
    if isinstance(value, dict):
        return {clean_text(str(name)): clean_json(member) for name, member in value.items()}
    if isinstance(value, list | tuple):
        return [clean_json(member) for member in value]
    return value


def dump_json(value: Any) -> str:
    """Write a value as JSON that JSONB takes.

    orjson first, for speed; what it refuses (lone surrogates, integers beyond 64 bits, nesting beyond
    254) is written by the standard library, which must not give the NaN that no JSON has.
    """
    try:
        raw = orjson.dumps(value)
    except TypeError:
        return json.dumps(clean_json(value), ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    if b"\\u0000" in raw:
        raw = orjson.dumps(clean_json(value))
    return raw.decode()
