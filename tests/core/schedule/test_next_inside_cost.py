"""What a search for a due time inside the windows costs: it is made for each schedule each time it is due."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from scrape_operator.core.schedule import due_times as intervals
from scrape_operator.core.schedule.cron import CronDueTimes, parse_cron
from scrape_operator.core.schedule.due_times import DueTimes, IntervalDueTimes
from scrape_operator.core.schedule.windows import Windows, parse_window

SCHEDULES = 250
NOW = datetime(2026, 11, 30, 0, 0, 30, tzinfo=UTC)
CASABLANCA = ZoneInfo("Africa/Casablanca")


def never(day: str, start: str, end: str) -> Windows:
    return Windows((parse_window("Allow", [day] if day else [], start, end),), CASABLANCA)


def counted(monkeypatch: pytest.MonkeyPatch, owner: object, name: str) -> list[None]:
    """Return a list that has one entry for each period that is searched."""
    search: Callable[..., Any] = getattr(owner, name)
    calls: list[None] = []

    def count(*args: Any) -> Any:
        calls.append(None)
        return search(*args)

    monkeypatch.setattr(owner, name, count)
    return calls


def searched_again(calls: list[None], schedules: list[DueTimes], windows: Windows) -> float:
    """Search twice for each schedule. Return the periods that the second search looks at, on average."""
    for minute in range(2):
        calls.clear()
        for due_times in schedules:
            assert due_times.next_inside(windows, NOW + timedelta(minutes=minute)) is None
    return len(calls) / len(schedules)


@pytest.mark.parametrize("day_fields", ["* * 1", "31 2 1"], ids=["a weekday", "a weekday or a day that never comes"])
def test_an_expression_that_is_never_inside_is_searched_once(monkeypatch: pytest.MonkeyPatch, day_fields: str) -> None:
    calls = counted(monkeypatch, CronDueTimes, "first_in_period")
    texts = [f"{number % 60} */{1 + number // 60} {day_fields}" for number in range(SCHEDULES)]
    schedules: list[DueTimes] = [CronDueTimes((parse_cron(text, ""),), CASABLANCA) for text in texts]
    windows = never("Wed", "00:00", "24:00")
    assert searched_again(calls, schedules, windows) <= 4


def test_an_interval_that_is_never_inside_is_searched_once(monkeypatch: pytest.MonkeyPatch) -> None:
    calls = counted(monkeypatch, intervals, "_first_inside_from")
    schedules: list[DueTimes] = [
        IntervalDueTimes(timedelta(hours=24), timedelta(hours=12, seconds=number)) for number in range(SCHEDULES)
    ]
    assert searched_again(calls, schedules, never("", "00:00", "06:00")) <= 1


def test_an_interval_looks_at_each_offset_of_its_zone_once(monkeypatch: pytest.MonkeyPatch) -> None:
    calls = counted(monkeypatch, intervals, "_first_inside_from")
    due_times = IntervalDueTimes(timedelta(hours=24), timedelta(hours=13))
    assert due_times.next_inside(never("", "00:00", "06:00"), NOW) is None
    assert len(calls) <= 3
