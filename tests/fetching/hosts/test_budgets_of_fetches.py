import asyncio
import contextlib
from dataclasses import replace
from datetime import timedelta

import httpx
import pytest

from scrape_operator.core.errors import ScrapeFailed
from scrape_operator.core.net.documents import Request
from scrape_operator.core.net.host_budgets import HostBudget, HostRules
from scrape_operator.core.runs.reasons import Reason
from scrape_operator.core.runs.retry import RetryPolicy
from scrape_operator.fetching.fetcher import HttpFetcher
from scrape_operator.fetching.hosts.budgets import HostBudgets
from scrape_operator.settings import Settings
from tests.fetching.hosts.visiting import end, is_free, take
from tests.fetching.servers import answering, never_ending, ok, redirect, serving
from tests.support.fetching import NO_RETRY, NO_ROBOTS, open_session, requester, session_of
from tests.support.virtual_time import run_virtual, virtual_time
from tests.support.waiting import eventually

TIMEOUT = 20.0
SHOP = "http://shop.example/"


def ask(url, **changes):
    return replace(Request(url, timeout=TIMEOUT), **changes)


def authority_of(server):
    return server.url.removeprefix("http://")


@pytest.fixture
def budgeted(trusting):
    """Opens a session that may connect to this machine, with these budgets."""

    def opening(hosts):
        return open_session(Settings(allow_cidrs="127.0.0.0/8"), ssl_context=trusting, hosts=hosts)

    return opening


class PacedTransport(httpx.AsyncBaseTransport):
    """Answers after `seconds` of the loop's time, each answer in turn and the last one ever after."""

    def __init__(self, seconds, *answers):
        self.seconds = seconds
        self.answers = list(answers) or [httpx.Response(200)]
        self.asked = []

    async def handle_async_request(self, request):
        self.asked.append((str(request.url), virtual_time()))
        await asyncio.sleep(self.seconds)
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        return httpx.Response(answer.status_code, headers=answer.headers, stream=httpx.ByteStream(b""), request=request)


def fetcher_over(transport, budget=None):
    hosts = HostBudgets(budget or HostBudget(1), clock=virtual_time)
    return HttpFetcher(lambda _: transport, user_agent="test", hosts=hosts, clock=virtual_time)


async def test_a_server_sees_no_more_requests_at_a_time_than_its_budget(budgeted):
    at_once, most = 0, 0

    async def handle(head, writer):
        nonlocal at_once, most
        at_once += 1
        most = max(most, at_once)
        await asyncio.sleep(0)
        at_once -= 1
        writer.write(ok(b"x"))

    async with serving(handle) as server, budgeted(HostBudgets(HostBudget(3))) as fetcher:
        answers = await asyncio.gather(*(fetcher.fetch(ask(server.url)) for _ in range(30)))
    assert len(answers) == len(server.heads) == 30
    assert most <= 3


async def test_a_redirect_takes_its_turn_at_the_other_host_and_gives_back_the_first(budgeted):
    hosts = HostBudgets(HostBudget(1))
    async with (
        serving(answering(ok(b"there"))) as other,
        serving(answering(redirect(other.url))) as server,
        budgeted(hosts) as fetcher,
    ):
        taken = await take(hosts, requester("b"), authority_of(other))
        fetching = asyncio.ensure_future(fetcher.fetch(ask(server.url)))
        await eventually(lambda: hosts.waiting)
        assert await is_free(hosts, requester("b"), authority_of(server))
        assert not other.heads
        end(taken)
        assert (await fetching).body == b"there"
    assert await is_free(hosts, requester("a"), authority_of(other))


async def test_a_redirect_to_the_same_host_needs_no_second_place(budgeted):
    async with (
        serving(answering(redirect("/two"), redirect("/three"), ok(b"end"))) as server,
        budgeted(HostBudgets(HostBudget(1))) as fetcher,
    ):
        answer = await fetcher.fetch(ask(server.url))
    assert (answer.body, fetcher.traffic.requests) == (b"end", 3)


async def test_a_cancelled_fetch_gives_back_its_turn(budgeted):
    hosts = HostBudgets(HostBudget(1))
    async with serving(never_ending(b"HTTP/1.1 200 OK\r\n\r\n", b"x")) as server, budgeted(hosts) as fetcher:
        fetching = asyncio.ensure_future(fetcher.fetch(ask(server.url)))
        await server.asked()
        assert not await is_free(hosts, requester("b"), authority_of(server))
        fetching.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await fetching
        assert await is_free(hosts, requester("b"), authority_of(server))
        await server.gone()


async def test_a_host_that_forbids_is_asked_five_times_and_then_no_more(budgeted):
    async with serving(answering(ok(status="403 Forbidden"))) as server, budgeted(HostBudgets()) as fetcher:
        failures, requests = [], []
        for _ in range(20):
            with pytest.raises(ScrapeFailed) as raised:
                await fetcher.fetch(ask(server.url))
            failures.append(raised.value)
            requests.append(fetcher.traffic.requests)
        assert len(server.heads) == 5
    assert {failure.reason for failure in failures} == {Reason.BLOCKED}
    assert requests == [1, 2, 3, 4] + [5] * 16
    assert failures[-1].message.startswith(f"{authority_of(server)} gets no request before ")


