"""The content codings one by one, decoded in bounded steps (RFC 1950 to 1952, 7932, 8878). `decoding` chains them.

A few hundred bytes may stand for gigabytes: no step returns much more than 64 KiB. Steps may be empty, so that a
caller can let other tasks run in between.
"""

import re
import sys
import zlib
from collections.abc import Callable, Iterator
from typing import Protocol

import brotli

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

STEP = 65_536
MAX_MEMBERS = 65_536
ZSTD_WINDOW_LOG_MAX = 23  # 8 MiB, which RFC 9659 makes the most for the web
_BROTLI_STEP = 32_768  # brotli doubles its blocks and exceeds the limit by up to one of them
_MAX_REPLAYED_BYTES = 2**20
_ZLIB_HEADER_BYTES = 2  # RFC 1950 section 2.2: CMF and FLG
_GZIP_MAGIC = b"\x1f\x8b\x08"  # RFC 1952 section 2.3.1, with the only method there is
_ZSTD_MAGIC = re.compile(rb"\x28\xb5\x2f\xfd|[\x50-\x5f]\x2a\x4d\x18")  # RFC 8878 sections 3.1.1 and 3.1.2
_LONGEST_MAGIC = 4

BROKEN = (zlib.error, brotli.error, zstd.ZstdError, EOFError)
"""What feeding bytes that cannot be decoded raises, besides CodingError."""


class CodingError(ValueError):
    """The body is not what its Content-Encoding says, or the coding is unknown."""


class _Stream(Protocol):
    """One compressed stream: decodes up to its end and keeps what comes after."""

    ended: bool = False
    rest: bytes = b""

    def feed(self, data: bytes) -> Iterator[bytes]: ...


class _Zlib(_Stream):
    """A stream of zlib, with `wbits` for its frame: 31 gzip, 15 zlib, -15 none."""

    def __init__(self, wbits: int) -> None:
        self._inflate = zlib.decompressobj(wbits)

    def feed(self, data: bytes) -> Iterator[bytes]:
        more = True
        while more:
            out = self._inflate.decompress(data, STEP)
            data = self._inflate.unconsumed_tail
            self.ended, self.rest = self._inflate.eof, self._inflate.unused_data
            more = not self.ended and (bool(data) or len(out) == STEP)
            yield out


class _Zstd(_Stream):
    """A zstd frame, or a skippable one."""

    def __init__(self) -> None:
        self._frame = zstd.ZstdDecompressor(options={zstd.DecompressionParameter.window_log_max: ZSTD_WINDOW_LOG_MAX})

    def feed(self, data: bytes) -> Iterator[bytes]:
        more = True
        while more:
            out = self._frame.decompress(data, STEP)
            data = b""
            self.ended, self.rest = self._frame.eof, self._frame.unused_data
            more = not self.ended and not self._frame.needs_input
            yield out


class _Brotli(_Stream):
    """A brotli stream.

    The library fails on bytes behind its end, and its decoder is of no use afterwards: then the stream is decoded once
    more, and its end is looked for byte by byte. Streams of more than 1 MiB fail instead: what was fed is not kept.
    """

    def __init__(self) -> None:
        self._decoder = brotli.Decompressor()
        self._fed: bytearray | None = bytearray()

    def feed(self, data: bytes) -> Iterator[bytes]:
        returned = 0
        try:
            for out in self._steps(data):
                returned += len(out)
                yield out
        except brotli.error:
            if self._fed is None:
                raise
            yield from self._find_end(bytes(self._fed), data, returned)
        if self._fed is not None:
            self._fed += data
            if len(self._fed) > _MAX_REPLAYED_BYTES:
                self._fed = None

    def _steps(self, data: bytes) -> Iterator[bytes]:
        out = self._decoder.process(data, output_buffer_limit=_BROTLI_STEP)
        while out or not self._decoder.can_accept_more_data():
            yield out
            out = self._decoder.process(b"", output_buffer_limit=_BROTLI_STEP)
        self.ended = self._decoder.is_finished()

    def _find_end(self, fed: bytes, data: bytes, returned: int) -> Iterator[bytes]:
        """Decode `data` up to the end of the stream that begins with `fed`, without the first `returned` bytes."""
        self._decoder = brotli.Decompressor()
        for _ in self._steps(fed):
            yield b""
        for position in range(len(data)):
            for out in self._steps(data[position : position + 1]):
                yield out[returned:]
                returned = max(0, returned - len(out))
            if self.ended:
                return


class Coding:
    """Removes one coding. Its streams may follow each other; what follows the last is dropped.

    `open_stream` takes the bytes that wait, and how many streams came before them. It returns None where they begin no
    stream, or are too few to know.
    """

    def __init__(self, open_stream: Callable[[bytes, int], _Stream | None]) -> None:
        self._open_stream = open_stream
        self._stream: _Stream | None = None
        self._waiting = b""
        self._count = 0

    @property
    def complete(self) -> bool:
        """Whether what was fed has a proper end. No byte at all is complete: HEAD and 204 have none."""
        return self._stream is None and (self._count > 0 or not self._waiting)

    def feed(self, data: bytes) -> Iterator[bytes]:
        """Decode one piece of some KiB, in steps. Raises CodingError or one of BROKEN."""
        self._waiting += data
        while self._waiting:
            stream = self._stream = self._stream or self._open()
            if stream is None:
                self._waiting = self._waiting[:_LONGEST_MAGIC]
                return
            data, self._waiting = self._waiting, b""
            yield from stream.feed(data)
            if stream.ended:
                self._stream, self._waiting = None, stream.rest

    def _open(self) -> _Stream | None:
        stream = self._open_stream(self._waiting, self._count)
        self._count += stream is not None
        if self._count > MAX_MEMBERS:
            raise CodingError(f"has more than {MAX_MEMBERS} compressed parts")
        return stream


def _open_gzip(head: bytes, count: int) -> _Stream | None:
    return _Zlib(zlib.MAX_WBITS | 16) if count == 0 or head.startswith(_GZIP_MAGIC) else None


def _open_deflate(head: bytes, count: int) -> _Stream | None:
    """Open zlib, which the RFC means by "deflate", or the bare stream of many servers. The header shows which."""
    if count > 0 or len(head) < _ZLIB_HEADER_BYTES:
        return None
    is_zlib = head[0] & 0x0F == zlib.DEFLATED and int.from_bytes(head[:2]) % 31 == 0
    return _Zlib(zlib.MAX_WBITS if is_zlib else -zlib.MAX_WBITS)


def _open_brotli(_head: bytes, count: int) -> _Stream | None:
    return _Brotli() if count == 0 else None


def _open_zstd(head: bytes, count: int) -> _Stream | None:
    return _Zstd() if count == 0 or _ZSTD_MAGIC.match(head) else None


OPENERS: dict[str, Callable[[bytes, int], _Stream | None]] = {
    "gzip": _open_gzip,
    "x-gzip": _open_gzip,
    "deflate": _open_deflate,
    "br": _open_brotli,
    "zstd": _open_zstd,
}
