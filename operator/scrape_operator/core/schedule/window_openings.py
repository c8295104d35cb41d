"""When windows open next: the question that `coming` asks, so that it need not walk through a night's due times."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from functools import lru_cache

from scrape_operator.core.schedule.cron.offset_periods import OffsetPeriod, offset_periods
from scrape_operator.core.schedule.due_times import EPOCH
from scrape_operator.core.schedule.windows import Window, WindowMode, Windows

MINUTES_OF_DAY = 1_440
MINUTES_OF_WEEK = 7 * MINUTES_OF_DAY

_THURSDAY = 3 * MINUTES_OF_DAY
"""The epoch was a Thursday; weeks begin on Monday here."""

_WHOLE_WEEK = (1 << MINUTES_OF_WEEK) - 1
_SECOND = timedelta(seconds=1)


def next_opening(windows: Windows, instant: datetime) -> datetime | None:
    """Give the first instant at or after `instant` that the windows allow; None where they allow none."""
    if windows.allows(instant):
        return instant
    allowed = _allowed_minutes(windows.windows)
    if not allowed:
        return None
    second = (instant - EPOCH) // _SECOND
    year = instant.astimezone(UTC).year
    for stretch in (*offset_periods(windows.zone, year), *offset_periods(windows.zone, year + 1)):
        if stretch.end > second:
            found = _first_in(stretch, max(stretch.start, second), allowed)
            if found < stretch.end:
                return EPOCH + timedelta(seconds=found)
    return None


def _first_in(stretch: OffsetPeriod, start: int, allowed: int) -> int:
    """Give the first second, at the start of a wall minute, that is allowed if the stretch goes on for so long."""
    minute = -(-(start + stretch.offset) // 60)
    place = (minute + _THURSDAY) % MINUTES_OF_WEEK
    ahead = (allowed >> place | allowed << MINUTES_OF_WEEK - place) & _WHOLE_WEEK
    return (minute + (ahead & -ahead).bit_length() - 1) * 60 - stretch.offset


@lru_cache(maxsize=256)
def _allowed_minutes(windows: Sequence[Window]) -> int:
    """Give the minutes of the week that windows allow, as bits from Monday 00:00 on, by the rules of `Windows`."""
    allowed, denied = 0, 0
    for window in windows:
        if window.mode is WindowMode.DENY:
            denied |= _minutes_of(window)
        else:
            allowed |= _minutes_of(window)
    only_denied = all(window.mode is WindowMode.DENY for window in windows)
    return (_WHOLE_WEEK if only_denied else allowed) & ~denied


def _minutes_of(window: Window) -> int:
    length = (window.end - window.start) % MINUTES_OF_DAY or MINUTES_OF_DAY
    minutes = 0
    for day in window.days:
        minutes |= (1 << length) - 1 << day * MINUTES_OF_DAY + window.start
    return (minutes | minutes >> MINUTES_OF_WEEK) & _WHOLE_WEEK
