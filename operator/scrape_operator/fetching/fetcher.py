"""Fetches one address: the Fetcher that runs use. `wiring` opens one per process, with `open_fetcher`.

Every hop is checked, sent and judged here; whatever the far side does ends as a Response or a ScrapeFailed, in time.
"""

import asyncio
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime

import httpx

from scrape_operator.core.documents import Request, Response
from scrape_operator.core.errors import InvalidValue, ScrapeFailed
from scrape_operator.core.reasons import Reason
from scrape_operator.core.urls import parse_http_url
from scrape_operator.fetching.body import Spent, read_body
from scrape_operator.fetching.failures import HopFailed
from scrape_operator.fetching.headers import complete
from scrape_operator.fetching.redirects import REDIRECTS, Hop
from scrape_operator.fetching.transport import ScrapeTransport, default_ssl_context
from scrape_operator.fetching.verdict import failure_of, is_success
from scrape_operator.settings import Settings

_MAX_TARGET = 32_768  # servers refuse far less; httpx twice as much


def _utc_now() -> datetime:
    return datetime.now(UTC)


class HttpFetcher:
    """Implements core.ports.Fetcher over one transport.

    `now` gives an aware instant; only a Retry-After that is a date needs it.
    """

    def __init__(
        self, transport: httpx.AsyncBaseTransport, *, user_agent: str, now: Callable[[], datetime] = _utc_now
    ) -> None:
        self._transport = transport
        self._user_agent = user_agent
        self._now = now

    async def fetch(self, request: Request) -> Response:
        """Fetch, following redirects.

        An integer in `success_status` names the answer wanted, so a redirect with that status is not followed; a
        class such as "3xx" judges what is left when no redirect is to be followed any more.

        Raises:
            ScrapeFailed: with the reason, and with what was spent until then.

        """
        trip = _Trip(self._transport, request, self._now)
        try:
            async with asyncio.timeout(request.timeout):
                return await trip.run(self._user_agent)
        except TimeoutError as error:
            failure = HopFailed(Reason.TIMEOUT, f"did not answer in full within {request.timeout:g} s")
            raise trip.failed(failure) from error
        except HopFailed as failure:
            raise trip.failed(failure) from failure


class _Trip:
    """One fetch on its way: where it is, and what it has cost."""

    def __init__(self, transport: httpx.AsyncBaseTransport, request: Request, now: Callable[[], datetime]) -> None:
        self._transport = transport
        self._request = request
        self._now = now
        self._spent = Spent()
        self._host = ""

    async def run(self, user_agent: str) -> Response:
        hop = self._first_hop(user_agent)
        for left in range(self._request.max_redirects, -1, -1):
            response = await self._send(hop)
            try:
                if not self._redirects(response.status_code):
                    return await self._answer(response)
                following = hop.after(response.status_code, response.headers.get_list("location"))
            finally:
                await response.aclose()
            if left:
                hop = following
        message = f"redirects more than {self._request.max_redirects} times: raise http.maxRedirects to follow further"
        raise HopFailed(Reason.REDIRECT_ERROR, message, http_status=response.status_code)

    def failed(self, failure: HopFailed) -> ScrapeFailed:
        return ScrapeFailed(
            failure.reason,
            f"{self._host} {failure.message}".strip(),
            http_status=failure.http_status,
            retry_after=failure.retry_after,
            requests=self._spent.requests,
            bytes_read=self._spent.bytes,
        )

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
        self._host = hop.url.authority
        headers = [(name.encode("ascii"), value.encode()) for name, value in hop.headers]
        self._spent.requests += 1
        try:
            return await self._transport.handle_async_request(httpx.Request(hop.method, str(hop.url), headers=headers))
        except HopFailed as failure:
            if not failure.sent:
                self._spent.requests -= 1
            raise

    def _redirects(self, status: int) -> bool:
        request = self._request
        if status not in REDIRECTS or status in request.success_status:
            return False
        return request.max_redirects > 0 or not is_success(status, request.success_status)

    async def _answer(self, response: httpx.Response) -> Response:
        if not is_success(response.status_code, self._request.success_status):
            raise failure_of(response.status_code, response.headers, self._now())
        try:
            body = await read_body(response, self._request.max_body_bytes, self._spent)
        except HopFailed as failure:
            failure.http_status = response.status_code
            raise
        return Response(
            url=str(response.request.url),
            status=response.status_code,
            headers=dict(response.headers),
            body=body,
            requests=self._spent.requests,
            bytes=self._spent.bytes,
        )


@asynccontextmanager
async def open_fetcher(settings: Settings, *, ssl_context: ssl.SSLContext | None = None) -> AsyncIterator[HttpFetcher]:
    """Open the fetcher of a process; leaving the block closes its connections.

    `ssl_context` replaces the default trust in Mozilla's and the system's roots.
    """
    transport = ScrapeTransport(allow=settings.allow_cidrs, ssl_context=ssl_context or default_ssl_context())
    try:
        yield HttpFetcher(transport, user_agent=settings.user_agent)
    finally:
        await transport.aclose()
