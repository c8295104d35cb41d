"""What follows an answer on its connection is no part of it, and never the answer to the next request.

RFC 9112 section 6.3: answers to HEAD, 1xx, 204 and 304 end with their heads; others end by their framing.
"""

import asyncio

import pytest

from scrape_operator.core.errors import ScrapeFailed
from scrape_operator.core.net.documents import Request
from scrape_operator.core.runs.reasons import Reason
from tests.fetching.servers import answering, ok, serving

CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
NO_CONTENT = b"HTTP/1.1 204 No Content\r\n"
SURPLUS = [
    pytest.param(b"hello", id="text"),
    pytest.param(b"5\r\nhello\r\n0\r\n\r\n", id="chunks"),
    pytest.param(ok(b"unasked"), id="answer"),
    pytest.param(b"HTTP/1.1 200 OK\r\nContent-Length: 999\r\n\r\nhalf", id="half an answer"),
]
ANSWERS = [
    pytest.param("HEAD", ok()[:-2] + b"X: y\r\n\r\n", 200, b"", id="HEAD"),
    pytest.param("HEAD", b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", 200, b"", id="HEAD with length"),
    pytest.param("HEAD", CHUNKED, 200, b"", id="HEAD with chunks"),
    pytest.param("GET", NO_CONTENT + b"\r\n", 204, b"", id="204"),
    pytest.param("GET", NO_CONTENT + b"Content-Length: 5\r\n\r\n", 204, b"", id="204 with length"),
    pytest.param("GET", NO_CONTENT + b"Transfer-Encoding: chunked\r\n\r\n", 204, b"", id="204 with chunks"),
    pytest.param("GET", NO_CONTENT + b"Content-Encoding: gzip\r\n\r\n", 204, b"", id="204 with coding"),
    pytest.param("GET", b"HTTP/1.1 103 Early\r\n\r\n" + NO_CONTENT + b"\r\n", 204, b"", id="204 after 103"),
    pytest.param("GET", ok(status="205 Reset"), 205, b"", id="205"),
    pytest.param("GET", ok(), 200, b"", id="length 0"),
    pytest.param("GET", ok(b"body"), 200, b"body", id="length 4"),
    pytest.param("GET", CHUNKED + b"4\r\nbody\r\n0\r\n\r\n", 200, b"body", id="chunks"),
    pytest.param("GET", CHUNKED + b"4\r\nbody\r\n0\r\nX: y\r\n\r\n", 200, b"body", id="chunks with a trailer"),
]


@pytest.mark.parametrize("surplus", SURPLUS)
@pytest.mark.parametrize(("method", "answer", "status", "body"), ANSWERS)
async def test_what_follows_an_answer_is_dropped_with_its_connection(fetcher, method, answer, status, body, surplus):
    async with serving(answering(answer + surplus, ok(b"next"), close=False)) as server:
        response = await fetcher.fetch(Request(server.url, method=method))
        assert (response.status, response.body) == (status, body)
        assert (await fetcher.fetch(Request(server.url))).body == b"next"
        assert server.connections == 2


@pytest.mark.parametrize("surplus", SURPLUS)
async def test_what_comes_while_a_connection_is_idle_ends_it(fetcher, surplus):
    idle: list[asyncio.StreamWriter] = []

    async def handle(head, writer):
        writer.write(ok(b"next" if idle else b"first"))
        idle.append(writer)

    async with serving(handle) as server:
        assert (await fetcher.fetch(Request(server.url))).body == b"first"
        idle[0].write(surplus)
        await server.gone()
        assert (await fetcher.fetch(Request(server.url))).body == b"next"
        assert server.connections == 2


async def test_a_connection_without_surplus_is_used_again(fetcher):
    answers = (NO_CONTENT + b"\r\n", ok(b"body"), CHUNKED + b"4\r\nbody\r\n0\r\n\r\n", ok(b"end"))
    async with serving(answering(*answers, close=False)) as server:
        for _ in answers:
            await fetcher.fetch(Request(server.url))
        assert server.connections == 1


@pytest.mark.parametrize("size", [1, 2, 3, 7])
async def test_an_answer_may_come_in_pieces(fetcher, size):
    answer = b"HTTP/1.1 103 Early\r\nX: y\r\n\r\n" + CHUNKED + b"4\r\nbody\r\n0\r\n\r\n"

    async def handle(head, writer):
        for start in range(0, len(answer), size):
            writer.write(answer[start : start + size])
            await writer.drain()
            await asyncio.sleep(0)

    async with serving(handle) as server:
        assert (await fetcher.fetch(Request(server.url))).body == b"body"


@pytest.mark.parametrize("broken", [b"zz\r\n", b"-1\r\nx\r\n", b"4\r\nbodyzz\r\n", b"ffffffffffffffffff\r\n"])
async def test_a_chunk_that_cannot_be_read_is_no_timeout_when_it_comes_after_the_head(fetcher, broken):
    async def handle(head, writer):
        writer.write(CHUNKED + b"4\r\nbody\r\n")
        for _ in range(5):
            await asyncio.sleep(0.01)
        writer.write(broken)

    async with serving(handle) as server:
        with pytest.raises(ScrapeFailed, match="garbled its chunks") as caught:
            await fetcher.fetch(Request(server.url))
    assert (caught.value.reason, caught.value.http_status) == (Reason.PROTOCOL_ERROR, 200)
