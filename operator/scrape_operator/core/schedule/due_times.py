"""When a schedule is due: a sequence of aware UTC instants, and the sequence of an interval."""

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from itertools import islice
from typing import Protocol

from scrape_operator.core.schedule.congruences import first_multiple_within
from scrape_operator.core.schedule.instants import EPOCH, FIRST, INSTANT, LAST, seconds_of
from scrape_operator.core.schedule.offset_periods import OffsetPeriod, periods_from
from scrape_operator.core.schedule.wall_weeks import MINUTES_OF_WEEK, allowed_spans, minute_of_week
from scrape_operator.core.schedule.windows import Windows

MILLISECOND = timedelta(milliseconds=1)

YEARS_AHEAD = 40
"""How far ahead a due time inside the windows is searched for: 29 February is a Monday once in 28 or 40 years."""

_SECOND = 1_000_000
_MINUTE = 60 * _SECOND
_WEEK = MINUTES_OF_WEEK * _MINUTE


class DueTimes(Protocol):
    """A strictly increasing sequence of due times, from `instants.FIRST` to `instants.LAST`."""

    def next_after(self, instant: datetime) -> datetime | None:
        """Return the first due time strictly after `instant`, or None if there is none."""

    def latest_until(self, instant: datetime) -> datetime | None:
        """Return the last due time at or before `instant`, or None if there is none."""

    def count_between(self, after: datetime, until: datetime) -> int:
        """Count the due times t with after < t <= until."""

    def next_inside(self, windows: Windows, instant: datetime) -> datetime | None:
        """Return the first due time strictly after `instant` that the windows allow.

        The windows are in the time zone of the schedule. None: there is none within YEARS_AHEAD years.
        """


@dataclass(frozen=True, slots=True)
class IntervalDueTimes:
    """Every `period`, at the epoch plus `offset` plus whole periods.

    The phase depends on nothing but the offset, so it is the same after every restart and on
    every replica (Prometheus derives a target's scrape offset in the same way).
    """

    period: timedelta
    offset: timedelta = timedelta(0)

    def index_of(self, instant: datetime) -> int:
        """Return the number of the last due time at or before `instant`; number 0 is the first after the epoch."""
        return (min(max(instant, FIRST - INSTANT), LAST) - EPOCH - self.offset) // self.period

    def at(self, index: int) -> datetime:
        """Return the due time of a number."""
        return EPOCH + self.offset + index * self.period

    def next_after(self, instant: datetime) -> datetime | None:
        """Return the first due time strictly after `instant`, or None if there is none."""
        due = self.at(self.index_of(instant) + 1)
        return due if due <= LAST else None

    def latest_until(self, instant: datetime) -> datetime | None:
        """Return the last due time at or before `instant`, or None if there is none."""
        due = self.at(self.index_of(instant))
        return due if due >= FIRST else None

    def count_between(self, after: datetime, until: datetime) -> int:
        """Count the due times t with after < t <= until."""
        return max(0, self.index_of(until) - self.index_of(after))

    def next_inside(self, windows: Windows, instant: datetime) -> datetime | None:
        """Return the first due time strictly after `instant` that the windows allow, within YEARS_AHEAD years."""
        due = self.next_after(instant)
        if due is None or windows.allows(due):
            return due
        period = next(periods_from(windows.zone, seconds_of(due), YEARS_AHEAD))
        index = _first_inside_from(self, windows, period.offset, self.index_of(due))
        if index is None or not _is_before_end(self, index, period):
            index = _first_inside_after(self, windows, period)
        return None if index is None else self.at(index)


@lru_cache(maxsize=16_384)
def _first_inside_after(due_times: IntervalDueTimes, windows: Windows, period: OffsetPeriod) -> int | None:
    """Return the index of the first due time after a period that the windows allow, or None if there is none.

    The final answer is remembered, not that of each period: a schedule takes one entry until its present period ends.
    At some offsets from UTC no due time is inside, however long they last. They are looked at once.
    """
    without: set[int] = set()
    for later in islice(periods_from(windows.zone, period.start, YEARS_AHEAD), 1, None):
        if later.offset not in without:
            first = due_times.index_of(EPOCH + timedelta(seconds=later.start) - INSTANT) + 1
            index = _first_inside_from(due_times, windows, later.offset, first)
            if index is None:
                without.add(later.offset)
            elif _is_before_end(due_times, index, later):
                return index
    return None


def _is_before_end(due_times: IntervalDueTimes, index: int, period: OffsetPeriod) -> bool:
    """Return whether the due time of an index is before the end of a period."""
    return (due_times.offset + index * due_times.period) // INSTANT < period.end * _SECOND


def _first_inside_from(due_times: IntervalDueTimes, windows: Windows, offset: int, index: int) -> int | None:
    """Return the first index from `index` on whose due time the windows allow if the zone keeps its offset, or None.

    Then due times and windows are steps and ranges on a circle of one week.
    """
    step = due_times.period // INSTANT
    wall = (due_times.at(index) - EPOCH) // INSTANT + offset * _SECOND
    place = minute_of_week(wall // _MINUTE) * _MINUTE + wall % _MINUTE
    waits = [
        _first_step_within(step % _WEEK, (start * _MINUTE - place) % _WEEK, (end - start) * _MINUTE)
        for start, end in allowed_spans(windows.windows)
    ]
    return min((index + wait for wait in waits if wait is not None), default=None)


def _first_step_within(step: int, start: int, length: int) -> int | None:
    """Return the first multiple of a step that is in a range of the week, which may go over its end."""
    end = start + length - 1
    return 0 if end >= _WEEK else first_multiple_within(step, _WEEK, start, end)


def stable_offset(uid: str, period: timedelta) -> timedelta:
    """Return the phase of a schedule: a hash of its UID modulo the period, in whole milliseconds."""
    digest = hashlib.blake2b(uid.encode(), digest_size=8).digest()
    return int.from_bytes(digest) % max(1, period // MILLISECOND) * MILLISECOND
