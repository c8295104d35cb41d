"""suspendAfterFailures and missedRunPolicy: when a schedule makes no runs, and how it goes on."""

from datetime import timedelta

import pytest

from scrape_operator.core.runs.reasons import Reason
from scrape_operator.core.runs.run import RunStatus, RunSummary, Trigger
from scrape_operator.core.runs.slot import First, format_slot
from scrape_operator.core.schedule.immediate import immediate_slot
from scrape_operator.core.schedule.pauses import Pause, pause_of
from scrape_operator.core.schedule.plan import MissedRunPolicy
from scrape_operator.core.schedule.state import ScheduleState
from tests.scheduling.harness import Harness, schedule
from tests.support.fakes import RUN_ID
from tests.support.schedule_plans import plan, ran, summary

FAILED = RunStatus.FAILED


def failed_twice(harness: Harness) -> None:
    harness.scheduler.applied(schedule(suspend_after_failures=2))
    harness.end(status=FAILED)
    harness.tick(60)
    harness.end(status=FAILED)


def test_after_so_many_failures_nothing_is_run_or_skipped_any_more(harness: Harness) -> None:
    failed_twice(harness)
    assert harness.state().next_due is None
    harness.tick(600)
    assert (len(harness.slots), harness.recorder.skipped_slots) == (2, [])


def test_it_counts_as_suspended(harness: Harness) -> None:
    failed_twice(harness)
    harness.scheduler.applied(schedule("other"))
    assert harness.registry.counts() == {"active": 1, "suspended": 1, "stalled": 0}


def test_a_change_of_spec_gives_one_more_try(harness: Harness) -> None:
    failed_twice(harness)
    harness.tick(600)
    harness.scheduler.applied(schedule(suspend_after_failures=2, generation=2))
    assert harness.slots[2:] == ["generation:2"]
    harness.end(status=FAILED, generation=2)
    harness.tick(600)
    assert len(harness.slots) == 3


def test_a_change_of_spec_that_helps_lets_it_go_on(harness: Harness) -> None:
    failed_twice(harness)
    harness.tick(600)
    harness.scheduler.applied(schedule(suspend_after_failures=2, generation=2))
    harness.end(generation=2)
    harness.tick(60)
    assert harness.slots[2:] == ["generation:2", "2026-11-25T12:12:00.000Z"]


def test_a_run_by_hand_that_succeeds_lets_it_go_on_without_making_up(harness: Harness) -> None:
    failed_twice(harness)
    harness.tick(600)
    harness.scheduler.applied(schedule(suspend_after_failures=2, token="try"))
    harness.end()
    assert harness.slots[2:] == ["manual:try"]
    harness.tick(60)
    assert harness.slots[3:] == ["2026-11-25T12:12:00.000Z"]
    assert [start.missed for _name, start in harness.recorder.launched] == [0] * 4


def test_a_run_by_hand_that_fails_changes_nothing(harness: Harness) -> None:
    failed_twice(harness)
    harness.scheduler.applied(schedule(suspend_after_failures=2, token="try"))
    harness.end(status=FAILED)
    harness.tick(600)
    assert harness.slots[2:] == ["manual:try"]


@pytest.mark.parametrize("canceled", [0, 1, 5, 7])
def test_runs_that_were_canceled_do_not_hide_the_failures_before_them(canceled: int) -> None:
    failed, stopped = (summary(status, generation) for status, generation in ((FAILED, 1), (RunStatus.CANCELED, 2)))
    state = ran(failed, failed, *[stopped] * canceled)
    assert state.consecutive_failures == 2
    assert pause_of(plan(suspend_after_failures=2), state) is Pause.SUSPENDED_BY_FAILURES
    edited = plan(generation=3, suspend_after_failures=2)
    assert pause_of(edited, state) is None
    assert immediate_slot(edited, state) == First(3)


def test_a_restart_finds_it_suspended_still(harness: Harness) -> None:
    now = harness.clock.now()
    runs = [RunSummary(RUN_ID, Trigger.SCHEDULED, 1, now, FAILED, Reason.TIMEOUT, "", now, now)] * 2
    state = ScheduleState(last_slot=now, slot_generation=1, consecutive_failures=2)
    state.adopt_history(runs)
    harness.registry.add_states({"uid-quotes": state})
    harness.clock.advance(600)
    harness.scheduler.applied(schedule(suspend_after_failures=2))
    harness.tick(600)
    assert (harness.slots, harness.recorder.skipped_slots) == ([], [])


def test_missed_run_policy_skip_makes_up_for_nothing(harness: Harness) -> None:
    harness.scheduler.applied(schedule(missed_run_policy=MissedRunPolicy.SKIP))
    harness.end()
    harness.clock.jump(190)
    harness.tick(0)
    [(_name, skip)] = harness.recorder.skipped_slots
    assert (format_slot(skip.slot), skip.reason, skip.missed) == ("2026-11-25T12:03:00.000Z", Reason.MISSED_DEADLINE, 2)
    assert skip.message.startswith("3 due times passed while nothing could run")
    harness.tick(50)
    assert harness.slots == ["generation:1", "2026-11-25T12:04:00.000Z"]


def test_missed_run_policy_skip_runs_a_single_due_time_that_is_a_little_late(harness: Harness) -> None:
    harness.scheduler.applied(schedule(missed_run_policy=MissedRunPolicy.SKIP, starting_deadline=timedelta(seconds=40)))
    harness.end()
    harness.tick(100)
    assert harness.slots == ["generation:1", "2026-11-25T12:01:00.000Z"]
