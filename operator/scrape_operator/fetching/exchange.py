"""One try of one request, through its redirects: each hop is admitted, gets its turn, is sent and read."""

import asyncio
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Protocol

import httpx
from yarl import URL

from scrape_operator.core.errors import InvalidValue, ScrapeFailed
from scrape_operator.core.net.deadline import TIMEOUT_FIELD
from scrape_operator.core.net.documents import NO_CONTENT, Purpose, Request, Response, Traffic
from scrape_operator.core.net.host_pace import SLOW_ANSWER_SECONDS
from scrape_operator.core.net.urls import authority_of, parse_http_url, with_params
from scrape_operator.core.runs.reasons import Reason
from scrape_operator.core.tracing import NO_TRACER, RequestSpan, Tracer
from scrape_operator.fetching.auth.identity import ANONYMOUS, Identity
from scrape_operator.fetching.auth.sent import credentials_note
from scrape_operator.fetching.body.memory import BodyMemory, BodyMemoryBusy, BodyReservation
from scrape_operator.fetching.body.reader import read_body, wire_of
from scrape_operator.fetching.cookies import SessionCookies
from scrape_operator.fetching.day_budgets import DaySpending, RequestCharge
from scrape_operator.fetching.failures import HopFailed
from scrape_operator.fetching.headers import complete, conditions
from scrape_operator.fetching.hosts.budgets import HostBudgets
from scrape_operator.fetching.hosts.gate import Requester, Turn
from scrape_operator.fetching.limit_messages import has_own_deadline, too_many_redirects, too_slow
from scrape_operator.fetching.redirects import REDIRECTS, Hop
from scrape_operator.fetching.request_timer import RequestTimer
from scrape_operator.fetching.route import Route
from scrape_operator.fetching.status_reasons import NOT_MODIFIED, failure_of, is_success
from scrape_operator.fetching.transport import request_of

_REFUSALS = frozenset({401, 403})
_REPEATABLE = frozenset({"GET", "HEAD"})
_MAX_TARGET = 32_768  # servers refuse far less; httpx twice as much


class Admission(Protocol):
    """Decides whether a hop may be sent: policies, robots.txt."""

    async def admit(self, url: URL, route: Route) -> timedelta:
        """Return the pace that the host asks for; zero without one. Raises HopFailed."""


@dataclass(slots=True)
class Environment:
    """What the requests of one session have in common. `hosts` are passed in order, each with its own budget.

    `spending` counts the requests under the policies that have a budget of a day; None without such a policy.
    """

    transport: httpx.AsyncBaseTransport
    hosts: tuple[HostBudgets, ...]
    requester: Requester
    user_agent: str
    now: Callable[[], datetime]
    admission: Admission | None = None
    identity: Identity = ANONYMOUS
    traffic: Traffic = field(default_factory=Traffic)
    cookies: SessionCookies = field(default_factory=SessionCookies)
    warnings: list[str] = field(default_factory=list)
    memory: BodyMemory = field(default_factory=BodyMemory)
    spending: DaySpending | None = None
    tracer: Tracer = NO_TRACER


async def fetch_once(environment: Environment, request: Request) -> Response:
    """Fetch, following redirects. Requests, bytes and status are added to the traffic as they happen.

    Only the time from sending a hop to its last byte counts towards the request's timeout. An integer in
    `success_status` names the wanted answer, so a redirect with that status is not followed; a class such as "3xx"
    applies where no redirect is followed any more.

    Raises:
        ScrapeFailed: with the reason.

    """
    exchange = _Exchange(environment, request)
    try:
        return await exchange.run()
    except HopFailed as failure:
        raise ScrapeFailed(
            failure.reason,
            f"{exchange.host} {failure.message}{exchange.credentials_note(failure)}".strip(),
            http_status=failure.http_status,
            retry_after=failure.retry_after,
        ) from failure


class _CredentialsEnded(Exception):
    """The turn is given back, and the request is prepared anew."""


