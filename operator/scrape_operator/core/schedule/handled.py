"""Due times that were handled before the wall clock was set back: they come again, and must not run again."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from scrape_operator.core.schedule.due_times import DueTimes
from scrape_operator.core.schedule.windows import Windows

Range = tuple[datetime, datetime]
"""The due times t with first < t <= last."""

RANGES_REMEMBERED = 8


def add_range(ranges: Sequence[Range], first: datetime, last: datetime) -> tuple[Range, ...]:
    """Return ranges that do not overlap with one more: ranges that meet are joined, and the latest are kept."""
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
class UnhandledDueTimes:
    """The due times that are in none of some ranges, which do not overlap."""

    due_times: DueTimes
    handled: Sequence[Range]

    def next_after(self, instant: datetime) -> datetime | None:
        """Return the first due time strictly after `instant`, or None if there is none."""
        due = self.due_times.next_after(instant)
        while due is not None and (found := self._range_of(due)) is not None:
            due = self.due_times.next_after(found[1])
        return due

    def latest_until(self, instant: datetime) -> datetime | None:
        """Return the last due time at or before `instant`, or None if there is none."""
        due = self.due_times.latest_until(instant)
        while due is not None and (found := self._range_of(due)) is not None:
            due = self.due_times.latest_until(found[0])
        return due

    def count_between(self, after: datetime, until: datetime) -> int:
        """Count the due times t with after < t <= until."""
        count = self.due_times.count_between
        return count(after, until) - sum(count(max(after, first), min(until, last)) for first, last in self.handled)

    def next_inside(self, windows: Windows, instant: datetime) -> datetime | None:
        """Return the first due time strictly after `instant` that the windows allow, or None if there is none."""
        due = self.due_times.next_inside(windows, instant)
        while due is not None and (found := self._range_of(due)) is not None:
            due = self.due_times.next_inside(windows, found[1])
        return due

    def _range_of(self, due: datetime) -> Range | None:
        return next((found for found in self.handled if found[0] < due <= found[1]), None)
