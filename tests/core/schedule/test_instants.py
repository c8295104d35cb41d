"""The instants that schedules are computed with."""

import itertools
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scrape_operator.core.schedule.instants import EPOCH, FIRST, INSTANT, LAST, in_utc, seconds_of
from scrape_operator.core.schedule.wall_weeks import (
    MINUTES_OF_WEEK,
    allowed_minutes,
    allowed_spans,
    minute_of_week,
    minutes_until_allowed,
)
from scrape_operator.core.schedule.windows import DAYS, Window, WindowMode, Windows, parse_window
from tests.core.schedule.test_next_inside import UTC_ZONE, specs

AHEAD = timezone(timedelta(hours=1))


def test_due_times_are_a_year_from_what_a_datetime_can_hold() -> None:
    assert (FIRST.isoformat(), LAST.isoformat()) == ("0002-01-01T00:00:00+00:00", "9998-12-31T23:59:59.999999+00:00")
    assert FIRST - INSTANT < FIRST
    assert timedelta(microseconds=1) == INSTANT


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-11-25T12:00:00+01:00", datetime(2026, 11, 25, 11, tzinfo=UTC)),
        ("0001-01-01T00:30:00+01:00", datetime(1, 1, 1, tzinfo=UTC)),
        ("9999-12-31T23:30:00-01:00", datetime(9999, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC)),
        ("9999-12-31T23:30:00Z", datetime(9999, 12, 31, 23, 30, tzinfo=UTC)),
    ],
)
def test_an_instant_in_utc_is_the_nearest_that_can_be_held(text: str, expected: datetime) -> None:
    found = in_utc(datetime.fromisoformat(text))
    assert (found, found.tzinfo) == (expected, UTC)


def test_seconds_are_counted_from_the_epoch_and_cut_off() -> None:
    assert [seconds_of(EPOCH + timedelta(milliseconds=ms)) for ms in (-1, 0, 999, 1000)] == [-1, 0, 0, 1]
    assert seconds_of(datetime(1970, 1, 1, 1, tzinfo=AHEAD)) == 0


@given(st.lists(specs, max_size=6), st.integers(0, MINUTES_OF_WEEK - 1))
def test_the_minutes_that_windows_allow_are_those_that_they_allow(
    drawn: list[tuple[str, list[str], str, str]], minute: int
) -> None:
    made = tuple(parse_window(mode, days, start, end) for mode, days, start, end in drawn)
    monday = datetime(2026, 11, 23, tzinfo=UTC) + timedelta(minutes=minute)
    allows = not made or Windows(made, UTC_ZONE).allows(monday)
    assert bool(allowed_minutes(made) >> minute & 1) is allows
    spans = allowed_spans(made)
    assert any(start <= minute < end for start, end in spans) is allows
    assert all(start < end for start, end in spans)
    assert all(one[1] < other[0] for one, other in itertools.pairwise(spans))
    assert minute_of_week(seconds_of(monday) // 60) == minute
    if spans:
        wait = minutes_until_allowed(allowed_minutes(made), minute)
        assert allowed_minutes(made) >> (minute + wait) % MINUTES_OF_WEEK & 1
        assert all(not allowed_minutes(made) >> (minute + n) % MINUTES_OF_WEEK & 1 for n in range(min(wait, 2_000)))


def test_a_window_over_the_end_of_the_week_goes_on_at_its_start() -> None:
    night = (Window(WindowMode.ALLOW, frozenset({DAYS.index("Sun")}), 23 * 60, 60),)
    assert allowed_spans(night) == ((0, 60), (MINUTES_OF_WEEK - 60, MINUTES_OF_WEEK))
