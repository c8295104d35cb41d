"""A fetcher that notes for `test` what its requests did: the time of each phase, the address, robots.txt."""

import ssl
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from contextvars import ContextVar
from dataclasses import dataclass, replace
from time import perf_counter
from typing import Any

import aiohttp
import httpx

from scrape_operator.core.net.access import Access
from scrape_operator.core.net.addresses import BlockedAddress, check_address
from scrape_operator.core.net.policy import DEFAULT_POLICY, FetchPolicy
from scrape_operator.core.ports import SecretReader
from scrape_operator.core.runs.retry import RetryPolicy
from scrape_operator.fetching.body.reader import wire_of
from scrape_operator.fetching.failures import HopFailed
from scrape_operator.fetching.fetcher import HttpFetcher, budgets_of
from scrape_operator.fetching.hosts.gate import Requester
from scrape_operator.fetching.session import FetchSession
from scrape_operator.fetching.transport import ScrapeTransport, peer_address, shared_ssl_context
from scrape_operator.fetching.zone import Zone
from scrape_operator.settings import Settings

MAX_TRACES = 1000

_current: ContextVar["RequestTrace | None"] = ContextVar("current_trace", default=None)


@dataclass(slots=True)
class RequestTrace:
    """What one request did. Times are in seconds; those of a connection are 0 where one was used again.

    Attributes:
        method: The method.
        url: The address, with secrets masked.
        status: The status of the answer, or None where there was none.
        problem: Why there was no answer.
        address: The IP address that was connected to; a proxy's where there is one.
        guard: Why this address may be connected to.
        robots: What robots.txt says of the URL.
        dns: The time to resolve the name.
        connect: The time to connect, with TLS.
        wait: The time from sending the request to the head of the answer.
        download: The time from the head of the answer to its end.
        extract: The time to read the items of the answer, with the wait for a worker.
        bytes: The size of the body as it was transferred.

    """

    method: str
    url: str
    status: int | None = None
    problem: str = ""
    address: str = ""
    guard: str = ""
    robots: str = ""
    dns: float = 0.0
    connect: float = 0.0
    wait: float = 0.0
    download: float = 0.0
    extract: float = 0.0
    bytes: int = 0


def note_extraction(seconds: float) -> None:
    """Note how long the reading of the answer took that this task has requested last."""
    trace = _current.get()
    if trace is not None:
        trace.extract += seconds


class TracedFetcher(HttpFetcher):
    """Notes the requests of each session, of which there is one for each target."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._sessions: list[tuple[FetchSession, list[RequestTrace], Zone, FetchPolicy]] = []

    def open_session(
        self,
        requester: Requester,
        retry: RetryPolicy,
        access: Access | None = None,
        policy: FetchPolicy = DEFAULT_POLICY,
    ) -> FetchSession:
        """Return the fetcher of one target in one run."""
        traces: list[RequestTrace] = []
        zone = self._zone(policy.networks)
        transport = TracedTransport(zone.transport, traces)
        session = self._open_session(requester, retry, access, policy, transport)
        self._sessions.append((session, traces, zone, policy))
        return session

    def take_traces(self) -> list[Sequence[RequestTrace]]:
        """Return the requests of each session that was opened since the last call."""
        sessions, self._sessions = self._sessions, []
        return [
            [
                replace(
                    trace,
                    url=session.mask.text(trace.url),
                    problem=session.mask.text(trace.problem),
                    robots=self._robots(trace.url, zone, policy),
                )
                for trace in traces
            ]
            for session, traces, zone, policy in sessions
        ]

    def _robots(self, url: str, zone: Zone, policy: FetchPolicy) -> str:
        if not policy.obey_robots:
            return "not read: a policy has robots: Ignore"
        return zone.robots.verdict(url, policy.user_agent or self._user_agent)


class TracedTransport(httpx.AsyncBaseTransport):
    """Notes the requests that pass it on the way to another transport."""

    def __init__(self, inner: httpx.AsyncBaseTransport, traces: list[RequestTrace]) -> None:
        self._inner = inner
        self._traces = traces

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send, and note the times until the head of the answer. Raises what the other transport does."""
        trace = RequestTrace(request.method, str(request.extensions["url"]))
        if len(self._traces) < MAX_TRACES:
            self._traces.append(trace)
        _current.set(trace)
        peer_address.set("")
        began = perf_counter()
        try:
            response = await self._inner.handle_async_request(request)
        except HopFailed as failure:
            trace.problem = f"{failure.reason}: {failure.message}"
            raise
        finally:
            trace.wait = max(0.0, perf_counter() - began - trace.dns - trace.connect)
            trace.address = peer_address.get()
            trace.guard = _guard_of(trace.address)
        trace.status = response.status_code
        response.stream = _TracedStream(wire_of(response), trace)
        return response


class _TracedStream(httpx.AsyncByteStream):
    def __init__(self, inner: httpx.AsyncByteStream, trace: RequestTrace) -> None:
        self._inner = inner
        self._trace = trace
        self._began = perf_counter()

    async def __aiter__(self) -> AsyncIterator[bytes]:
        async for chunk in self._inner:
            self._trace.bytes += len(chunk)
            yield chunk

    async def aclose(self) -> None:
        self._trace.download = perf_counter() - self._began
        await self._inner.aclose()


def _guard_of(address: str) -> str:
    if not address:
        return ""
    try:
        check_address(address, ())
    except BlockedAddress:
        return "allowed by SCRAPE_OPERATOR_ALLOW_CIDRS or a policy"
    return "public"


def _trace_config() -> aiohttp.TraceConfig:
    """Return what notes the times of names and connections. aiohttp calls it in the context of the request."""
    config = aiohttp.TraceConfig()

    async def connecting(_session: object, context: Any, _event: object) -> None:
        context.connecting = perf_counter()

    async def connected(_session: object, context: Any, _event: object) -> None:
        if (trace := _current.get()) is not None:
            trace.connect += perf_counter() - context.connecting - trace.dns

    async def resolving(_session: object, context: Any, _event: object) -> None:
        context.resolving = perf_counter()

    async def resolved(_session: object, context: Any, _event: object) -> None:
        if (trace := _current.get()) is not None:
            trace.dns += perf_counter() - context.resolving

    config.on_connection_create_start.append(connecting)
    config.on_connection_create_end.append(connected)
    config.on_dns_resolvehost_start.append(resolving)
    config.on_dns_resolvehost_end.append(resolved)
    return config


@asynccontextmanager
async def open_traced_fetcher(
    settings: Settings, *, ssl_context: ssl.SSLContext | None = None, secrets: SecretReader | None = None
) -> AsyncIterator[TracedFetcher]:
    """Open a fetcher that notes its requests; leaving the block closes its connections."""
    context = ssl_context or shared_ssl_context()

    def open_transport(networks: Any) -> ScrapeTransport:
        allow = settings.allow_cidrs if networks is None else tuple(networks)
        return ScrapeTransport(allow=allow, ssl_context=context, trace_configs=[_trace_config()])

    fetcher = TracedFetcher(open_transport, user_agent=settings.user_agent, hosts=budgets_of(settings), secrets=secrets)
    try:
        yield fetcher
    finally:
        await fetcher.aclose()
