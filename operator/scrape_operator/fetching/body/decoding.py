"""Content-Encoding removed, within bounds (RFC 9110 section 8.4).

Every stage has a limit, so that a body with several codings cannot cost more than its size allows.
"""

from collections.abc import Iterator, Sequence

import webencodings

from scrape_operator.fetching.body.codings import BROKEN, OPENERS, STEP, Coding, CodingError

ACCEPTED = "gzip, deflate, br, zstd"
PIECE = 8_192
MAX_CODINGS = 3


class CodingOverflow(ValueError):
    """A stage returned more than its limit."""


class Decoder:
    """Removes up to three codings, the last applied first.

    `limit` is the most that the last stage may return, in bytes; the stages before may return an eighth more, which a
    compressor adds to what it cannot compress.
    """

    def __init__(self, names: Sequence[str], limit: int) -> None:
        self._names = names[::-1]
        self._stages = [Coding(OPENERS[name]) for name in self._names]
        slack = limit // 8 + STEP
        self._left = [limit + slack] * (len(names) - 1) + [limit]

    def feed(self, data: bytes) -> Iterator[bytes]:
        """Decode a chunk, in steps.

        Raises:
            CodingError: it cannot be decoded.
            CodingOverflow: it becomes more than the limit.

        """
        yield from self._pass(0, data)

    def finish(self) -> None:
        """Check that the body has its end.

        Raises:
            CodingError: the end is missing.

        """
        for name, stage in zip(self._names, self._stages, strict=True):
            if not stage.complete:
                raise CodingError(f"ends in the middle of its {name}")

    def _pass(self, index: int, data: bytes) -> Iterator[bytes]:
        if index == len(self._stages) or not data:
            yield data
            return
        for start in range(0, len(data), PIECE):
            for out in self._steps(index, data[start : start + PIECE]):
                self._left[index] -= len(out)
                if self._left[index] < 0:
                    raise CodingOverflow
                yield from self._pass(index + 1, out)

    def _steps(self, index: int, piece: bytes) -> Iterator[bytes]:
        try:
            yield from self._stages[index].feed(piece)
        except BROKEN as error:
            raise CodingError(f"is not valid {self._names[index]}") from error


def split_codings(content_encoding: str) -> tuple[list[str], list[str]]:
    """Return the codings of a Content-Encoding header, and what it names that is none: `none`, or a charset."""
    names = [part.strip(" \t").lower() for part in content_encoding.split(",")]
    codings = [name for name in names if name not in {"", "identity"}]
    others = [name for name in codings if name == "none" or webencodings.lookup(name) is not None]
    return [name for name in codings if name not in others], others


def decoder_for(names: Sequence[str], limit: int) -> Decoder | None:
    """Return the decoder for these codings, or None without any.

    Raises:
        CodingError: a coding is unknown, or there are more than three.

    """
    if not names:
        return None
    if len(names) > MAX_CODINGS:
        raise CodingError(f"has {len(names)} content codings: at most {MAX_CODINGS} are decoded")
    for name in names:
        if name not in OPENERS:
            raise CodingError(f"has the unknown content coding {name[:32]!r}: known are {ACCEPTED}")
    return Decoder(names, limit)
