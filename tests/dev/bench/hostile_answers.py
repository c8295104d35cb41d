"""Answers of hostile servers: each is a head, pieces of a body, and what comes after the last piece.

All data are synthetic. A body is a few repeated pieces, so that the server needs little memory for it.
"""

import gzip
import json
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Literal

import brotli

from tests.dev.bench.hostile_documents import DOCUMENTS

Ending = Literal["close", "hang", "drip", "endless", "reset"]

MIB = 2**20
BOMB_BYTES = 256 * MIB
HTML = "Content-Type: text/html"


@dataclass(frozen=True)
class Answer:
    """What a server sends. `repeat` sends the body so many times; an `ending` may go on for ever."""

    head: bytes
    body: bytes = b""
    repeat: int = 1
    ending: Ending = "close"
    format: str = "HTML"

    def pieces(self) -> Iterator[bytes]:
        """Yield all that is sent before the ending."""
        yield self.head
        for _ in range(self.repeat):
            yield self.body


def head(*lines: str, status: str = "HTTP/1.1 200 OK") -> bytes:
    """Return a head whose lines are sent as they are."""
    return "\r\n".join((status, *lines, "", "")).encode("latin-1")


@cache
def hostile_answers() -> Mapping[str, Answer]:
    """Return all answers by a name that is a path."""
    parts = (_status_lines, _headers, _chunks, _bodies, _codings, _redirects, _documents)
    return {name: answer for part in parts for name, answer in part()}


def _status_lines() -> Iterator[tuple[str, Answer]]:
    lines = ("garbage", "", "HTTP/9.9 200 OK", "HTTP/1.1 99999 Huge", "HTTP/1.1 abc", "ICY 200 OK", "HTTP/1.1", "\0\0")
    for number, line in enumerate(lines):
        yield f"status-line-{number}", Answer(head(HTML, status=line))
    for status in (100, 102, 103):
        yield f"interim-{status}", Answer(b"", head(status=f"HTTP/1.1 {status} Wait"), 1000, "hang")
    for status in (
        201,
        204,
        206,
        226,
        304,
        400,
        401,
        402,
        403,
        404,
        407,
        408,
        410,
        418,
        425,
        451,
        500,
        501,
        502,
        504,
        511,
    ):
        yield f"status-{status}", Answer(head("Content-Length: 0", status=f"HTTP/1.1 {status} X"))
    for number, value in enumerate(
        ("0", "-1", "99999999999", "soon", "1e9", "Fri, 31 Dec 9999 23:59:59 GMT", "\x01", "3")
    ):
        yield (
            f"retry-after-{number}",
            Answer(head("Content-Length: 0", f"Retry-After: {value}", status="HTTP/1.1 429 X")),
        )


def _headers() -> Iterator[tuple[str, Answer]]:
    lengths = ("-1", "1, 2", "abc", "99999999999999999999", "0x10", "+5", "5\r\nContent-Length: 6", "")
    for number, length in enumerate(lengths):
        yield f"length-{number}", Answer(head(HTML, f"Content-Length: {length}"), b"hello")
    oddities = (
        "no colon",
        " folded: x",
        "X: \0",
        "X\0Y: z",
        ": empty",
        "X-Ünïcode: é",
        "X: a\rb",
        "Transfer-Encoding: odd",
    )
    for number, line in enumerate(oddities):
        yield f"header-{number}", Answer(head(HTML, line, "Content-Length: 5"), b"hello")
    yield "header-1mib", Answer(head(HTML, "X: " + "x" * MIB))
    yield "headers-10000", Answer(head(HTML, *(f"X-{number}: y" for number in range(10_000))))
    yield "headers-endless", Answer(b"HTTP/1.1 200 OK\r\n", b"X-More: and more\r\n", 1, "endless")
    yield (
        "cookies-5000",
        Answer(head(HTML, *(f"Set-Cookie: c{number}=1" for number in range(5000)), "Content-Length: 0")),
    )
    yield "cookie-big", Answer(head(HTML, "Set-Cookie: c=" + "x" * 7000, "Content-Length: 0"))


