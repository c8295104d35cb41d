from dataclasses import replace
from datetime import timedelta

import pytest

from scrape_operator.core.errors import ScrapeFailed
from scrape_operator.core.net.documents import Request
from scrape_operator.core.runs.reasons import Reason
from scrape_operator.core.runs.retry import RetryPolicy
from scrape_operator.fetching.retrying import fetch_with_retry
from tests.fetching.servers import answering, ok, serving
from tests.support.clock import ManualClock

BUSY = ok(b"", status="500 Oops")
POLICY = RetryPolicy(attempts=3, initial_delay=timedelta(seconds=1), max_delay=timedelta(seconds=30))


class Sleeper:
    """Lets no time pass but on its own clock."""

    def __init__(self):
        self.clock = ManualClock()
        self.waits = []

    async def sleep(self, seconds):
        self.waits.append(seconds)
        self.clock.advance(seconds)


async def attempt(fetcher, url, policy=POLICY, *, deadline=None, method="GET"):
    sleeper = Sleeper()
    request = Request(url, method, timeout=20.0)
    clock = sleeper.clock.monotonic
    try:
        answer = await fetch_with_retry(
            fetcher, request, policy, deadline=deadline, sleep=sleeper.sleep, random=lambda: 0.5, clock=clock
        )
    except ScrapeFailed as failure:
        return failure, sleeper.waits
    return answer, sleeper.waits


async def test_a_failure_that_passes_is_forgotten_but_paid_for(fetcher):
    async with serving(answering(BUSY, ok(b"", status="429 Slow"), ok(b"fine"))) as server:
        response, waits = await attempt(fetcher, server.url)
    assert (response.body, response.requests, response.bytes) == (b"fine", 3, 4)
    assert waits == [0.5, 1.0]


async def test_the_last_failure_is_told_with_the_costs_of_all_tries(fetcher):
    async with serving(answering(BUSY, BUSY, ok(b"", status="503 Busy\r\nRetry-After: 9"))) as server:
        failed, waits = await attempt(fetcher, server.url)
    assert (failed.reason, failed.http_status, failed.retry_after) == (Reason.RATE_LIMITED, 503, 9.0)
    assert (failed.requests, len(server.heads), waits) == (3, 3, [0.5, 1.0])


async def test_the_server_may_ask_for_a_longer_wait(fetcher):
    async with serving(answering(ok(b"", status="503 Busy\r\nRetry-After: 9"), ok(b"x"))) as server:
        assert (await attempt(fetcher, server.url))[1] == [9.0]


@pytest.mark.parametrize("status", ["404 Gone", "401 No", "403 No"])
async def test_what_will_not_pass_is_not_tried_again(fetcher, status):
    async with serving(answering(ok(b"", status=status))) as server:
        failed, waits = await attempt(fetcher, server.url)
    assert (failed.requests, len(server.heads), waits) == (1, 1, [])


@pytest.mark.parametrize(("methods", "tries"), [(("GET", "HEAD"), 1), (("POST",), 3)])
async def test_only_methods_that_the_policy_names_are_tried_again(fetcher, methods, tries):
    async with serving(answering(BUSY, close=False)) as server:
        failed, _ = await attempt(fetcher, server.url, replace(POLICY, methods=methods), method="POST")
    assert (failed.requests, len(server.heads)) == (tries, tries)


async def test_one_attempt_is_none_again(fetcher):
    async with serving(answering(BUSY)) as server:
        failed, waits = await attempt(fetcher, server.url, replace(POLICY, attempts=1))
    assert (failed.requests, waits) == (1, [])


@pytest.mark.parametrize(("deadline", "waits"), [(0.4, []), (0.5, []), (0.6, [0.5]), (1.5, [0.5]), (1.6, [0.5, 1.0])])
async def test_a_wait_that_would_reach_the_deadline_is_not_begun(fetcher, deadline, waits):
    async with serving(answering(BUSY)) as server:
        failed, waited = await attempt(fetcher, server.url, deadline=deadline)
    assert waited == waits
    assert failed.requests == len(waits) + 1
