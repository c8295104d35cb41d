"""The responses that an adapter of a platform gets: kept in a run, and given to the adapter again in a replay."""

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from hashlib import blake2b
from typing import TypeVar

from scrape_operator.core.errors import ScrapeFailed
from scrape_operator.core.net.documents import Request, Response
from scrape_operator.core.net.urls import authority_of, parse_http_url, requested_address
from scrape_operator.core.ports import Fetcher
from scrape_operator.fetching.status_reasons import failure_of, is_success

T = TypeVar("T")

Keep = Callable[[Response, str], Awaitable[None]]
"""Keeps the response to a request, which is named by `name_of`."""

FindKept = Callable[[str], Awaitable[Response]]
"""Returns the kept response to a request by its name. Raises ScrapeFailed if none is kept."""


def name_of(request: Request) -> str:
    """Return what identifies a request within one run: its method, its address and the digest of its body."""
    address = requested_address(request.url, request.params)
    digest = f" {blake2b(request.body, digest_size=8).hexdigest()}" if request.body else ""
    return f"{request.method} {address}{digest}"


class KeepingFetcher:
    """Implements core.ports.Fetcher: sends requests through another fetcher, and keeps the last response to each."""

    def __init__(self, fetcher: Fetcher, keep: Keep) -> None:
        self._fetcher = fetcher
        self._keep = keep

    async def fetch(self, request: Request) -> Response:
        """Fetch, and keep the response. Raises ScrapeFailed."""
        return await self.fetch_as(request, _whole)

    async def fetch_as(self, request: Request, read: Callable[[Response], T]) -> T:
        """Fetch and read; the last response is kept whether or not it can be read. Raises ScrapeFailed."""
        last: list[Response] = []

        def read_last(response: Response) -> T:
            last[:] = [response]
            return read(response)

        try:
            content = await self._fetcher.fetch_as(request, read_last)
        except ScrapeFailed as failure:
            await self._keep_all(_responses_of(request, failure, last), request)
            raise
        await self._keep_all(last, request)
        return content

    async def _keep_all(self, responses: Sequence[Response], request: Request) -> None:
        for response in responses:
            await self._keep(response, name_of(request))


class KeptFetcher:
    """Implements core.ports.Fetcher by kept responses. It sends no request. `at` is the time of the run."""

    def __init__(self, find: FindKept, at: datetime) -> None:
        self._find = find
        self._at = at

    async def fetch(self, request: Request) -> Response:
        """Return the kept response. Raises ScrapeFailed."""
        return await self.fetch_as(request, _whole)

    async def fetch_as(self, request: Request, read: Callable[[Response], T]) -> T:
        """Read the kept response. Raises ScrapeFailed as the run did, or since the response is not kept."""
        response = await self._find(name_of(request))
        if not is_success(response.status, request.success_status):
            failure = failure_of(response.status, response.headers, self._at)
            host = authority_of(parse_http_url(response.url))
            raise ScrapeFailed(failure.reason, f"{host} {failure.message}", http_status=response.status)
        return read(response)


def _whole(response: Response) -> Response:
    return response


def _responses_of(request: Request, failure: ScrapeFailed, last: Sequence[Response]) -> Sequence[Response]:
    """Return the response that a failure is about: the one that could not be read, or a status without its body."""
    if failure.http_status is None or any(response.status == failure.http_status for response in last):
        return last
    return [Response(requested_address(request.url, request.params), failure.http_status, {}, b"")]
