"""The content codings one by one, decoded in bounded steps (RFC 1950 to 1952, 7932, 8878). `decoding` chains them.

A few hundred bytes may stand for gigabytes: no step returns much more than 64 KiB. Steps may be empty, so that a
caller can let other tasks run in between.
"""

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

BROKEN = (zlib.error, brotli.error, zstd.ZstdError, EOFError)
"""What feeding bytes that cannot be decoded raises, besides CodingError."""


class CodingError(ValueError):
    """The body is not what its Content-Encoding says, or the coding is unknown."""


class _Stream(Protocol):
    """One compressed stream: decodes up to its end and keeps what comes after."""

    ended: bool
    rest: bytes

    def feed(self, data: bytes) -> Iterator[bytes]: ...


class _Zlib:
    """A stream of zlib, with `wbits` for its frame: 31 gzip, 15 zlib, -15 none."""

    def __init__(self, wbits: int) -> None:
        self._inflate = zlib.decompressobj(wbits)
        self.ended = False
        self.rest = b""

    def feed(self, data: bytes) -> Iterator[bytes]:
        more = True
        while more:
            out = self._inflate.decompress(data, STEP)
            data = self._inflate.unconsumed_tail
            self.ended, self.rest = self._inflate.eof, self._inflate.unused_data
            more = not self.ended and (bool(data) or len(out) == STEP)
            yield out


class _Zstd:
    """A zstd frame, or a skippable one."""

    def __init__(self) -> None:
        self._frame = zstd.ZstdDecompressor(options={zstd.DecompressionParameter.window_log_max: ZSTD_WINDOW_LOG_MAX})
        self.ended = False
        self.rest = b""

    def feed(self, data: bytes) -> Iterator[bytes]:
        more = True
        while more:
            out = self._frame.decompress(data, STEP)
            data = b""
            self.ended = self._frame.eof
            self.rest = self._frame.unused_data if self.ended else b""
            more = not self.ended and not self._frame.needs_input
            yield out


class _Brotli:
    """A brotli stream.

    The library fails on bytes behind its end, and its decoder is of no use afterwards: then the stream is decoded once
    more, and its end is looked for byte by byte. Streams of more than 1 MiB fail instead: what was fed is not kept.
    """

    def __init__(self) -> None:
        self._decoder = brotli.Decompressor()
        self._fed = bytearray()
        self._can_replay = True
        self.ended = False
        self.rest = b""

    def feed(self, data: bytes) -> Iterator[bytes]:
        returned = 0
        try:
            for out in self._steps(data):
                returned += len(out)
                yield out
        except brotli.error:
            if not self._can_replay:
                raise
            yield from self._find_end(data, returned)
        self._keep(data)

    def _keep(self, data: bytes) -> None:
        self._can_replay = self._can_replay and len(self._fed) + len(data) <= _MAX_REPLAYED_BYTES
        if self._can_replay:
            self._fed += data
        else:
            self._fed.clear()

    def _steps(self, data: bytes) -> Iterator[bytes]:
        out = self._decoder.process(data, output_buffer_limit=_BROTLI_STEP)
        while out or not self._decoder.can_accept_more_data():
            yield out
            out = self._decoder.process(b"", output_buffer_limit=_BROTLI_STEP)
        self.ended = self._decoder.is_finished()

    def _find_end(self, data: bytes, returned: int) -> Iterator[bytes]:
        """Decode `data` up to the end of the stream, without the first `returned` bytes."""
        self._decoder = brotli.Decompressor()
        for _ in self._steps(bytes(self._fed)):
            yield b""
        for position in range(len(data)):
            for out in self._steps(data[position : position + 1]):
                yield out[returned:]
                returned = max(0, returned - len(out))
            if self.ended:
                return


class Coding(Protocol):
    """Takes encoded pieces and returns decoded steps. Feeding raises CodingError or one of BROKEN."""

    def feed(self, data: bytes) -> Iterator[bytes]:
        """Decode one piece, some KiB at the most."""

    @property
    def complete(self) -> bool:
        """Whether what was fed has a proper end."""


