import asyncio

import pytest

from scrape_operator.core.net.host_budgets import HostRules
from scrape_operator.core.runs.reasons import Reason
from scrape_operator.fetching.failures import HopFailed
from scrape_operator.fetching.hosts.budgets import BROUGHT_SECONDS
from scrape_operator.fetching.hosts.gate import PAUSE_MAX_SECONDS
from tests.fetching.hosts.visiting import HOST, PATIENCE, Log, Observed, fail, hosts_of, of, slow_down, take, visit
from tests.support.fetching import requester
from tests.support.virtual_time import run_virtual, virtual_time


def test_no_more_than_the_budget_are_at_a_host_at_a_time():
    async def scene():
        log: Log = []
        hosts = hosts_of(of(3))
        await asyncio.gather(*(visit(hosts, requester("a"), 10, log) for _ in range(7)))
        return [at for _, at in log]

    assert run_virtual(scene()) == [0, 0, 0, 10, 10, 10, 20]


def test_starts_keep_their_distance():
    async def scene():
        log: Log = []
        hosts = hosts_of(of(15, 25))
        await asyncio.gather(*(visit(hosts, requester("a"), 0.01, log) for _ in range(5)))
        return [at for _, at in log]

    assert run_virtual(scene()) == pytest.approx([0, 0.025, 0.05, 0.075, 0.1])


def test_hosts_and_ports_do_not_wait_for_each_other():
    async def scene():
        log: Log = []
        hosts = hosts_of()
        await asyncio.gather(*(visit(hosts, requester("a"), 10, log, host) for host in ("a", "b", "a:81", "a:82")))
        return [at for _, at in log]

    assert run_virtual(scene()) == [0, 0, 0, 0]


def test_a_schedule_with_ten_thousand_pages_does_not_keep_another_waiting():
    async def scene():
        log: Log = []
        hosts = hosts_of(of(2))
        many, one = requester("many"), requester("one")
        pages = [asyncio.ensure_future(visit(hosts, many, 1, log)) for _ in range(10_000)]
        await asyncio.sleep(0.5)
        await visit(hosts, one, 1, log)
        for page in pages:
            page.cancel()
        await asyncio.gather(*pages, return_exceptions=True)
        return [at for who, at in log if who == "one"], hosts.waiting

    assert run_virtual(scene()) == ([1.0], 0)


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


def test_a_turn_that_comes_together_with_the_cancellation_goes_to_the_next():
    async def scene():
        log: Log = []
        hosts = hosts_of()
        turn = await take(hosts, requester("a"))
        second, third = (asyncio.ensure_future(visit(hosts, requester("a"), 1, log)) for _ in range(2))
        await asyncio.sleep(1)
        turn.end()  # gives the second its turn, which it can't take any more
        second.cancel()
        await asyncio.gather(second, third, return_exceptions=True)
        return log

    assert run_virtual(scene()) == [("a", 1)]


def test_a_turn_is_not_given_to_one_who_is_being_cancelled():
    async def scene():
        log: Log = []
        hosts = hosts_of()
        turn = await take(hosts, requester("a"))
        second, third = (asyncio.ensure_future(visit(hosts, requester("a"), 1, log)) for _ in range(2))
        await asyncio.sleep(1)
        second.cancel()
        turn.end()
        await asyncio.gather(second, third, return_exceptions=True)
        return log

    assert run_virtual(scene()) == [("a", 1)]


def test_a_wait_beyond_the_deadline_ends_there_and_says_what_the_budget_is():
    async def scene():
        hosts = hosts_of(of(1, 250))
        turn = await take(hosts, requester("a"))
        late = requester("b", seconds=12.0)
        with pytest.raises(HopFailed) as raised:
            await take(hosts, late)
        turn.end()
        return raised.value, virtual_time(), hosts.waiting

    failure, now, waiting = run_virtual(scene())
    assert (failure.reason, failure.sent, now, waiting) == (Reason.TIMEOUT, False, 12.0, 0)
    assert "no turn came in 12.0 s" in failure.message
    assert "1 at a time, 0.25s apart" in failure.message


