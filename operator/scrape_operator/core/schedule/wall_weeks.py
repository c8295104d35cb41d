"""The week of the wall clock, from Monday 00:00 on, and which minutes of it windows allow."""

from collections.abc import Sequence
from functools import lru_cache

from scrape_operator.core.schedule.windows import Window, WindowMode

MINUTES_OF_DAY = 1_440
MINUTES_OF_WEEK = 7 * MINUTES_OF_DAY

_WHOLE_WEEK = (1 << MINUTES_OF_WEEK) - 1
_THURSDAY = 3 * MINUTES_OF_DAY
"""The epoch was a Thursday."""


def minute_of_week(minute: int) -> int:
    """Return the place in its week of a wall minute, counted from 1970-01-01 00:00."""
    return (minute + _THURSDAY) % MINUTES_OF_WEEK


@lru_cache(maxsize=256)
def allowed_minutes(windows: Sequence[Window]) -> int:
    """Return the minutes of the week that windows allow, by the rules of `Windows`: bit n is set for minute n."""
    allowed, denied = 0, 0
    for window in windows:
        if window.mode is WindowMode.DENY:
            denied |= _minutes_of(window)
        else:
            allowed |= _minutes_of(window)
    only_denied = all(window.mode is WindowMode.DENY for window in windows)
    return (_WHOLE_WEEK if only_denied else allowed) & ~denied


@lru_cache(maxsize=256)
def allowed_spans(windows: Sequence[Window]) -> tuple[tuple[int, int], ...]:
    """Return the minutes of the week that windows allow, as ranges from a first to before a last minute."""
    bits, start, spans = allowed_minutes(windows), 0, []
    while bits:
        gap = lowest(bits)
        bits >>= gap
        length = lowest(~bits)
        spans.append((start + gap, start + gap + length))
        bits >>= length
        start += gap + length
    return tuple(spans)


def minutes_until_allowed(allowed: int, place: int) -> int:
    """Return the minutes from a minute of the week to the first one that is allowed; at least one is."""
    ahead = (allowed >> place | allowed << MINUTES_OF_WEEK - place) & _WHOLE_WEEK
    return lowest(ahead)


def lowest(bits: int) -> int:
    """Return the place of the lowest bit that is set; one is."""
    return (bits & -bits).bit_length() - 1


def _minutes_of(window: Window) -> int:
    length = (window.end - window.start) % MINUTES_OF_DAY or MINUTES_OF_DAY
    minutes = 0
    for day in window.days:
        minutes |= (1 << length) - 1 << day * MINUTES_OF_DAY + window.start
    return (minutes | minutes >> MINUTES_OF_WEEK) & _WHOLE_WEEK
