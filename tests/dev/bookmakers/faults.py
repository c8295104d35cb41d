"""What goes wrong at a bookmaker, and the server that it goes wrong on."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from enum import Enum
from itertools import zip_longest
from typing import Any

import orjson
from aiohttp import web

from tests.support.web import served

WAF_PAGE = "<!DOCTYPE html><html><title>One moment</title><body>Checking that you are a person</body></html>"


class Fault(Enum):
    """What a bookmaker's server does instead of answering as it should."""

    NONE = "none"
    WAF_PAGE = "a page in place of JSON"
    WAF_EMPTY = "202 without a body"
    EMPTY = "200 without a body"
    WAF_HEADER = "a firewall's challenge header"
    FORBIDDEN = "403"
    THROTTLED = "the envelope or status of one who asks too much"
    GONE = "404 on every path, as a retired version has"
    RENAMED = "another envelope"
    EMPTY_EVENTS = "events that lost their names"
    LISTS = "lists where objects were, and the other way round"
    NULLS = "nulls for everything that may be missing"
    UNAVAILABLE = "503"
    CUT = "JSON that breaks off"
    HANGS_UP = "the connection closes without an answer"


class Bookmaker:
    """A simulated back end. Set `fault` (and `healthy_requests`, which are answered before it) at any time.

    `faulty_requests` bounds how many requests the fault spoils; None spoils all. `requests` counts by path,
    `most_at_once` is how many were under way at the same time; `delay` is in seconds. `vanished` matches (by the
    world's number) are listed, and gone when they are asked for. `headers` are those of the last request.
    """

    path = "/{tail:.*}"

    def __init__(self) -> None:
        self.fault = Fault.NONE
        self.healthy_requests = 0
        self.faulty_requests: int | None = None
        self.vanished: set[int] = set()
        self.headers: Mapping[str, str] = {}
        self.delay = 0.0
        self.url = ""
        self.requests: Counter[str] = Counter()
        self.most_at_once = 0
        self._at_once = 0

    async def handle(self, request: web.Request) -> web.StreamResponse:
        self.requests[request.path.rsplit("/", 1)[-1]] += 1
        self._at_once += 1
        self.most_at_once = max(self.most_at_once, self._at_once)
        try:
            if self.delay:
                await asyncio.sleep(self.delay)
            self.headers = dict(request.headers)
            fault = self.fault if self._is_spoiled(self.requests.total()) else Fault.NONE
            return self._spoiled(request, fault) or await self.answer(request, fault)
        finally:
            self._at_once -= 1

    def _is_spoiled(self, request: int) -> bool:
        spoiled = request - self.healthy_requests
        return spoiled > 0 and (self.faulty_requests is None or spoiled <= self.faulty_requests)

    async def answer(self, request: web.Request, fault: Fault) -> web.StreamResponse:
        raise NotImplementedError

    def throttled(self) -> web.Response:
        raise NotImplementedError

    def _spoiled(self, request: web.Request, fault: Fault) -> web.Response | None:
        if fault is Fault.THROTTLED:
            return self.throttled()
        if fault is Fault.HANGS_UP:
            assert request.transport is not None
            request.transport.abort()
            return web.Response()
        make = _ANSWERS.get(fault)
        return make() if make else None


def to_json(content: Any, status: int = 200) -> web.Response:
    return web.Response(body=orjson.dumps(content, default=str), status=status, content_type="application/json")


_ANSWERS: dict[Fault, Callable[[], web.Response]] = {
    Fault.WAF_PAGE: lambda: web.Response(text=WAF_PAGE, content_type="text/html"),
    Fault.WAF_EMPTY: lambda: web.Response(status=202),
    Fault.EMPTY: lambda: web.Response(status=200),
    Fault.WAF_HEADER: lambda: web.Response(status=202, body=b"{}", headers={"x-amzn-waf-action": "challenge"}),
    Fault.FORBIDDEN: lambda: web.Response(status=403, text=WAF_PAGE, content_type="text/html"),
    Fault.GONE: lambda: to_json({"status": 404, "error": "NOT_FOUND"}, status=404),
    Fault.RENAMED: lambda: to_json({"code": 0, "payload": {"items": []}}),
    Fault.UNAVAILABLE: lambda: web.Response(status=503),
    Fault.CUT: lambda: web.Response(body=b'{"bizCode": 10000, "R": "OK", "resp', content_type="application/json"),
}


@asynccontextmanager
async def serving(*bookmakers: Bookmaker, ports: Sequence[int] = ()) -> AsyncIterator[None]:
    """Serve each bookmaker on a port of its own (a free one, if none is given) while the block runs."""
    async with AsyncExitStack() as stack:
        for bookmaker, port in zip_longest(bookmakers, ports[: len(bookmakers)], fillvalue=0):
            assert isinstance(bookmaker, Bookmaker)
            app = web.Application()
            app.router.add_route("*", bookmaker.path, bookmaker.handle)
            bookmaker.url = await stack.enter_async_context(served(app, port=port, shutdown_timeout=0.5))
        yield
