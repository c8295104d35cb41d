"""Fetches one address: the Fetcher that runs use. `wiring` opens one per process, with `open_fetcher`.

Every hop is checked, sent and judged here; whatever the far side does ends as a Response or a ScrapeFailed, in time.
"""

import asyncio
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta

import httpx

from scrape_operator.core.errors import InvalidValue, ScrapeFailed
from scrape_operator.core.net.documents import Request, Response, Traffic
from scrape_operator.core.net.host_budgets import HostBudget
from scrape_operator.core.net.urls import parse_http_url
from scrape_operator.core.runs.reasons import Reason
from scrape_operator.core.runs.retry import RetryPolicy
from scrape_operator.fetching.body.reader import read_body, wire_of
from scrape_operator.fetching.failures import HopFailed
from scrape_operator.fetching.headers import complete
from scrape_operator.fetching.hosts.breaker import BreakerPolicy, CoolDown
from scrape_operator.fetching.hosts.budgets import HostBudgets
from scrape_operator.fetching.hosts.gate import HostObserver, Requester, Turn
from scrape_operator.fetching.redirects import REDIRECTS, Hop
from scrape_operator.fetching.session import FetchSession
from scrape_operator.fetching.status_reasons import failure_of, is_success
from scrape_operator.fetching.transport import ScrapeTransport, default_ssl_context, request_of
from scrape_operator.settings import Settings

LONGEST_COOL_DOWN = timedelta(minutes=15)
_MAX_TARGET = 32_768  # servers refuse far less; httpx twice as much


def _utc_now() -> datetime:
    return datetime.now(UTC)


class HttpFetcher:
    """Sends requests over one transport, for all runs of a process.

    `now` gives an aware instant; only a Retry-After that is a date needs it. Every hop takes its turn in `hosts`.
    """

    def __init__(
        self,
        transport: httpx.AsyncBaseTransport,
        *,
        user_agent: str,
        hosts: HostBudgets,
        now: Callable[[], datetime] = _utc_now,
    ) -> None:
        self.hosts = hosts
        self._transport = transport
        self._user_agent = user_agent
        self._now = now

    def open_session(self, requester: Requester, retry: RetryPolicy) -> FetchSession:
        """Return the fetcher of one target in one run."""
        return FetchSession(self, requester, retry)

    async def fetch_once(self, request: Request, requester: Requester, traffic: Traffic) -> Response:
        """Fetch, following redirects; requests, bytes and status are added to `traffic` as they happen.

        The wait for a turn at a host does not count towards the request's timeout, but ends at the run's deadline.
        An integer in `success_status` names the answer wanted, so a redirect with that status is not followed; a
        class such as "3xx" judges what is left when no redirect is to be followed any more.

        Raises:
            ScrapeFailed: with the reason.

        """
        trip = _Trip(self._transport, request, self._now, self.hosts, requester, traffic)
        try:
            async with asyncio.timeout(min(request.timeout, requester.deadline.remaining())) as timer:
                return await trip.run(self._user_agent, timer)
        except TimeoutError as error:
            raise trip.failed(_timed_out(request, requester)) from error
        except HopFailed as failure:
            raise trip.failed(failure) from failure
        finally:
            trip.abandon()


def _timed_out(request: Request, requester: Requester) -> HopFailed:
    if requester.deadline.remaining():
        return HopFailed(Reason.TIMEOUT, f"did not answer in full within {request.timeout:g} s (http.timeout)")
    return HopFailed(Reason.TIMEOUT, "did not answer in full before the run's deadline (spec.timeout)")


