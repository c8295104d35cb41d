import asyncio
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from itertools import pairwise

import pytest

from scrape_operator.core.net.host_budgets import HostRules
from scrape_operator.core.runs.reasons import Reason
from scrape_operator.fetching.failures import HopFailed
from scrape_operator.fetching.hosts.budgets import BROUGHT_SECONDS
from scrape_operator.fetching.hosts.gate import PAUSE_MAX_SECONDS
from tests.fetching.hosts.visiting import (
    HOST,
    PATIENCE,
    Log,
    Observed,
    end,
    fail,
    hosts_of,
    is_free,
    of,
    prove,
    refusal,
    slow_down,
    take,
    visit,
)
from tests.support.fetching import requester
from tests.support.virtual_time import run_virtual, virtual_time


def test_no_more_at_a_time_than_the_budget():
    async def scene():
        log: Log = []
        hosts = hosts_of(of(3))
        await prove(hosts, requester("a"))
        await asyncio.gather(*(visit(hosts, requester("a"), 1, log) for _ in range(7)))
        return [at for _, at in log]

    assert run_virtual(scene()) == [0, 0, 0, 1, 1, 1, 2]


def test_starts_keep_their_interval():
    async def scene():
        log: Log = []
        hosts = hosts_of(of(9, 250))
        await asyncio.gather(*(visit(hosts, requester("a"), 0.01, log) for _ in range(5)))
        return [at for _, at in log]

    assert run_virtual(scene()) == [0, 0.25, 0.5, 0.75, 1]


def test_each_authority_has_its_own_budget():
    async def scene():
        log: Log = []
        hosts = hosts_of(of(1))
        await asyncio.gather(*(visit(hosts, requester("a"), 10, log, host) for host in ("a", "b", "a:81", "a:82")))
        return [at for _, at in log]

    assert run_virtual(scene()) == [0, 0, 0, 0]


def test_one_with_much_to_ask_keeps_nobody_waiting_for_all_of_it():
    async def scene():
        log: Log = []
        hosts = hosts_of(of(1))
        many, one = requester("many"), requester("one")
        visits = [asyncio.ensure_future(visit(hosts, many, 1, log)) for _ in range(50)]
        await asyncio.sleep(0.5)
        visits.append(asyncio.ensure_future(visit(hosts, one, 1, log)))
        await asyncio.gather(*visits)
        return [at for who, at in log if who == "one"], hosts.waiting

    assert run_virtual(scene()) == ([2.0], 0)


def test_slow_bodies_of_some_leave_turns_to_others():
    async def scene():
        log: Log = []
        hosts = hosts_of(of(4))
        quick = requester("quick")
        await prove(hosts, quick)
        slow = [asyncio.ensure_future(visit(hosts, requester(f"slow{n}"), 30, log)) for n in range(40)]
        for _ in range(60):
            await asyncio.sleep(1)
            await visit(hosts, quick, 0.1, log)
        for visiting in slow:
            visiting.cancel()
        await asyncio.gather(*slow, return_exceptions=True)
        return [at for who, at in log if who == "quick"]

    times = run_virtual(scene())
    assert max(later - earlier for earlier, later in pairwise(times)) < 1.2


def test_waiting_is_measured():
    async def scene():
        observed = Observed()
        hosts = hosts_of(observer=observed)
        await asyncio.gather(*(visit(hosts, requester("a"), 10, []) for _ in range(3)))
        return observed.waits

    assert run_virtual(scene()) == [10, 20]


def test_a_cancelled_wait_leaves_the_queue():
    async def scene():
        log: Log = []
        hosts = hosts_of()
        first, second, third = (asyncio.ensure_future(visit(hosts, requester("a"), 10, log)) for _ in range(3))
        await asyncio.sleep(1)
        second.cancel()
        await asyncio.gather(first, second, third, return_exceptions=True)
        return log, hosts.waiting

    assert run_virtual(scene()) == ([("a", 0), ("a", 10)], 0)


@pytest.mark.parametrize("is_first_ended", [True, False])
def test_a_turn_that_comes_together_with_a_cancellation_goes_to_the_next(is_first_ended):
    async def scene():
        log: Log = []
        hosts = hosts_of()
        turn = await take(hosts, requester("a"))
        second, third = (asyncio.ensure_future(visit(hosts, requester("a"), 1, log)) for _ in range(2))
        await asyncio.sleep(1)
        if is_first_ended:
            end(turn)
            second.cancel()
        else:
            second.cancel()
            end(turn)
        await asyncio.gather(second, third, return_exceptions=True)
        return log

    assert run_virtual(scene()) == [("a", 1)]


