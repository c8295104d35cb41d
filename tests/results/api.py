"""The results API on loopback over a store of the test's own, and a client that the API server stands for."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import aiohttp
import orjson
from aiohttp import web

from scrape_operator.results.feed import ChangeFeed
from scrape_operator.results.front_proxy import Caller
from scrape_operator.results.handlers import ResultsHandlers
from scrape_operator.results.server import listen
from scrape_operator.storage.reading.results import open_results
from tests.storage.values import minute, settings_for

BASE = "/apis/results.scrape-operator.dev/v1alpha1"
RUNS, ITEMS = f"{BASE}/scraperuns", f"{BASE}/scrapeitems"
DEFAULT_RUNS = f"{BASE}/namespaces/default/scraperuns"
DEFAULT_ITEMS = f"{BASE}/namespaces/default/scrapeitems"
TABLE = "application/json;as=Table;v=v1;g=meta.k8s.io,application/json"
METADATA = "application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io"

NOW = minute(60)


@dataclass
class Access:
    """Says who may do what: everybody everything, except what a test denies."""

    asked: list[tuple[str, str, str, str | None, str]] = field(default_factory=list)
    denied: set[str] = field(default_factory=set)

    def authenticate(self, request: web.Request) -> Caller | None:
        user = request.headers.get("X-Remote-User")
        return Caller(user) if user else None

    async def is_allowed(self, caller: Caller, verb: str, resource: str, namespace: str | None, name: str = "") -> bool:
        self.asked.append((caller.user, verb, resource, namespace, name))
        return namespace not in self.denied


@dataclass
class Api:
    """A client of the API that is served."""

    session: aiohttp.ClientSession
    url: str
    access: Access
    feed: ChangeFeed

    async def get(
        self, path: str, *, accept: str = "application/json", method: str = "GET", user: str = "a", **query: str
    ) -> tuple[int, Any]:
        """Return the status and the object of an answer."""
        headers = {"Accept": accept} | ({"X-Remote-User": user} if user else {})
        async with self.session.request(method, self.url + path, params=query, headers=headers) as answer:
            content = await answer.read()
            return answer.status, orjson.loads(content) if content else None

    async def list(self, path: str = RUNS, **query: str) -> Any:
        """Return a list that must succeed."""
        status, shown = await self.get(path, **query)
        assert status == 200, shown
        return shown

    @asynccontextmanager
    async def watch(
        self, path: str = RUNS, *, accept: str = "application/json", user: str = "a", **query: str
    ) -> AsyncIterator["Stream"]:
        """Open a watch."""
        headers = {"Accept": accept, "X-Remote-User": user}
        asked = {"watch": "true", **query}
        async with self.session.get(self.url + path, params=asked, headers=headers) as answer:
            yield Stream(answer)


@dataclass
class Stream:
    """The events of a watch."""

    answer: aiohttp.ClientResponse

    async def next(self) -> dict[str, Any]:
        """Return the next event."""
        event = await self.next_or_end()
        assert event is not None, "the watch ended"
        return event

    async def next_or_end(self) -> dict[str, Any] | None:
        """Return the next event, or None at a clean end."""
        line = await self.answer.content.readline()
        return orjson.loads(line) if line else None

    async def take(self, count: int) -> list[tuple[str, str]]:
        """Return type and phase of the next events."""
        return [described(await self.next()) for _ in range(count)]


def described(event: Mapping[str, Any]) -> tuple[str, str]:
    """Return type and phase of an event; of a bookmark the revision."""
    shown = event["object"]
    phase = shown.get("status", {}).get("phase") or shown["metadata"].get("labels", {}).get("status", "")
    return event["type"], phase or shown["metadata"]["resourceVersion"]


@asynccontextmanager
async def open_api(
    url: str, *, now: datetime = NOW, poll_seconds: float = 0.01, access: Access | None = None
) -> AsyncIterator[Api]:
    """Serve a database."""
    access = access or Access()
    async with open_results(settings_for(url)) as reader:
        feed = ChangeFeed(reader, poll_seconds)
        handlers = ResultsHandlers(reader, feed, access, access, lambda: now)
        async with (
            listen(handlers.application(), "127.0.0.1", 0, None, feed.close) as port,
            running(feed),
            aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session,
        ):
            yield Api(session, f"http://127.0.0.1:{port}", access, feed)


@asynccontextmanager
async def running(feed: ChangeFeed) -> AsyncIterator[None]:
    """Run the feed's poller."""
    task = asyncio.create_task(feed.run())
    try:
        yield
    finally:
        task.cancel()
