"""The protocol between the pool and its worker processes: frames on stdin and stdout.

A frame is two big-endian lengths of 32 bits, a JSON header and a body. A request is one frame, with the document as
its body. A reply is one frame for every part of the items, and a last one with everything else. A worker sends an
empty frame when it is ready for the first request.
"""

import struct
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any, Final

import orjson

from scrape_operator.core.extraction import Document, PageExtraction
from scrape_operator.core.schedule.time_zones import time_zone

LENGTHS: Final = struct.Struct(">II")

_PART_BYTES: Final = 2**18
"""Bytes of items in one frame: decoding them takes the event loop some milliseconds."""

_FACTS: Final = tuple(name for name in PageExtraction.__slots__ if name != "items")


def frame_head(header: Mapping[str, Any], body_length: int = 0) -> bytes:
    """Return a frame but its body; datetimes in the header become RFC 3339 text."""
    head = orjson.dumps(header)
    return LENGTHS.pack(len(head), body_length) + head


def request_header(spec: str, document: Document) -> dict[str, Any]:
    """Return the header that asks for the extraction of a document by the `spec` of a compiled extract."""
    return {
        "spec": spec,
        "url": document.url,
        "content_type": document.content_type,
        "scheduled_for": document.scheduled_for,
        "fetched_at": document.fetched_at,
        "time_zone": document.time_zone.key,
        "wants_hints": document.wants_hints,
    }


def requested_document(header: Mapping[str, Any], body: bytes) -> Document:
    """Return the document that a request holds."""
    return Document(
        body=body,
        url=header["url"],
        content_type=header["content_type"],
        scheduled_for=_instant(header["scheduled_for"]),
        fetched_at=_instant(header["fetched_at"]),
        time_zone=time_zone(header["time_zone"]),
        wants_hints=header["wants_hints"],
    )


def reply_frames(found: PageExtraction, facts: Mapping[str, Any]) -> Iterator[bytes]:
    """Return the frames of a reply; `facts` are added to the last one.

    Items are encoded many at a time: the encoder needs some KiB for each call, however short the item is.
    """
    start, count = 0, 1
    while start < len(found.items):
        part = orjson.dumps(found.items[start : start + count])
        yield frame_head({}, len(part)) + part
        start += count
        count = max(1, min(2 * count, count * _PART_BYTES // len(part)))
    yield frame_head({"facts": {name: getattr(found, name) for name in _FACTS}, **facts})


def extraction_of(items: list[Any], facts: Mapping[str, Any]) -> PageExtraction:
    """Return what a reply says."""
    return PageExtraction(items=items, **{**facts, "warnings": tuple(facts["warnings"])})


def _instant(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None
