"""windows, startTime and endTime: what is run, what is skipped, and what the schedule says comes next."""

from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from scrape_operator.core.runs.reasons import Reason
from scrape_operator.core.schedule.bounds import BoundedDueTimes
from scrape_operator.core.schedule.due_times import IntervalDueTimes
from scrape_operator.core.schedule.windows import Windows, parse_window
from tests.scheduling.house import House, schedule

UTC = ZoneInfo("Etc/UTC")
HOURLY = 3600.0
FROM_TWO_TO_FOUR = Windows((parse_window("Allow", (), "14:00", "16:00"),), UTC)
NEVER = Windows((parse_window("Deny", (), "00:00", "24:00"),), UTC)


def clock(instant: datetime | None) -> str | None:
    return None if instant is None else f"{instant:%d %H:%M:%S}"


def test_due_times_outside_are_skipped_one_by_one_and_the_next_run_is_shown(house: House) -> None:
    house.clock.advance(1)
    house.scheduler.applied(schedule(every=HOURLY, windows=FROM_TWO_TO_FOUR))
    assert (clock(house.state().next_due), house.state().is_outside) == ("25 14:00:00", True)
    house.tick(HOURLY)
    assert [(skip.slot, skip.reason) for _n, skip in house.recorder.skipped] == [
        ("2026-11-25T13:00:00.000Z", Reason.SKIPPED_WINDOW)
    ]
    assert "Wed 2026-11-25 13:00:00 Etc/UTC, outside spec.windows" in house.recorder.skipped[0][1].message
    assert house.slots == []
    house.tick(HOURLY)
    assert house.slots == ["2026-11-25T14:00:00.000Z"]
    house.end()
    assert (clock(house.state().next_due), house.state().is_outside) == ("25 15:00:00", False)
    house.tick(HOURLY)
    house.end()
    assert (clock(house.state().next_due), house.state().is_outside) == ("26 14:00:00", True)


def test_the_first_run_begins_when_a_window_opens(house: House) -> None:
    house.scheduler.applied(schedule(every=7 * 86_400.0, windows=FROM_TWO_TO_FOUR))
    assert clock(house.state().next_due) == "25 14:00:00"
    house.tick(2 * HOURLY - 1)
    assert house.slots == []
    house.tick(1)
    assert house.slots == ["generation:1"]


def test_the_first_run_begins_at_start_time_and_nothing_before(house: House) -> None:
    start = house.clock.now() + timedelta(hours=2, seconds=30)
    due_times = BoundedDueTimes(IntervalDueTimes(timedelta(hours=1)), start)
    house.scheduler.applied(schedule(due_times=due_times, start_time=start))
    assert clock(house.state().next_due) == "25 14:00:30"
    house.tick(2 * HOURLY)
    assert (house.slots, house.recorder.skipped) == ([], [])
    house.tick(30)
    house.end()
    house.tick(HOURLY - 30)
    assert house.slots == ["generation:1", "2026-11-25T15:00:00.000Z"]


def test_after_end_time_nothing_comes(house: House) -> None:
    end = house.clock.now() + timedelta(minutes=90)
    due_times = BoundedDueTimes(IntervalDueTimes(timedelta(hours=1)), None, end)
    house.scheduler.applied(schedule(due_times=due_times, end_time=end))
    house.end()
    house.tick(HOURLY)
    house.end()
    told = len(house.recorder.told)
    assert house.state().next_due is None
    house.tick(10 * HOURLY)
    assert house.slots == ["generation:1", "2026-11-25T13:00:00.000Z"]
    assert len(house.recorder.told) == told
    assert house.scheduler.queue_depth == 0


def test_a_schedule_that_begins_after_its_end_never_runs(house: House) -> None:
    end = house.clock.now() - timedelta(seconds=1)
    due_times = BoundedDueTimes(IntervalDueTimes(timedelta(hours=1)), None, end)
    house.scheduler.applied(schedule(due_times=due_times, end_time=end))
    assert (house.slots, house.state().next_due) == ([], None)


def test_windows_that_never_open_give_skips_for_ever(house: House) -> None:
    house.scheduler.applied(schedule(every=HOURLY, windows=NEVER))
    for _ in range(3):
        house.tick(HOURLY)
    assert (len(house.recorder.skipped), house.slots) == (3, [])
    assert (house.state().next_due, house.state().is_outside) == (None, True)


@pytest.mark.parametrize(
    ("late", "reasons"),
    [
        pytest.param(60, [], id="a minute late"),
        pytest.param(61, [Reason.SKIPPED_WINDOW], id="later"),
    ],
)
def test_a_run_that_is_late_must_not_begin_outside(house: House, late: int, reasons: list[Reason]) -> None:
    house.clock.advance(2 * HOURLY)
    spec: dict[str, Any] = {"every": 7190, "windows": FROM_TWO_TO_FOUR, "starting_deadline": timedelta(hours=5)}
    house.scheduler.applied(schedule(**spec))
    house.end()
    due = house.clock.now().replace(hour=15, minute=59, second=59)
    times = IntervalDueTimes(timedelta(days=1), due - due.replace(hour=0, minute=0, second=0))
    house.scheduler.applied(schedule(due_times=times, generation=2, **spec))
    house.clock.jump((due - house.clock.now()).total_seconds() + late)
    house.tick(0)
    assert [skip.reason for _n, skip in house.recorder.skipped] == reasons
    assert len(house.slots) == 2 - len(reasons)


def test_a_request_is_run_outside_windows(house: House) -> None:
    house.scheduler.applied(schedule(every=HOURLY, windows=NEVER, token="t1"))
    assert house.slots == ["manual:t1"]
