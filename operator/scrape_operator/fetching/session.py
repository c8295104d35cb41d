"""The requests of one target in one run: retries within the run's deadline, and what they cost in all."""

import asyncio
import random as randomness
from collections.abc import Awaitable, Callable
from typing import Protocol, TypeVar

from scrape_operator.core.errors import ScrapeFailed
from scrape_operator.core.net.documents import Request, Response, Traffic
from scrape_operator.core.runs.reasons import Reason
from scrape_operator.core.runs.retry import RetryPolicy, delay, is_worth_another_try
from scrape_operator.fetching.hosts.gate import Requester

T = TypeVar("T")


class SingleFetcher(Protocol):
    """Sends one request, without retries."""

    async def fetch_once(self, request: Request, requester: Requester, traffic: Traffic) -> Response:
        """Fetch, and add what was sent and received to `traffic` as it happens. Raises ScrapeFailed."""


class FetchSession:
    """Implements core.ports.Fetcher for one target of one run.

    `traffic` counts all tries of all requests so far: it is up to date also while a request goes on, and after a
    cancellation.
    """

    def __init__(
        self,
        fetcher: SingleFetcher,
        requester: Requester,
        retry: RetryPolicy,
        *,
        sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
        random: Callable[[], float] = randomness.random,
    ) -> None:
        self.requester = requester
        self.traffic = Traffic()
        self._fetcher = fetcher
        self._retry = retry
        self._sleep = sleep
        self._random = random

    async def fetch(self, request: Request) -> Response:
        """Fetch, and try again as `fetch_as` does."""
        return await self.fetch_as(request, _whole)

    async def fetch_as(self, request: Request, read: Callable[[Response], T]) -> T:
        """Fetch and read, and try again after failures that may pass, where the retry policy names the method.

        A delay that would reach the run's deadline is not begun.

        Raises:
            ScrapeFailed: the failure of the last try that had an end of its own before the run's deadline.

        """
        failure: ScrapeFailed | None = None
        tries = self._retry.attempts if request.method in self._retry.methods else 1
        for attempt in range(1, tries + 1):
            try:
                return read(await self._fetcher.fetch_once(request, self.requester, self.traffic))
            except ScrapeFailed as latest:
                failure = self._more_specific(failure, latest)
            if attempt == tries or not is_worth_another_try(failure):
                break
            wait = self._delay(attempt, failure.retry_after)
            if not self.requester.deadline.allows(wait):
                break
            await self._sleep(wait)
        if failure is None:
            raise ValueError("a retry policy needs at least one attempt")
        raise failure

    def _more_specific(self, earlier: ScrapeFailed | None, latest: ScrapeFailed) -> ScrapeFailed:
        """Return the earlier failure where the latest try was only cut off by the run's deadline."""
        is_cut_off = latest.reason is Reason.TIMEOUT and not self.requester.deadline.remaining()
        return earlier if earlier is not None and is_cut_off else latest

    def _delay(self, attempt: int, retry_after: float | None) -> float:
        retry = self._retry
        return delay(attempt, retry.initial_delay, retry.max_delay, retry_after, self._random()).total_seconds()


def _whole(response: Response) -> Response:
    return response
