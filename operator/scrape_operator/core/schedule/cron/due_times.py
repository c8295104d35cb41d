"""Due times of cron expressions in a time zone: the `DueTimes` of a schedule that has `schedules`."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from itertools import islice, takewhile
from zoneinfo import ZoneInfo

from scrape_operator.core.schedule.cron.expression import CronExpression, count_in, first_in, last_in
from scrape_operator.core.schedule.due_times import YEARS_AHEAD
from scrape_operator.core.schedule.instants import EPOCH, seconds_of
from scrape_operator.core.schedule.offset_periods import OffsetPeriod, periods_from, periods_until
from scrape_operator.core.schedule.wall_weeks import allowed_minutes, minute_of_week
from scrape_operator.core.schedule.windows import Windows


@dataclass(frozen=True, slots=True)
class CronDueTimes:
    """The instants that any of the expressions names in a zone; two that coincide are one.

    Clock changes are handled as in Debian's cron(8): an expression that follows elapsed time is due wherever its wall
    time is read. Any other is due once for each of its wall times, at the first instant at which the clock reads it or
    has jumped past it.
    """

    expressions: tuple[CronExpression, ...]
    zone: ZoneInfo

    def next_after(self, instant: datetime) -> datetime | None:
        """Return the first due time strictly after `instant`, or None if there is none."""
        since = seconds_of(instant) + 1
        return _earliest(self.first_in_period(period, since) for period in periods_from(self.zone, since))

    def latest_until(self, instant: datetime) -> datetime | None:
        """Return the last due time at or before `instant`, or None if there is none."""
        until = seconds_of(instant)
        return _earliest(self._last(period, until) for period in periods_until(self.zone, until))

    def count_between(self, after: datetime, until: datetime) -> int:
        """Count the due times t with after < t <= until; a year costs about a millisecond for each expression."""
        first, last = seconds_of(after), seconds_of(until)
        periods = takewhile(lambda period: period.start <= last, periods_from(self.zone, first))
        return sum(self._count(period, first, last) for period in periods)

    def next_inside(self, windows: Windows, instant: datetime) -> datetime | None:
        """Return the first due time strictly after `instant` that the windows allow, within YEARS_AHEAD years."""
        due = self.next_after(instant)
        if due is None or windows.allows(due):
            return due
        second = seconds_of(due)
        period = next(periods_from(self.zone, second, YEARS_AHEAD))
        found = self.first_in_period(period, second, allowed_minutes(windows.windows))
        return _earliest((found if found is not None else _first_inside_after(self, windows, period),))

    def first_in_period(self, period: OffsetPeriod, since: int, allowed: int | None = None) -> int | None:
        """Return the first due second of a period from `since` on, of the minutes of the week that are `allowed`."""
        if since <= period.start and self._is_due_at_jump(period) and _is_allowed(period, allowed):
            return period.start
        low, high = _wall_minutes(period, max(period.start, since), period.end)
        minute = first_in(self._read_in(period), low, high, allowed)
        return None if minute is None else minute * 60 - period.offset

    def _last(self, period: OffsetPeriod, until: int) -> int | None:
        low, high = _wall_minutes(period, period.start, min(period.end, until + 1))
        minute = last_in(self._read_in(period), low, high)
        if minute is not None:
            return minute * 60 - period.offset
        return period.start if self._is_due_at_jump(period) else None

    def _count(self, period: OffsetPeriod, after: int, until: int) -> int:
        low, high = _wall_minutes(period, max(period.start, after + 1), min(period.end, until + 1))
        count = count_in(self._read_in(period), low, high)
        if after < period.start and self._is_due_at_jump(period):
            low, high = _wall_minutes(period, period.start, period.start + 1)
            count += first_in(self.expressions, low, high) is None
        return count

    def _read_in(self, period: OffsetPeriod) -> tuple[CronExpression, ...]:
        """Return the expressions whose wall times count in a period: a time of day counts the first time only."""
        if not period.is_repeated:
            return self.expressions
        return tuple(expression for expression in self.expressions if expression.follows_elapsed_time)

    def _is_due_at_jump(self, period: OffsetPeriod) -> bool:
        """Return whether a time of day is in the gap before a period, and so is due as the period starts."""
        if not period.skipped:
            return False
        low, high = _wall_minutes(period, period.start - period.skipped, period.start)
        times_of_day = tuple(expression for expression in self.expressions if not expression.follows_elapsed_time)
        return first_in(times_of_day, low, high) is not None


def _wall_minutes(period: OffsetPeriod, start: int, end: int) -> tuple[int, int]:
    """Return the range of wall minutes that begin from `start` to before `end`, at the offset of the period."""
    return -(-(start + period.offset) // 60), -(-(end + period.offset) // 60)


@lru_cache(maxsize=16_384)
def _first_inside_after(due_times: CronDueTimes, windows: Windows, period: OffsetPeriod) -> int | None:
    """Return the first due second after a period that the windows allow, within YEARS_AHEAD years, or None.

    The final answer is remembered, not that of each period: a schedule takes one entry until its present period ends.
    """
    allowed = allowed_minutes(windows.windows)
    later = islice(periods_from(due_times.zone, period.start, YEARS_AHEAD), 1, None)
    found = (due_times.first_in_period(period, period.start, allowed) for period in later)
    return next((second for second in found if second is not None), None)


def _is_allowed(period: OffsetPeriod, allowed: int | None) -> bool:
    """Return whether the minute of the week at the start of a period is one of those that are allowed."""
    return allowed is None or bool(allowed >> minute_of_week((period.start + period.offset) // 60) & 1)


def _earliest(found: Iterable[int | None]) -> datetime | None:
    """Return the first of some seconds that is not None, as an instant."""
    second = next((second for second in found if second is not None), None)
    return None if second is None else EPOCH + timedelta(seconds=second)
