"""A time zone as periods of one offset from UTC, and what happens to the wall clock between them.

`zoneinfo` returns the offset of an instant but not the clock changes, so these are searched for: some days apart at
first, then by bisection. No zone of the tz database changes its offset twice within six days.
Instants are seconds since the epoch.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import lru_cache
from itertools import pairwise
from zoneinfo import ZoneInfo

from scrape_operator.core.schedule.instants import EPOCH, FIRST_YEAR, LAST_YEAR, seconds_of

_STEP = 432_000
"""Five days: less than from one clock change to the next, and longer than any change, which is a day at most."""


@dataclass(frozen=True, slots=True)
class OffsetPeriod:
    """The instants from `start` to before `end`, all of them `offset` seconds ahead of UTC.

    `skipped` is how many seconds of wall time the clock jumped over at `start`. `is_repeated` means that every wall
    time in it was read before, as in the second pass of a doubled hour.
    """

    start: int
    end: int
    offset: int
    skipped: int = 0
    is_repeated: bool = False


def periods_from(zone: ZoneInfo, second: int, years: int = LAST_YEAR) -> Iterator[OffsetPeriod]:
    """Yield the periods that end after `second`, for so many calendar years of UTC. The first one may start before."""
    year = _year(second)
    for number in range(year, min(year + years, LAST_YEAR + 1)):
        for period in offset_periods(zone, number):
            if period.end > second:
                yield period


def periods_until(zone: ZoneInfo, second: int) -> Iterator[OffsetPeriod]:
    """Yield the periods that start at or before `second`, the latest first."""
    for year in range(_year(second), FIRST_YEAR - 1, -1):
        for period in reversed(offset_periods(zone, year)):
            if period.start <= second:
                yield period


@lru_cache(maxsize=8_192)
def offset_periods(zone: ZoneInfo, year: int) -> tuple[OffsetPeriod, ...]:
    """Return the periods that make up a year of UTC, in order and without holes.

    Args:
        zone: The time zone.
        year: A year from FIRST_YEAR to LAST_YEAR.

    """
    begin, end = _new_year(year), _new_year(year + 1)
    found = _periods(zone, begin - _STEP, end)
    return tuple(
        period if period.start >= begin else replace(period, start=begin, skipped=0)
        for period in found
        if period.end > begin
    )


def _periods(zone: ZoneInfo, begin: int, end: int) -> Iterator[OffsetPeriod]:
    before = _offset(zone, begin)
    for start, stop in pairwise([begin, *_changes(zone, begin, end), end]):
        offset = _offset(zone, start)
        jump = offset - before
        fresh = min(stop, start + max(0, -jump))
        if start < fresh:
            yield OffsetPeriod(start, fresh, offset, is_repeated=True)
        if fresh < stop:
            yield OffsetPeriod(fresh, stop, offset, skipped=max(0, jump))
        before = offset


def _changes(zone: ZoneInfo, begin: int, end: int) -> Iterator[int]:
    for low, high in pairwise([*range(begin, end, _STEP), end]):
        offset = _offset(zone, low)
        if offset != _offset(zone, high):
            yield _bisect(zone, low, high, offset)


def _bisect(zone: ZoneInfo, low: int, high: int, offset: int) -> int:
    """Return the first second after `low` that no longer has `offset`."""
    while high - low > 1:
        middle = (low + high) // 2
        if _offset(zone, middle) == offset:
            low = middle
        else:
            high = middle
    return high


def _offset(zone: ZoneInfo, second: int) -> int:
    local = (EPOCH + timedelta(seconds=second)).astimezone(zone)
    return (local.utcoffset() or timedelta(0)) // timedelta(seconds=1)


def _year(second: int) -> int:
    return (EPOCH + timedelta(seconds=min(max(second, _new_year(FIRST_YEAR)), _new_year(LAST_YEAR)))).year


def _new_year(year: int) -> int:
    return seconds_of(EPOCH.replace(year=year))
