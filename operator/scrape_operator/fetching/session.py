"""The requests of one target in one run: credentials, cookies, and retries within the run's deadline."""

import asyncio
import random as randomness
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from typing import TypeVar

from scrape_operator.core.errors import InvalidValue, ScrapeFailed
from scrape_operator.core.masking import Mask
from scrape_operator.core.net.documents import Request, Response, Traffic
from scrape_operator.core.net.urls import parse_http_url
from scrape_operator.core.runs.reasons import Reason
from scrape_operator.core.runs.retry import RetryPolicy, is_worth_another_try
from scrape_operator.fetching.auth.identity import ANONYMOUS, Identity
from scrape_operator.fetching.exchange import Environment, fetch_once
from scrape_operator.fetching.hosts.gate import Requester

T = TypeVar("T")

UNAUTHORIZED = 401

IdentitySource = Callable[[str], Awaitable[Identity]]
"""Returns the identity for the address of the first request. Raises ScrapeFailed."""


class FetchSession:
    """Implements core.ports.Fetcher for one target of one run.

    `traffic` counts all tries of all requests so far: it is up to date also while a request goes on, and after a
    cancellation.
    """

    def __init__(
        self,
        environment: Environment,
        retry: RetryPolicy,
        *,
        identify: IdentitySource | None = None,
        sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
        random: Callable[[], float] = randomness.random,
    ) -> None:
        self._environment = environment
        self._retry = retry
        self._identify = identify
        self._sleep = sleep
        self._random = random

    @property
    def requester(self) -> Requester:
        """The run that the requests are made for."""
        return self._environment.requester

    @property
    def traffic(self) -> Traffic:
        """Requests, bytes and status so far."""
        return self._environment.traffic

    @property
    def mask(self) -> Mask:
        """What hides the secrets that the session has sent."""
        return self._environment.identity.secrets.mask

    @property
    def warnings(self) -> Sequence[str]:
        """What a person should know of the answers so far."""
        return tuple(dict.fromkeys(self._environment.warnings))

    async def fetch(self, request: Request) -> Response:
        """Fetch, and try again as `fetch_as` does."""
        return await self.fetch_as(request, _whole)

    async def prepare(self, request: Request) -> None:
        """Read the Secrets of the target, if that is not done yet. Raises ScrapeFailed."""
        if self._identify is not None and self._environment.identity is ANONYMOUS:
            self._environment.identity = await self._identify(_valid_address(request))

    async def fetch_as(self, request: Request, read: Callable[[Response], T]) -> T:
        """Fetch and read, and try again after failures that may pass, where the retry policy names the method.

        A delay that would reach the run's deadline is not begun. Answers and failures hold no secret value.

        Raises:
            ScrapeFailed: the failure of the last try that had an end of its own before the run's deadline.

        """
        await self.prepare(request)
        try:
            return await self._fetch_with_retries(request, read)
        except ScrapeFailed as failure:
            masked = self._environment.identity.secrets.mask_failure(failure)
            if masked is failure:
                raise
        try:
            raise masked  # outside of the handler: no traceback leads to the text that was masked
        finally:
            del masked

    async def _fetch_with_retries(self, request: Request, read: Callable[[Response], T]) -> T:
        failure: ScrapeFailed | None = None
        tries = self._retry.attempts if request.method in self._retry.methods else 1
        for attempt in range(1, tries + 1):
            try:
                return read(await self._fetch_with_renewal(request))
            except ScrapeFailed as latest:
                failure = self._more_specific(failure, latest)
            if attempt == tries or not is_worth_another_try(failure):
                break
            wait = self._retry.delay(attempt, failure.retry_after, self._random())
            if not self.requester.deadline.allows(wait):
                break
            with self.requester.waiting():
                await self._sleep(wait)
        if failure is None:
            raise ValueError("a retry policy needs at least one attempt")
        try:
            raise failure
        finally:
            del failure  # this frame and the traceback would hold each other

    async def _fetch_with_renewal(self, request: Request) -> Response:
        environment = self._environment_of_request()
        try:
            response = await fetch_once(environment, request)
        except ScrapeFailed as failure:
            if failure.http_status != UNAUTHORIZED or not environment.identity.renew():
                raise
            response = await fetch_once(environment, request)
        return environment.identity.secrets.mask_response(response)

    def _environment_of_request(self) -> Environment:
        identity = self._environment.identity.for_request()
        is_shared = identity is self._environment.identity
        return self._environment if is_shared else replace(self._environment, identity=identity)

    def _more_specific(self, earlier: ScrapeFailed | None, latest: ScrapeFailed) -> ScrapeFailed:
        """Return the earlier failure where the latest try was only cut off by the run's deadline."""
        is_cut_off = latest.reason is Reason.TIMEOUT and not self.requester.deadline.remaining()
        return earlier if earlier is not None and is_cut_off else latest


def _whole(response: Response) -> Response:
    return response


def _valid_address(request: Request) -> str:
    try:
        parse_http_url(request.url)
    except InvalidValue as error:
        raise ScrapeFailed(Reason.INVALID_SPEC, str(error)) from error
    return request.url
