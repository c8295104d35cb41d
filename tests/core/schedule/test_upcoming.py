from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from scrape_operator.core.net.day_budgets import DayLimit, Unit, UsedUp
from scrape_operator.core.runs.run import RunStatus
from scrape_operator.core.runs.slot import Manual
from scrape_operator.core.schedule.bounds import BoundedDueTimes
from scrape_operator.core.schedule.cron import CronDueTimes, parse_cron
from scrape_operator.core.schedule.due_times import DueTimes, IntervalDueTimes
from scrape_operator.core.schedule.immediate import immediate_slot
from scrape_operator.core.schedule.state import QueuedRun, ScheduleState
from scrape_operator.core.schedule.upcoming import Upcoming, next_run, unhandled, upcoming, upcoming_due_times
from tests.support.schedule_plans import FIVE_MINUTES, NOON, active, at, plan, ran, summary, windows

AFTERNOON = windows(("Allow", "14:00", "16:00"))
NEVER = windows(("Deny", "00:00", "24:00"))


def cron(text: str) -> DueTimes:
    return CronDueTimes((parse_cron(text, "uid"),), ZoneInfo("Etc/UTC"))


def test_the_next_due_time_is_the_next_run_where_nothing_forbids_it() -> None:
    coming = upcoming(plan(), ran(), at(seconds=1))
    assert (coming, coming.is_outside) == (Upcoming(at(minutes=5), at(minutes=5)), False)


def test_outside_its_windows_the_next_run_is_the_first_due_time_inside() -> None:
    coming = upcoming(plan(windows=AFTERNOON), ran(), at(seconds=1))
    assert coming == Upcoming(at(minutes=5), at(hours=2))
    assert (coming.is_outside, coming.wake) == (True, at(minutes=5))


@pytest.mark.parametrize("closed", [NEVER, windows(("Allow", "14:01", "14:04"))], ids=["closed", "between due times"])
def test_due_times_that_never_meet_a_window_give_no_run(closed: object) -> None:
    coming = upcoming(plan(windows=closed), ran(), at(seconds=1))
    assert (coming.due, coming.run, coming.is_outside) == (at(minutes=5), None, True)


def test_a_daily_run_is_not_outside_while_its_window_is_closed() -> None:
    daily = plan(due_times=cron("0 15 * * *"), windows=AFTERNOON, first_run_at_once=False)
    assert not upcoming(daily, ran(), at(hours=10)).is_outside


def test_the_first_run_comes_at_once_or_as_soon_as_it_may() -> None:
    fresh = ScheduleState(last_slot=NOON)
    assert upcoming(plan(), fresh, at(seconds=1)).immediate == at(seconds=1)
    assert upcoming(plan(windows=AFTERNOON), fresh, at(seconds=1)).immediate == at(hours=2)
    later = plan(start_time=at(hours=3), due_times=BoundedDueTimes(IntervalDueTimes(FIVE_MINUTES), at(hours=3)))
    assert upcoming(later, fresh, at(seconds=1)).run == at(hours=3)
    assert upcoming(plan(windows=AFTERNOON, end_time=at(hours=1)), fresh, NOON).immediate is None
    assert upcoming(plan(), active(fresh), NOON).immediate is None


def test_a_changed_spec_owes_one_run_after_a_failure() -> None:
    state = ran(summary(RunStatus.FAILED))
    assert upcoming(plan(generation=2), state, at(seconds=1)).immediate == at(seconds=1)
    state.first_generation = 2
    assert upcoming(plan(generation=2), state, at(seconds=1)).immediate is None


def test_what_waits_is_that_run_already() -> None:
    state = ScheduleState(last_slot=NOON, queued=QueuedRun(Manual("x"), NOON))
    assert upcoming(plan(), state, at(seconds=1)).immediate is None


def test_nothing_comes_while_paused() -> None:
    assert upcoming(plan(suspend=True), ScheduleState(), NOON) == Upcoming()


def test_coming_due_times_say_what_becomes_of_each() -> None:
    hourly = BoundedDueTimes(cron("0 * * * *"), at(hours=1), at(hours=4))
    bounded = plan(due_times=hourly, start_time=at(hours=1), end_time=at(hours=4), windows=AFTERNOON)
    found = [(coming.due - NOON, coming.outcome) for coming in upcoming_due_times(bounded, ScheduleState(), NOON, 6)]
    outcomes = ["BeforeStartTime", "SkippedWindow", "Run", "Run", "SkippedWindow", "Ended"]
    assert found == [(timedelta(hours=hour), outcome) for hour, outcome in enumerate(outcomes)]


