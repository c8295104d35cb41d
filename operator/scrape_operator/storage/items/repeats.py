"""Targets that bring just what they brought the last time: by far the most, and settled by one statement each.

What a target last brought is remembered by the process that stored it, as a fingerprint. If it comes again, the
items whose last run is that one are all of them, and need no look at their data. Whether it is so is held against the
rows: another replica may have stored a run in between, or the transaction of ours may have been undone.
Called by `items`, in its transaction.
"""

from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import blake2b
from uuid import UUID

from sqlalchemy import Connection, Uuid, bindparam, func, select, update

from scrape_operator.storage.engine.columns import CleanText, UTCDateTime
from scrape_operator.storage.tables import items

MAX_REMEMBERED = 100_000
"""Targets; the one that was stored least recently is forgotten first."""

MAX_OTHERS = 4
"""How many items a schedule may have for each one that a target brings: all are looked at to find those of a run."""

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
    """What a target of a schedule brought in a run: so many items, told from others by their fingerprint."""

    uid: str
    target: str
    run_id: UUID
    at: datetime
    count: int
    fingerprint: bytes


def fingerprint_of(hashes: Mapping[str, str]) -> bytes:
    """Tell items by their keys and content hashes, whatever their order."""
    text = "\0".join(f"{key}\0{hashes[key]}" for key in sorted(hashes))
    return blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).digest()


class Repeats:
    """Remembers the last reading of each target."""

    def __init__(self) -> None:
        self._known: OrderedDict[tuple[str, str], tuple[Reading, int]] = OrderedDict()

    def settle(self, connection: Connection, readings: Sequence[Reading]) -> set[tuple[UUID, str]]:
        """Note the items of readings that came before as seen again; give runs and targets for which that was all."""
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

    def remember(self, reading: Reading, total: int) -> None:
        """Take up what a target brought; `total` is how many items its schedule has."""
        place = reading.uid, reading.target
        self._known[place] = reading, total
        self._known.move_to_end(place)
        if len(self._known) > MAX_REMEMBERED:
            self._known.popitem(last=False)

    def _same(self, reading: Reading) -> UUID | None:
        """Give the run that brought the same, if its items are found fast."""
        before, total = self._known.get((reading.uid, reading.target), (None, 0))
        if before is None or before.fingerprint != reading.fingerprint or total > MAX_OTHERS * reading.count:
            return None
        return before.run_id
