"""Reads the body of an answer within its limit. `fetcher` calls it for the answer that a redirect chain ended in."""

import asyncio
from dataclasses import dataclass

import httpx

from scrape_operator.core.reasons import Reason
from scrape_operator.fetching.codings import CodingError
from scrape_operator.fetching.decoding import CodingOverflow, Decoder, decoder_for
from scrape_operator.fetching.failures import HopFailed

_STEPS_BETWEEN_BREATHS = 16  # of 64 KiB at the most: a millisecond or so


@dataclass(slots=True)
class Spent:
    """What a fetch has cost so far: requests that were sent, bytes of bodies as they came over the wire."""

    requests: int = 0
    bytes: int = 0


async def read_body(response: httpx.Response, limit: int, spent: Spent) -> bytes:
    """Read and decode a body of at most `limit` bytes.

    Raises:
        HopFailed: TooLarge, DecodeError, or what the transport met.

    """
    try:
        decoder = decoder_for(response.headers.get("content-encoding", ""), limit)
        if decoder is None:
            return await _read_plain(response, limit, spent)
        return await _read_coded(response, decoder, limit, spent)
    except CodingError as error:
        raise HopFailed(Reason.DECODE_ERROR, f"sent a body that {error}") from error
    except CodingOverflow as error:
        raise _too_large(limit) from error


async def _read_plain(response: httpx.Response, limit: int, spent: Spent) -> bytes:
    length = response.headers.get("content-length", "")
    if length.isdecimal() and int(length[:20]) > limit and response.request.method != "HEAD":
        raise _too_large(limit)
    chunks: list[bytes] = []
    size = 0
    async for chunk in _wire(response):
        spent.bytes += len(chunk)
        size += len(chunk)
        if size > limit:
            raise _too_large(limit)
        chunks.append(chunk)
    return b"".join(chunks)


async def _read_coded(response: httpx.Response, decoder: Decoder, limit: int, spent: Spent) -> bytes:
    chunks: list[bytes] = []
    steps = size = 0
    async for raw in _wire(response):
        spent.bytes += len(raw)
        size += len(raw)
        if size > limit + limit // 8 + 65_536:  # what a compressor adds to what it can't compress, and more
            raise _too_large(limit)
        for out in decoder.feed(raw):
            chunks.append(out)
            steps += 1
            if steps % _STEPS_BETWEEN_BREATHS == 0:
                await asyncio.sleep(0)
    decoder.finish()
    return b"".join(chunks)


def _wire(response: httpx.Response) -> httpx.AsyncByteStream:
    """Give the body as it comes. `aiter_raw` would come to the same, at the price of two more layers."""
    if not isinstance(response.stream, httpx.AsyncByteStream):
        raise TypeError("the transport of a fetch answers with asynchronous streams")
    return response.stream


def _too_large(limit: int) -> HopFailed:
    return HopFailed(Reason.TOO_LARGE, f"sent a body of more than {limit} bytes: raise http.maxBodyBytes to read it")
