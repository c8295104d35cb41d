"""suspendAfterFailures and missedRunPolicy: when a schedule makes no runs, and how it goes on."""

from datetime import timedelta

from scrape_operator.core.runs.reasons import Reason
from scrape_operator.core.runs.run import RunStatus, RunSummary, Trigger
from scrape_operator.core.schedule.plan import MissedRunPolicy
from scrape_operator.core.schedule.state import ScheduleState
from tests.scheduling.house import RUN_ID, House, schedule

FAILED = RunStatus.FAILED


def failed_twice(house: House) -> None:
    house.scheduler.applied(schedule(suspend_after_failures=2))
    house.end(status=FAILED)
    house.tick(60)
    house.end(status=FAILED)


def test_after_so_many_failures_nothing_is_run_or_skipped_any_more(house: House) -> None:
    failed_twice(house)
    assert house.state().next_due is None
    house.tick(600)
    assert (len(house.slots), house.recorder.skipped) == (2, [])


def test_it_counts_as_suspended(house: House) -> None:
    failed_twice(house)
    house.scheduler.applied(schedule("other"))
    assert house.registry.counts() == {"active": 1, "suspended": 1, "stalled": 0}


def test_a_change_of_spec_gives_one_more_try(house: House) -> None:
    failed_twice(house)
    house.tick(600)
    house.scheduler.applied(schedule(suspend_after_failures=2, generation=2))
    assert house.slots[2:] == ["generation:2"]
    house.end(status=FAILED, generation=2)
    house.tick(600)
    assert len(house.slots) == 3


def test_a_change_of_spec_that_helps_lets_it_go_on(house: House) -> None:
    failed_twice(house)
    house.tick(600)
    house.scheduler.applied(schedule(suspend_after_failures=2, generation=2))
    house.end(generation=2)
    house.tick(60)
    assert house.slots[2:] == ["generation:2", "2026-11-25T12:12:00.000Z"]


def test_a_run_by_hand_that_succeeds_lets_it_go_on_without_making_up(house: House) -> None:
    failed_twice(house)
    house.tick(600)
    house.scheduler.applied(schedule(suspend_after_failures=2, token="try"))
    house.end()
    assert house.slots[2:] == ["manual:try"]
    house.tick(60)
    assert house.slots[3:] == ["2026-11-25T12:12:00.000Z"]
    assert [start.missed for _name, start in house.recorder.started] == [0] * 4


def test_a_run_by_hand_that_fails_changes_nothing(house: House) -> None:
    failed_twice(house)
    house.scheduler.applied(schedule(suspend_after_failures=2, token="try"))
    house.end(status=FAILED)
    house.tick(600)
    assert house.slots[2:] == ["manual:try"]


def test_a_restart_finds_it_suspended_still(house: House) -> None:
    now = house.clock.now()
    runs = [RunSummary(RUN_ID, Trigger.SCHEDULED, 1, now, FAILED, Reason.TIMEOUT, "", now, now)] * 2
    state = ScheduleState(last_slot=now, slot_generation=1, last_run=runs[0], consecutive_failures=2)
    state.history.extend(runs)
    house.registry.remember({"uid-quotes": state})
    house.clock.advance(600)
    house.scheduler.applied(schedule(suspend_after_failures=2))
    house.tick(600)
    assert (house.slots, house.recorder.skipped) == ([], [])


def test_missed_run_policy_skip_makes_up_for_nothing(house: House) -> None:
    house.scheduler.applied(schedule(missed_run_policy=MissedRunPolicy.SKIP))
    house.end()
    house.clock.jump(190)
    house.tick(0)
    [(_name, skip)] = house.recorder.skipped
    assert (skip.slot, skip.reason, skip.missed) == ("2026-11-25T12:03:00.000Z", Reason.MISSED_DEADLINE, 2)
    house.tick(50)
    assert house.slots == ["generation:1", "2026-11-25T12:04:00.000Z"]


def test_missed_run_policy_skip_runs_a_single_due_time_that_is_a_little_late(house: House) -> None:
    house.scheduler.applied(schedule(missed_run_policy=MissedRunPolicy.SKIP, starting_deadline=timedelta(seconds=40)))
    house.end()
    house.tick(100)
    assert house.slots == ["generation:1", "2026-11-25T12:01:00.000Z"]