def test_a_wait_beyond_the_deadline_ends_there_and_says_what_the_budget_is():
    async def scene():
        hosts = hosts_of(of(1, 250))
        turn = await take(hosts, requester("a"))
        failure = await refusal(hosts, requester("b", seconds=12.0))
        end(turn)
        return failure, virtual_time(), hosts.waiting

    failure, now, waiting = run_virtual(scene())
    assert (failure.reason, failure.sent, now, waiting) == (Reason.TIMEOUT, False, 12.0, 0)
    limits = (
        "1 at a time (SCRAPE_OPERATOR_HOST_MAX_CONCURRENT), 0.25s apart (SCRAPE_OPERATOR_HOST_MIN_INTERVAL_SECONDS)"
    )
    remedy = "raise spec.timeout, or let an administrator change this limit"
    assert failure.message == f"had no turn for the request in 12.0 s: it gets {limits}: {remedy}"


@pytest.mark.parametrize(
    ("rule", "budgets", "pace", "limits"),
    [
        (of(1), {}, 0, "1 at a time (hosts.maxConcurrent of a policy)"),
        (of(2, 9000), {}, 0, "(hosts.maxConcurrent of a policy), 9s apart (hosts.minInterval of a policy)"),
        (of(9, 8000), {HOST: of(1)}, 0, "(the budget of its platform), 8s apart (hosts.minInterval of a policy)"),
        (None, {HOST: of(2, 9000)}, 0, "(the budget of its platform), 9s apart (the budget of its platform)"),
        (of(2, 8000), {}, 9, "(hosts.maxConcurrent of a policy), 9s apart (the Crawl-delay of its robots.txt)"),
    ],
)
def test_a_wait_beyond_the_deadline_names_what_sets_the_limits(rule, budgets, pace, limits: str):
    async def scene():
        hosts = hosts_of(of(4))
        if rule is not None:
            hosts.set_rules(HostRules({HOST: rule}))
        first = await hosts.take(HOST, requester("a", budgets), PATIENCE, timedelta(seconds=pace))
        with pytest.raises(HopFailed) as raised:
            await hosts.take(HOST, requester("a", budgets, seconds=3), PATIENCE, timedelta(seconds=pace))
        end(first)
        return raised.value

    failure = run_virtual(scene())
    assert limits in failure.message
    assert failure.message.endswith(": raise spec.timeout, or let an administrator change this limit")


def test_a_wait_beyond_the_deadline_says_that_errors_have_slowed_the_host_down():
    async def scene():
        hosts = hosts_of(of(4))
        error = HopFailed(Reason.HTTP_STATUS, "answered 500 Internal Server Error", http_status=500)
        for number in range(7):
            await fail(hosts, requester(f"run{number}"), error)
        return await refusal(hosts, requester("last", seconds=0.9))

    message = run_virtual(scene()).message
    assert ", 2s apart since it answered with errors, or not at all: this pace ends by itself" in message


def test_rules_can_be_replaced_while_requests_wait():
    async def scene():
        log: Log = []
        hosts = hosts_of(of(1))
        visits = [asyncio.ensure_future(visit(hosts, requester(who), 10, log)) for who in "abcd"]
        await asyncio.sleep(1)
        hosts.set_rules(HostRules({"*.example": of(9)}))
        await asyncio.gather(*visits)
        return [at for _, at in log]

    assert run_virtual(scene()) == [0, 1, 1, 1]


def test_the_budget_of_a_platform_takes_the_place_of_the_default_until_it_is_long_past():
    async def scene():
        hosts = hosts_of(of(1))
        platform, other = requester("platform", {HOST: of(3)}), requester("other")
        await prove(hosts, platform, other)
        first = await take(hosts, other)
        free = await is_free(hosts, other)
        await asyncio.sleep(BROUGHT_SECONDS)
        later = await is_free(hosts, other)
        end(first)
        return free, later

    assert run_virtual(scene()) == (True, False)


def test_policies_tighten_the_budget_of_a_platform():
    async def scene():
        log: Log = []
        hosts = hosts_of(of(4), rules=HostRules({"*": of(5, 250)}))
        platform = requester("platform", {HOST: of(2, 10)})
        await prove(hosts, platform)
        await asyncio.sleep(5)
        await asyncio.gather(*(visit(hosts, platform, 1, log) for _ in range(4)))
        return [at for _, at in log]

    assert run_virtual(scene()) == [5, 5.25, 6, 6.25]


def test_a_crawl_delay_is_the_pace_of_a_host():
    async def scene():
        log: Log = []
        hosts = hosts_of(of(4))

        async def crawl():
            with await hosts.take(HOST, requester("a"), PATIENCE, timedelta(seconds=2)):
                log.append(("a", virtual_time()))

        await asyncio.gather(*(crawl() for _ in range(3)))
        return [at for _, at in log]

    assert run_virtual(scene()) == [0, 2, 4]


def test_retry_after_holds_only_who_was_told():
    async def scene():
        log: Log = []
        hosts = hosts_of(of(4))
        await fail(hosts, requester("told"), slow_down(20))
        visits = [asyncio.ensure_future(visit(hosts, requester("told"), 1, log))]
        for _ in range(10):
            await visit(hosts, requester("other"), 1, log)
        await asyncio.gather(*visits)
        return log

    log = run_virtual(scene())
    assert [at for who, at in log if who == "other"] == list(range(10))
    assert [at for who, at in log if who == "told"] == [20]