def _chunks() -> Iterator[tuple[str, Answer]]:
    chunked = head(HTML, "Transfer-Encoding: chunked")
    bodies = (
        b"zz\r\n",
        b"-1\r\nx\r\n",
        b"ffffffffffffffff\r\nx",
        b"5\r\nhel",
        b"0\r\n" + b"T: x\r\n" * 9999,
        b"5;x=" + b"y" * MIB,
    )
    for number, body in enumerate(bodies):
        yield f"chunk-{number}", Answer(chunked, body)
    for ending in ("hang", "drip", "reset"):
        yield f"chunk-{ending}", Answer(chunked, b"5\r\nhello\r\n", 3, ending)
    yield "chunks-tiny", Answer(chunked, b"1\r\nx\r\n", 1, "endless")
    yield (
        "chunked-and-length",
        Answer(head(HTML, "Transfer-Encoding: chunked", "Content-Length: 5"), b"5\r\nhello\r\n0\r\n\r\n"),
    )


def _bodies() -> Iterator[tuple[str, Answer]]:
    for ending in ("close", "hang", "drip", "endless", "reset"):
        yield f"announced-{ending}", Answer(head(HTML, "Content-Length: 100000"), b"hello", 1, ending)
        yield f"unannounced-{ending}", Answer(head(HTML), b"hello", 1, ending)
        yield f"nothing-{ending}", Answer(b"", b"", 1, ending)
    for size in (11, 100, 1000):
        yield f"too-large-{size}", Answer(head(HTML, f"Content-Length: {size * MIB}"), b"x" * MIB, 12)


def _codings() -> Iterator[tuple[str, Answer]]:
    zeros = bytes(MIB)
    compressor = zlib.compressobj(9, zlib.DEFLATED, zlib.MAX_WBITS | 16)
    bomb = b"".join(compressor.compress(zeros) for _ in range(BOMB_BYTES // MIB)) + compressor.flush()
    bombs = {"gzip": bomb, "gzip, gzip": gzip.compress(bomb), "br": brotli.compress(bytes(16 * MIB), quality=1)}
    for number, (coding, body) in enumerate(bombs.items()):
        yield f"bomb-{number}", Answer(head(HTML, f"Content-Encoding: {coding}", f"Content-Length: {len(body)}"), body)
    for coding in ("gzip", "deflate", "br", "zstd", "compress", "gzip, br, zstd, gzip", "x" * 1000):
        yield f"garbage-{coding[:8]}", Answer(head(HTML, f"Content-Encoding: {coding}"), b"\x1f\x8bgarbage" * 99)
        yield f"empty-{coding[:8]}", Answer(head(HTML, f"Content-Encoding: {coding}", "Content-Length: 0"))


def _redirects() -> Iterator[tuple[str, Answer]]:
    targets = (
        "/self",
        "http://10.0.0.1/",
        "http://169.254.169.254/latest/",
        "file:///etc/passwd",
        "javascript:1",
        "//",
        "http://",
        "http://[::1]/",
        "http://0x7f000001/",
        "http://user:pass@127.0.0.1/",
        "x" * 9000,
        "http://127.0.0.1:99999/",
        "?" + "a" * 5000,
    )
    for number, target in enumerate(targets):
        yield f"redirect-{number}", Answer(head("Content-Length: 0", f"Location: {target}", status="HTTP/1.1 302 X"))
    yield "redirect-none", Answer(head("Content-Length: 0", status="HTTP/1.1 301 X"))
    yield "redirect-two", Answer(head("Content-Length: 0", "Location: /a", "Location: /b", status="HTTP/1.1 307 X"))


def _documents() -> Iterator[tuple[str, Answer]]:
    for name, (format_, content_type, body) in DOCUMENTS.items():
        lines = (f"Content-Type: {content_type}", f"Content-Length: {len(body)}")
        yield f"document-{name}", Answer(head(*lines), body, format=format_)


def big_page() -> Answer:
    """Return 10 MiB of elements that are never closed."""
    return Answer(head(HTML, f"Content-Length: {10 * MIB}"), b"<p>a" * (MIB // 4), 10)


def big_json() -> Answer:
    """Return a list of objects in 50 MB of JSON."""
    rows = ",".join(json.dumps({"id": number, "name": "x" * 60}) for number in range(5000)).encode()
    count = 50_000_000 // (len(rows) + 1)
    body = b"[" + b",".join([rows] * count) + b"]"
    return Answer(head("Content-Type: application/json", f"Content-Length: {len(body)}"), body, format="JSON")
