"""When a schedule is due: pure arithmetic on aware UTC instants (RFC 3339, millisecond resolution)."""

import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Protocol

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MILLISECOND = timedelta(milliseconds=1)


class DueTimes(Protocol):
    """A sequence of due times. Laws: strictly increasing; the same answer for the same question."""

    def next_after(self, instant: datetime) -> datetime | None:
        """Give the first due time strictly after `instant`; None where there is none."""

    def latest_until(self, instant: datetime) -> datetime | None:
        """Give the last due time at or before `instant`; None where there is none."""

    def count_between(self, after: datetime, until: datetime) -> int:
        """Count the due times t with after < t <= until."""


@dataclass(frozen=True, slots=True)
class IntervalDueTimes:
    """Every `period`, at the epoch plus `offset` plus whole periods.

    The phase depends on nothing but the offset, so it is the same after every restart and on
    every replica (Prometheus derives a target's scrape offset in the same way).
    """

    period: timedelta
    offset: timedelta = timedelta(0)

    def _index(self, instant: datetime) -> int:
        return (instant - EPOCH - self.offset) // self.period

    def _at(self, index: int) -> datetime:
        return EPOCH + self.offset + index * self.period

    def next_after(self, instant: datetime) -> datetime:
        """Give the first due time strictly after `instant`."""
        return self._at(self._index(instant) + 1)

    def latest_until(self, instant: datetime) -> datetime:
        """Give the last due time at or before `instant`."""
        return self._at(self._index(instant))

    def count_between(self, after: datetime, until: datetime) -> int:
        """Count the due times t with after < t <= until."""
        return max(0, self._index(until) - self._index(after))


def stable_offset(uid: str, period: timedelta) -> timedelta:
    """Spread schedules over their period: a hash of the UID modulo the period, in milliseconds."""
    digest = hashlib.blake2b(uid.encode(), digest_size=8).digest()
    return int.from_bytes(digest) % max(1, period // MILLISECOND) * MILLISECOND
