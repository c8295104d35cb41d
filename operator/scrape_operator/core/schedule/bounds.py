"""The due times of a schedule from `spec.startTime` to `spec.endTime`."""

from dataclasses import dataclass
from datetime import UTC, datetime

from scrape_operator.core.errors import InvalidValue
from scrape_operator.core.schedule.due_times import DueTimes
from scrape_operator.core.schedule.instants import FIRST, INSTANT, LAST
from scrape_operator.core.schedule.windows import Windows


@dataclass(frozen=True, slots=True)
class BoundedDueTimes:
    """The due times t of a schedule with start <= t <= end. A bound that is None is no bound.

    Raises:
        InvalidValue: The start is not before the end.

    """

    due_times: DueTimes
    start: datetime | None = None
    end: datetime | None = None

    def __post_init__(self) -> None:
        if self.start is not None and self.end is not None and self.start >= self.end:
            raise InvalidValue("startTime must be before endTime")

    def next_after(self, instant: datetime) -> datetime | None:
        """Return the first due time strictly after `instant`, or None if there is none."""
        return self._not_after_end(self.due_times.next_after(self._not_before_start(instant)))

    def latest_until(self, instant: datetime) -> datetime | None:
        """Return the last due time at or before `instant`, or None if there is none."""
        due = self.due_times.latest_until(self._until_end(instant))
        return None if due is None or (self.start is not None and due < self.start) else due

    def count_between(self, after: datetime, until: datetime) -> int:
        """Count the due times t with after < t <= until."""
        return self.due_times.count_between(self._not_before_start(after), self._until_end(until))

    def next_inside(self, windows: Windows, instant: datetime) -> datetime | None:
        """Return the first due time strictly after `instant` that the windows allow, or None if there is none."""
        return self._not_after_end(self.due_times.next_inside(windows, self._not_before_start(instant)))

    def _not_before_start(self, after: datetime) -> datetime:
        if self.start is None or self.start <= after:
            return after
        return LAST if self.start > LAST else max(self.start, FIRST).astimezone(UTC) - INSTANT

    def _until_end(self, until: datetime) -> datetime:
        return until if self.end is None else min(until, self.end)

    def _not_after_end(self, due: datetime | None) -> datetime | None:
        return None if due is None or (self.end is not None and due > self.end) else due
