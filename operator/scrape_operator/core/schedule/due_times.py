"""When a schedule is due: a sequence of aware UTC instants, and the sequence of an interval."""

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
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
        second = seconds_of(due)
        for period in periods_from(windows.zone, second, YEARS_AHEAD):
            if period.start > second:
                index = _first_inside(self, windows, period)
            else:
                index = _first_inside_from(self, windows, period, self.index_of(due))
            if index is not None:
                return self.at(index)
        return None


@lru_cache(maxsize=8_192)
def _first_inside(due_times: IntervalDueTimes, windows: Windows, period: OffsetPeriod) -> int | None:
    """Return the index of the first due time of a whole period that the windows allow, or None if there is none."""
    start = EPOCH + timedelta(seconds=period.start) - INSTANT
    return _first_inside_from(due_times, windows, period, due_times.index_of(start) + 1)


def _first_inside_from(due_times: IntervalDueTimes, windows: Windows, period: OffsetPeriod, index: int) -> int | None:
    """Return the first index from `index` on whose due time is in the period and allowed by the windows, or None.

    While the offset of the zone stays the same, due times and windows are steps and ranges on a circle of one week.
    """
    step = due_times.period // INSTANT
    wall = (due_times.at(index) - EPOCH) // INSTANT + period.offset * _SECOND
    place = minute_of_week(wall // _MINUTE) * _MINUTE + wall % _MINUTE
    waits = [
        _first_step_within(step % _WEEK, (start * _MINUTE - place) % _WEEK, (end - start) * _MINUTE)
        for start, end in allowed_spans(windows.windows)
    ]
    found = min((index + wait for wait in waits if wait is not None), default=None)
    if found is None:
        return None
    ends_before = period.end * _SECOND
    return found if (due_times.offset + found * due_times.period) // INSTANT < ends_before else None


def _first_step_within(step: int, start: int, length: int) -> int | None:
    """Return the first multiple of a step that is in a range of the week, which may go over its end."""
    end = start + length - 1
    return 0 if end >= _WEEK else first_multiple_within(step, _WEEK, start, end)


def stable_offset(uid: str, period: timedelta) -> timedelta:
    """Return the phase of a schedule: a hash of its UID modulo the period, in whole milliseconds."""
    digest = hashlib.blake2b(uid.encode(), digest_size=8).digest()
    return int.from_bytes(digest) % max(1, period // MILLISECOND) * MILLISECOND