class _Single:
    """A coding that is one stream; what follows it is dropped."""

    def __init__(self, stream: _Stream) -> None:
        self._stream = stream

    def feed(self, data: bytes) -> Iterator[bytes]:
        if not self._stream.ended:
            yield from self._stream.feed(data)

    @property
    def complete(self) -> bool:
        return self._stream.ended


class _Deflate:
    """The coding "deflate": zlib by the RFC, a bare stream at many servers. The header of zlib shows which."""

    def __init__(self) -> None:
        self._head = b""
        self._stream: _Zlib | None = None

    def feed(self, data: bytes) -> Iterator[bytes]:
        if self._stream is None:
            self._head += data
            if len(self._head) < _ZLIB_HEADER_BYTES:
                return
            data = self._head
            is_zlib = data[0] & 0x0F == zlib.DEFLATED and int.from_bytes(data[:2]) % 31 == 0
            self._stream = _Zlib(zlib.MAX_WBITS if is_zlib else -zlib.MAX_WBITS)
        if not self._stream.ended:
            yield from self._stream.feed(data)

    @property
    def complete(self) -> bool:
        return self._stream is not None and self._stream.ended


class _Members:
    """A coding whose streams may follow each other; what follows the last is dropped.

    `begins` returns whether bytes begin another stream: None if there are too few to know.
    """

    def __init__(self, make: Callable[[], _Stream], begins: Callable[[bytes], bool | None]) -> None:
        self._make = make
        self._begins = begins
        self._member: _Stream | None = None
        self._pending = b""
        self._count = 0
        self._junk = False

    def feed(self, data: bytes) -> Iterator[bytes]:
        self._pending += data
        while self._pending and not self._junk:
            if self._member is None and not self._open():
                return
            if self._member is not None:
                data, self._pending = self._pending, b""
                yield from self._member.feed(data)
                if self._member.ended:
                    self._pending, self._member = self._member.rest, None

    def _open(self) -> bool:
        begins = True if self._count == 0 else self._begins(self._pending)
        if begins is False:
            self._junk = True
        if not begins:
            return False
        self._count += 1
        if self._count > MAX_MEMBERS:
            raise CodingError(f"has more than {MAX_MEMBERS} compressed parts")
        self._member = self._make()
        return True

    @property
    def complete(self) -> bool:
        return self._member is None and self._count > 0


_GZIP_MAGIC = b"\x1f\x8b\x08"  # RFC 1952 section 2.3.1, with the only method there is
_ZSTD_MAGIC = b"\x28\xb5\x2f\xfd"  # RFC 8878 section 3.1.1
_SKIPPABLE_MAGIC = b"\x2a\x4d\x18"  # section 3.1.2, behind a first byte of 0x50 to 0x5f
_SKIPPABLE_FIRST = range(0x50, 0x60)


def _begins_gzip(data: bytes) -> bool | None:
    if data.startswith(_GZIP_MAGIC):
        return True
    return None if _GZIP_MAGIC.startswith(data) else False


def _begins_zstd(data: bytes) -> bool | None:
    head = data[: len(_ZSTD_MAGIC)]
    skippable = head[:1] and head[0] in _SKIPPABLE_FIRST and _SKIPPABLE_MAGIC.startswith(head[1:])
    if not skippable and not _ZSTD_MAGIC.startswith(head):
        return False
    return True if len(head) == len(_ZSTD_MAGIC) else None


CODINGS: dict[str, Callable[[], Coding]] = {
    "gzip": lambda: _Members(lambda: _Zlib(zlib.MAX_WBITS | 16), _begins_gzip),
    "deflate": _Deflate,
    "br": lambda: _Single(_Brotli()),
    "zstd": lambda: _Members(_Zstd, _begins_zstd),
}
CODINGS["x-gzip"] = CODINGS["gzip"]
