"""The first and the last moment of a schedule (`spec.startTime`, `spec.endTime`), laid over its due times.

Called by the plan compiler.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from scrape_operator.core.errors import InvalidValue
from scrape_operator.core.schedule.due_times import DueTimes

_INSTANT = timedelta(microseconds=1)
"""The resolution of a datetime: strictly after `t - _INSTANT` is at or after `t`."""


@dataclass(frozen=True, slots=True)
class BoundedDueTimes:
    """The due times t of a schedule with start <= t <= end; a bound that is None doesn't count.

    Raises:
        InvalidValue: start is not before end.

    """

    due_times: DueTimes
    start: datetime | None = None
    end: datetime | None = None

    def __post_init__(self) -> None:
        if self.start is not None and self.end is not None and self.start >= self.end:
            raise InvalidValue("startTime must be before endTime")

    def next_after(self, instant: datetime) -> datetime | None:
        """Give the first due time strictly after `instant`; None after the last one."""
        due = self.due_times.next_after(self._not_before_start(instant))
        return None if due is None or (self.end is not None and due > self.end) else due

    def latest_until(self, instant: datetime) -> datetime | None:
        """Give the last due time at or before `instant`; None before the first one."""
        due = self.due_times.latest_until(self._not_after_end(instant))
        return None if due is None or (self.start is not None and due < self.start) else due

    def count_between(self, after: datetime, until: datetime) -> int:
        """Count the due times t with after < t <= until."""
        after, until = self._not_before_start(after), self._not_after_end(until)
        return self.due_times.count_between(after, until) if after < until else 0

    def _not_before_start(self, after: datetime) -> datetime:
        return after if self.start is None else max(after, self.start - _INSTANT)

    def _not_after_end(self, until: datetime) -> datetime:
        return until if self.end is None else min(until, self.end)
