"""What was dealt with before the clock went back is not due again; what was not, is."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scrape_operator.core.runs.slot import Due
from scrape_operator.core.schedule.due_times import IntervalDueTimes
from scrape_operator.core.schedule.handled import Range, UnhandledDueTimes, add_range
from scrape_operator.core.schedule.state import ScheduleState
from tests.support.schedule_plans import NOON, at

RANGES_REMEMBERED = 8

EVERY_MINUTE = IntervalDueTimes(timedelta(minutes=1))
minutes = st.integers(-60, 60)
bounds = st.lists(minutes, min_size=0, max_size=6, unique=True).map(sorted)


def test_ranges_that_meet_or_overlap_are_one() -> None:
    hour = (at(minutes=0), at(minutes=60))
    assert add_range([hour], at(minutes=60), at(minutes=90)) == ((at(minutes=0), at(minutes=90)),)
    assert add_range([hour], at(minutes=10), at(minutes=50)) == (hour,)
    assert add_range([hour], at(minutes=61), at(minutes=90)) == (hour, (at(minutes=61), at(minutes=90)))


def test_an_empty_range_is_none_and_the_eight_latest_are_kept() -> None:
    assert add_range([], NOON, NOON) == ()
    ranges: tuple[Range, ...] = ()
    for hour in range(9):
        ranges = add_range(ranges, at(hours=hour), at(hours=hour, minutes=1))
    assert ranges == tuple((at(hours=hour), at(hours=hour, minutes=1)) for hour in range(1, 9))


@given(bounds=bounds, after=minutes, until=minutes)
def test_it_is_the_due_times_less_those_in_the_ranges(bounds: list[int], after: int, until: int) -> None:
    ranges = [(at(minutes=a), at(minutes=b)) for a, b in zip(bounds[::2], bounds[1::2], strict=False)]
    due_times = UnhandledDueTimes(EVERY_MINUTE, ranges)
    left = [m for m in range(-200, 200) if not any(first < at(minutes=m) <= last for first, last in ranges)]
    assert due_times.next_after(at(minutes=after)) == at(minutes=min(m for m in left if m > after))
    assert due_times.latest_until(at(minutes=until)) == at(minutes=max(m for m in left if m <= until))
    between = [m for m in left if after < m <= until]
    assert due_times.count_between(at(minutes=after), at(minutes=until)) == max(0, len(between))


def handled(*minutes: int, missed: int = 0) -> ScheduleState:
    state = ScheduleState()
    for minute in minutes:
        state.take_slot(Due(at(minutes=minute)), at(minutes=minute), missed)
    return state


def test_after_a_jump_back_what_ran_one_by_one_lies_ahead_as_settled() -> None:
    state = handled(*range(61))
    state.set_clock_back(at(minutes=30))
    assert state.last_slot == at(minutes=30)
    assert state.ahead[-1][1] == at(minutes=60)
    assert UnhandledDueTimes(EVERY_MINUTE, state.ahead).next_after(at(minutes=30)) == at(minutes=61)


def test_what_was_only_counted_as_missed_is_open_again() -> None:
    state = handled(0, 1)
    state.take_slot(Due(at(days=1)), at(days=1), missed=1438)
    state.set_clock_back(at(minutes=2))
    due_times = UnhandledDueTimes(EVERY_MINUTE, state.ahead)
    assert due_times.next_after(at(minutes=2)) == at(minutes=3)
    assert due_times.next_after(at(minutes=1439)) == at(minutes=1441)


def test_a_clock_that_goes_back_to_before_the_first_due_time_waits_for_nothing() -> None:
    state = handled(0, 1, 2)
    state.set_clock_back(at(hours=-1))
    assert UnhandledDueTimes(EVERY_MINUTE, state.ahead).next_after(at(hours=-1)) == at(minutes=-59)
    assert UnhandledDueTimes(EVERY_MINUTE, state.ahead).next_after(at(minutes=-1)) == at(minutes=3)


def test_the_one_due_time_that_a_new_process_knows_of_is_not_due_again() -> None:
    state = ScheduleState(last_slot=at(minutes=10))
    state.set_clock_back(NOON)
    assert UnhandledDueTimes(EVERY_MINUTE, state.ahead).next_after(at(minutes=8)) == at(minutes=9)
    assert UnhandledDueTimes(EVERY_MINUTE, state.ahead).next_after(at(minutes=9)) == at(minutes=11)


@pytest.mark.parametrize("minute", [2, 3])
def test_ranges_are_forgotten_when_they_are_passed(minute: int) -> None:
    state = handled(0, 1, 2)
    state.set_clock_back(at(hours=-1))
    state.take_slot(Due(at(minutes=minute)), at(minutes=minute), 0)
    assert state.ahead == ()


def test_a_clock_that_goes_on_changes_nothing() -> None:
    state = handled(0, 1, 2)
    state.set_clock_back(at(minutes=2))
    state.skip_until(at(minutes=2))
    assert state == handled(0, 1, 2)
    empty = ScheduleState()
    empty.set_clock_back(NOON)
    assert empty == ScheduleState()


def test_a_range_that_ends_where_the_clock_is_set_back_to_is_not_ahead() -> None:
    state = handled(0, 1, 2)
    state.skip_until(at(minutes=10))
    state.take_slot(Due(at(minutes=11)), at(minutes=11), 0)
    state.set_clock_back(at(minutes=2))
    assert state.ahead == ((at(minutes=10), at(minutes=11)),)


@given(st.lists(st.tuples(st.sampled_from(["pass", "back", "resume"]), st.integers(0, 90)), max_size=30))
def test_whatever_the_clock_does_ranges_stay_disjoint_and_no_due_time_is_dealt_with_twice(
    steps: list[tuple[str, int]],
) -> None:
    state, now, done = ScheduleState(), 0, []
    state.skip_until(at(minutes=now))
    for what, by in steps:
        if what == "back":
            now -= by
        elif what == "resume":
            now += by
            state.set_clock_back(at(minutes=now))
            state.skip_until(at(minutes=now))
        for _ in range(by if what == "pass" else 0):
            now += 1
            state.set_clock_back(at(minutes=now))
            due = UnhandledDueTimes(EVERY_MINUTE, state.ahead).latest_until(at(minutes=now))
            if due is not None and state.last_slot is not None and due > state.last_slot:
                done.append(due)
                state.take_slot(Due(due), due, 0)
        assert all(one[1] <= other[0] for one, other in zip(state.ahead, state.ahead[1:], strict=False))
    assert len(done) == len(set(done)) or len(state.handled) == RANGES_REMEMBERED
