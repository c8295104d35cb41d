"""startTime and endTime: no run before the one, none after the other."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scrape_operator.core.errors import InvalidValue
from scrape_operator.core.schedule.bounds import BoundedDueTimes
from scrape_operator.core.schedule.due_times import IntervalDueTimes

NEW_YEAR = datetime(2026, 1, 1, tzinfo=UTC)
HOUR = timedelta(hours=1)
MOMENT = timedelta(microseconds=1)
hourly = IntervalDueTimes(HOUR)
instants = st.timedeltas(timedelta(hours=-30), timedelta(hours=30)).map(lambda delta: NEW_YEAR + delta)
maybe_instants = st.one_of(st.none(), instants, st.integers(-20, 20).map(lambda hours: NEW_YEAR + hours * HOUR))


def test_a_due_time_on_a_bound_is_within_it() -> None:
    bounded = BoundedDueTimes(hourly, NEW_YEAR, NEW_YEAR + 2 * HOUR)
    assert bounded.next_after(NEW_YEAR - 9 * HOUR) == NEW_YEAR
    assert bounded.next_after(NEW_YEAR + HOUR) == NEW_YEAR + 2 * HOUR
    assert bounded.next_after(NEW_YEAR + 2 * HOUR) is None
    assert bounded.latest_until(NEW_YEAR - MOMENT) is None
    assert bounded.latest_until(NEW_YEAR) == NEW_YEAR
    assert bounded.latest_until(NEW_YEAR + 9 * HOUR) == NEW_YEAR + 2 * HOUR
    assert bounded.count_between(NEW_YEAR - 9 * HOUR, NEW_YEAR + 9 * HOUR) == 3


def test_a_start_at_the_end_of_the_calendar_leaves_the_last_instant() -> None:
    last = datetime(9998, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC)
    due_times = IntervalDueTimes(HOUR, last - NEW_YEAR)
    assert BoundedDueTimes(due_times, last).next_after(NEW_YEAR) == last
    assert BoundedDueTimes(due_times, last + MOMENT).next_after(NEW_YEAR) is None


@given(maybe_instants, maybe_instants, instants, instants)
def test_bounds_cut_the_due_times_and_change_none(
    start: datetime | None, end: datetime | None, after: datetime, until: datetime
) -> None:
    if start is not None and end is not None and start >= end:
        return
    bounded = BoundedDueTimes(hourly, start, end)
    every = [NEW_YEAR + hours * HOUR for hours in range(-100, 101)]
    kept = [due for due in every if (start is None or start <= due) and (end is None or due <= end)]
    assert bounded.next_after(after) == next((due for due in kept if due > after), None)
    assert bounded.latest_until(until) == next((due for due in reversed(kept) if due <= until), None)
    assert bounded.count_between(after, until) == sum(after < due <= until for due in kept)


@pytest.mark.parametrize("end", [NEW_YEAR, NEW_YEAR - MOMENT], ids=["equal", "earlier"])
def test_a_start_that_is_not_before_the_end_is_refused(end: datetime) -> None:
    with pytest.raises(InvalidValue, match="startTime must be before endTime"):
        BoundedDueTimes(hourly, NEW_YEAR, end)
