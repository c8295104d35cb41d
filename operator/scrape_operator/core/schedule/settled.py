"""Due times that were dealt with before the wall clock went back. `state` remembers them, `coming` leaves them out."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from scrape_operator.core.schedule.due_times import DueTimes
from scrape_operator.core.schedule.windows import Windows

Range = tuple[datetime, datetime]
"""The due times t with first < t <= last."""


RANGES_REMEMBERED = 8


def remember(ranges: Sequence[Range], first: datetime, last: datetime) -> tuple[Range, ...]:
    """Add a range to some that don't overlap; ranges that meet become one, and the latest ones are kept."""
    if first >= last:
        return tuple(ranges)
    merged: list[Range] = []
    for begin, end in sorted([*ranges, (first, last)]):
        if merged and begin <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((begin, end))
    return tuple(merged[-RANGES_REMEMBERED:])


@dataclass(frozen=True, slots=True)
class UnsettledDueTimes:
    """The due times that are in none of some ranges, which don't overlap."""

    due_times: DueTimes
    settled: Sequence[Range]

    def next_after(self, instant: datetime) -> datetime | None:
        """Return the first due time strictly after `instant`, or None if there is none."""
        due = self.due_times.next_after(instant)
        while due is not None and (settled := self._settling(due)) is not None:
            due = self.due_times.next_after(settled[1])
        return due

    def latest_until(self, instant: datetime) -> datetime | None:
        """Return the last due time at or before `instant`, or None if there is none."""
        due = self.due_times.latest_until(instant)
        while due is not None and (settled := self._settling(due)) is not None:
            due = self.due_times.latest_until(settled[0])
        return due

    def count_between(self, after: datetime, until: datetime) -> int:
        """Count the due times t with after < t <= until."""
        ranges = [(max(after, first), min(until, last)) for first, last in self.settled]
        settled = sum(self.due_times.count_between(first, last) for first, last in ranges if first < last)
        return self.due_times.count_between(after, until) - settled

    def next_inside(self, windows: Windows, instant: datetime) -> datetime | None:
        """Return the first due time strictly after `instant` that the windows allow, or None if there is none."""
        due = self.due_times.next_inside(windows, instant)
        while due is not None and (settled := self._settling(due)) is not None:
            due = self.due_times.next_inside(windows, settled[1])
        return due

    def _settling(self, due: datetime) -> Range | None:
        return next((settled for settled in self.settled if settled[0] < due <= settled[1]), None)
