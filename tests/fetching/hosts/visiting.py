"""Visits to hosts in virtual time, for the tests of budgets and of the breaker."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from scrape_operator.core.net.host_budgets import HostBudget
from scrape_operator.core.runs.reasons import Reason
from scrape_operator.fetching.failures import HopFailed
from scrape_operator.fetching.hosts.budgets import HostBudgets
from tests.support.virtual_time import virtual_time

HOST = "shop.example"
NOON = datetime(2026, 11, 25, 12, 0, 0, tzinfo=UTC)
PATIENCE = 60.0

Log = list[tuple[str, float]]


def of(concurrent, milliseconds=0):
    return HostBudget(concurrent, timedelta(milliseconds=milliseconds))


class Observed:
    def __init__(self) -> None:
        self.waits: list[float] = []
        self.openings: list[Reason] = []

    def host_waited(self, seconds):
        self.waits.append(seconds)

    def host_opened(self, reason):
        self.openings.append(reason)


def hosts_of(budget=None, observer=None, **options):
    return HostBudgets(
        budget or of(1),
        observer=observer,
        clock=virtual_time,
        now=lambda: NOON + timedelta(seconds=virtual_time()),
        **options,
    )


async def take(hosts, requester, host=HOST, patience=PATIENCE):
    return await hosts.take(host, requester, patience)


async def is_free(hosts, requester, host=HOST):
    """Return whether a turn comes at once."""
    try:
        async with asyncio.timeout(0):
            with await take(hosts, requester, host):
                return True
    except TimeoutError:
        return False


async def refusal(hosts, requester, host=HOST, patience=PATIENCE):
    with pytest.raises(HopFailed) as raised:
        await take(hosts, requester, host, patience)
    return raised.value


async def visit(hosts, requester, seconds, log, host=HOST, patience=PATIENCE):
    """Be at the host for so long; note who came when."""
    with await take(hosts, requester, host, patience):
        log.append((requester.key, virtual_time()))
        await asyncio.sleep(seconds)


def end(turn, failure=None):
    turn.__exit__(None if failure is None else type(failure), failure, None)


async def prove(hosts, *requesters, host=HOST):
    """Show that these are quick."""
    for requester in requesters:
        end(await take(hosts, requester, host))


async def fail(hosts, requester, failure, times=1, host=HOST):
    for _ in range(times):
        end(await take(hosts, requester, host), failure)


def forbidden():
    return HopFailed(Reason.BLOCKED, "answered 403 Forbidden", http_status=403)


def refused():
    return HopFailed(Reason.CONNECT_ERROR, "refused the connection", sent=False)


def slow_down(seconds):
    return HopFailed(Reason.RATE_LIMITED, "answered 429 Too Many Requests", http_status=429, retry_after=seconds)
