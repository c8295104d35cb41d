import asyncio
import gzip
import sys
import tracemalloc
from dataclasses import replace

import brotli
import pytest

from scrape_operator.core.errors import ScrapeFailed
from scrape_operator.core.net.documents import Request
from scrape_operator.core.runs.reasons import Reason
from tests.fetching.servers import answering, ok, serving

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

ENCODERS = {"gzip": gzip.compress, "br": lambda data: brotli.compress(data, quality=4), "zstd": zstd.compress}


def ask(url, **changes):
    return replace(Request(url, timeout=20.0), **changes)


@pytest.mark.parametrize("name", ENCODERS)
async def test_a_coded_body_is_decoded_and_counted_as_it_came(fetcher, name):
    encoded = ENCODERS[name](b"hello " * 1000)
    async with serving(answering(ok(encoded, f"Content-Encoding: {name}"))) as server:
        response = await fetcher.fetch(ask(server.url))
    assert response.body == b"hello " * 1000
    assert fetcher.traffic.bytes == len(encoded)


async def test_two_headers_of_codings_are_one_list(fetcher):
    encoded = zstd.compress(gzip.compress(b"deep"))
    async with serving(answering(ok(encoded, "Content-Encoding: gzip", "Content-Encoding: zstd"))) as server:
        assert (await fetcher.fetch(ask(server.url))).body == b"deep"


@pytest.mark.parametrize(
    ("body", "encoding"),
    [(b"plain", "gzip"), (gzip.compress(b"x" * 99)[:-9], "gzip"), (b"plain", "exotic"), (b"x", "br, br, br, br")],
    ids=["plain", "cut off", "unknown", "four"],
)
async def test_a_body_that_cannot_be_decoded_says_so(fetcher, body, encoding):
    async with serving(answering(ok(body, f"Content-Encoding: {encoding}"))) as server:
        with pytest.raises(ScrapeFailed) as raised:
            await fetcher.fetch(ask(server.url))
    assert (raised.value.reason, raised.value.http_status) == (Reason.DECODE_ERROR, 200)
    assert fetcher.traffic.requests == 1


@pytest.mark.parametrize("name", ENCODERS)
async def test_a_bomb_is_too_large_with_little_memory(fetcher, name):
    bomb = ENCODERS[name](bytes(100 * 2**20))
    async with serving(answering(ok(bomb, f"Content-Encoding: {name}"))) as server:
        tracemalloc.start()
        try:
            with pytest.raises(ScrapeFailed) as raised:
                await fetcher.fetch(ask(server.url, max_body_bytes=2**20))
            peak = tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()
    assert raised.value.reason is Reason.TOO_LARGE
    assert peak < 4 * 2**20


async def test_junk_without_end_behind_a_coded_body_counts(fetcher):
    body = gzip.compress(b"x") + bytes(200_000)
    async with serving(answering(ok(body, "Content-Encoding: gzip"))) as server:
        assert (await fetcher.fetch(ask(server.url, max_body_bytes=200_000))).body == b"x"
        with pytest.raises(ScrapeFailed) as raised:
            await fetcher.fetch(ask(server.url, max_body_bytes=1024))
    assert raised.value.reason is Reason.TOO_LARGE


async def test_the_loop_breathes_while_a_large_body_unfolds(fetcher):
    bomb = brotli.compress(bytes(64 * 2**20), quality=4)
    beats = 0

    async def beat():
        nonlocal beats
        while True:
            beats += 1
            await asyncio.sleep(0)

    async with serving(answering(ok(bomb, "Content-Encoding: br"))) as server:
        task = asyncio.create_task(beat())
        response = await fetcher.fetch(ask(server.url, max_body_bytes=2**27))
        task.cancel()
    assert len(response.body) == 64 * 2**20
    assert beats > 30
