"""httpx over aiohttp, hardened: the only place where connections are made. `exchange` sends every hop through it.

httpx-aiohttp alone does not tell failures apart, guard the socket or bound interim answers. It does not keep each
caller's cookies out of the others' requests. And it does not send an address exactly as it was written (signed URLs).
"""

import asyncio
import ssl
from collections.abc import AsyncIterator, Sequence
from contextvars import ContextVar
from functools import cache, lru_cache, partial
from typing import Any, cast
from weakref import WeakSet

import aiohttp
import httpx
from aiohttp import hdrs
from aiohttp.client_proto import ResponseHandler
from aiohttp.http_exceptions import BadStatusLine, TransferEncodingError
from aiohttp.http_parser import RawResponseMessage
from aiohttp.streams import StreamReader
from aiohttp.tracing import Trace
from httpx_aiohttp import AiohttpTransport
from multidict import CIMultiDict
from yarl import URL

from scrape_operator.core.net.addresses import BlockedAddress, Network
from scrape_operator.core.runs.reasons import Reason
from scrape_operator.fetching.failures import (
    MAX_INTERIM_ANSWERS,
    WIRE_ERRORS,
    HopFailed,
    TooManyInterimAnswers,
    translate,
)
from scrape_operator.fetching.guard import GuardedResolver, guarded_sockets
from scrape_operator.fetching.redirects import Headers
from scrape_operator.fetching.route import DIRECT, Route

MAX_CONNECTIONS = 8192
"""Bounds file descriptors only: requests to one host are bounded by `hosts.budgets`."""

KEEPALIVE_SECONDS = 30.0
DNS_CACHE_SECONDS = 30
MAX_HEADER_LINE = 16_384
MAX_HEADERS = 256

MAX_HEADS = MAX_INTERIM_ANSWERS + 8
"""Heads before the body of an answer, also empty ones: those are no interim answers, and cost as much."""

_HEAD_END = b"\r\n\r\n"
_INTERIM = range(100, 200)
_SAFE = frozenset({"GET", "HEAD"})
_used_before: ContextVar[bool] = ContextVar("used_before", default=False)

peer_address: ContextVar[str] = ContextVar("peer_address", default="")
"""The IP address of the last connection that this task made, where requests are traced."""

_NO_TIMEOUT = aiohttp.ClientTimeout()  # `exchange` bounds the whole try
_UNSET_HEADERS = frozenset({"accept", "accept-encoding", "user-agent", "content-type"})


def default_ssl_context() -> ssl.SSLContext:
    """Make a client context that trusts the Mozilla roots and the system's own. Costs 20 to 150 ms of CPU time."""
    context = httpx.create_ssl_context(trust_env=False)
    context.load_default_certs()
    context.set_alpn_protocols(["http/1.1"])
    return context


@cache
def shared_ssl_context() -> ssl.SSLContext:
    """Return the default context, made once for all fetchers of the process. Do not change it."""
    return default_ssl_context()


def request_of(method: str, url: URL, headers: Headers, body: bytes, route: Route = DIRECT) -> httpx.Request:
    """Make a request for ScrapeTransport, which sends what is given here and adds no header but those of the framing.

    The address is the extension `url`, already parsed. httpx gets the origin alone: it would parse the rest once more
    (8 microseconds), and not leave all of it as it was written.
    """
    return httpx.Request(
        method,
        _origin(url.scheme, url.raw_authority),
        headers=[(name.encode("ascii"), value.encode()) for name, value in headers],
        stream=httpx.ByteStream(body),
        extensions={"url": url, "route": route},
    )


@lru_cache(1024)
def _origin(scheme: str, authority: str) -> httpx.URL:
    return httpx.URL(f"{scheme}://{authority}/")


class _Protocol(ResponseHandler):
    """Reads one answer to each request, and refuses one that is preceded by too many interim ones.

    What follows an answer is dropped, and its connection closed (RFC 9112 section 6.3). aiohttp alone parses all that
    has arrived before it passes on an answer. So it would fail for what follows a HEAD or 204, and take an answer that
    nobody asked for as the one to the next request.
    """

    _interim = 0
    _body: StreamReader | None = None
    _head_end = b""
    _heads = 0

    lacks_close_notify = False
    """Whether a TLS connection ended without that alert: what it carried may lack its end (RFC 9112 section 9.8)."""

    def eof_received(self) -> None:
        """Record how the connection ended."""
        self.lacks_close_notify = not _is_closed_by_tls(self.transport)
        super().eof_received()

    def set_response_params(self, **options: Any) -> None:
        """Expect the answer to the next request."""
        self._body, self._head_end, self._heads = None, b"", 0
        super().set_response_params(**options)

    def data_received(self, data: bytes) -> None:
        """Parse each head by itself, then what belongs to the body."""
        start = 0
        while self._body is None and self.exception() is None:
            head = self._cut_head(data, start)
            super().data_received(head)
            start += len(head)
            if start == len(data):
                return
        data = data[start:]
        if self._body is not None and not self._body.is_eof():
            super().data_received(data)
            self._fail_body(self._body)
        elif data:
            self._hang_up()

    def feed_data(self, data: tuple[RawResponseMessage, StreamReader], size: int = 0) -> None:
        """Pass on an interim answer, or the first final one."""
        if self._body is not None:
            self._hang_up()
            return
        message, payload = data
        if message.code not in _INTERIM:
            self._body = payload
        super().feed_data(data, size)

    def _fail_body(self, body: StreamReader) -> None:
        """Fail a body that cannot be parsed: aiohttp lets it wait for ever."""
        error = self.exception()
        if error is not None and not body.is_eof() and body.exception() is None:
            body.set_exception(TransferEncodingError("chunks cannot be parsed"), error)

    def _hang_up(self) -> None:
        """Close the connection, which may be idle already. What was read stays."""
        if self.transport is not None:
            self.transport.close()

    def _cut_head(self, data: bytes, start: int) -> bytes:
        """Return `data` from `start` up to the end of a head, or all of it if that has not come yet.

        The marker is looked for from `start` on: a server may send thousands of empty heads in one piece.
        """
        before, size = self._head_end, len(_HEAD_END)
        found = (before + data[start : start + size - 1]).find(_HEAD_END) if before else -1
        at = data.find(_HEAD_END, start) if found < 0 else start + found - len(before)
        if found < 0 and at < 0:
            self._head_end = (before + data[max(start, len(data) - size + 1) :])[1 - size :]
            return data[start:]
        self._head_end = b""
        self._heads += 1
        if self._heads > MAX_HEADS:
            self.set_exception(BadStatusLine("too many empty lines in place of a status line"))
        return data[start : at + size]

    async def read(self) -> tuple[RawResponseMessage, StreamReader]:
        """Return the next message; aiohttp reads on where it is an interim answer."""
        message, payload = await super().read()
        is_interim = message.code in _INTERIM
        self._interim = self._interim + 1 if is_interim else 0
        if self._interim > MAX_INTERIM_ANSWERS:
            raise TooManyInterimAnswers("too many interim answers")
        return message, payload