def test_a_schedule_that_is_suspended_says_so_of_each_due_time() -> None:
    assert [coming.outcome for coming in upcoming_due_times(plan(suspend=True), ScheduleState(), NOON, 2)] == [
        "Suspended"
    ] * 2


def test_due_times_are_as_planned_unless_some_that_were_handled_come_again() -> None:
    regular = plan()
    assert unhandled(regular, ScheduleState()) is regular.due_times
    again = ScheduleState(ahead=((NOON, at(minutes=5)),))
    assert unhandled(plan(due_times=None), again) is None
    left = unhandled(regular, again)
    assert left is not None
    assert left.next_after(NOON) == at(minutes=10)


def test_due_times_may_come_to_an_end() -> None:
    last = datetime.max.replace(tzinfo=NOON.tzinfo) - timedelta(days=200)
    assert list(upcoming_due_times(plan(due_times=cron("0 0 1 1 *")), ScheduleState(), last, 3)) == []


def test_first_runs_that_edits_owe_keep_their_pace() -> None:
    state = ran(summary(RunStatus.FAILED))
    state.immediate_run_at = NOON
    edited = plan(generation=2)
    assert upcoming(edited, state, at(seconds=1)).immediate == at(seconds=30)
    assert upcoming(edited, state, at(seconds=30)).immediate == at(seconds=30)
    assert upcoming(edited, state, at(seconds=31)).immediate == at(seconds=31)
    assert (upcoming(edited, state, at(seconds=1)).run, upcoming(edited, state, at(seconds=1)).wake) == (
        at(seconds=30),
        at(seconds=30),
    )


def test_a_due_time_at_which_a_budget_of_the_day_counts_anew_is_the_next_run_and_none_before_it() -> None:
    limit = DayLimit("key", "policy", Unit.REQUESTS, 10)

    def next_run_after(**until: float) -> datetime | None:
        return upcoming(plan(), ran(used_up=UsedUp(limit, at(**until))), at(seconds=1)).run

    assert next_run_after(minutes=5) == at(minutes=5)
    assert next_run_after(minutes=5, microseconds=1) == at(minutes=10)


def test_no_first_run_is_owed_to_a_good_run_or_to_the_same_spec() -> None:
    assert not immediate_slot(plan(generation=2), ran())
    assert not immediate_slot(plan(), ran(summary(RunStatus.FAILED)))
    assert not immediate_slot(plan(generation=2, first_run_at_once=False), ran(summary(RunStatus.FAILED)))
    assert not immediate_slot(plan(suspend=True), ScheduleState())
    assert not immediate_slot(plan(), ScheduleState(last_schedule_time=NOON))
    assert not immediate_slot(plan(), ScheduleState(last_schedule_time=NOON, consecutive_failures=1, slot_generation=1))
    assert immediate_slot(
        plan(generation=2), ScheduleState(last_schedule_time=NOON, consecutive_failures=1, slot_generation=1)
    )
    assert immediate_slot(plan(), ScheduleState())
    assert immediate_slot(plan(generation=2), ran(summary(RunStatus.FAILED)))


def test_a_first_run_may_begin_at_the_end_time_and_not_after_it() -> None:
    fresh = ScheduleState(last_slot=NOON)
    assert upcoming(plan(windows=AFTERNOON, end_time=at(hours=2)), fresh, NOON).immediate == at(hours=2)
    assert upcoming(plan(end_time=at(seconds=-1)), fresh, NOON).immediate is None


def test_the_next_run_of_a_spec_counts_its_own_instant() -> None:
    assert next_run(plan(), ScheduleState(), NOON) == NOON
    assert next_run(plan(), ScheduleState(), at(seconds=1)) == at(minutes=5)
    assert next_run(plan(windows=AFTERNOON), ScheduleState(), NOON) == at(hours=2)
    assert next_run(plan(windows=NEVER), ScheduleState(), NOON) is None
    assert next_run(plan(suspend=True), ScheduleState(), NOON) is None
    assert next_run(plan(due_times=None), ScheduleState(), NOON) is None


def test_no_more_due_times_are_shown_than_are_asked_for() -> None:
    assert [len(list(upcoming_due_times(plan(), ScheduleState(), NOON, count))) for count in (0, 1, 7)] == [0, 1, 7]
    assert next(upcoming_due_times(plan(), ScheduleState(), NOON, 1)).due == NOON
