"""httpx over aiohttp, hardened: the only place where connections are made. `fetcher` sends every hop through it.

What httpx-aiohttp alone would not do: tell failures apart, guard the socket, keep each caller's cookies out of the
others' requests, and send an address to the byte as it was written (signed URLs).
"""

import ssl
from collections.abc import AsyncIterator, Sequence
from contextvars import ContextVar
from functools import lru_cache
from typing import Any
from weakref import WeakSet

import aiohttp
import httpx
from aiohttp import hdrs
from aiohttp.client_proto import ResponseHandler
from aiohttp.tracing import Trace
from httpx_aiohttp import AiohttpTransport
from multidict import CIMultiDict
from yarl import URL

from scrape_operator.core.net.addresses import Network
from scrape_operator.core.net.urls import HttpUrl
from scrape_operator.fetching.failures import WIRE_ERRORS, translate
from scrape_operator.fetching.guard import GuardedResolver, guarded_sockets
from scrape_operator.fetching.redirects import Headers

MAX_CONNECTIONS = 8192
"""Bounds file descriptors alone: how much one host is asked is a matter of `budgets`."""

KEEPALIVE_SECONDS = 30.0
DNS_CACHE_SECONDS = 30
MAX_HEADER_LINE = 16_384
MAX_HEADERS = 256

_SAFE = frozenset({"GET", "HEAD"})
_used_before: ContextVar[bool] = ContextVar("used_before", default=False)

_root = lru_cache(1024)(httpx.URL)  # the parsing costs more than the rest of a request, and hosts are few

_NO_TIMEOUT = aiohttp.ClientTimeout()  # `fetcher` bounds the whole try
_UNSET_HEADERS = frozenset({"accept", "accept-encoding", "user-agent", "content-type"})


def default_ssl_context() -> ssl.SSLContext:
    """Make a client context that trusts the Mozilla roots and the system's own. Costs 20 ms: share it."""
    context = httpx.create_ssl_context(trust_env=False)
    context.load_default_certs()
    context.set_alpn_protocols(["http/1.1"])
    return context


def request_of(method: str, url: HttpUrl, headers: Headers, body: bytes) -> httpx.Request:
    """Make a request for ScrapeTransport, which sends what is given here and adds no header but those of the framing.

    httpx is told the host's root alone; path and query are its extension `target`. It would read them once more, and
    not leave all of them as they were written.
    """
    return httpx.Request(
        method,
        _root(f"{url.scheme}://{url.authority}/"),
        headers=[(name.encode("ascii"), value.encode()) for name, value in headers],
        stream=httpx.ByteStream(body),
        extensions={"target": url.target.encode("ascii")},
    )


class _Connector(aiohttp.TCPConnector):
    """Tells the task that connects whether its connection had been in use before."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self._used: WeakSet[object] = WeakSet()

    async def connect(
        self,
        req: aiohttp.ClientRequest,
        traces: list[Trace],
        timeout: aiohttp.ClientTimeout,  # noqa: ASYNC109 -- aiohttp's signature
    ) -> aiohttp.connector.Connection:
        connection = await super().connect(req, traces, timeout)
        if connection.protocol in self._used:
            _used_before.set(True)
        else:
            self._used.add(connection.protocol)
        return connection


class ScrapeTransport(AiohttpTransport):
    """Sends requests over one pool of connections. Make it inside the loop that uses it, and close it.

    `allow` names networks outside the public internet that may be connected to.
    """

    def __init__(self, *, allow: Sequence[Network], ssl_context: ssl.SSLContext) -> None:
        self._resolver = GuardedResolver(allow)
        self._session = aiohttp.ClientSession(
            connector=_Connector(
                limit=MAX_CONNECTIONS,
                keepalive_timeout=KEEPALIVE_SECONDS,
                ttl_dns_cache=DNS_CACHE_SECONDS,
                ssl=ssl_context,
                resolver=self._resolver,
                socket_factory=guarded_sockets(allow),
            ),
            cookie_jar=aiohttp.DummyCookieJar(),
            trust_env=False,
            auto_decompress=False,
            skip_auto_headers=_UNSET_HEADERS,
            timeout=_NO_TIMEOUT,
            max_line_size=MAX_HEADER_LINE,
            max_field_size=MAX_HEADER_LINE,
            max_headers=MAX_HEADERS,
        )
        # aiohttp would send again also what failed on a new connection, unseen by anybody's count
        self._session._retry_connection = False  # noqa: SLF001 -- there is no public switch
        super().__init__(verify=ssl_context, trust_env=False, client=self._session)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send a request that `request_of` has made; redirects are not followed, codings stay as they are.

        Raises:
            HopFailed: saying what happened, in place of httpx's or aiohttp's own errors.

        """
        try:
            response = await self._request(request)
        except WIRE_ERRORS as error:
            raise translate(error, secure=request.url.scheme == "https") from error
        return httpx.Response(
            response.status, headers=response.raw_headers, stream=WireStream(response), request=request
        )

    async def _request(self, request: httpx.Request) -> aiohttp.ClientResponse:
        """Send, and send again where a server had given up a kept connection (RFC 9112 section 9.3.1)."""
        while True:
            _used_before.set(False)
            try:
                return await self._request_once(request)
            except (aiohttp.ClientOSError, aiohttp.ServerDisconnectedError):
                if request.method not in _SAFE or not _used_before.get():
                    raise

    async def _request_once(self, request: httpx.Request) -> aiohttp.ClientResponse:
        return await self._session.request(
            request.method,
            URL(str(request.url).removesuffix("/") + request.extensions["target"].decode("ascii"), encoded=True),
            headers=CIMultiDict([(name.decode(), value.decode()) for name, value in request.headers.raw]),
            data=request.read() or None,
            allow_redirects=False,
        )

    async def aclose(self) -> None:
        """Close every connection."""
        await super().aclose()
        await self._resolver.close()


class WireStream(httpx.AsyncByteStream):
    """The body as it comes over the wire."""

    def __init__(self, response: aiohttp.ClientResponse) -> None:
        self._response = response

    async def __aiter__(self) -> AsyncIterator[bytes]:
        protocol = self._protocol_that_ends_the_body()
        try:
            while chunk := await self._response.content.readany():
                yield chunk
        except WIRE_ERRORS as error:
            raise translate(error) from error
        lost = protocol.exception() if protocol is not None else None
        if isinstance(lost, Exception) and not isinstance(lost, aiohttp.ServerDisconnectedError):
            raise translate(lost) from lost

    def _protocol_that_ends_the_body(self) -> ResponseHandler | None:
        """Give the protocol that knows how a body without length ended: whole where it was closed, not reset.

        A body of known length may have given its connection to the next request before it is read here.
        """
        connection, headers = self._response.connection, self._response.headers
        if connection is None or hdrs.CONTENT_LENGTH in headers or hdrs.TRANSFER_ENCODING in headers:
            return None
        return connection.protocol

    async def aclose(self) -> None:
        """Give the connection back to the pool where the body has ended, else close it."""
        self._response.release()
