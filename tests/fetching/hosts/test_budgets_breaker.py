import asyncio
import logging

import pytest

from scrape_operator.core.errors import ScrapeFailed
from scrape_operator.core.runs.reasons import Reason
from scrape_operator.fetching.failures import HopFailed
from scrape_operator.fetching.hosts.budgets import FEW_HOSTS
from tests.fetching.hosts.visiting import (
    HOST,
    PATIENCE,
    Log,
    Observed,
    fail,
    forbidden,
    hosts_of,
    of,
    refused,
    take,
    visit,
)
from tests.support.fetching import requester
from tests.support.virtual_time import run_virtual, virtual_time


def test_failures_in_a_row_open_the_breaker_and_it_says_until_when(caplog):
    async def scene():
        observed = Observed()
        hosts = hosts_of(of(4), observer=observed)
        await fail(hosts, requester("a"), forbidden(), times=5)
        with pytest.raises(HopFailed) as raised:
            hosts.try_enter(HOST, requester("a"), PATIENCE)
        return raised.value, observed.openings, hosts.open_breakers

    with caplog.at_level(logging.WARNING):
        failure, openings, count = run_virtual(scene())
    assert (failure.reason, failure.sent, failure.http_status) == (Reason.BLOCKED, False, None)
    assert failure.message == (
        "is not asked again before 12:00:30Z, for it keeps failing; the last time: answered 403 Forbidden"
    )
    assert (openings, count) == ([Reason.BLOCKED], 1)
    assert "host shop.example is left alone for 30 s after Blocked: answered 403 Forbidden" in caplog.text


def test_after_the_cool_down_one_is_let_through_and_its_answer_lets_in_the_others():
    async def scene():
        log: Log = []
        hosts = hosts_of(of(4))
        run = requester("a")
        await fail(hosts, run, forbidden(), times=5)
        await asyncio.sleep(30)
        await asyncio.gather(*(visit(hosts, run, 1, log) for _ in range(4)))
        return [at for _, at in log], hosts.open_breakers

    assert run_virtual(scene()) == ([30, 31, 31, 31], 0)


def test_where_the_one_that_is_let_through_fails_the_others_are_refused_without_a_request():
    async def scene():
        hosts = hosts_of(of(4))
        run = requester("a")
        await fail(hosts, run, forbidden(), times=5)
        await asyncio.sleep(30)
        probe = await take(hosts, run)
        others = [asyncio.ensure_future(take(hosts, run)) for _ in range(3)]
        await asyncio.sleep(1)
        probe.end(forbidden())
        return await asyncio.gather(*others, return_exceptions=True), virtual_time()

    failures, now = run_virtual(scene())
    assert now == 31
    assert len(failures) == 3
    assert all(str(failure).startswith("is not asked again before 12:01:31Z") for failure in failures)


def test_an_open_breaker_lets_those_through_who_have_not_failed_there():
    async def scene():
        log: Log = []
        hosts = hosts_of(of(4))
        await fail(hosts, requester("a"), refused(), times=5)
        await visit(hosts, requester("b"), 1, log)
        await visit(hosts, requester("a"), 1, log)
        return log

    assert run_virtual(scene()) == [("b", 0), ("a", 1)]


def test_an_open_breaker_keeps_nobody_else_waiting():
    async def scene():
        log: Log = []
        hosts = hosts_of(of(4))
        await fail(hosts, requester("a"), refused(), times=5)
        await asyncio.gather(*(visit(hosts, requester(who), 1, log) for who in "bcd"))
        return [at for _, at in log]

    assert run_virtual(scene()) == [0, 0, 0]


@pytest.mark.parametrize(
    "failure",
    [
        HopFailed(Reason.HTTP_STATUS, "answered 500", http_status=500),
        HopFailed(Reason.AUTH_FAILED, "answered 401", http_status=401),
        HopFailed(Reason.TOO_LARGE, "sent too much"),
        HopFailed(Reason.REDIRECT_ERROR, "redirects in circles"),
        None,
    ],
    ids=["server error", "unauthorized", "too large", "bad redirect", "success"],
)
def test_any_other_answer_ends_a_row_of_failures(failure):
    async def scene():
        hosts = hosts_of(of(4))
        for _ in range(5):
            await fail(hosts, requester("a"), forbidden(), times=4)
            await fail(hosts, requester("a"), failure)
        return hosts.open_breakers

    assert run_virtual(scene()) == 0


@pytest.mark.parametrize("reason", [Reason.BLOCKED_ADDRESS, Reason.INVALID_SPEC])
def test_what_was_refused_on_our_side_says_nothing_of_the_host(reason):
    async def scene():
        hosts = hosts_of(of(4))
        await fail(hosts, requester("a"), forbidden(), times=4)
        await fail(hosts, requester("a"), HopFailed(reason, "is refused", sent=False), times=20)
        before = hosts.open_breakers
        await fail(hosts, requester("a"), forbidden())
        return before, hosts.open_breakers

    assert run_virtual(scene()) == (0, 1)


def test_a_turn_that_was_abandoned_says_nothing_of_the_host():
    async def scene():
        hosts = hosts_of(of(1))
        await fail(hosts, requester("a"), forbidden(), times=4)
        for _ in range(20):
            (await take(hosts, requester("a"))).abandon()
        before = hosts.open_breakers
        await fail(hosts, requester("a"), forbidden())
        return before, hosts.open_breakers

    assert run_virtual(scene()) == (0, 1)


def test_a_wall_that_only_an_adapter_can_tell_from_an_answer_opens_the_breaker_by_report():
    async def scene():
        hosts = hosts_of(of(4))
        run = requester("a")
        untils = []
        for pause in (300, 300, 300):
            (await take(hosts, run)).end()
            hosts.report(HOST, run, ScrapeFailed(Reason.BLOCKED, "SportyBet: a page", http_status=200))
            with pytest.raises(HopFailed) as raised:
                hosts.try_enter(HOST, run, PATIENCE)
            untils.append(raised.value.message[26:35])
            await asyncio.sleep(pause)
        (await take(hosts, run)).end()
        return untils, hosts.open_breakers

    assert run_virtual(scene()) == (["12:00:30Z", "12:06:00Z", "12:12:00Z"], 0)


def test_a_report_of_a_failure_that_was_no_answer_changes_nothing():
    async def scene():
        hosts = hosts_of(of(4))
        hosts.report(HOST, requester("a"), ScrapeFailed(Reason.BLOCKED, "is not asked again"))
        return hosts.open_breakers

    assert run_virtual(scene()) == 0


def test_hosts_that_are_idle_are_forgotten_and_busy_or_open_ones_are_not():
    async def scene():
        hosts = hosts_of(of(1, 100))
        busy = await take(hosts, requester("a"), "busy")
        await fail(hosts, requester("a"), forbidden(), times=5, host="blocked")
        for number in range(20 * FEW_HOSTS):
            (await take(hosts, requester("a"), f"host{number}")).end()
            if number % 1000 == 0:
                await asyncio.sleep(1)
        with pytest.raises(HopFailed):
            hosts.try_enter("blocked", requester("a"), PATIENCE)
        crowded = hosts.try_enter("busy", requester("b"), PATIENCE)
        busy.end()
        return hosts.known, crowded

    known, crowded = run_virtual(scene())
    assert known <= FEW_HOSTS + 1
    assert crowded is None
