"""A brute-force reading of the rules in docs/scheduling.md, minute by minute.

Slow, literal, and independent of the product: the tests hold the arithmetic against it.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

MINUTE = timedelta(minutes=1)
MONTHS = "jan feb mar apr may jun jul aug sep oct nov dec"
WEEKDAYS = "sun mon tue wed thu fri sat"


@dataclass(frozen=True)
class Reading:
    """An expression without `H`, each field as the set of its values."""

    minutes: frozenset[int]
    hours: frozenset[int]
    days: frozenset[int]
    months: frozenset[int]
    weekdays: frozenset[int]
    either_day: bool
    is_elapsed: bool

    def names(self, wall: datetime) -> bool:
        """Whether the expression names a wall time."""
        day, weekday = wall.day in self.days, wall.isoweekday() % 7 in self.weekdays
        return (
            wall.minute in self.minutes
            and wall.hour in self.hours
            and wall.month in self.months
            and ((day or weekday) if self.either_day else (day and weekday))
        )


def read(text: str) -> Reading:
    minute, hour, day, month, weekday = text.split()
    weekdays = _values(weekday, 0, 6, WEEKDAYS)
    return Reading(
        minutes=_values(minute, 0, 59),
        hours=_values(hour, 0, 23),
        days=_values(day, 1, 31),
        months=_values(month, 1, 12, MONTHS),
        weekdays=frozenset(value % 7 for value in weekdays),
        either_day=_is_restricted(day) and _is_restricted(weekday),
        is_elapsed=minute[0] in "*?" or hour[0] in "*?",
    )


def due_times(texts: Sequence[str], zone: ZoneInfo, start: datetime, end: datetime) -> list[datetime]:
    """Return the due times t with start <= t < end; both are whole minutes."""
    readings = [read(text) for text in texts]
    found = []
    before = _wall(start - MINUTE, zone)
    instant = start
    while instant < end:
        wall = _wall(instant, zone)
        if any(_is_due(reading, before, wall) for reading in readings):
            found.append(instant.astimezone(UTC))
        before = wall
        instant += MINUTE
    return found


def _is_due(reading: Reading, before: datetime, wall: datetime) -> bool:
    if reading.is_elapsed:
        return reading.names(wall)
    if wall.fold == 0 and reading.names(wall):
        return True
    return any(reading.names(skipped) for skipped in _between(before, wall))


def _between(before: datetime, wall: datetime) -> Iterator[datetime]:
    """Return the wall minutes that the clock jumped over from one minute to the next."""
    skipped = before.replace(fold=0) + MINUTE
    while skipped < wall:
        yield skipped
        skipped += MINUTE


def _wall(instant: datetime, zone: ZoneInfo) -> datetime:
    return instant.astimezone(zone).replace(tzinfo=None)


def _is_restricted(text: str) -> bool:
    return not {"*", "?", "*/1", "?/1"} & set(text.split(","))


def _values(text: str, low: int, high: int, names: str = "") -> frozenset[int]:
    found: set[int] = set()
    for element in text.lower().split(","):
        body, slash, step = element.partition("/")
        first, dash, last = body.partition("-")
        if body in {"*", "?"}:
            numbers = range(low, high + 1)
        elif dash:
            numbers = range(_number(first, low, names), _number(last, low, names) + 1)
        elif slash:
            numbers = range(_number(body, low, names), high + 1)
        else:
            numbers = range(_number(body, low, names), _number(body, low, names) + 1)
        found.update(numbers[:: int(step or 1)])
    return frozenset(found)


def _number(text: str, low: int, names: str) -> int:
    return names.split().index(text) + low if text in names.split() else int(text)


def is_inside(days: Sequence[str], start: str, end: str, instant: datetime, zone: ZoneInfo) -> bool:
    """Whether an instant is in a window, by what the wall clock shows, as text."""
    wall = instant.astimezone(zone)
    yesterday = (wall.replace(tzinfo=None) - timedelta(days=1)).strftime("%a")
    clock = wall.strftime("%H:%M")
    if start < end:
        return wall.strftime("%a") in days and start <= clock < end
    return (wall.strftime("%a") in days and clock >= start) or (yesterday in days and clock < end)
