"""Due times of cron expressions in a time zone: the `DueTimes` of a schedule that has `schedules`."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from scrape_operator.core.schedule.cron.expression import CronExpression, count_in, first_in, last_in
from scrape_operator.core.schedule.cron.offset_periods import OffsetPeriod, offset_periods
from scrape_operator.core.schedule.due_times import EPOCH

_SECOND = timedelta(seconds=1)
_FIRST_YEAR, _LAST_YEAR = 2, 9998
"""A year from either end of what a datetime can hold, so that local times can be held too."""


@dataclass(frozen=True, slots=True)
class CronDueTimes:
    """The instants that any of the expressions names in a zone; two that coincide are one.

    Clock changes (api.md, after Debian's cron(8)): an expression that follows elapsed time is due
    wherever its wall time is read. Any other is due once for each of its wall times, at the first
    instant at which the clock reads it or has jumped past it.
    """

    expressions: tuple[CronExpression, ...]
    zone: ZoneInfo

    def next_after(self, instant: datetime) -> datetime | None:
        """Give the first due time strictly after `instant`; None beyond the year 9998."""
        after = _seconds(instant)
        for year in range(_year(instant), _LAST_YEAR + 1):
            for stretch in offset_periods(self.zone, year):
                found = self._first(stretch, after) if stretch.end > after else None
                if found is not None:
                    return EPOCH + timedelta(seconds=found)
        return None

    def latest_until(self, instant: datetime) -> datetime | None:
        """Give the last due time at or before `instant`; None before the year 2."""
        until = _seconds(instant)
        for year in range(_year(instant), _FIRST_YEAR - 1, -1):
            for stretch in reversed(offset_periods(self.zone, year)):
                found = self._last(stretch, until) if stretch.start <= until else None
                if found is not None:
                    return EPOCH + timedelta(seconds=found)
        return None

    def count_between(self, after: datetime, until: datetime) -> int:
        """Count the due times t with after < t <= until; a year costs about a millisecond per expression."""
        first, last = _seconds(after), _seconds(until)
        return sum(
            self._count(stretch, first, last)
            for year in range(_year(after), _year(until) + 1)
            for stretch in offset_periods(self.zone, year)
            if stretch.start <= last and stretch.end > first
        )

    def _first(self, stretch: OffsetPeriod, after: int) -> int | None:
        if after < stretch.start and self._is_due_at_jump(stretch):
            return stretch.start
        low, high = _wall_minutes(stretch, max(stretch.start, after + 1), stretch.end)
        minute = first_in(self._read_in(stretch), low, high)
        return None if minute is None else minute * 60 - stretch.offset

    def _last(self, stretch: OffsetPeriod, until: int) -> int | None:
        low, high = _wall_minutes(stretch, stretch.start, min(stretch.end, until + 1))
        minute = last_in(self._read_in(stretch), low, high)
        if minute is not None:
            return minute * 60 - stretch.offset
        return stretch.start if self._is_due_at_jump(stretch) else None

    def _count(self, stretch: OffsetPeriod, after: int, until: int) -> int:
        low, high = _wall_minutes(stretch, max(stretch.start, after + 1), min(stretch.end, until + 1))
        count = count_in(self._read_in(stretch), low, high)
        if after < stretch.start and self._is_due_at_jump(stretch):
            low, high = _wall_minutes(stretch, stretch.start, stretch.start + 1)
            count += first_in(self.expressions, low, high) is None
        return count

    def _read_in(self, stretch: OffsetPeriod) -> tuple[CronExpression, ...]:
        """Give the expressions whose wall times count in a stretch: a time of day counts the first time only."""
        if not stretch.is_repeated:
            return self.expressions
        return tuple(expression for expression in self.expressions if expression.follows_elapsed_time)

    def _is_due_at_jump(self, stretch: OffsetPeriod) -> bool:
        """Whether a time of day lies in the gap before a stretch, and so is due as it starts."""
        if not stretch.skipped:
            return False
        low, high = _wall_minutes(stretch, stretch.start - stretch.skipped, stretch.start)
        times_of_day = tuple(expression for expression in self.expressions if not expression.follows_elapsed_time)
        return first_in(times_of_day, low, high) is not None


def _wall_minutes(stretch: OffsetPeriod, start: int, end: int) -> tuple[int, int]:
    """Give the range of wall minutes that begin from `start` to before `end`, at the offset of the stretch."""
    return -(-(start + stretch.offset) // 60), -(-(end + stretch.offset) // 60)


def _seconds(instant: datetime) -> int:
    return (instant - EPOCH) // _SECOND


def _year(instant: datetime) -> int:
    return min(max(instant.astimezone(UTC).year, _FIRST_YEAR), _LAST_YEAR)
