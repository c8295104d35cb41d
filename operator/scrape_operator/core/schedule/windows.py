"""Windows: the hours of the week in which a schedule may run (`spec.windows`)."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from zoneinfo import ZoneInfo

from scrape_operator.core.errors import InvalidValue

DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")

_TIME = re.compile(r"([01][0-9]|2[0-3]):[0-5][0-9]|24:00")
_MIDNIGHT = 24 * 60


class WindowMode(StrEnum):
    """Whether a schedule may run inside a window."""

    ALLOW = "Allow"
    DENY = "Deny"


@dataclass(frozen=True, slots=True)
class Window:
    """The time from `start` to before `end`, in minutes of the day (0 to 1440), on each of `days` (Monday is 0).

    A window with `start` after `end` spans midnight: it belongs to the day that it starts on.
    """

    mode: WindowMode
    days: frozenset[int]
    start: int
    end: int

    def covers(self, weekday: int, minute: int) -> bool:
        """Return whether a wall time is inside: a weekday (Monday is 0) and a minute of the day."""
        if self.start < self.end:
            return weekday in self.days and self.start <= minute < self.end
        if minute >= self.start:
            return weekday in self.days
        return minute < self.end and (weekday - 1) % 7 in self.days


@dataclass(frozen=True, slots=True)
class Windows:
    """All windows of a schedule, in its time zone. Deny beats Allow; with only Deny windows all else is allowed.

    What counts is the date and time that the wall clock shows at an instant. So a window has no part of an hour that
    the clock jumps over, and both passes of a doubled one. A due time that is moved out of a gap is inside or outside
    by the time to which it is moved.
    """

    windows: tuple[Window, ...]
    zone: ZoneInfo

    def allows(self, instant: datetime) -> bool:
        """Return whether a run that is due at an aware instant may start."""
        if not self.windows:
            return True
        local = instant.astimezone(self.zone)
        weekday, minute = local.weekday(), local.hour * 60 + local.minute
        inside = {window.mode for window in self.windows if window.covers(weekday, minute)}
        if WindowMode.DENY in inside:
            return False
        return WindowMode.ALLOW in inside or all(window.mode is WindowMode.DENY for window in self.windows)


def parse_window(mode: str, days: Iterable[str], start: str, end: str) -> Window:
    """Parse a window as users write it; no days means every day.

    Raises:
        InvalidValue: an unknown mode or day, a time that is not `HH:MM`, or a window without a minute.

    """
    first, last = _minute("from", start), _minute("to", end)
    if first == last or (first, last) == (_MIDNIGHT, 0):
        raise InvalidValue(f"a window from {start} to {end} is empty: for the whole day write from 00:00 to 24:00")
    if mode not in set(WindowMode):
        raise InvalidValue(f"mode {mode[:16]!r} is not known: use Allow or Deny")
    return Window(WindowMode(mode), frozenset(map(_weekday, days)) or frozenset(range(len(DAYS))), first, last)


def _minute(field: str, text: str) -> int:
    if _TIME.fullmatch(text) is None:
        raise InvalidValue(f"{field} {text[:16]!r} is not a time of day: write HH:MM, from 00:00 to 24:00")
    hours, _, minutes = text.partition(":")
    return int(hours) * 60 + int(minutes)


def _weekday(day: str) -> int:
    if day not in DAYS:
        raise InvalidValue(f"day {day[:16]!r} is not known: use {', '.join(DAYS)}")
    return DAYS.index(day)
