"""A ConfigMap is followed through changes, outages and expired watches, on a real HTTP server."""

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import Any

import pytest
from aiohttp import web

from scrape_operator.cluster import client as client_module
from scrape_operator.cluster import config_maps
from scrape_operator.cluster.client import ClusterClient
from scrape_operator.cluster.config_maps import follow_config_map
from scrape_operator.cluster.credentials import Credentials
from scrape_operator.core.backoff import Backoff
from scrape_operator.core.errors import ClusterError
from tests.support.web import served

PATH = "/api/v1/namespaces/kube-system/configmaps"


@dataclass
class Server:
    """An API server with one ConfigMap: `events` go to the open watch, None ends it."""

    url: str = ""
    data: Mapping[str, str] = field(default_factory=lambda: {"a": "1"})
    version: int = 1
    refusals: int = 0
    gets: int = 0
    watches: list[Mapping[str, str]] = field(default_factory=list)
    events: asyncio.Queue[bytes | None] = field(default_factory=asyncio.Queue)

    async def load(self) -> Credentials:
        return Credentials(self.url, None, None, None, None)

    def shown(self) -> dict[str, Any]:
        return {"metadata": {"resourceVersion": str(self.version)}, "data": dict(self.data)}

    def change(self, **data: str) -> None:
        self.version, self.data = self.version + 1, data

    def send(self, kind: str = "MODIFIED", obj: object = None) -> None:
        self.events.put_nowait(json.dumps({"type": kind, "object": obj or self.shown()}).encode() + b"\n")

    async def get(self, _request: web.Request) -> web.Response:
        self.gets += 1
        if self.refusals:
            self.refusals -= 1
            return web.json_response({"message": "no"}, status=503)
        return web.json_response(self.shown())

    async def watch(self, request: web.Request) -> web.StreamResponse:
        self.watches.append(dict(request.query))
        answer = web.StreamResponse()
        await answer.prepare(request)
        while (line := await self.events.get()) is not None:
            await answer.write(line)
        return answer


@pytest.fixture
async def server(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Server]:
    monkeypatch.setattr(config_maps, "RETRY", Backoff(0.001, 0.001))
    made = Server()
    application = web.Application()
    application.router.add_get(PATH, made.watch)
    application.router.add_get(f"{PATH}/auth", made.get)
    async with served(application, handler_cancellation=True) as made.url:
        yield made


async def test_each_change_is_seen_and_no_other_event(server: Server) -> None:
    async with ClusterClient(server.load) as client, aclosing(follow_config_map(client, "kube-system", "auth")) as data:
        assert await anext(data) == {"a": "1"}
        server.send()
        server.send("BOOKMARK")
        server.send("DELETED")
        server.change(a="2")
        server.send()
        assert await anext(data) == {"a": "2"}
        (asked,) = server.watches
    assert asked["fieldSelector"] == "metadata.name=auth"
    assert (asked["resourceVersion"], asked["watch"]) == ("1", "true")


@pytest.mark.parametrize("end", ["the server's end", "an expired version"])
async def test_a_watch_that_ends_is_followed_by_the_present_state(server: Server, end: str) -> None:
    async with ClusterClient(server.load) as client, aclosing(follow_config_map(client, "kube-system", "auth")) as data:
        await anext(data)
        server.change(a="2")
        if end == "an expired version":
            server.send("ERROR", {"code": 410, "message": "too old resource version"})
        server.events.put_nowait(None)
        assert await anext(data) == {"a": "2"}
        assert server.gets == 2


async def test_an_outage_is_waited_for(server: Server, caplog: pytest.LogCaptureFixture) -> None:
    server.refusals = 3
    async with ClusterClient(server.load) as client, aclosing(follow_config_map(client, "kube-system", "auth")) as data:
        assert await anext(data) == {"a": "1"}
    assert server.gets == 4
    assert "ConfigMap not read" in caplog.text


@pytest.mark.parametrize("line", [b"{broken\n", b"[]\n", b'{"type": "ADDED"}\n', b'"' + b"x" * 5000 + b'"\n'])
async def test_an_event_that_cannot_be_read_is_an_error(
    server: Server, monkeypatch: pytest.MonkeyPatch, line: bytes
) -> None:
    monkeypatch.setattr(client_module, "MAX_EVENT_BYTES", 1000)
    server.events.put_nowait(line)
    async with ClusterClient(server.load) as client:
        with pytest.raises(ClusterError, match=f"WATCH {PATH}"):
            await anext(client.watch(PATH, {}))