class _Exchange:
    def __init__(self, environment: Environment, request: Request) -> None:
        self.host = ""
        self._hop: Hop | None = None
        self._environment = environment
        self._request = request
        self._timer = RequestTimer(request.timeout, environment.requester.deadline)
        self._charge: RequestCharge | None = None
        self._has_returned_turn = False
        is_repeatable = request.method in _REPEATABLE
        self._memory = BodyReservation(environment.memory, self._timer.paused, is_repeatable=is_repeatable)

    async def run(self) -> Response:
        try:
            return await self._follow(self._first_hop())
        except BaseException:
            self._memory.release()  # that of a request which was to be sent again
            raise

    def credentials_note(self, failure: HopFailed) -> str:
        """Return the end of a message about an answer that may ask for credentials, else an empty text.

        Requests of adapters are anonymous: their targets have no credentials that could be corrected.
        """
        identity = self._environment.identity
        is_target = identity is not ANONYMOUS and self._request.purpose is Purpose.TARGET
        if not is_target or failure.http_status not in _REFUSALS or self._hop is None:
            return ""
        return f"; {credentials_note(identity.access, self._hop)}"

    async def _follow(self, hop: Hop) -> Response:
        for left in range(self._request.max_redirects, -1, -1):
            answer = await self._visit(hop)
            if isinstance(answer, Response):
                return answer
            if left:
                hop = answer
        message = too_many_redirects(self._request)
        raise HopFailed(Reason.REDIRECT_ERROR, message, http_status=self._environment.traffic.http_status)

    def _first_hop(self) -> Hop:
        request = self._request
        try:
            url = with_params(parse_http_url(request.url), request.params)
        except InvalidValue as error:
            raise HopFailed(Reason.INVALID_SPEC, str(error), sent=False) from error
        self.host = authority_of(url)
        if len(url.raw_path_qs) > _MAX_TARGET:
            message = f"cannot be requested: with its params the URL has more than {_MAX_TARGET} characters"
            raise HopFailed(Reason.INVALID_SPEC, message, sent=False)
        environment = self._environment
        is_trusted = environment.identity.trusts(url)
        hop = Hop(request.method, url, complete(request.headers, environment.user_agent), is_trusted=is_trusted)
        return hop if is_trusted else hop.stripped()

    async def _visit(self, hop: Hop) -> Response | Hop:
        """Return the answer, or the hop that it redirects to."""
        environment = self._environment
        self._hop = hop
        self.host = authority = authority_of(hop.url)
        pace = await environment.admission.admit(hop.url, self._route(hop)) if environment.admission else timedelta(0)
        while True:
            left = self._timer.left
            try:
                if environment.spending is None:
                    return await self._take_turn(hop, authority, pace)
                async with environment.spending.request() as self._charge:
                    return await self._take_turn(hop, authority, pace)
            except _CredentialsEnded:
                continue
            except BodyMemoryBusy:
                self._timer.left = left
                await self._wait_for_memory()

    async def _take_turn(self, hop: Hop, authority: str, pace: timedelta) -> Response | Hop:
        environment = self._environment
        request = await self._prepare(hop)
        with ExitStack() as turns:
            for hosts in environment.hosts:
                turn = turns.enter_context(
                    await hosts.take(authority, environment.requester, self._request.timeout, pace)
                )
            if self._charge is not None:
                await self._charge.renew()
            if hop.is_trusted and not environment.identity.is_current():
                request = await self._prepare_again(hop, request, authority)
            return await self._send(hop, request, turn)

    async def _prepare_again(self, hop: Hop, request: httpx.Request, authority: str) -> httpx.Request:
        """Return the request with new credentials: those that it has ended while it waited for its turn.

        Raises:
            _CredentialsEnded: they come from the same host, which may have no other turn. That is done once.

        """
        if not self._environment.identity.may_wait_for(authority):
            return await self._prepare(hop)
        if self._has_returned_turn:
            return request
        self._has_returned_turn = True
        raise _CredentialsEnded

    async def _wait_for_memory(self) -> None:
        """Wait for the memory of a body without a turn, until the run's deadline."""
        requester = self._environment.requester
        try:
            with requester.waiting():
                async with asyncio.timeout(requester.deadline.remaining()):
                    await self._memory.wait()
        except TimeoutError as error:
            message = "sent a body that waited for the operator's memory for bodies until the run's deadline"
            raise HopFailed(Reason.TIMEOUT, f"{message}: raise its memory limit, or spec.timeout") from error

    async def _prepare(self, hop: Hop) -> httpx.Request:
        """Return the request of a hop with everything that belongs to its origin: cookies, validators, credentials."""
        environment, validators = self._environment, self._request.validators
        headers = environment.cookies.add_to(hop.headers, hop.url)
        if validators is not None and validators.url == str(hop.url):
            headers += conditions(validators)
        url = hop.url
        if hop.is_trusted:
            url, headers = await environment.identity.authorize(url, headers)
        body = self._request.body if hop.method == self._request.method else b""
        return request_of(hop.method, url, headers, body, self._route(hop))

    def _route(self, hop: Hop) -> Route:
        route = self._environment.identity.route
        return route if hop.is_trusted else route.for_other_origin()

    async def _send(self, hop: Hop, request: httpx.Request, turn: Turn) -> Response | Hop:
        environment = self._environment
        mask, purpose = environment.identity.secrets.mask, self._request.purpose
        with environment.tracer.request(hop.method, purpose, hop.url, mask) as span:
            return await self._send_in_time(hop, request, turn, span)

    async def _send_in_time(self, hop: Hop, request: httpx.Request, turn: Turn, span: RequestSpan) -> Response | Hop:
        clock = asyncio.get_running_loop().time
        began = clock()
        try:
            async with self._timer.start():
                response = await self._transmit(request)
                span.answered(response.status_code)
                wire = wire_of(response)
                try:
                    return await self._read(hop, response, wire, turn)
                except BodyMemoryBusy:
                    self._memory.release()
                    raise
                finally:
                    await wire.aclose()
        except TimeoutError as error:
            raise self._timed_out(clock() - began) from error
        finally:
            self._timer.stop(clock() - began)

    async def _transmit(self, request: httpx.Request) -> httpx.Response:
        traffic = self._environment.traffic
        traffic.requests += 1
        self._mark(is_sent=True)
        try:
            response = await self._environment.transport.handle_async_request(request)
        except HopFailed as failure:
            if not failure.sent:
                traffic.requests -= 1
                self._mark(is_sent=False)
            raise
        traffic.http_status = response.status_code
        return response

    def _mark(self, *, is_sent: bool) -> None:
        if self._charge is not None:
            self._charge.is_sent = is_sent

    async def _read(
        self, hop: Hop, response: httpx.Response, wire: httpx.AsyncByteStream, turn: Turn
    ) -> Response | Hop:
        environment, status = self._environment, response.status_code
        headers = dict(response.headers.items())  # httpx looks for each name in a list
        if "set-cookie" in headers:
            environment.cookies.store(hop.url, response.headers.get_list("set-cookie"))
        if self._is_redirect(status):
            carries = hop.is_trusted and environment.identity.has_credentials
            return hop.after(status, response.headers.get_list("location"), carries_credentials=carries)
        validators = self._request.validators
        is_not_modified = status == NOT_MODIFIED and validators is not None and validators.url == str(hop.url)
        if not is_not_modified and not is_success(status, self._request.success_status):
            raise failure_of(status, response.headers, environment.now())
        turn.answer_began()
        is_ignored = is_not_modified or self._request.ignores_body or status in NO_CONTENT
        body = b"" if is_ignored else await self._read_body(hop, status, headers, wire)
        answer = Response(str(hop.url), status, headers, body, is_not_modified=is_not_modified)
        self._memory.hand_over(answer)
        return answer

    async def _read_body(self, hop: Hop, status: int, headers: Mapping[str, str], wire: httpx.AsyncByteStream) -> bytes:
        environment = self._environment
        announced = "" if hop.method == "HEAD" else headers.get("content-length", "")
        coding = f"{headers.get('content-encoding', '')},{_transfer_codings(headers.get('transfer-encoding', ''))}"
        try:
            return await read_body(
                wire if environment.spending is None else environment.spending.metered(wire),
                coding,
                announced,
                self._request,
                environment.traffic,
                environment.warnings,
                self._memory,
            )
        except HopFailed as failure:
            failure.http_status = status
            raise

    def _is_redirect(self, status: int) -> bool:
        request = self._request
        if status not in REDIRECTS or status in request.success_status:
            return False
        return request.max_redirects > 0 or not is_success(status, request.success_status)

    def _timed_out(self, seconds: float) -> HopFailed:
        """Return the failure of a request that was open for so long. The run's end may have cut it off."""
        has_time = self._environment.requester.deadline.remaining() > 0
        is_cut_off = not has_time and seconds < SLOW_ANSWER_SECONDS
        if has_time or has_own_deadline(self._request):
            return HopFailed(Reason.TIMEOUT, too_slow(self._request), is_cut_off=is_cut_off)
        message = f"did not answer in full before the run's deadline ({TIMEOUT_FIELD})"
        return HopFailed(Reason.TIMEOUT, message, is_cut_off=is_cut_off)


def _transfer_codings(transfer_encoding: str) -> str:
    """Return the codings that a server applied for the transfer, unasked. aiohttp takes away the chunks alone."""
    return ",".join(name for name in transfer_encoding.split(",") if name.strip(" \t").lower() != "chunked")
