"""Due times of an interval: the laws of `DueTimes`, and a phase that nothing moves."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scrape_operator.core.schedule.due_times import MILLISECOND, IntervalDueTimes, stable_offset
from scrape_operator.core.schedule.instants import EPOCH, FIRST, LAST

MOMENT = timedelta(microseconds=1)
EARLIEST = datetime(1, 1, 1, tzinfo=UTC)
LATEST = datetime(9999, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC)
periods = st.integers(1_000, 720 * 3_600_000).map(lambda milliseconds: milliseconds * MILLISECOND)
uids = st.uuids().map(str)
instants = st.timedeltas(timedelta(0), timedelta(days=240 * 365)).map(
    lambda later: datetime(1960, 1, 1, tzinfo=UTC) + later
)


class Interval(IntervalDueTimes):
    """An interval far from the ends of time, where there is always another due time."""

    def next_after(self, instant: datetime) -> datetime:
        due = super().next_after(instant)
        assert due is not None
        return due

    def latest_until(self, instant: datetime) -> datetime:
        due = super().latest_until(instant)
        assert due is not None
        return due


@given(uids, periods, instants)
def test_the_next_due_time_is_in_the_future_and_at_most_one_period_away(
    uid: str, period: timedelta, now: datetime
) -> None:
    due_times = Interval(period, stable_offset(uid, period))
    assert now < due_times.next_after(now) <= now + period
    assert now - period < due_times.latest_until(now) <= now
    assert due_times.next_after(now) - due_times.latest_until(now) == period


@given(uids, periods, instants)
def test_the_questions_are_inverse_to_each_other(uid: str, period: timedelta, now: datetime) -> None:
    due_times = Interval(period, stable_offset(uid, period))
    due = due_times.next_after(now)
    assert due_times.latest_until(due) == due
    assert due_times.latest_until(due - MOMENT) == due_times.latest_until(now)
    assert due_times.next_after(due_times.latest_until(now)) == due
    assert due_times.next_after(due - MOMENT) == due


@given(uids, periods, instants, st.integers(0, 40), st.timedeltas(timedelta(0), timedelta(seconds=1)))
def test_counting_is_enumerating(uid: str, period: timedelta, after: datetime, steps: int, rest: timedelta) -> None:
    due_times = Interval(period, stable_offset(uid, period))
    until = after + steps * period + rest
    count, due = 0, due_times.next_after(after)
    while due <= until:
        count, due = count + 1, due_times.next_after(due)
    assert due_times.count_between(after, until) == count
    assert due_times.count_between(until, after) == 0


@given(uids, periods, instants, instants)
def test_the_phase_is_the_same_after_every_restart(
    uid: str, period: timedelta, before: datetime, after: datetime
) -> None:
    once = Interval(period, stable_offset(uid, period)).next_after(before)
    again = Interval(period, stable_offset(uid, period)).next_after(after)
    assert (again - once) % period == timedelta(0)
    assert (once - EPOCH) % period == stable_offset(uid, period)


@given(uids, periods)
def test_an_offset_is_within_the_period_in_whole_milliseconds(uid: str, period: timedelta) -> None:
    offset = stable_offset(uid, period)
    assert timedelta(0) <= offset < period
    assert offset % MILLISECOND == timedelta(0)


def test_the_offset_of_a_uid_is_the_same_in_every_release() -> None:
    uid = "6f2a8a6e-63f7-4f3c-9a55-0d3c5b1f7a10"
    assert stable_offset(uid, timedelta(minutes=5)) == timedelta(seconds=39, milliseconds=7)
    assert stable_offset(uid, timedelta(0)) == timedelta(0)


def test_many_objects_are_spread_over_the_period() -> None:
    seconds = {stable_offset(f"uid-{n}", timedelta(minutes=1)) // timedelta(seconds=1) for n in range(2_000)}
    assert seconds == set(range(60))


@given(periods, instants)
def test_without_spread_due_times_are_whole_periods_since_the_epoch(period: timedelta, now: datetime) -> None:
    assert (Interval(period).next_after(now) - EPOCH) % period == timedelta(0)


@pytest.mark.parametrize("offset", [timedelta(0), timedelta(milliseconds=1), timedelta(microseconds=999_999)])
@pytest.mark.parametrize("period", [timedelta(seconds=1), timedelta(hours=720)])
def test_due_times_end_before_a_datetime_does(period: timedelta, offset: timedelta) -> None:
    due_times = IntervalDueTimes(period, offset)
    first, last = due_times.next_after(EARLIEST), due_times.latest_until(LATEST)
    assert first is not None
    assert last is not None
    assert FIRST <= first < FIRST + period
    assert LAST - period < last <= LAST
    assert due_times.next_after(last) is due_times.latest_until(first - MOMENT) is None
    assert due_times.next_after(LATEST) is due_times.latest_until(EARLIEST) is None
    assert due_times.next_after(last - MOMENT) == last
    assert due_times.latest_until(first) == first
    assert due_times.count_between(EARLIEST, LATEST) == (last - first) // period + 1