def _is_closed_by_tls(transport: asyncio.BaseTransport | None) -> bool:
    """Return whether the alert close_notify has come; also True without TLS. All data have been read from it."""
    tls = transport.get_extra_info("ssl_object") if transport is not None else None
    try:
        return tls is None or not tls.read(1)
    except ssl.SSLError:  # more was to come
        return False


class _Connector(aiohttp.TCPConnector):
    """Makes known to the task that connects whether its connection had been in use before."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self._factory = cast("partial[ResponseHandler]", partial(_Protocol, loop=self._loop))
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
        if traces and connection.transport is not None:
            peer_address.set(str(connection.transport.get_extra_info("peername", ("",))[0]))
        return connection


class ScrapeTransport(AiohttpTransport):
    """Sends requests over one pool of connections. Make it inside the loop that uses it, and close it.

    `allow` names networks outside the public internet that may be connected to.
    """

    def __init__(
        self,
        *,
        allow: Sequence[Network],
        ssl_context: ssl.SSLContext,
        trace_configs: Sequence[aiohttp.TraceConfig] = (),
    ) -> None:
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
            trace_configs=list(trace_configs),
        )
        # aiohttp would also send again what failed on a new connection, and nothing would count that
        self._session._retry_connection = False  # noqa: SLF001 -- there is no public switch
        super().__init__(verify=ssl_context, trust_env=False, client=self._session)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send a request that `request_of` has made; redirects are not followed, codings stay as they are.

        Raises:
            HopFailed: in place of httpx's or aiohttp's own errors.

        """
        try:
            if request.extensions["route"].proxy is not None:
                await self._check_behind_proxy(request.extensions["url"])
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
        route: Route = request.extensions["route"]
        return await self._session.request(
            request.method,
            request.extensions["url"],
            headers=CIMultiDict([(name.decode(), value.decode()) for name, value in request.headers.raw]),
            data=request.read() or None,
            allow_redirects=False,
            ssl=route.ssl_context or True,
            server_hostname=route.server_name,
            proxy=route.proxy.url if route.proxy else None,
            proxy_headers=_proxy_headers(route),
        )

    async def _check_behind_proxy(self, url: URL) -> None:
        """Refuse a host that is known to be denied; a name that only the proxy can resolve is allowed."""
        try:
            await self._resolver.resolve(url.raw_host or "", url.port or 0)
        except BlockedAddress:
            raise
        except OSError:
            return

    async def aclose(self) -> None:
        """Close every connection."""
        await super().aclose()
        await self._resolver.close()


def _proxy_headers(route: Route) -> CIMultiDict[str] | None:
    if route.proxy is None or route.proxy.authorization is None:
        return None
    return CIMultiDict({hdrs.AUTHORIZATION: route.proxy.authorization})  # aiohttp makes Proxy-Authorization of it


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
        if protocol is None:
            return
        lost = protocol.exception()
        if isinstance(lost, Exception) and not isinstance(lost, aiohttp.ServerDisconnectedError):
            raise translate(lost) from lost
        if protocol.lacks_close_notify:
            raise HopFailed(Reason.PROTOCOL_ERROR, "cut off a body without length: TLS did not end (close_notify)")

    def _protocol_that_ends_the_body(self) -> _Protocol | None:
        """Return the protocol that knows how a body without length ended: whole if it was closed, not reset.

        A body of known length may have given its connection to the next request before it is read here.
        """
        connection, headers = self._response.connection, self._response.headers
        is_chunked = "chunked" in headers.get(hdrs.TRANSFER_ENCODING, "").lower()
        if connection is None or hdrs.CONTENT_LENGTH in headers or is_chunked:
            return None
        return connection.protocol if isinstance(connection.protocol, _Protocol) else None

    async def aclose(self) -> None:
        """Return the connection to the pool if the body has ended, else close it."""
        self._response.release()