async def test_a_name_that_is_refused_by_the_guard_opens_no_breaker(budgeted):
    hosts = HostBudgets()
    async with budgeted(hosts) as fetcher:
        for _ in range(10):
            with pytest.raises(ScrapeFailed) as raised:
                await fetcher.fetch(ask("http://10.0.0.1/"))
            assert raised.value.reason is Reason.BLOCKED_ADDRESS


async def test_rules_are_kept_by_name_or_by_name_and_port(budgeted):
    hosts = HostBudgets(rules=HostRules({"127.0.0.1": HostBudget(1)}))
    async with serving(answering(ok(b"x"))) as server, budgeted(hosts) as fetcher:
        await fetcher.fetch(ask(server.url))
        turn = await take(hosts, requester("a"), authority_of(server))
        assert not await is_free(hosts, requester("b"), authority_of(server))
        end(turn)


def test_time_before_the_host_is_no_time_of_the_request():
    async def scene():
        transport = PacedTransport(8)
        fetcher = fetcher_over(transport)
        await asyncio.gather(*(session_of(fetcher).fetch(ask(SHOP, timeout=10.0)) for _ in range(4)))
        return [at for _, at in transport.asked]

    assert run_virtual(scene()) == [0, 8, 16, 24]


def test_what_was_left_of_the_timeout_before_a_wait_is_left_after_it():
    async def scene():
        transport = PacedTransport(6, httpx.Response(302, headers={"Location": "http://other.example/"}))
        fetcher = fetcher_over(transport)
        turn = await take(fetcher.hosts, requester("b"), "other.example")
        asyncio.get_running_loop().call_later(100, end, turn)
        with pytest.raises(ScrapeFailed) as raised:
            await session_of(fetcher).fetch(ask(SHOP, timeout=10.0))
        return raised.value, virtual_time()

    failure, now = run_virtual(scene())
    assert (failure.reason, failure.message.partition(" ")[0]) == (Reason.TIMEOUT, "other.example")
    assert now == 100 + 4


def test_a_host_that_never_answers_is_left_alone():
    async def scene():
        transport = PacedTransport(1000)
        fetcher = session_of(fetcher_over(transport))
        reasons = []
        for _ in range(7):
            with pytest.raises(ScrapeFailed) as raised:
                await fetcher.fetch(ask(SHOP, timeout=10.0))
            reasons.append(raised.value.reason)
        return reasons, len(transport.asked), virtual_time()

    assert run_virtual(scene()) == ([Reason.TIMEOUT] * 7, 5, 50)


@pytest.mark.parametrize(
    ("left_seconds", "started_at_once"),
    [(0.3, 3), (3.0, 1)],
    ids=["cut off after 0.3 s: the host is not to blame", "no answer within 3 s: one request at a time"],
)
def test_a_request_that_the_end_of_its_run_cuts_off_says_nothing_about_its_host(left_seconds, started_at_once):
    async def scene():
        transport = PacedTransport(5)
        fetcher = fetcher_over(transport, HostBudget(4))
        for schedule in range(8):
            with contextlib.suppress(ScrapeFailed):
                await session_of(fetcher, f"late {schedule}", seconds=left_seconds).fetch(ask(SHOP))
        cut_off = len(transport.asked)
        began = virtual_time()
        others = [session_of(fetcher, f"other {schedule}").fetch(ask(SHOP)) for schedule in range(4)]
        await asyncio.gather(*others, return_exceptions=True)
        return sum(at == began for _, at in transport.asked[cut_off:])

    assert run_virtual(scene()) == started_at_once


@pytest.mark.parametrize(
    ("retry_after", "retried_at"), [("20", 20), ("3600", 30)], ids=["as asked", "capped by maxDelay"]
)
def test_a_retry_waits_as_its_own_policy_says(retry_after, retried_at):
    async def scene():
        transport = PacedTransport(0, httpx.Response(429, headers={"Retry-After": retry_after}), httpx.Response(200))
        retry = RetryPolicy(max_delay=timedelta(seconds=30))
        session = session_of(fetcher_over(transport), retry=retry)
        await session.fetch(ask(SHOP))
        return [at for _, at in transport.asked]

    assert run_virtual(scene()) == [0, retried_at]


def test_a_budget_that_the_target_brings_along_is_kept():
    async def scene():
        transport = PacedTransport(1)
        fetcher = fetcher_over(transport, HostBudget(32))
        budgets = {"shop.example": HostBudget(2, timedelta(seconds=3))}
        own = fetcher.open_session(requester("platform", budgets), NO_RETRY, policy=NO_ROBOTS)
        other = session_of(fetcher)
        await asyncio.gather(*(own.fetch(ask(SHOP)) for _ in range(3)), other.fetch(ask("http://other.example/")))
        return sorted(transport.asked)

    assert run_virtual(scene()) == [
        ("http://other.example/", 0),
        (SHOP, 0),
        (SHOP, 3),
        (SHOP, 6),
    ]
