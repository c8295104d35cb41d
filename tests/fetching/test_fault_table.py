"""Twenty faults, each met by a plain request, by a retry, and by the ends of a request, a run and a wait for a turn.

The reason that a person reads is the cause: a deadline that cuts off a later try, or forbids one, hides no fault.
"""

import asyncio
from dataclasses import dataclass
from datetime import timedelta

import pytest

from scrape_operator.core.errors import ScrapeFailed
from scrape_operator.core.net.documents import Request
from scrape_operator.core.net.host_budgets import HostBudget
from scrape_operator.core.runs.reasons import Reason
from scrape_operator.core.runs.retry import RetryPolicy
from scrape_operator.fetching.fetcher import open_fetcher
from scrape_operator.fetching.hosts.budgets import HostBudgets
from scrape_operator.settings import Settings
from tests.fetching.hosts.visiting import end, take
from tests.fetching.servers import Handler, ok, redirect, resetting, serving
from tests.support.fetching import NO_RETRY, NO_ROBOTS, requester

QUICK_RETRY = RetryPolicy(3, timedelta(milliseconds=10), timedelta(milliseconds=10))
SLOW_RETRY = RetryPolicy(3, timedelta(days=365), timedelta(days=365))
"""Its delays are jittered from zero on: one in a million is within a run."""


@dataclass(frozen=True)
class Fault:
    """What a server does, and what it is called. `is_passing`: worth another try. `is_sent`: a request was sent."""

    name: str
    answer: bytes | Handler
    reason: Reason
    status: int | None = None
    is_passing: bool = False
    url: str = "{server}/page"
    is_sent: bool = True


FAULTS = [
    Fault("500", ok(status="500 Oops"), Reason.HTTP_STATUS, 500, is_passing=True),
    Fault("503", ok(status="503 Busy"), Reason.HTTP_STATUS, 503, is_passing=True),
    Fault("408", ok(status="408 Late"), Reason.HTTP_STATUS, 408, is_passing=True),
    Fault("404", ok(status="404 Not Found"), Reason.HTTP_STATUS, 404),
    Fault("unasked 304", b"HTTP/1.1 304 Not Modified\r\n\r\n", Reason.HTTP_STATUS, 304),
    Fault("401", ok(status="401 Who"), Reason.AUTH_FAILED, 401),
    Fault("403", ok(status="403 No"), Reason.BLOCKED, 403),
    Fault("429", ok(status="429 Slow"), Reason.RATE_LIMITED, 429, is_passing=True),
    Fault("no location", ok(status="302 Found"), Reason.REDIRECT_ERROR, 302),
    Fault("odd location", redirect("http://0x7f.1/"), Reason.REDIRECT_ERROR, 302),
    Fault("inward location", redirect("http://10.0.0.1/"), Reason.BLOCKED_ADDRESS, 302),
    Fault("garbage", b"garbage\r\n\r\n", Reason.PROTOCOL_ERROR, None, is_passing=True),
    Fault("closed", b"", Reason.PROTOCOL_ERROR, None, is_passing=True),
    Fault(
        "short body", b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc", Reason.PROTOCOL_ERROR, 200, is_passing=True
    ),
    Fault(
        "bad chunk",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        Reason.PROTOCOL_ERROR,
        200,
        is_passing=True,
    ),
    Fault("reset", resetting(b"HTTP/1.1 200 OK\r\n"), Reason.CONNECT_ERROR, None, is_passing=True),
    Fault("bad coding", ok(b"x" * 20, "Content-Encoding: gzip"), Reason.DECODE_ERROR, 200),
    Fault("too large", ok(b"x" * 2000), Reason.TOO_LARGE, 200),
    Fault("refused", b"", Reason.CONNECT_ERROR, None, is_passing=True, url="http://127.0.0.1:1/", is_sent=False),
    Fault("denied address", b"", Reason.BLOCKED_ADDRESS, None, url="http://10.0.0.1/", is_sent=False),
]
TABLE = pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)


def handler_of(fault: Fault, silent_after: int | None = None) -> Handler:
    """Show the fault, `silent_after` so many requests nothing any more."""
    asked = 0

    async def handle(head, writer):
        nonlocal asked
        asked += 1
        if silent_after is not None and asked > silent_after:
            await asyncio.Event().wait()
        if isinstance(fault.answer, bytes):
            writer.write(fault.answer)
            await writer.drain()
            writer.close()
        else:
            await fault.answer(head, writer)

    return handle


class Meeting:
    """A fault met once: the failure, and what it cost."""

    def __init__(self, trusting, fault, *, retry=NO_RETRY, timeout=20.0, seconds=60.0, silent_after=None):
        self._context = trusting
        self._fault = fault
        self._retry = retry
        self._timeout = timeout
        self._seconds = seconds
        self._silent_after = silent_after
        self._hosts = HostBudgets(HostBudget(1))

    async def outcome(self, *, is_host_busy=False):
        settings = Settings(allow_cidrs="127.0.0.0/8")
        async with (
            serving(handler_of(self._fault, self._silent_after)) as server,
            open_fetcher(settings, ssl_context=self._context, hosts=self._hosts) as http,
        ):
            url = self._fault.url.format(server=server.url)
            turn = await take(self._hosts, requester("other"), url.split("/")[2]) if is_host_busy else None
            session = http.open_session(requester(seconds=self._seconds), self._retry, policy=NO_ROBOTS)
            with pytest.raises(ScrapeFailed) as raised:
                await session.fetch(Request(url, timeout=self._timeout, max_body_bytes=1000))
            if turn is not None:
                end(turn)
        return raised.value.reason, session.traffic.requests, session.traffic.http_status


def expected(fault, requests=1):
    return fault.reason, requests if fault.is_sent else 0, fault.status


@TABLE
async def test_met_by_a_plain_request(trusting, fault):
    assert await Meeting(trusting, fault).outcome() == expected(fault)


@TABLE
async def test_met_by_each_try(trusting, fault):
    meeting = Meeting(trusting, fault, retry=QUICK_RETRY)
    assert await meeting.outcome() == expected(fault, requests=3 if fault.is_passing else 1)


@TABLE
async def test_a_server_that_keeps_silent_is_the_requests_timeout(trusting, fault):
    outcome = await Meeting(trusting, fault, timeout=0.1, silent_after=0).outcome()
    assert outcome == ((Reason.TIMEOUT, 1, None) if fault.is_sent else expected(fault))


@TABLE
async def test_a_delay_beyond_the_run_is_not_begun(trusting, fault):
    began = asyncio.get_running_loop().time()
    assert await Meeting(trusting, fault, retry=SLOW_RETRY, seconds=50.0).outcome() == expected(fault)
    assert asyncio.get_running_loop().time() - began < 40


@TABLE
async def test_a_later_try_that_the_run_cuts_off_leaves_the_reason(trusting, fault):
    meeting = Meeting(trusting, fault, retry=QUICK_RETRY, seconds=1.0, silent_after=1)
    reason, requests, status = await meeting.outcome()
    is_cut_off = fault.is_passing and fault.is_sent
    assert (reason, requests, status) == expected(fault, requests=2 if is_cut_off else 1)


@TABLE
async def test_a_host_without_a_turn_until_the_end_of_the_run_says_so(trusting, fault):
    outcome = await Meeting(trusting, fault, seconds=0.1).outcome(is_host_busy=True)
    assert outcome == (Reason.TIMEOUT, 0, None)
