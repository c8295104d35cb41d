"""The endpoints over real sockets."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import aiohttp
import pytest

from scrape_operator.core.errors import InvalidSettings
from scrape_operator.serving.server import MAX_CONNECTIONS, PROBLEMS_MAX, serve

TEXT = "text/plain; version=0.0.4; charset=utf-8"


class Health:
    def __init__(self) -> None:
        self.dead: Sequence[str] = ()
        self.unready: Sequence[str] = ()
        self.error: Exception | None = None

    def live(self) -> Sequence[str]:
        return self.dead

    def ready(self) -> Sequence[str]:
        if self.error is not None:
            raise self.error
        return self.unready

    def metrics(self) -> tuple[bytes, str]:
        return b"up 1\n", TEXT


@asynccontextmanager
async def served(health: Health, header_seconds: float = 30.0) -> AsyncIterator[int]:
    async with serve(
        "127.0.0.1",
        0,
        live=health.live,
        ready=health.ready,
        metrics=health.metrics,
        header_seconds=header_seconds,
    ) as port:
        yield port


async def ask(port: int, path: str, method: str = "GET") -> tuple[int, str, str]:
    async with (
        aiohttp.ClientSession() as session,
        session.request(method, f"http://127.0.0.1:{port}{path}") as answer,
    ):
        return answer.status, await answer.text(), answer.headers.get("Content-Type", "")


async def raw(port: int, request: bytes) -> bytes:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        writer.write(request)
        return await reader.read()
    finally:
        writer.close()


async def test_all_is_well() -> None:
    async with served(Health()) as port:
        assert (await ask(port, "/healthz"))[:2] == (200, "ok\n")
        assert (await ask(port, "/readyz"))[:2] == (200, "ok\n")


async def test_liveness_and_readiness_complain_apart_one_line_each() -> None:
    health = Health()
    health.unready = ["the database is away:\nconnection refused", "no list of schedules yet"]
    async with served(health) as port:
        assert (await ask(port, "/healthz"))[0] == 200
        status, text, _type = await ask(port, "/readyz")
        assert status == 503
        assert text == "the database is away: connection refused\nno list of schedules yet\n"
        health.dead = ["the timer task ended"]
        assert (await ask(port, "/healthz"))[:2] == (503, "the timer task ended\n")


async def test_a_check_that_breaks_is_no_health(caplog: pytest.LogCaptureFixture) -> None:
    health = Health()
    health.error = ValueError("with a secret")
    async with served(health) as port:
        assert (await ask(port, "/readyz"))[:2] == (503, "the check itself failed: ValueError\n")
    assert caplog.records


async def test_complaints_are_bounded() -> None:
    health = Health()
    health.dead = ["x" * 10_000] * 1000
    async with served(health) as port:
        _status, text, _type = await ask(port, "/healthz")
        assert len(text) <= PROBLEMS_MAX * 501


async def test_metrics_come_with_their_content_type() -> None:
    async with served(Health()) as port:
        assert await ask(port, "/metrics") == (200, "up 1\n", TEXT)


@pytest.mark.parametrize("path", ["/healthz", "/readyz", "/metrics"])
async def test_head_is_answered_without_a_body(path: str) -> None:
    async with served(Health()) as port:
        status, text, _type = await ask(port, path, "HEAD")
        assert (status, text) == (200, "")


@pytest.mark.parametrize("path", ["/", "/healthz/", "/metricsx", "/../etc/passwd", "/favicon.ico"])
async def test_any_other_path_is_not_found(path: str) -> None:
    async with served(Health()) as port:
        assert (await ask(port, path))[0] == 404


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE"])
async def test_other_methods_are_refused(method: str) -> None:
    async with served(Health()) as port:
        assert (await ask(port, "/metrics", method))[0] == 405


@pytest.mark.parametrize(
    "head",
    [
        pytest.param(b"GET /" + b"a" * 100_000 + b" HTTP/1.1\r\nHost: x\r\n\r\n", id="path"),
        pytest.param(b"GET /metrics HTTP/1.1\r\nHost: x\r\nA: " + b"a" * 100_000 + b"\r\n\r\n", id="header"),
        pytest.param(b"GET /metrics HTTP/1.1\r\nHost: x\r\n" + b"a: b\r\n" * 1000 + b"\r\n", id="headers"),
        pytest.param(b"\x16\x03\x01 not HTTP\r\n\r\n", id="no HTTP"),
    ],
)
async def test_an_oversized_or_broken_head_is_refused(head: bytes) -> None:
    async with served(Health()) as port:
        assert (await raw(port, head)).startswith(b"HTTP/1.0 400")
        assert (await ask(port, "/healthz"))[0] == 200


@pytest.mark.parametrize(
    "start",
    [
        pytest.param(b"", id="silence"),
        pytest.param(b"GET /metrics HTTP/1.1\r\nHost: x\r\n", id="half a head"),
        pytest.param(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n", id="rest after an answer"),
    ],
)
async def test_a_connection_that_dawdles_is_closed(start: bytes) -> None:
    async with served(Health(), header_seconds=0.05) as port:
        answer = await raw(port, start)
        assert answer.count(b"HTTP/1.1 200") == start.endswith(b"\r\n\r\n")


async def test_of_too_many_connections_the_oldest_is_closed() -> None:
    async with served(Health()) as port:
        first, keep = await asyncio.open_connection("127.0.0.1", port)
        others = [await asyncio.open_connection("127.0.0.1", port) for _ in range(MAX_CONNECTIONS)]
        assert await first.read() == b""
        assert (await ask(port, "/healthz"))[0] == 200
        for writer in (keep, *(writer for _reader, writer in others)):
            writer.close()


async def test_a_taken_port_is_an_error_and_the_end_frees_it() -> None:
    async with served(Health()) as port:
        with pytest.raises(InvalidSettings, match=r"SCRAPE_OPERATOR_LISTEN_PORT.*Address already in use"):
            async with serve("127.0.0.1", port, live=list, ready=list, metrics=Health().metrics):
                pass
    async with serve("127.0.0.1", port, live=list, ready=list, metrics=Health().metrics) as again:
        assert again == port
