import asyncio
import contextlib
import logging

import pytest

from scrape_operator.core.errors import ScrapeFailed
from scrape_operator.core.runs.reasons import Reason
from scrape_operator.fetching.failures import HopFailed
from scrape_operator.fetching.hosts.budgets import FEW_HOSTS
from tests.fetching.hosts.visiting import (
    HOST,
    Log,
    Observed,
    end,
    fail,
    forbidden,
    hosts_of,
    is_free,
    of,
    prove,
    refusal,
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
        return await refusal(hosts, requester("a")), observed.openings

    with caplog.at_level(logging.WARNING):
        failure, openings = run_virtual(scene())
    assert (failure.reason, failure.sent, failure.http_status) == (Reason.BLOCKED, False, None)
    assert failure.message == "gets no request before 12:00:30Z, since it keeps failing: answered 403 Forbidden"
    assert openings == [Reason.BLOCKED]
    assert "host shop.example gets no requests of a schedule for 30 s after Blocked: answered 403" in caplog.text


def test_after_the_cool_down_one_is_let_through_and_its_answer_lets_in_the_others():
    async def scene():
        log: Log = []
        hosts = hosts_of(of(4))
        run = requester("a")
        await prove(hosts, run)
        await fail(hosts, run, forbidden(), times=5)
        await asyncio.sleep(30)
        await asyncio.gather(*(visit(hosts, run, 1, log) for _ in range(4)))
        return [at for _, at in log]

    assert run_virtual(scene()) == [30, 31, 31, 31]


def test_where_the_one_that_is_let_through_fails_the_others_are_refused_without_a_request():
    async def scene():
        hosts = hosts_of(of(4))
        run = requester("a")
        await fail(hosts, run, forbidden(), times=5)
        await asyncio.sleep(30)
        probe = await take(hosts, run)
        others = [asyncio.ensure_future(take(hosts, run)) for _ in range(3)]
        await asyncio.sleep(1)
        end(probe, forbidden())
        return await asyncio.gather(*others, return_exceptions=True), virtual_time()

    failures, now = run_virtual(scene())
    assert now == 31
    assert len(failures) == 3
    assert all(str(failure).startswith("gets no request before 12:01:31Z") for failure in failures)


def test_who_waits_for_the_only_request_to_a_failing_host_is_told_why():
    async def scene():
        hosts = hosts_of(of(4))
        await fail(hosts, requester("a"), refused(), times=5)
        probe = await take(hosts, requester("b"))
        failure = await refusal(hosts, requester("c", seconds=3.0))
        end(probe)
        return failure

    failure = run_virtual(scene())
    assert failure.reason is Reason.CONNECT_ERROR
    assert failure.message == (
        "gets one request at a time since its last answer: refused the connection; no turn came in 3.0 s"
    )


def test_an_open_breaker_lets_those_through_who_have_not_failed_there():
    async def scene():
        log: Log = []
        hosts = hosts_of(of(4))
        await prove(hosts, requester("b"))
        await fail(hosts, requester("a"), forbidden(), times=5)
        await visit(hosts, requester("b"), 1, log)
        return log, await refusal(hosts, requester("a"))

    log, failure = run_virtual(scene())
    assert log == [("b", 0)]
    assert failure.reason is Reason.BLOCKED


def test_it_opens_at_most_every_cool_down_while_others_succeed():
    async def scene():
        observed = Observed()
        hosts = hosts_of(of(4), observer=observed)
        for _ in range(120):
            await prove(hosts, requester("good"))
            with contextlib.suppress(HopFailed):
                await fail(hosts, requester("bad"), forbidden())
            await asyncio.sleep(1)
        return len(observed.openings)

    assert run_virtual(scene()) == 3  # after 4, 34 and 94 s


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
        for _ in range(3):
            await fail(hosts, requester("a"), forbidden(), times=4)
            await fail(hosts, requester("a"), failure)
        return virtual_time()

    assert run_virtual(scene()) < 30


@pytest.mark.parametrize("reason", [Reason.INVALID_SPEC, Reason.BLOCKED_ADDRESS, Reason.POLICY_DENIED])
def test_what_is_not_about_the_host_neither_opens_nor_closes(reason):
    async def scene():
        hosts = hosts_of(of(4))
        await fail(hosts, requester("a"), forbidden(), times=4)
        await fail(hosts, requester("a"), HopFailed(reason, "is refused", sent=False), times=20)
        await fail(hosts, requester("a"), forbidden())
        return await refusal(hosts, requester("a"))

    assert run_virtual(scene()).reason is Reason.BLOCKED


def test_a_cancelled_request_neither_opens_nor_closes():
    async def scene():
        hosts = hosts_of(of(4))
        await fail(hosts, requester("a"), forbidden(), times=4)
        for _ in range(20):
            end(await take(hosts, requester("a")), asyncio.CancelledError())
        await fail(hosts, requester("a"), forbidden())
        return await refusal(hosts, requester("a"))

    assert run_virtual(scene()).reason is Reason.BLOCKED


def test_a_report_of_an_answer_opens_it_at_once_and_again_for_longer():
    async def scene():
        hosts = hosts_of(of(4))
        run, untils = requester("a"), []
        for _ in range(3):
            hosts.report(HOST, run, ScrapeFailed(Reason.BLOCKED, "is a firewall's page", http_status=200))
            failure = await refusal(hosts, run)
            untils.append(failure.message.split()[4])
            await asyncio.sleep(900)
        return untils

    assert run_virtual(scene()) == ["12:00:30Z,", "12:16:00Z,", "12:32:00Z,"]


def test_a_report_without_an_answer_is_nothing():
    async def scene():
        hosts = hosts_of(of(4))
        hosts.report(HOST, requester("a"), ScrapeFailed(Reason.BLOCKED, "is not asked again"))
        return await is_free(hosts, requester("a"))

    assert run_virtual(scene())


def test_hosts_are_forgotten_but_for_those_in_use_or_refused():
    async def scene():
        hosts = hosts_of(of(1))
        busy = await take(hosts, requester("a"), "busy")
        await fail(hosts, requester("a"), forbidden(), times=5, host="blocked")
        for number in range(20 * FEW_HOSTS):
            end(await take(hosts, requester("a"), f"host{number}"))
            if number % 1000 == 0:
                await asyncio.sleep(1)
        failure = await refusal(hosts, requester("a"), "blocked")
        crowded = await is_free(hosts, requester("b"), "busy")
        end(busy)
        return hosts.known, crowded, failure.reason

    known, crowded, reason = run_virtual(scene())
    assert known <= FEW_HOSTS + 1
    assert (crowded, reason) == (False, Reason.BLOCKED)
