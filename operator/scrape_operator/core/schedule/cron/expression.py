"""A parsed cron expression, and which minutes of the wall calendar it names.

Minutes are counted from 1970-01-01 00:00 on the wall calendar; `due_times` maps them to instants.
"""

import calendar
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from functools import lru_cache, reduce
from operator import or_

from scrape_operator.core.schedule.wall_weeks import MINUTES_OF_DAY, lowest, minute_of_week

_EPOCH_ORDINAL = date(1970, 1, 1).toordinal()
_WEEKDAYS = 7
_WHOLE_DAY = (1 << MINUTES_OF_DAY) - 1
_SIX_WEEKS = sum(1 << 7 * week for week in range(6))


@dataclass(frozen=True, slots=True)
class CronExpression:
    """One expression. Every set is an integer: bit n is set for value n.

    `times` are minutes of the day (0 to 1439), `weekdays` count from Sunday as 0. `either_day` means that both day
    fields are restricted, so that one of them is enough. `follows_elapsed_time` is the rule for
    clock changes (docs/scheduling.md).
    """

    text: str
    times: int
    days: int
    months: int
    weekdays: int
    either_day: bool
    follows_elapsed_time: bool

    def days_of(self, year: int, month: int) -> int:
        """Return the days of a month that match: bit d is set for day d."""
        if not self.months >> month & 1:
            return 0
        weekday_before, every_day = _shape(year, month)
        by_weekday = self.weekdays * _SIX_WEEKS >> weekday_before
        both = self.days | by_weekday if self.either_day else self.days & by_weekday
        return both & every_day


@lru_cache(maxsize=1_024)
def _shape(year: int, month: int) -> tuple[int, int]:
    """Return the weekday of the day before a month (Sunday is 0), and the bits of all days of the month."""
    weekday_before, length = calendar.monthrange(year, month)  # the weekday of the first day, where Monday is 0
    return weekday_before, (1 << length) - 1 << 1


def first_in(expressions: Sequence[CronExpression], low: int, high: int, allowed: int | None = None) -> int | None:
    """Return the first minute m with low <= m < high that any of the expressions names, or None if there is none.

    Args:
        expressions: The expressions.
        low: A minute of the wall calendar.
        high: A minute of the wall calendar.
        allowed: The minutes of the week that count, as bits; None stands for all.

    """
    if allowed is not None and not _meets(expressions, allowed):
        return None
    for start, times in _due_days(expressions, low, high):
        inside = times if allowed is None else times & allowed >> minute_of_week(start)
        if inside:
            return start + lowest(inside)
    return None


def _meets(expressions: Sequence[CronExpression], allowed: int) -> bool:
    """Return whether a time of day of the expressions is allowed on a weekday on which it can be due."""
    days = _allowed_times(allowed)
    return any(
        expression.times & day and (expression.either_day or expression.weekdays >> weekday & 1)
        for expression in expressions
        for weekday, day in enumerate(days)
    )


@lru_cache(maxsize=256)
def _allowed_times(allowed: int) -> Sequence[int]:
    """Return the minutes of the day that are allowed on each weekday, from Sunday on."""
    starts = [(weekday - 1) % _WEEKDAYS * MINUTES_OF_DAY for weekday in range(_WEEKDAYS)]
    return [allowed >> start & _WHOLE_DAY for start in starts]


def last_in(expressions: Sequence[CronExpression], low: int, high: int) -> int | None:
    """Return the last minute m with low <= m < high that any of the expressions names, or None if there is none."""
    for start, times in _due_days(expressions, low, high, descending=True):
        return start + times.bit_length() - 1
    return None


def count_in(expressions: Sequence[CronExpression], low: int, high: int) -> int:
    """Count the minutes m with low <= m < high that any of the expressions names."""
    return sum(times.bit_count() for _, times in _due_days(expressions, low, high))


def _due_days(
    expressions: Sequence[CronExpression], low: int, high: int, *, descending: bool = False
) -> Iterator[tuple[int, int]]:
    """Yield the days that have due minutes in [low, high): the first minute of the day, and the due minutes as bits."""
    if not expressions or low >= high:
        return
    for day in _matching_days(expressions, low // MINUTES_OF_DAY, (high - 1) // MINUTES_OF_DAY, descending=descending):
        start, times = day
        if start < low:
            times = times >> (low - start) << (low - start)
        if high < start + MINUTES_OF_DAY:
            times &= (1 << high - start) - 1
        if times:
            yield start, times


def _matching_days(
    expressions: Sequence[CronExpression], first_day: int, last_day: int, *, descending: bool
) -> Iterator[tuple[int, int]]:
    """Yield each matching day from first to last: its first minute, and the union of the times of its expressions."""
    for year, month in _months(first_day, last_day, descending=descending):
        parts = [(expression.days_of(year, month), expression.times) for expression in expressions]
        before = date(year, month, 1).toordinal() - _EPOCH_ORDINAL - 1
        days = reduce(or_, (part for part, _ in parts))
        days &= -1 << max(first_day, before) - before
        days &= ~(-1 << last_day - before + 1)
        while days:
            day = days.bit_length() - 1 if descending else lowest(days)
            days ^= 1 << day
            times = 0
            for part, part_times in parts:
                if part >> day & 1:
                    times |= part_times
            yield (before + day) * MINUTES_OF_DAY, times


def _months(first_day: int, last_day: int, *, descending: bool) -> Iterator[tuple[int, int]]:
    first = date.fromordinal(first_day + _EPOCH_ORDINAL)
    last = date.fromordinal(last_day + _EPOCH_ORDINAL)
    months = range(first.year * 12 + first.month - 1, last.year * 12 + last.month)
    for index in reversed(months) if descending else months:
        yield index // 12, index % 12 + 1