def test_rules_can_be_replaced_while_requests_wait():
    async def scene():
        log: Log = []
        hosts = hosts_of(of(1))
        visits = [asyncio.ensure_future(visit(hosts, requester("a"), 10, log)) for _ in range(4)]
        await asyncio.sleep(1)
        hosts.set_rules(of(1), [HostRules({"*.example": of(4)})])
        await asyncio.gather(*visits)
        return [at for _, at in log]

    assert run_virtual(scene()) == [0, 1, 1, 1]


def test_a_budget_that_is_brought_along_counts_for_everybody_until_it_is_long_past():
    async def scene():
        hosts = hosts_of(of(9))
        platform = requester("platform", {HOST: of(1)})
        (await take(hosts, platform)).end()
        first = await take(hosts, requester("other"))
        crowded = hosts.try_enter(HOST, requester("another"), PATIENCE)
        await asyncio.sleep(BROUGHT_SECONDS + 1)
        later = hosts.try_enter(HOST, requester("another"), PATIENCE)
        first.end()
        return crowded, later

    crowded, later = run_virtual(scene())
    assert crowded is None
    assert later is not None


def test_a_budget_that_is_brought_along_does_not_loosen():
    async def scene():
        hosts = hosts_of(of(1))
        await take(hosts, requester("platform", {HOST: of(9)}))
        return hosts.try_enter(HOST, requester("platform", {HOST: of(9)}), PATIENCE)

    assert run_virtual(scene()) is None


def test_retry_after_makes_everybody_wait_and_then_come_one_at_a_time():
    async def scene():
        log: Log = []
        hosts = hosts_of(of(4))
        await fail(hosts, requester("a"), slow_down(20))
        await asyncio.gather(*(visit(hosts, requester(who), 1, log) for who in "bcd"))
        return log

    assert run_virtual(scene()) == [("b", 20), ("c", 21), ("d", 21)]


def test_those_who_wait_go_on_as_soon_as_an_answer_has_begun():
    async def scene():
        log: Log = []
        hosts = hosts_of(of(4))
        await fail(hosts, requester("a"), slow_down(20))
        turn = await take(hosts, requester("b"))
        others = [asyncio.ensure_future(visit(hosts, requester(who), 1, log)) for who in "cd"]
        await asyncio.sleep(5)
        turn.answers()
        await asyncio.gather(*others)
        turn.end()
        return log

    assert run_virtual(scene()) == [("c", 25), ("d", 25)]


def test_a_pause_is_capped():
    async def scene():
        hosts = hosts_of(of(4))
        await fail(hosts, requester("a"), slow_down(86_400))
        await take(hosts, requester("b"))
        return virtual_time()

    assert run_virtual(scene()) == PAUSE_MAX_SECONDS


def test_a_pause_longer_than_ones_patience_is_refused_also_to_those_who_wait_already():
    async def scene():
        hosts = hosts_of(of(1))
        turn = await take(hosts, requester("a"))
        waiting = asyncio.ensure_future(take(hosts, requester("b"), patience=10))
        await asyncio.sleep(1)
        turn.end(slow_down(20))
        with pytest.raises(HopFailed) as at_once:
            hosts.try_enter(HOST, requester("c"), 10)
        with pytest.raises(HopFailed) as meanwhile:
            await waiting
        return [raised.value for raised in (at_once, meanwhile)], virtual_time()

    failures, now = run_virtual(scene())
    assert now == 1
    for failure in failures:
        assert (failure.reason, failure.retry_after, failure.sent) == (Reason.RATE_LIMITED, 20.0, False)
        assert failure.message.endswith("not asked before 12:00:21Z")


def test_who_was_told_to_wait_comes_back_when_its_own_retry_policy_says_so():
    async def scene():
        log: Log = []
        hosts = hosts_of(of(4))
        told = requester("told")
        await fail(hosts, told, slow_down(20))
        other = asyncio.ensure_future(visit(hosts, requester("other"), 1, log))
        await asyncio.sleep(5)
        await visit(hosts, told, 1, log)
        await other
        return log

    assert run_virtual(scene()) == [("told", 5), ("other", 6)]


def test_an_answer_to_a_request_from_before_a_pause_does_not_end_it():
    async def scene():
        hosts = hosts_of(of(4))
        early = await take(hosts, requester("a"))
        await fail(hosts, requester("b"), slow_down(20))
        early.end()
        await take(hosts, requester("c"))
        return virtual_time()

    assert run_virtual(scene()) == 20
