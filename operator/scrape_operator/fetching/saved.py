"""A transport that answers every request with one saved body: extraction without a network."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx

from scrape_operator.core.net.access import Access
from scrape_operator.core.net.policy import DEFAULT_POLICY, FetchPolicy
from scrape_operator.core.runs.retry import RetryPolicy
from scrape_operator.fetching.fetcher import HttpFetcher, budgets_of
from scrape_operator.fetching.hosts.gate import Requester
from scrape_operator.fetching.session import FetchSession
from scrape_operator.settings import Settings


class SavedBodyTransport(httpx.AsyncBaseTransport):
    """Answers 200 with the body, and with the content type where one is known."""

    def __init__(self, body: bytes, content_type: str | None) -> None:
        self._body = body
        self._headers = {"content-type": content_type} if content_type else {}

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Return the saved body; nothing is sent."""
        return httpx.Response(200, headers=self._headers, stream=httpx.ByteStream(self._body), request=request)


class SavedFetcher(HttpFetcher):
    """Sends no credentials, so that no Secret is read: a saved body needs none."""

    def open_session(
        self,
        requester: Requester,
        retry: RetryPolicy,
        access: Access | None = None,
        policy: FetchPolicy = DEFAULT_POLICY,
    ) -> FetchSession:
        """Return the fetcher of one target in one run."""
        return super().open_session(requester, retry, None, policy)


@asynccontextmanager
async def open_saved_fetcher(settings: Settings, body: bytes, content_type: str | None) -> AsyncIterator[HttpFetcher]:
    """Open a fetcher that reads `body` at every address."""
    transport = SavedBodyTransport(body, content_type)
    yield SavedFetcher(lambda _: transport, user_agent=settings.user_agent, hosts=budgets_of(settings))
