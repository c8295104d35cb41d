"""Budgets of days: while one is used up nothing is run, and the next day everything goes on."""

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from scrape_operator.core.net.day_budgets import DayLimit, Unit
from scrape_operator.core.runs.reasons import Reason
from scrape_operator.core.runs.run import RunStatus
from scrape_operator.core.runs.slot import format_slot
from scrape_operator.core.schedule.plan import ConcurrencyPolicy
from scrape_operator.core.schedule.windows import Windows, parse_window
from tests.scheduling.harness import Harness, schedule

HOURLY = 3600.0
HALF_A_DAY = 12 * HOURLY
SHOP = DayLimit("ScrapePolicy/default/shop", "ScrapePolicy shop", Unit.REQUESTS, 1_000)
LIMITS = (SHOP,)
AT_SIX = Windows((parse_window("Allow", (), "06:00", "07:00"),), ZoneInfo("Etc/UTC"))


def clock(instant: datetime | None) -> str | None:
    return None if instant is None else f"{instant:%d %H:%M:%S}"


def use_up(harness: Harness) -> None:
    """Use up the budget, and do what the timer task does about it."""
    harness.budgets.is_used_up = True
    harness.scheduler.budget_used_up(SHOP.key)
    harness.tick(0)


def running(harness: Harness, **spec: Any) -> None:
    """Apply an hourly schedule at noon that ran once."""
    harness.clock.advance(1)
    harness.scheduler.applied(schedule(every=HOURLY, day_limits=LIMITS, **spec))
    harness.end()


def test_due_times_are_skipped_with_the_reason_until_the_next_day(harness: Harness) -> None:
    running(harness)
    begun = len(harness.slots)
    use_up(harness)
    assert clock(harness.state().next_due) == "26 00:00:00"
    for _ in range(11):
        harness.tick(HOURLY)
    assert {skip.reason for skip in harness.recorder.skips} == {Reason.BUDGET_EXHAUSTED}
    assert len(harness.recorder.skips) == 11
    message = harness.recorder.skips[0].message
    assert "1000 requests of a day of ScrapePolicy shop (ceilings.requestsPerDay)" in message
    assert "until 2026-11-26T00:00:00Z" in message
    assert len(harness.slots) == begun
    harness.budgets.is_used_up = False
    harness.tick(HOURLY)
    assert harness.slots[begun:] == ["2026-11-26T00:00:00.000Z"]
    assert harness.state().used_up is None


def test_the_day_ends_for_a_schedule_that_is_not_due_then(harness: Harness) -> None:
    running(harness, windows=AT_SIX)
    use_up(harness)
    assert clock(harness.state().next_due) == "26 06:00:00"
    assert harness.state().used_up is not None
    harness.recorder.status_changes.clear()
    harness.budgets.is_used_up = False
    harness.tick(HALF_A_DAY - 1)
    assert harness.state().used_up is None
    assert harness.recorder.status_changes == ["quotes"]


def test_the_status_changes_at_once_and_for_those_under_the_policy_alone(harness: Harness) -> None:
    running(harness)
    harness.scheduler.applied(schedule("free", every=HOURLY))
    harness.recorder.status_changes.clear()
    use_up(harness)
    assert set(harness.recorder.status_changes) == {"quotes"}
    assert harness.state("free").used_up is None


def test_a_first_run_waits_for_the_next_day(harness: Harness) -> None:
    harness.budgets.is_used_up = True
    harness.clock.advance(1)
    harness.scheduler.applied(schedule(every=5 * HOURLY, day_limits=LIMITS))
    assert (harness.slots, clock(harness.state().next_due)) == ([], "26 00:00:00")
    for _ in range(11):
        harness.tick(HOURLY)
    assert {skip.reason for skip in harness.recorder.skips} == {Reason.BUDGET_EXHAUSTED}
    harness.budgets.is_used_up = False
    harness.tick(HOURLY - 1)
    assert harness.slots == ["generation:1"]


def test_a_manual_run_is_skipped_with_its_token_echoed(harness: Harness) -> None:
    running(harness)
    use_up(harness)
    harness.scheduler.applied(schedule(every=HOURLY, day_limits=LIMITS, token="now"))
    [skip] = harness.recorder.skips
    assert (format_slot(skip.slot), skip.reason) == ("manual:now", Reason.BUDGET_EXHAUSTED)
    assert harness.state().last_handled_request == "now"


def test_a_slot_that_waits_for_a_run_is_skipped_when_the_budget_ends_meanwhile(harness: Harness) -> None:
    harness.clock.advance(1)
    harness.scheduler.applied(schedule(every=HOURLY, day_limits=LIMITS, concurrency_policy=ConcurrencyPolicy.QUEUE))
    harness.scheduler.applied(
        schedule(every=HOURLY, day_limits=LIMITS, concurrency_policy=ConcurrencyPolicy.QUEUE, token="now")
    )
    harness.budgets.is_used_up = True
    harness.end(status=RunStatus.FAILED)
    assert [skip.reason for skip in harness.recorder.skips] == [Reason.BUDGET_EXHAUSTED]


def test_a_limit_that_is_raised_lets_runs_go_on(harness: Harness) -> None:
    running(harness)
    use_up(harness)
    harness.budgets.is_used_up = False
    harness.scheduler.applied(schedule(every=HOURLY, day_limits=LIMITS, generation=2), is_recompiled=True)
    assert clock(harness.state().next_due) == "25 13:00:00"
    harness.tick(HOURLY - 1)
    assert harness.slots[-1] == "2026-11-25T13:00:00.000Z"
