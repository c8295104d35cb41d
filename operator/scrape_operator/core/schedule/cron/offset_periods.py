"""A time zone as stretches of time with one offset, and what happens to the wall clock between them.

`zoneinfo` gives the offset of an instant but not the clock changes, so these are searched for: a day
apart at first, then by bisection. No zone of the tz database changes its offset twice within six days.
Instants are seconds since the epoch.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import lru_cache
from itertools import pairwise
from zoneinfo import ZoneInfo

from scrape_operator.core.schedule.due_times import EPOCH

_DAY = 86_400
_LOOK_BACK = 3 * _DAY
"""Longer than any clock change: the largest ones cross the date line, by a day."""


@dataclass(frozen=True, slots=True)
class OffsetPeriod:
    """The instants from `start` to before `end`, all of them `offset` seconds ahead of UTC.

    `skipped` is how many seconds of wall time the clock jumped over at `start`. `is_repeated` means
    that every wall time in it was read before, as in the second pass of a doubled hour.
    """

    start: int
    end: int
    offset: int
    skipped: int = 0
    is_repeated: bool = False


@lru_cache(maxsize=4_096)
def offset_periods(zone: ZoneInfo, year: int) -> tuple[OffsetPeriod, ...]:
    """Give the stretches that make up a year of UTC, in order and without holes. `year` is 2 to 9998."""
    begin, end = _new_year(year), _new_year(year + 1)
    found = _stretches(zone, begin - _LOOK_BACK, end)
    return tuple(
        stretch if stretch.start >= begin else replace(stretch, start=begin, skipped=0)
        for stretch in found
        if stretch.end > begin
    )


def _stretches(zone: ZoneInfo, begin: int, end: int) -> Iterator[OffsetPeriod]:
    before = None
    for start, stop in pairwise([begin, *_changes(zone, begin, end), end]):
        offset = _offset(zone, start)
        jump = 0 if before is None else offset - before
        fresh = min(stop, start + max(0, -jump))
        if start < fresh:
            yield OffsetPeriod(start, fresh, offset, is_repeated=True)
        if fresh < stop:
            yield OffsetPeriod(fresh, stop, offset, skipped=max(0, jump))
        before = offset


def _changes(zone: ZoneInfo, begin: int, end: int) -> Iterator[int]:
    for low, high in pairwise([*range(begin, end, _DAY), end]):
        offset = _offset(zone, low)
        if offset != _offset(zone, high):
            yield _bisect(zone, low, high, offset)


def _bisect(zone: ZoneInfo, low: int, high: int, offset: int) -> int:
    """Give the first second after `low` that no longer has `offset`."""
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


def _new_year(year: int) -> int:
    return (EPOCH.replace(year=year) - EPOCH) // timedelta(seconds=1)
