"""Items: what a target yields, how items are identified, and how a change is found."""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from hashlib import blake2b
from typing import Any, NamedTuple

import orjson

JSONValue = None | bool | int | float | str | list[Any] | dict[str, Any]
"""A value that JSON can hold. Decimals are text, times RFC 3339 UTC text."""

KEY_MAX_BYTES = 512


class Item(NamedTuple):
    """One item that was scraped: its key within schedule and target, its data, and a hash of them.

    `unread` names the fields of a detail document that could not be read: what is stored of them stays as it is.
    It is a tuple, since no other value is created as often.
    """

    key: str
    data: Mapping[str, JSONValue]
    content_hash: str
    unread: Sequence[str] = ()

    @classmethod
    def of(cls, data: Mapping[str, JSONValue], key_fields: Sequence[str] = ()) -> "Item":
        """Return an item whose key is the values of `key_fields`, or a hash of all fields if none are named."""
        digest = content_hash(data)
        if not key_fields:
            return cls(digest, data, digest)
        key = _canonical([data.get(name) for name in key_fields])
        text = _digest(key) if len(key) > KEY_MAX_BYTES else key.decode("utf-8", "replace")
        return cls(text, data, digest)

    def completed_by(self, stored: Mapping[str, JSONValue]) -> "Item":
        """Return the item with what is stored of the fields that were not read."""
        if not self.unread:
            return self
        data = {**self.data, **{name: stored[name] for name in self.unread if name in stored}}
        return self._replace(data=data, content_hash=content_hash(data), unread=())


def content_hash(data: Mapping[str, JSONValue]) -> str:
    """Return what two items have in common if their fields differ in white space at most."""
    return _digest(_without_blanks(data))


def key_hash(data: Mapping[str, JSONValue], key_fields: Sequence[str]) -> int:
    """Return a hash of 64 bits of an item's key."""
    canonical = _canonical([data.get(name) for name in key_fields])
    return int.from_bytes(blake2b(canonical, digest_size=8).digest())


class ItemMode(StrEnum):
    """What happens to stored items."""

    UPSERT = "Upsert"
    SNAPSHOT = "Snapshot"
    APPEND = "Append"


class Change(StrEnum):
    """How a run changed an item."""

    NEW = "NEW"
    CHANGED = "CHANGED"
    GONE = "GONE"
    BACK = "BACK"


def differing(
    before: Mapping[str, JSONValue], after: Mapping[str, JSONValue]
) -> tuple[dict[str, JSONValue], dict[str, JSONValue]]:
    """Return the fields that differ, with their values before and after; a field that was not there is left out."""
    names = [name for name in {**before, **after} if _part(before, name) != _part(after, name)]
    return (
        {name: before[name] for name in names if name in before},
        {name: after[name] for name in names if name in after},
    )


def _part(data: Mapping[str, JSONValue], name: str) -> bytes | None:
    """Return a field in a form that tells true from 1, and null from a field that is not there."""
    return _canonical(data[name]) if name in data else None


@dataclass(frozen=True, slots=True)
class ItemCounts:
    """Counts of what a run changed; `total` counts the items of the schedule that are not gone."""

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


_BLANK = re.compile("[\x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]")
"""White space that does not count and is not ASCII."""

MAX_NORMALIZED_DEPTH = 64


def _without_blanks(data: Mapping[str, JSONValue]) -> bytes:
    """Write an item so that white space around texts, and how much of it is between words, makes no difference."""
    canonical = _canonical(data)
    if not _has_blanks(canonical.decode("utf-8", "replace")):
        return canonical
    return _canonical({name: _normalize(value) for name, value in data.items()})


def _has_blanks(text: str) -> bool:
    """Return whether canonical JSON has what it has wherever white space does not count; most has none."""
    if "  " in text or ' "' in text or '" ' in text or "\\" in text:
        return True
    return not text.isascii() and bool(_BLANK.search(text))


def _normalize(value: JSONValue, depth: int = 0) -> JSONValue:
    if isinstance(value, str):
        return " ".join(value.split())
    if depth > MAX_NORMALIZED_DEPTH:
        return value
    if isinstance(value, list):
        return [_normalize(part, depth + 1) for part in value]
    if isinstance(value, dict):
        return {name: _normalize(part, depth + 1) for name, part in value.items()}
    return value


def _digest(canonical: bytes) -> str:
    return blake2b(canonical, digest_size=16).hexdigest()
