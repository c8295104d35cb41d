"""When windows open next."""

from datetime import datetime, timedelta

from scrape_operator.core.schedule.instants import EPOCH, LAST, seconds_of
from scrape_operator.core.schedule.offset_periods import OffsetPeriod, periods_from
from scrape_operator.core.schedule.wall_weeks import allowed_minutes, minute_of_week, minutes_until_allowed
from scrape_operator.core.schedule.windows import Windows


def next_opening(windows: Windows, instant: datetime) -> datetime | None:
    """Return the first instant at or after `instant` that the windows allow, or None if they allow none."""
    if instant > LAST:
        return None
    if windows.allows(instant):
        return instant
    allowed = allowed_minutes(windows.windows)
    if not allowed:
        return None
    second = seconds_of(instant)
    for period in periods_from(windows.zone, second):
        found = _first_in(period, max(period.start, second), allowed)
        if found < period.end:
            return EPOCH + timedelta(seconds=found)
    return None


def _first_in(period: OffsetPeriod, start: int, allowed: int) -> int:
    """Return the first second that starts an allowed wall minute, as if the period did not end."""
    minute = -(-(start + period.offset) // 60)
    return (minute + minutes_until_allowed(allowed, minute_of_week(minute))) * 60 - period.offset
