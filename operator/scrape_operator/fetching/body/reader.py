"""Reads the body of an answer within its limit."""

import asyncio
from collections.abc import AsyncIterable
from io import BytesIO

import httpx

from scrape_operator.core.net.documents import Request, Traffic
from scrape_operator.core.runs.reasons import Reason
from scrape_operator.fetching.body.codings import CodingError
from scrape_operator.fetching.body.decoding import CodingOverflow, Decoder, decoder_for, split_codings
from scrape_operator.fetching.body.memory import BodyReservation
from scrape_operator.fetching.failures import HopFailed
from scrape_operator.fetching.limit_messages import too_large

_STEPS_BETWEEN_PAUSES = 16  # of 64 KiB at the most, about a millisecond: then other tasks may run


def wire_of(response: httpx.Response) -> httpx.AsyncByteStream:
    """Return the body as it is transferred; httpx's own `aiter_raw` and `aclose` do the same through more layers."""
    if not isinstance(response.stream, httpx.AsyncByteStream):
        raise TypeError("a transport for fetching answers with asynchronous streams")
    return response.stream


class _LimitReached(Exception):
    """A body is longer than its limit."""


async def read_body(
    wire: AsyncIterable[bytes],
    content_encoding: str,
    content_length: str,
    request: Request,
    traffic: Traffic,
    warnings: list[str],
    memory: BodyReservation,
) -> bytes:
    """Read and decode a body within the limit of its request; a header that is absent or does not count is empty.

    The body waits for its share of `memory`.

    What a Content-Encoding names that is no coding is added to `warnings`.

    Raises:
        HopFailed: TooLarge, DecodeError, or what the transport met.

    """
    codings, others = split_codings(content_encoding)
    warnings.extend(f"Content-Encoding {name!r} is not a coding: the body was read without" for name in others)
    limit = request.max_body_bytes
    body = BytesIO()  # its getvalue() copies nothing, where joined chunks would be held twice
    try:
        decoder = decoder_for(codings, limit)
        if decoder is None:
            length = "" if request.is_body_cut else content_length
            await _read_plain(wire, length, limit, body, traffic, memory)
        else:
            await _read_coded(wire, decoder, limit, body, traffic, memory)
    except CodingError as error:
        raise HopFailed(Reason.DECODE_ERROR, f"sent a body that {error}") from error
    except (CodingOverflow, _LimitReached) as error:
        if not request.is_body_cut:
            raise HopFailed(Reason.TOO_LARGE, too_large(request)) from error
    return body.getvalue()


async def _read_plain(
    wire: AsyncIterable[bytes], length: str, limit: int, body: BytesIO, traffic: Traffic, memory: BodyReservation
) -> None:
    announced = int(length[:20]) if length.isdecimal() else limit
    if announced > limit:
        raise _LimitReached
    size = 0
    async for chunk in wire:
        traffic.bytes += len(chunk)
        size += len(chunk)
        if size > limit:
            body.write(chunk[: limit - size])
            raise _LimitReached
        await memory.cover(size, announced, is_announced=length.isdecimal())
        body.write(chunk)


async def _read_coded(
    wire: AsyncIterable[bytes],
    decoder: Decoder,
    limit: int,
    body: BytesIO,
    traffic: Traffic,
    memory: BodyReservation,
) -> None:
    steps = size = decoded = 0
    async for raw in wire:
        traffic.bytes += len(raw)
        size += len(raw)
        if size > limit + limit // 8 + 65_536:  # a compressor adds so much to what it cannot compress
            raise _LimitReached
        for out in decoder.feed(raw):
            decoded += len(out)
            await memory.cover(decoded, limit)
            body.write(out)
            steps += 1
            if steps % _STEPS_BETWEEN_PAUSES == 0:
                await asyncio.sleep(0)
    decoder.finish()