def test_where_a_second_is_told_the_others_come_one_at_a_time_until_one_is_answered():
    async def scene():
        log: Log = []
        hosts = hosts_of(of(4))
        await prove(hosts, *(requester(who) for who in "cde"))
        await fail(hosts, requester("a"), slow_down(20))
        await fail(hosts, requester("b"), slow_down(20))
        await asyncio.gather(*(visit(hosts, requester(who), 1, log) for who in "cde"))
        return [(who, round(at)) for who, at in log]

    assert run_virtual(scene()) == [("c", 0), ("d", 1), ("e", 1)]


def test_those_who_wait_go_on_as_soon_as_an_answer_has_begun():
    async def scene():
        log: Log = []
        hosts = hosts_of(of(4))
        await prove(hosts, *(requester(who) for who in "cde"))
        for who in "ab":
            await fail(hosts, requester(who), slow_down(20))
        turn = await take(hosts, requester("c"))
        others = [asyncio.ensure_future(visit(hosts, requester(who), 1, log)) for who in "de"]
        await asyncio.sleep(5)
        turn.answer_began()
        await asyncio.gather(*others)
        end(turn)
        return [(who, round(at)) for who, at in log]

    assert run_virtual(scene()) == [("d", 5), ("e", 5)]


def test_a_pause_is_capped():
    async def scene():
        hosts = hosts_of(of(4))
        await fail(hosts, requester("a"), slow_down(86_400))
        await take(hosts, requester("a"))
        return virtual_time()

    assert run_virtual(scene()) == PAUSE_MAX_SECONDS


@pytest.mark.parametrize(("patience", "seconds"), [(10.0, 3600.0), (60.0, 10.0), (20.0, 3600.0), (60.0, 20.0)])
def test_a_pause_beyond_the_timeout_or_the_deadline_fails_at_once_and_says_until_when(patience, seconds):
    async def scene():
        hosts = hosts_of(of(4))
        await fail(hosts, requester("a"), slow_down(20))
        return await refusal(hosts, requester("a", seconds=seconds), patience=patience), virtual_time()

    failure, now = run_virtual(scene())
    assert (failure.reason, failure.retry_after, failure.sent, now) == (Reason.RATE_LIMITED, 20, False, 0)
    assert failure.message == "asked for a pause (Retry-After): it gets no request before 12:00:20Z"


def test_who_waits_when_the_pause_begins_fails_at_once_where_it_is_too_long():
    async def scene():
        hosts = hosts_of(of(1))
        turn = await take(hosts, requester("a"))
        waiting = asyncio.ensure_future(take(hosts, requester("a"), patience=15))
        await asyncio.sleep(1)
        end(turn, slow_down(20))
        return await asyncio.gather(waiting, return_exceptions=True), virtual_time()

    [failure], now = run_virtual(scene())
    assert (failure.reason, now) == (Reason.RATE_LIMITED, 1)


class CountedPlace:
    def __init__(self):
        self.is_lent = False
        self.loans = 0

    @contextmanager
    def lent(self):
        self.is_lent = True
        self.loans += 1
        yield
        self.is_lent = False


def test_a_run_lends_its_place_while_it_waits_for_a_turn():
    async def scene():
        hosts, place = hosts_of(of(1)), CountedPlace()
        run = replace(requester("a"), place=place)
        first = await take(hosts, run)
        at_once = place.loans
        waiting = asyncio.ensure_future(take(hosts, run))
        await asyncio.sleep(1)
        during = place.is_lent
        end(first)
        end(await waiting)
        return at_once, during, place.is_lent, place.loans

    assert run_virtual(scene()) == (0, True, False, 1)


def test_two_hundred_schedules_share_a_host_and_slow_no_other():
    async def scene():
        log: Log = []
        hosts, at_once, most = hosts_of(of(4, 50)), 0, 0

        async def crawl(number):
            nonlocal at_once, most
            for _ in range(2):
                with await take(hosts, requester(f"{number}")):
                    at_once += 1
                    most = max(most, at_once)
                    log.append((f"{number}", virtual_time()))
                    await asyncio.sleep(0.15)
                    at_once -= 1

        crawls = [asyncio.ensure_future(crawl(number)) for number in range(200)]
        await asyncio.sleep(1)
        other: Log = []
        await visit(hosts, requester("other"), 0.1, other, host="other.example")
        await asyncio.gather(*crawls)
        return most, log, other

    most, log, other = run_virtual(scene())
    assert most <= 4
    assert other == [("other", 1)]
    assert all(later - earlier >= 0.0499 for (_, earlier), (_, later) in pairwise(log))
    first = dict(reversed(log))
    assert len(first) == 200
    assert max(first.values()) < 15  # three of four turns are for those that are new
