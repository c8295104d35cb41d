import asyncio
from dataclasses import replace
from datetime import timedelta

import httpx
import pytest

from scrape_operator.core.errors import ScrapeFailed
from scrape_operator.core.net.deadline import Deadline
from scrape_operator.core.net.documents import Request
from scrape_operator.core.net.host_budgets import HostBudget
from scrape_operator.core.runs.reasons import Reason
from scrape_operator.core.runs.retry import RetryPolicy
from scrape_operator.fetching.fetcher import HttpFetcher, open_fetcher
from scrape_operator.fetching.hosts.budgets import HostBudgets
from scrape_operator.fetching.hosts.gate import Requester
from scrape_operator.settings import Settings
from tests.fetching.servers import answering, never_ending, ok, redirect, serving
from tests.support.clock import ManualClock
from tests.support.fetching import NO_ROBOTS, requester, session_of
from tests.support.virtual_time import run_virtual, virtual_time
from tests.support.waiting import eventually

BUSY = ok(b"", status="500 Oops")
POLICY = RetryPolicy(attempts=3, initial_delay=timedelta(seconds=1), max_delay=timedelta(seconds=30))
SHOP = "http://shop.example/"


@pytest.fixture
async def http(trusting):
    async with open_fetcher(Settings(allow_cidrs="127.0.0.0/8"), ssl_context=trusting) as opened:
        yield opened


class Attempt:
    """A session in which no time passes but its delays."""

    def __init__(self, http, policy=POLICY, *, deadline=3600.0):
        clock = ManualClock()
        self.delays: list[float] = []

        async def sleep(seconds):
            self.delays.append(seconds)
            clock.advance(seconds)

        run = Requester("test", Deadline.after(deadline, clock.monotonic))
        self.session = http.open_session(run, policy, policy=NO_ROBOTS)
        self.session._sleep, self.session._random = sleep, lambda: 0.5
        self.traffic = self.session.traffic

    async def fetch(self, url, method="GET"):
        return await self.session.fetch(Request(url, method, timeout=20.0))

    async def failure(self, url, method="GET"):
        with pytest.raises(ScrapeFailed) as raised:
            await self.fetch(url, method)
        return raised.value


async def test_a_failure_that_passes_is_forgotten_but_counted(http):
    attempt = Attempt(http)
    async with serving(answering(BUSY, ok(b"", status="429 Slow"), ok(b"fine"))) as server:
        response = await attempt.fetch(server.url)
    assert (response.body, attempt.traffic.requests, attempt.traffic.bytes) == (b"fine", 3, 4)
    assert (attempt.traffic.http_status, attempt.delays) == (200, [0.5, 1.0])


async def test_the_last_failure_is_raised_and_all_tries_are_counted(http):
    attempt = Attempt(http)
    async with serving(answering(BUSY, BUSY, ok(b"", status="503 Busy\r\nRetry-After: 9"))) as server:
        failed = await attempt.failure(server.url)
    assert (failed.reason, failed.http_status, failed.retry_after) == (Reason.RATE_LIMITED, 503, 9.0)
    assert (attempt.traffic.requests, len(server.heads), attempt.delays) == (3, 3, [0.5, 1.0])


async def test_the_server_may_ask_for_a_longer_wait(http):
    attempt = Attempt(http)
    async with serving(answering(ok(b"", status="503 Busy\r\nRetry-After: 9"), ok(b"x"))) as server:
        await attempt.fetch(server.url)
    assert attempt.delays == [9.0]


@pytest.mark.parametrize("status", ["404 Gone", "401 No", "403 No"])
async def test_what_will_not_pass_is_not_tried_again(http, status):
    attempt = Attempt(http)
    async with serving(answering(ok(b"", status=status))) as server:
        await attempt.failure(server.url)
    assert (attempt.traffic.requests, len(server.heads), attempt.delays) == (1, 1, [])


@pytest.mark.parametrize(("methods", "tries"), [(("GET", "HEAD"), 1), (("POST",), 3)])
async def test_only_methods_that_the_policy_names_are_tried_again(http, methods, tries):
    attempt = Attempt(http, replace(POLICY, methods=methods))
    async with serving(answering(BUSY, close=False)) as server:
        await attempt.failure(server.url, method="POST")
    assert (attempt.traffic.requests, len(server.heads)) == (tries, tries)


