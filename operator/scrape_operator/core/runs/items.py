"""Items: what a target gives, how one is told from another, how a change is seen."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any, NamedTuple

import orjson

JSONValue = None | bool | int | float | str | list[Any] | dict[str, Any]
"""A value that JSON can hold. Decimals are text, times RFC 3339 UTC text."""

KEY_MAX_BYTES = 512


class Item(NamedTuple):
    """One thing that was scraped: its identity within schedule and target, data, and fingerprint.

    A tuple, since runs make more of these than of anything else.
    """

    key: str
    data: Mapping[str, JSONValue]
    content_hash: str

    @classmethod
    def of(cls, data: Mapping[str, JSONValue], key_fields: Sequence[str] = ()) -> "Item":
        """Make an item whose identity is `key_fields`, or all of its fields where none are named."""
        content_hash = _digest(_canonical(data))
        if not key_fields:
            return cls(content_hash, data, content_hash)
        key = _canonical([data.get(name) for name in key_fields])
        text = _digest(key) if len(key) > KEY_MAX_BYTES else key.decode("utf-8", "replace")
        return cls(text, data, content_hash)


@dataclass(frozen=True, slots=True)
class ItemCounts:
    """What storing a run's items changed; `total` counts the items of the schedule that are not gone."""

    total: int = 0
    new: int = 0
    changed: int = 0
    gone: int = 0


def _canonical(value: object) -> bytes:
    """Write a value in one form only, whatever the order of its fields."""
    try:
        return orjson.dumps(value, option=orjson.OPT_SORT_KEYS)
    except TypeError:  # integers beyond 64 bits, deep nesting, lone surrogates
        text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
        return text.encode("utf-8", "surrogatepass")


def _digest(canonical: bytes) -> str:
    return blake2b(canonical, digest_size=16).hexdigest()
