"""windows, startTime and endTime: what is run, what is skipped, and what the schedule says comes next."""

from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from scrape_operator.core.runs.reasons import Reason
from scrape_operator.core.runs.slot import format_slot
from scrape_operator.core.schedule.bounds import BoundedDueTimes
from scrape_operator.core.schedule.due_times import IntervalDueTimes
from scrape_operator.core.schedule.windows import Windows, parse_window
from tests.scheduling.harness import Harness, schedule

UTC = ZoneInfo("Etc/UTC")
HOURLY = 3600.0
FROM_TWO_TO_FOUR = Windows((parse_window("Allow", (), "14:00", "16:00"),), UTC)
NEVER = Windows((parse_window("Deny", (), "00:00", "24:00"),), UTC)


def clock(instant: datetime | None) -> str | None:
    return None if instant is None else f"{instant:%d %H:%M:%S}"


def test_due_times_outside_are_skipped_one_by_one_and_the_next_run_is_shown(harness: Harness) -> None:
    harness.clock.advance(1)
    harness.scheduler.applied(schedule(every=HOURLY, windows=FROM_TWO_TO_FOUR))
    assert (clock(harness.state().next_due), harness.state().is_outside) == ("25 14:00:00", True)
    harness.tick(HOURLY)
    assert [(format_slot(skip.slot), skip.reason) for _n, skip in harness.recorder.skipped_slots] == [
        ("2026-11-25T13:00:00.000Z", Reason.SKIPPED_WINDOW)
    ]
    assert "Wed 2026-11-25 13:00:00 Etc/UTC, outside spec.windows" in harness.recorder.skipped_slots[0][1].message
    assert harness.slots == []
    harness.tick(HOURLY)
    assert harness.slots == ["2026-11-25T14:00:00.000Z"]
    harness.end()
    assert (clock(harness.state().next_due), harness.state().is_outside) == ("25 15:00:00", False)
    harness.tick(HOURLY)
    harness.end()
    assert (clock(harness.state().next_due), harness.state().is_outside) == ("26 14:00:00", True)


def test_the_first_run_begins_when_a_window_opens(harness: Harness) -> None:
    harness.scheduler.applied(schedule(every=7 * 86_400.0, windows=FROM_TWO_TO_FOUR))
    assert clock(harness.state().next_due) == "25 14:00:00"
    harness.tick(2 * HOURLY - 1)
    assert harness.slots == []
    harness.tick(1)
    assert harness.slots == ["generation:1"]


def test_the_first_run_begins_at_start_time_and_nothing_before(harness: Harness) -> None:
    start = harness.clock.now() + timedelta(hours=2, seconds=30)
    due_times = BoundedDueTimes(IntervalDueTimes(timedelta(hours=1)), start)
    harness.scheduler.applied(schedule(due_times=due_times, start_time=start))
    assert clock(harness.state().next_due) == "25 14:00:30"
    harness.tick(2 * HOURLY)
    assert (harness.slots, harness.recorder.skipped_slots) == ([], [])
    harness.tick(30)
    harness.end()
    harness.tick(HOURLY - 30)
    assert harness.slots == ["generation:1", "2026-11-25T15:00:00.000Z"]


def test_after_end_time_nothing_comes(harness: Harness) -> None:
    end = harness.clock.now() + timedelta(minutes=90)
    due_times = BoundedDueTimes(IntervalDueTimes(timedelta(hours=1)), None, end)
    harness.scheduler.applied(schedule(due_times=due_times, end_time=end))
    harness.end()
    harness.tick(HOURLY)
    harness.end()
    told = len(harness.recorder.status_changes)
    assert harness.state().next_due is None
    harness.tick(10 * HOURLY)
    assert harness.slots == ["generation:1", "2026-11-25T13:00:00.000Z"]
    assert len(harness.recorder.status_changes) == told
    assert harness.scheduler.queue_depth == 0


def test_a_schedule_that_begins_after_its_end_never_runs(harness: Harness) -> None:
    end = harness.clock.now() - timedelta(seconds=1)
    due_times = BoundedDueTimes(IntervalDueTimes(timedelta(hours=1)), None, end)
    harness.scheduler.applied(schedule(due_times=due_times, end_time=end))
    assert (harness.slots, harness.state().next_due) == ([], None)


def test_windows_that_never_open_give_skips_for_ever(harness: Harness) -> None:
    harness.scheduler.applied(schedule(every=HOURLY, windows=NEVER))
    for _ in range(3):
        harness.tick(HOURLY)
    assert (len(harness.recorder.skipped_slots), harness.slots) == (3, [])
    assert (harness.state().next_due, harness.state().is_outside) == (None, True)


@pytest.mark.parametrize(
    ("late", "reasons"),
    [
        pytest.param(60, [], id="a minute late"),
        pytest.param(61, [Reason.SKIPPED_WINDOW], id="later"),
    ],
)
def test_a_run_that_is_late_must_not_begin_outside(harness: Harness, late: int, reasons: list[Reason]) -> None:
    harness.clock.advance(2 * HOURLY)
    spec: dict[str, Any] = {"every": 7190, "windows": FROM_TWO_TO_FOUR, "starting_deadline": timedelta(hours=5)}
    harness.scheduler.applied(schedule(**spec))
    harness.end()
    due = harness.clock.now().replace(hour=15, minute=59, second=59)
    times = IntervalDueTimes(timedelta(days=1), due - due.replace(hour=0, minute=0, second=0))
    harness.scheduler.applied(schedule(due_times=times, generation=2, **spec))
    harness.clock.jump((due - harness.clock.now()).total_seconds() + late)
    harness.tick(0)
    assert [skip.reason for _n, skip in harness.recorder.skipped_slots] == reasons
    assert len(harness.slots) == 2 - len(reasons)


def test_a_request_is_run_outside_windows(harness: Harness) -> None:
    harness.scheduler.applied(schedule(every=HOURLY, windows=NEVER, token="t1"))
    assert harness.slots == ["manual:t1"]
