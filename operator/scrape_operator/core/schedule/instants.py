"""The instants that schedules are computed with: aware, in UTC, and with room for every time zone."""

from datetime import UTC, datetime, timedelta

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

FIRST_YEAR, LAST_YEAR = 2, 9998
"""The years of due times: one year from either end of what a datetime holds, so that it holds local times, too."""

FIRST = datetime(FIRST_YEAR, 1, 1, tzinfo=UTC)
LAST = datetime(LAST_YEAR, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC)

_EARLIEST = datetime(1, 1, 1, tzinfo=UTC)
_LATEST = datetime(9999, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC)

INSTANT = timedelta(microseconds=1)
"""The resolution of a datetime: strictly after `t - INSTANT` is at or after `t`."""


def in_utc(instant: datetime) -> datetime:
    """Return an aware instant in UTC; where a datetime cannot hold that, return the nearest that it can."""
    try:
        return instant.astimezone(UTC)
    except OverflowError:
        return _LATEST if instant.year > LAST_YEAR else _EARLIEST


def seconds_of(instant: datetime) -> int:
    """Return the whole seconds from the epoch to an instant."""
    return (instant - EPOCH) // timedelta(seconds=1)
