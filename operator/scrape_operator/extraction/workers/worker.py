"""A process that extracts from one document after another. Started by `process` as a program, to import little.

Requests come on stdin and replies go to stdout, as `frames` says. The process ends when stdin does.
"""

import os
import resource
import signal
import sys
import traceback
from collections.abc import Iterator, Mapping
from contextlib import suppress
from functools import lru_cache
from pathlib import Path
from typing import Any, BinaryIO, Final

import orjson
from lxml import etree

from scrape_operator.core.errors import ScrapeFailed
from scrape_operator.extraction.compiling import recompile
from scrape_operator.extraction.extractor import CompiledExtract
from scrape_operator.extraction.workers.frames import LENGTHS, frame_head, reply_frames, requested_document

_PAGE: Final = os.sysconf("SC_PAGE_SIZE")
_BROKEN_PARSER: Final = (MemoryError, SystemError, etree.LxmlError)
"""What a lack of memory raises: orjson ends in SystemError then, and libxml2 in an error of its own."""


def main() -> None:
    """Serve until stdin ends.

    Arguments: bytes beyond those of an idle process, and seconds and CPU seconds for one document (0: no limit).
    """
    allowance, seconds, cpu_seconds = map(int, sys.argv[1:4])
    with suppress(ValueError, OSError):
        # Where a document needs more, this process fails, and not the pod that it is in.
        limit = _pages(0) * _PAGE + allowance
        resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
    replies = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # nothing that a library prints gets between the replies
    replies.write(frame_head({}))
    replies.flush()
    while (asked := _read_frame(sys.stdin.buffer)) is not None:
        # The kernel ends this process where the parser hangs, even if the parent is gone.
        signal.alarm(seconds)
        signal.setitimer(signal.ITIMER_PROF, cpu_seconds)
        for frame in _answer(*asked):
            replies.write(frame)
        replies.flush()
        signal.alarm(0)
        signal.setitimer(signal.ITIMER_PROF, 0)
        del asked


def _read_frame(stream: BinaryIO) -> tuple[dict[str, Any], bytes] | None:
    lengths = stream.read(LENGTHS.size)
    if len(lengths) < LENGTHS.size:
        return None
    head, body = LENGTHS.unpack(lengths)
    return orjson.loads(stream.read(head)), stream.read(body)


def _answer(header: Mapping[str, Any], body: bytes) -> Iterator[bytes]:
    try:
        found = _compiled(header["spec"]).extract(requested_document(header, body))
        yield from reply_frames(found, {"resident": _pages(1) * _PAGE})
    except ScrapeFailed as failure:
        yield frame_head({"reason": failure.reason, "message": failure.message, "resident": _pages(1) * _PAGE})
    except Exception as error:  # noqa: BLE001 -- a defect of ours: the parent raises it
        is_broken = any(isinstance(one, _BROKEN_PARSER) for one in _chain(error))
        yield frame_head({"out_of_memory": True} if is_broken else {"defect": traceback.format_exc()})


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


def _pages(column: int) -> int:
    """Return pages of memory of this process: 0 for its address space, 1 for what is resident."""
    return int(Path("/proc/self/statm").read_text(encoding="ascii").split()[column])


@lru_cache(maxsize=64)
def _compiled(spec: str) -> CompiledExtract:
    return recompile(spec)


if __name__ == "__main__":
    main()
