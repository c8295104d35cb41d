"""The shortest time between two due times of cron expressions, computed from their fields.

No due time is enumerated: minutes that come once in years count like those of every day, and no spec makes it slow.
"""

from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from functools import lru_cache
from itertools import combinations_with_replacement
from typing import NamedTuple

from scrape_operator.core.schedule.cron.expression import CronExpression
from scrape_operator.core.schedule.wall_weeks import MINUTES_OF_DAY, lowest

_MINUTE = timedelta(minutes=1)

_FIRST_DAY, _LAST_DAY = date(2001, 1, 1).toordinal(), date(2028, 12, 31).toordinal()
_CYCLE = _LAST_DAY - _FIRST_DAY + 1
"""The days of 28 years. Any two successive years of the Gregorian calendar have the same dates and weekdays as two of
these, also around 2100, so gaps of up to a year are exact."""


def shortest_gap(expressions: Sequence[CronExpression], below: timedelta) -> timedelta | None:
    """Return the shortest time between two due times if it is less than `below`, else None.

    It is the difference on the wall clock: clock changes are left out. `below` is a year at most.
    """
    limit = -(-below // _MINUTE)
    schedules = [_DaysAndTimes(_due_days(expression), expression.times) for expression in expressions]
    within_day = min(_gaps_within_day(schedules), default=limit)
    shortest = min(within_day, limit)
    shortest = min(_gaps_between_days(schedules, shortest), default=shortest)
    return shortest * _MINUTE if shortest < limit else None


class _DaysAndTimes(NamedTuple):
    """The days of the cycle and the minutes of the day of one expression, as bits."""

    days: int
    times: int


def _gaps_within_day(schedules: Sequence[_DaysAndTimes]) -> Iterator[int]:
    """Yield the shortest gap, in minutes, between the times of any two expressions that share a day."""
    pairs = combinations_with_replacement(schedules, 2)
    for times in {one.times | other.times for one, other in pairs if one.days & other.days}:
        zeros_between = f"{times:b}".strip("0").split("1")[1:-1]
        if zeros_between:
            yield min(map(len, zeros_between)) + 1


def _gaps_between_days(schedules: Sequence[_DaysAndTimes], limit: int) -> Iterator[int]:
    """Yield the gaps, in minutes and less than `limit`, from the last time of a day to the first of a later one."""
    for distance in range(1, -(-limit // MINUTES_OF_DAY) + 1):
        for later in schedules:
            first, days = distance * MINUTES_OF_DAY + lowest(later.times), _days_before(later.days, distance)
            for earlier in schedules:
                gap = first - earlier.times.bit_length() + 1
                if gap < limit and earlier.days & days:
                    yield gap


def _days_before(days: int, distance: int) -> int:
    """Return the days that are `distance` days before the given ones. The cycle is followed by itself."""
    return (days | days << _CYCLE) >> distance


def _due_days(expression: CronExpression) -> int:
    """Return the days of the cycle that match an expression: bit n is set for the day n days after the first one."""
    calendar = _calendar()
    by_day, by_weekday = _union(calendar.days, expression.days), _union(calendar.weekdays, expression.weekdays)
    both = by_day | by_weekday if expression.either_day else by_day & by_weekday
    return both & _union(calendar.months, expression.months)


def _union(sets: Sequence[int], numbers: int) -> int:
    """Return the union of the sets whose numbers are in `numbers`, as bits."""
    return sum(days for number, days in enumerate(sets) if numbers >> number & 1)


class _Calendar(NamedTuple):
    """The days of the cycle as bits, by day of the month, by month and by weekday (Sunday is 0)."""

    days: Sequence[int]
    months: Sequence[int]
    weekdays: Sequence[int]


@lru_cache(maxsize=1)
def _calendar() -> _Calendar:
    days, months, weekdays = [0] * 32, [0] * 13, [0] * 7
    for place in range(_CYCLE):
        day = date.fromordinal(_FIRST_DAY + place)
        days[day.day] |= 1 << place
        months[day.month] |= 1 << place
        weekdays[day.isoweekday() % 7] |= 1 << place
    return _Calendar(days, months, weekdays)
