"""Requesters and sessions for tests that fetch."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

from scrape_operator.core.net.deadline import Deadline
from scrape_operator.core.net.host_budgets import HostBudget
from scrape_operator.core.net.policy import FetchPolicy
from scrape_operator.core.runs.retry import RetryPolicy
from scrape_operator.fetching.fetcher import HttpFetcher, open_fetcher
from scrape_operator.fetching.hosts.gate import Requester
from scrape_operator.fetching.session import FetchSession
from scrape_operator.settings import Settings
from tests.support.virtual_time import virtual_time

NO_RETRY = RetryPolicy(1, timedelta(milliseconds=10), timedelta(milliseconds=10))
NO_ROBOTS = FetchPolicy(obey_robots=False)
DAY = 86_400.0


def requester(key: str = "test", budgets: Mapping[str, HostBudget] | None = None, seconds: float = DAY) -> Requester:
    """Return a requester whose deadline is so many seconds of the running loop from now."""
    return Requester(key, Deadline.after(seconds, virtual_time), budgets or {})


def session_of(
    fetcher: HttpFetcher, key: str = "test", retry: RetryPolicy = NO_RETRY, seconds: float = DAY
) -> FetchSession:
    """Return a session without retries that reads no robots.txt."""
    return fetcher.open_session(requester(key, seconds=seconds), retry, policy=NO_ROBOTS)


@asynccontextmanager
async def open_session(settings: Settings, **options: Any) -> AsyncIterator[FetchSession]:
    """Open a fetcher, and return a session of it."""
    async with open_fetcher(settings, **options) as fetcher:
        yield session_of(fetcher)