async def test_one_attempt_is_no_retry(http):
    attempt = Attempt(http, replace(POLICY, attempts=1))
    async with serving(answering(BUSY)) as server:
        await attempt.failure(server.url)
    assert (attempt.traffic.requests, attempt.delays) == (1, [])


@pytest.mark.parametrize(("deadline", "delays"), [(0.4, []), (0.5, []), (0.6, [0.5]), (1.5, [0.5]), (3.0, [0.5, 1.0])])
async def test_a_delay_that_would_reach_the_deadline_is_not_begun(http, deadline, delays):
    attempt = Attempt(http, deadline=deadline)
    async with serving(answering(BUSY)) as server:
        failed = await attempt.failure(server.url)
    assert (failed.reason, failed.http_status) == (Reason.HTTP_STATUS, 500)
    assert attempt.delays == delays
    assert attempt.traffic.requests == len(delays) + 1


async def test_a_retry_after_beyond_the_deadline_fails_at_once_as_rate_limited(http):
    attempt = Attempt(http, replace(POLICY, max_delay=timedelta(minutes=5)), deadline=20.0)
    async with serving(answering(ok(b"", status="429 Slow\r\nRetry-After: 60"))) as server:
        failed = await attempt.failure(server.url)
    assert (failed.reason, failed.http_status, failed.retry_after) == (Reason.RATE_LIMITED, 429, 60.0)
    assert (attempt.traffic.requests, attempt.delays) == (1, [])


class ScriptedTransport(httpx.AsyncBaseTransport):
    """Answers with each (seconds, status) in turn, in the loop's time."""

    def __init__(self, *script):
        self.script = list(script)

    async def handle_async_request(self, request):
        seconds, status = self.script.pop(0)
        await asyncio.sleep(seconds)
        return httpx.Response(status, stream=httpx.ByteStream(b""), request=request)


def timed(script, *, timeout, seconds, budget=None):
    """Fetch in virtual time; return the failure, the requests and when it ended."""

    async def scene():
        hosts = HostBudgets(budget or HostBudget(4), clock=virtual_time)
        fetcher = HttpFetcher(lambda _: ScriptedTransport(*script), user_agent="test", hosts=hosts, clock=virtual_time)
        session = fetcher.open_session(requester(seconds=seconds), POLICY, policy=NO_ROBOTS)
        session._random = lambda: 0.5
        with pytest.raises(ScrapeFailed) as raised:
            await session.fetch(Request(SHOP, timeout=timeout))
        return raised.value, session.traffic.requests, virtual_time()

    return run_virtual(scene())


def test_a_retry_that_the_deadline_cuts_off_keeps_the_earlier_reason():
    failed, requests, now = timed([(1, 500), (100, 200)], timeout=30.0, seconds=10.0)
    assert (failed.reason, failed.http_status, requests, now) == (Reason.HTTP_STATUS, 500, 2, 10.0)


def test_a_slow_answer_is_the_requests_timeout_even_where_the_deadline_ends_the_last_retry():
    failed, requests, now = timed([(6, 200)] * 3, timeout=3.0, seconds=9.0)
    assert (failed.reason, requests, now) == (Reason.TIMEOUT, 3, 9.0)
    assert "within 3 s (http.timeout)" in failed.message


def test_a_first_try_that_the_deadline_cuts_off_says_so():
    failed, requests, now = timed([(100, 200)], timeout=30.0, seconds=10.0)
    assert (failed.reason, requests, now) == (Reason.TIMEOUT, 1, 10.0)
    assert "before the run's deadline (spec.timeout; where absent 90 % of the interval, at most 10m)" in failed.message


async def test_traffic_is_kept_when_a_fetch_is_cancelled(http):
    session = session_of(http)
    async with (
        serving(never_ending(b"HTTP/1.1 206 Some\r\n\r\n" + b"x" * 50)) as server,
        serving(answering(redirect(server.url))) as first,
    ):
        fetching = asyncio.ensure_future(session.fetch(Request(first.url)))
        await eventually(lambda: session.traffic.bytes == 50)
        fetching.cancel()
        await asyncio.gather(fetching, return_exceptions=True)
    assert (session.traffic.requests, session.traffic.bytes, session.traffic.http_status) == (2, 50, 206)
