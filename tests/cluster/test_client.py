"""The session with the API server: credentials that are renewed, and every fault as a ClusterError."""

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest
from aiohttp import web

from scrape_operator import __version__
from scrape_operator.cluster import client as module
from scrape_operator.cluster.client import ClusterClient, clock_skew
from scrape_operator.cluster.credentials import Credentials
from scrape_operator.core.errors import ClusterError
from tests.support.web import served_by


@dataclass
class Server:
    """An API server on loopback that accepts one token, and the credentials that a client finds."""

    url: str = ""
    accepted: str = "Bearer one"
    offered: str = "Bearer one"
    loads: int = 0
    asked: list[str] = field(default_factory=list)
    agents: set[str] = field(default_factory=set)
    answer: Callable[[], web.Response] = field(default=lambda: web.json_response({"kind": "Status"}))

    async def load(self) -> Credentials:
        self.loads += 1
        return Credentials(self.url, None, None, None, self.offered)

    async def handle(self, request: web.Request) -> web.Response:
        self.asked.append(request.headers.get("Authorization", ""))
        self.agents.add(request.headers.get("User-Agent", ""))
        if request.headers.get("Authorization") != self.accepted:
            return web.json_response({"message": "Unauthorized"}, status=401)
        return self.answer()


@pytest.fixture
async def server() -> AsyncIterator[Server]:
    made = Server()
    async with served_by(made.handle) as made.url:
        yield made


async def test_a_token_that_has_rotated_is_read_again_after_one_refusal(server: Server) -> None:
    async with ClusterClient(server.load) as client:
        await client.request("GET", "/a")
        server.accepted = server.offered = "Bearer two"
        assert await client.request("GET", "/b") == {"kind": "Status"}
        await client.request("GET", "/c")
    assert server.asked == ["Bearer one", "Bearer one", "Bearer two", "Bearer two"]
    assert server.loads == 2
    assert server.agents == {f"scrape-operator/{__version__}"}


async def test_a_token_that_stays_wrong_is_an_error_after_two_tries(server: Server) -> None:
    server.accepted = "Bearer another"
    async with ClusterClient(server.load) as client:
        with pytest.raises(ClusterError, match="401: Unauthorized") as refused:
            await client.request("GET", "/a")
    assert refused.value.status == 401
    assert len(server.asked) == 2


async def test_credentials_are_read_again_before_they_expire(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    async with ClusterClient(server.load) as client:
        await client.request("GET", "/a")
        await client.request("GET", "/b")
        assert server.loads == 1
        monkeypatch.setattr(module, "CREDENTIALS_MAX_AGE_SECONDS", -1.0)
        server.accepted = server.offered = "Bearer two"
        await client.request("GET", "/c")
    assert server.asked[-1] == "Bearer two"
    assert server.loads == 2


async def test_a_new_server_gets_a_new_session_and_a_new_token_does_not(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "CREDENTIALS_MAX_AGE_SECONDS", -1.0)
    async with ClusterClient(server.load) as client:
        await client.request("GET", "/a")
        first = client._session
        server.offered = server.accepted = "Bearer two"
        await client.request("GET", "/a")
        assert client._session is first
        server.url = server.url.replace("127.0.0.1", "localhost")
        await client.request("GET", "/a")
        assert client._session is not first
        assert first is not None
        assert first.closed


@pytest.mark.parametrize(
    ("answer", "status", "message", "retry_after"),
    [
        pytest.param(lambda: web.json_response({"message": "no"}, status=403), 403, "403: no", None, id="refused"),
        pytest.param(
            lambda: web.Response(status=429, headers={"Retry-After": "7"}, text="slow"), 429, "slow", 7.0, id="too many"
        ),
        pytest.param(lambda: web.Response(status=500, text="\x00broken"), 500, "broken", None, id="no JSON"),
        pytest.param(lambda: web.Response(text="{not json"), 0, "JSONDecodeError", None, id="a broken answer"),
    ],
)
async def test_every_fault_of_the_server_is_a_cluster_error(
    server: Server, answer: Callable[[], web.Response], status: int, message: str, retry_after: float | None
) -> None:
    server.answer = answer
    async with ClusterClient(server.load) as client:
        with pytest.raises(ClusterError, match=message) as refused:
            await client.request("GET", "/a")
    assert (refused.value.status, refused.value.retry_after) == (status, retry_after)


@pytest.mark.parametrize("error", [ClusterError("no way"), OSError("no file")])
async def test_credentials_that_cannot_be_read_are_a_cluster_error(error: Exception) -> None:
    async def load() -> Credentials:
        raise error

    async with ClusterClient(load) as client:
        with pytest.raises(ClusterError):
            await client.request("GET", "/a")


async def test_a_server_that_is_away_is_a_cluster_error(unused_tcp_port: int) -> None:

    async def load() -> Credentials:
        return Credentials(f"http://127.0.0.1:{unused_tcp_port}", None, None, None, None)

    async with ClusterClient(load) as client:
        with pytest.raises(ClusterError) as refused:
            await client.request("GET", "/a")
    assert refused.value.status == 0


@pytest.mark.parametrize(
    ("seconds", "skew"),
    [(0, 0), (0.999, 0), (1, 0), (1.5, 0.5), (60, 59), (-0.25, -0.25), (-60, -60)],
)
def test_the_clock_is_compared_with_a_second_of_the_api_servers(seconds: float, skew: float) -> None:
    now = datetime(2026, 11, 30, 12, tzinfo=UTC) + timedelta(seconds=seconds)
    assert clock_skew(now, "Mon, 30 Nov 2026 12:00:00 GMT") == timedelta(seconds=skew)


@pytest.mark.parametrize("date", ["", "now", "Mon, 30 Nov 2026", "Mon, 99 Nov 2026 12:00:00 GMT"])
def test_a_header_that_is_no_date_says_nothing_about_the_clock(date: str) -> None:
    assert clock_skew(datetime.now(UTC), date) is None