class _Trip:
    """One fetch on its way through its redirects."""

    def __init__(
        self,
        transport: httpx.AsyncBaseTransport,
        request: Request,
        now: Callable[[], datetime],
        hosts: HostBudgets,
        requester: Requester,
        traffic: Traffic,
    ) -> None:
        self._transport = transport
        self._request = request
        self._now = now
        self._hosts = hosts
        self._requester = requester
        self._turn: Turn | None = None
        self._traffic = traffic
        self._host = ""

    async def run(self, user_agent: str, timer: asyncio.Timeout) -> Response:
        hop = self._first_hop(user_agent)
        for left in range(self._request.max_redirects, -1, -1):
            await self._take_turn(hop, timer)
            response = await self._send(hop)
            wire = wire_of(response)
            try:
                if not self._redirects(response.status_code):
                    answer = await self._answer(hop, response, wire)
                    self._end_turn()
                    return answer
                following = hop.after(response.status_code, response.headers.get_list("location"))
            finally:
                await wire.aclose()
            self._end_turn()
            if left:
                hop = following
        message = f"redirects more than {self._request.max_redirects} times: raise http.maxRedirects to follow further"
        raise HopFailed(Reason.REDIRECT_ERROR, message, http_status=response.status_code)

    def failed(self, failure: HopFailed) -> ScrapeFailed:
        self._end_turn(failure)
        return ScrapeFailed(
            failure.reason,
            f"{self._host} {failure.message}".strip(),
            http_status=failure.http_status,
            retry_after=failure.retry_after,
        )

    def abandon(self) -> None:
        """Give back the turn of a fetch that was cancelled."""
        if self._turn is not None:
            self._turn.abandon()
            self._turn = None

    def _end_turn(self, failure: HopFailed | None = None) -> None:
        if self._turn is not None:
            self._turn.end(failure)
            self._turn = None

    async def _take_turn(self, hop: Hop, timer: asyncio.Timeout) -> None:
        """Take the hop's turn at its host; the timer of the request stands still while it waits."""
        self._host = host = hop.url.authority
        deadline = self._requester.deadline
        patience = min(self._request.timeout, deadline.remaining())
        self._turn = self._hosts.try_enter(host, self._requester, patience)
        if self._turn is not None:
            return
        loop = asyncio.get_running_loop()
        when = timer.when()
        began = loop.time()
        timer.reschedule(None)
        try:
            self._turn = await self._hosts.enter(host, self._requester, patience)
        finally:
            now = loop.time()
            timer.reschedule(None if when is None else min(when + now - began, now + deadline.remaining()))

    def _first_hop(self, user_agent: str) -> Hop:
        try:
            url = parse_http_url(self._request.url).with_params(self._request.params)
        except InvalidValue as error:
            raise HopFailed(Reason.INVALID_SPEC, str(error), sent=False) from error
        self._host = url.authority
        if len(url.target) > _MAX_TARGET:
            message = f"can't be asked: with its params the address has more than {_MAX_TARGET} characters"
            raise HopFailed(Reason.INVALID_SPEC, message, sent=False)
        return Hop(self._request.method, url, complete(self._request.headers, user_agent))

    async def _send(self, hop: Hop) -> httpx.Response:
        body = self._request.body if hop.method == self._request.method else b""
        request = request_of(hop.method, hop.url, hop.headers, body)
        self._traffic.requests += 1
        try:
            response = await self._transport.handle_async_request(request)
        except HopFailed as failure:
            if not failure.sent:
                self._traffic.requests -= 1
            raise
        self._traffic.http_status = response.status_code
        return response

    def _redirects(self, status: int) -> bool:
        request = self._request
        if status not in REDIRECTS or status in request.success_status:
            return False
        return request.max_redirects > 0 or not is_success(status, request.success_status)

    async def _answer(self, hop: Hop, response: httpx.Response, wire: httpx.AsyncByteStream) -> Response:
        if not is_success(response.status_code, self._request.success_status):
            raise failure_of(response.status_code, response.headers, self._now())
        if self._turn is not None:
            self._turn.answers()
        headers = dict(response.headers.items())
        announced = "" if hop.method == "HEAD" else headers.get("content-length", "")
        coding = headers.get("content-encoding", "")
        try:
            body = await read_body(wire, coding, announced, self._request.max_body_bytes, self._traffic)
        except HopFailed as failure:
            failure.http_status = response.status_code
            raise
        return Response(url=str(hop.url), status=response.status_code, headers=headers, body=body)


def budgets_of(settings: Settings, observer: HostObserver | None = None) -> HostBudgets:
    """Make the budgets and breakers that the settings ask for."""
    pace = timedelta(seconds=settings.host_min_interval_seconds)
    cool_down = CoolDown(timedelta(seconds=settings.breaker_cooldown_seconds), LONGEST_COOL_DOWN)
    return HostBudgets(
        HostBudget(settings.host_max_concurrent, pace), breaker=BreakerPolicy(refusal=cool_down), observer=observer
    )


@asynccontextmanager
async def open_fetcher(
    settings: Settings, *, ssl_context: ssl.SSLContext | None = None, hosts: HostBudgets | None = None
) -> AsyncIterator[HttpFetcher]:
    """Open the fetcher of a process; leaving the block closes its connections.

    `hosts` are the budgets to keep, those by default where none are given. `ssl_context` replaces the default trust in
    Mozilla's and the system's roots.
    """
    transport = ScrapeTransport(allow=settings.allow_cidrs, ssl_context=ssl_context or default_ssl_context())
    try:
        yield HttpFetcher(transport, user_agent=settings.user_agent, hosts=hosts or budgets_of(settings))
    finally:
        await transport.aclose()
