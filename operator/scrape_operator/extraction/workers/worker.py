"""A process that extracts from one document after another. Started by `workers` as a program, to import little.

Requests come on stdin and replies go to stdout, each a frame: two big-endian lengths of 32 bits, a
JSON header, and a body (`read_frame`, `frame`). The process ends when stdin does.
"""

import os
import resource
import signal
import struct
import sys
import traceback
from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime
from functools import lru_cache
from typing import Any, BinaryIO, Final
from zoneinfo import ZoneInfo

import orjson

from scrape_operator.core.errors import ScrapeFailed
from scrape_operator.core.extraction import Document, PageExtraction
from scrape_operator.core.runs.reasons import Reason
from scrape_operator.extraction.compiling import recompile
from scrape_operator.extraction.extractor import CompiledExtract

LENGTHS: Final = struct.Struct(">II")


def frame(header: Mapping[str, Any], body: bytes = b"") -> bytes:
    """Make a frame; datetimes in the header become RFC 3339 text."""
    head = orjson.dumps(header)
    return LENGTHS.pack(len(head), len(body)) + head + body


def request(spec: str, document: Document) -> bytes:
    """Make the frame that asks for an extraction by an `extract` in JSON."""
    header = {
        "spec": spec,
        "url": document.url,
        "content_type": document.content_type,
        "scheduled_for": document.scheduled_for,
        "fetched_at": document.fetched_at,
        "time_zone": document.time_zone.key,
    }
    return frame(header, document.body)


def main() -> None:
    """Serve until stdin ends. Arguments: bytes of address space, and seconds for one document."""
    memory, seconds = map(int, sys.argv[1:3])
    with suppress(ValueError, OSError):
        # Where a document needs more, this process fails, and not the pod that it is in.
        resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    replies = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # nothing that a library prints gets between the replies
    while (asked := _read_frame(sys.stdin.buffer)) is not None:
        # The kernel ends this process where the parser hangs, even if the parent is gone.
        signal.alarm(seconds)
        replies.write(_answer(*asked))
        replies.flush()
        signal.alarm(0)


def _read_frame(stream: BinaryIO) -> tuple[dict[str, Any], bytes] | None:
    lengths = stream.read(LENGTHS.size)
    if len(lengths) < LENGTHS.size:
        return None
    head, body = LENGTHS.unpack(lengths)
    return orjson.loads(stream.read(head)), stream.read(body)


def _answer(header: Mapping[str, Any], body: bytes) -> bytes:
    try:
        found = _compiled(header["spec"]).extract(_document(header, body))
        return frame({name: getattr(found, name) for name in PageExtraction.__slots__})
    except ScrapeFailed as failure:
        return frame({"reason": failure.reason, "message": failure.message})
    except MemoryError:
        return frame({"reason": Reason.EXTRACTION_ERROR, "message": "reading the document takes too much memory"})
    except Exception:  # noqa: BLE001 -- a defect of ours: the parent raises it
        return frame({"defect": traceback.format_exc()})


def _document(header: Mapping[str, Any], body: bytes) -> Document:
    return Document(
        body=body,
        url=header["url"],
        content_type=header["content_type"],
        scheduled_for=_instant(header["scheduled_for"]),
        fetched_at=_instant(header["fetched_at"]),
        time_zone=ZoneInfo(header["time_zone"]),
    )


def _instant(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None


@lru_cache(maxsize=64)
def _compiled(spec: str) -> CompiledExtract:
    return recompile(spec)


if __name__ == "__main__":
    main()
