"""Leases of active runs: a run is orphaned if no process renews its lease. Wall clocks are not compared."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID


@dataclass(frozen=True, slots=True)
class Lease:
    """The lease of a RUNNING row as it is read: its owner writes another `expires_at` with each renewal."""

    run_id: UUID
    owner: str
    expires_at: datetime


class LeaseWatch:
    """Finds leases that stay as they are for longer than their term, by a clock that never jumps.

    `expires_at` is only compared with itself: a wall clock that is set, here or at the owner, neither keeps an orphan
    nor ends a run that goes on.
    """

    def __init__(self, term: timedelta) -> None:
        self._term = term.total_seconds()
        self._seen: dict[Lease, float] = {}

    def expired(self, leases: Iterable[Lease], now: float) -> list[Lease]:
        """Return the leases that have not been renewed for their term; `now` is in monotonic seconds."""
        self._seen = {lease: self._seen.get(lease, now) for lease in leases}
        return [lease for lease, since in self._seen.items() if now - since > self._term]
