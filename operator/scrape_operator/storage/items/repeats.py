"""Targets whose items are the same as at their last run, which most are: one statement marks them as seen again.

The process remembers a fingerprint of the items of each target, and the run that stored them. If the fingerprint is the
same, the items whose last run is that one are all of them, and their data need not be compared. The number of rows is
checked, since another replica may have stored a run in between, or our transaction may have been rolled back.
Called by `storing`, in its transaction.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import blake2b
from uuid import UUID

from sqlalchemy import Connection, Uuid, bindparam, func, select, update

from scrape_operator.core.recent import Recent
from scrape_operator.storage.engine.columns import CleanText, UTCDateTime
from scrape_operator.storage.tables import items

MAX_REMEMBERED = 100_000
"""Targets. The one that was stored least recently is dropped first."""

MAX_OTHERS = 4
"""Items of a schedule for each item of the target, at most: all are read to find those of a run."""

_c = items.c

_AGAIN = (
    update(items)
    .where(
        _c.schedule_uid == bindparam("uid", type_=CleanText),
        _c.target == bindparam("by", type_=CleanText),
        _c.run_id == bindparam("before", type_=Uuid),
        _c.gone_at.is_(None),
    )
    .values(last_seen_at=bindparam("at", type_=UTCDateTime), run_id=bindparam("run", type_=Uuid))
)

_SEEN = (
    select(_c.run_id, _c.target, func.count())
    .where(
        _c.schedule_uid.in_(bindparam("uids", expanding=True)),
        _c.run_id.in_(bindparam("runs", expanding=True)),
    )
    .group_by(_c.run_id, _c.target)
)


@dataclass(frozen=True, slots=True)
class Reading:
    """The items of a target in a run: their number, and a fingerprint of their keys and contents."""

    uid: str
    target: str
    run_id: UUID
    at: datetime
    count: int
    fingerprint: bytes


def fingerprint_of(hashes: Mapping[str, str]) -> bytes:
    """Return what identifies items by their keys and content hashes, whatever their order."""
    text = "\0".join(f"{key}\0{hashes[key]}" for key in sorted(hashes))
    return blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).digest()


class Repeats:
    """Remembers the last reading of each target."""

    def __init__(self) -> None:
        self._known: Recent[tuple[str, str], tuple[Reading, int]] = Recent(MAX_REMEMBERED)

    def settle(self, connection: Connection, readings: Sequence[Reading]) -> set[tuple[UUID, str]]:
        """Mark items that are the same as before as seen again. Return the runs and targets that this completes."""
        again = [(reading, before) for reading in readings if (before := self._same(reading)) is not None]
        if not again:
            return set()
        rows = [
            {"uid": reading.uid, "by": reading.target, "before": before, "at": reading.at, "run": reading.run_id}
            for reading, before in again
        ]
        connection.execute(_AGAIN, rows)
        asked = {"uids": [reading.uid for reading, _ in again], "runs": [reading.run_id for reading, _ in again]}
        seen = {(run_id, target): count for run_id, target, count in connection.execute(_SEEN, asked).all()}
        return {
            (reading.run_id, reading.target)
            for reading, _ in again
            if seen.get((reading.run_id, reading.target)) == reading.count
        }

    def last(self, uid: str, target: str, run_id: UUID) -> Reading | None:
        """Return the last reading of a target if it was that of a run, or None."""
        known = self._known.get((uid, target))
        return known[0] if known and known[0].run_id == run_id else None

    def remember(self, reading: Reading, total: int) -> None:
        """Remember the items of a target; `total` is the number of items of its schedule."""
        self._known[reading.uid, reading.target] = reading, total

    def _same(self, reading: Reading) -> UUID | None:
        """Return the run that stored the same items, or None; also None where finding them would take long."""
        before, total = self._known.get((reading.uid, reading.target), (None, 0))
        if before is None or before.fingerprint != reading.fingerprint or total > MAX_OTHERS * reading.count:
            return None
        return before.run_id
