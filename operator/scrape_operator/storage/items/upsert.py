"""Items, upserted: what is new, what changed, what was seen again. Called by `finishing`, in its transaction."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    Connection,
    Integer,
    Select,
    Update,
    Uuid,
    and_,
    bindparam,
    cast,
    select,
    true,
    update,
)

from scrape_operator.core.runs.items import Item, ItemCounts
from scrape_operator.core.runs.run import RunResult
from scrape_operator.storage.engine.cleaning import clean_text
from scrape_operator.storage.engine.columns import CleanText, Json, UTCDateTime
from scrape_operator.storage.engine.upserts import Upsert, insert_into, unfold
from scrape_operator.storage.items.repeats import Reading, Repeats, fingerprint_of
from scrape_operator.storage.tables import items

CHUNK = 5_000
"""Items that are looked up and written at a time: it bounds what a statement holds in memory."""


class _Sighting(NamedTuple):
    """An item as a run saw it. `run` is the place of the run among the results."""

    uid: str
    target: str
    key: str
    item: Item
    run: int


class _Known(NamedTuple):
    """What is stored of an item, held against what was seen."""

    id: int
    is_same: bool
    is_gone: bool


class _Brought(NamedTuple):
    """The items of a target, by key. `run` is the place of its run among the results."""

    run: int
    reading: Reading
    items: Mapping[str, Item]


def store_items(
    connection: Connection, results: Sequence[RunResult], totals: Mapping[UUID, int], repeats: Repeats
) -> dict[UUID, ItemCounts]:
    """Store the items of all targets that were good. Return for each run what that changed.

    `totals` are the numbers of items that the runs' schedules had before. No two of the results may be of one
    schedule. Of items with one key in one target the last counts.
    An item that was gone and is back counts as new: it adds to the total as a new one does.
    """
    brought = list(_brought(results))
    settled = repeats.settle(connection, [target.reading for target in brought])
    others = [target for target in brought if (target.reading.run_id, target.reading.target) not in settled]
    new, changed = _store(connection, results, [sighting for target in others for sighting in _sightings(target)])
    counts = {
        result.claim.id: ItemCounts(totals[result.claim.id] + new[run], new[run], changed[run])
        for run, result in enumerate(results)
    }
    for target in brought:
        repeats.remember(target.reading, counts[target.reading.run_id].total)
    return counts


def _brought(results: Sequence[RunResult]) -> Iterator[_Brought]:
    """Give the good targets that brought something, by UID and name, so that replicas lock rows in one order."""
    for run, result in sorted(enumerate(results), key=lambda entry: entry[1].claim.schedule_uid):
        uid = clean_text(result.claim.schedule_uid)
        for target in sorted(result.targets, key=lambda target: target.target):
            if target.status.is_good and target.items:
                last = {clean_text(item.key): item for item in target.items}
                fingerprint = fingerprint_of({key: item.content_hash for key, item in last.items()})
                name, run_id = clean_text(target.target), result.claim.id
                yield _Brought(run, Reading(uid, name, run_id, result.completed_at, len(last), fingerprint), last)


def _sightings(target: _Brought) -> Iterator[_Sighting]:
    reading = target.reading
    return (_Sighting(reading.uid, reading.target, key, target.items[key], target.run) for key in sorted(target.items))


def _store(
    connection: Connection, results: Sequence[RunResult], sightings: Sequence[_Sighting]
) -> tuple[Counter[int], Counter[int]]:
    """Store what was seen, and count what is new and what changed, by run."""
    new: Counter[int] = Counter()
    changed: Counter[int] = Counter()
    for first in range(0, len(sightings), CHUNK):
        chunk = sightings[first : first + CHUNK]
        known = _find(connection, chunk)
        for number, sighting in enumerate(chunk):
            before = known.get(number)
            if before is None or before.is_gone:
                new[sighting.run] += 1
            elif not before.is_same:
                changed[sighting.run] += 1
        _write(connection, results, chunk, known)
    return new, changed


def _find(connection: Connection, chunk: Sequence[_Sighting]) -> dict[int, _Known]:
    """Look items up by key; give what is known of them by their number in the chunk."""
    keys = [(number, *sighting[:3], sighting.item.content_hash) for number, sighting in enumerate(chunk)]
    known = connection.execute(_known(connection.dialect.name), {"keys": keys}).all()
    return {row[0]: _Known(*row[1:]) for row in known}


@cache
def _known(dialect: str) -> Select[*tuple[Any, ...]]:
    given = unfold(dialect, "keys")
    number, uid, target, key, content_hash = (given.c.value[place].as_string() for place in range(5))
    fits = and_(items.c.schedule_uid == uid, items.c.target == target, items.c.key == key)
    is_same, is_gone = items.c.content_hash == content_hash, items.c.gone_at.is_not(None)
    return select(cast(number, Integer), items.c.id, is_same, is_gone).select_from(given).join(items, fits)


def _write(
    connection: Connection, results: Sequence[RunResult], chunk: Sequence[_Sighting], known: Mapping[int, _Known]
) -> None:
    """Write what is new or changed, and note the rest as seen; one set of parameters for each run."""
    fresh: dict[int, list[tuple[Any, ...]]] = {}
    again: dict[int, list[tuple[Any, ...]]] = {}
    for number, (_, target, key, item, run) in enumerate(chunk):
        before = known.get(number)
        if before is not None and before.is_same and not before.is_gone:
            again.setdefault(run, []).append((before.id,))
        else:
            fresh.setdefault(run, []).append((target, key, dict(item.data), item.content_hash))
    if fresh:
        connection.execute(_upsert(connection.dialect.name), _parameters(results, fresh))
    if again:
        connection.execute(_seen_again(connection.dialect.name), _parameters(results, again))


def _parameters(results: Sequence[RunResult], of_runs: Mapping[int, list[tuple[Any, ...]]]) -> list[dict[str, Any]]:
    return [
        {
            "uid": results[run].claim.schedule_uid,
            "at": results[run].completed_at,
            "run": results[run].claim.id,
            "given_items": given,
        }
        for run, given in of_runs.items()
    ]


@cache
def _upsert(dialect: str) -> Upsert:
    value = unfold(dialect, "given_items").c.value
    at = bindparam("at", type_=UTCDateTime)
    rows = select(
        bindparam("uid", type_=CleanText),
        value[0].as_string(),
        value[1].as_string(),
        cast(value[2], Json) if dialect == "postgresql" else value[2],
        value[3].as_string(),
        at,
        at,
        at,
        bindparam("run", type_=Uuid),
    )
    names = ("schedule_uid", "target", "key", "data", "content_hash", "first_seen_at", "last_seen_at", "changed_at")
    # SQLite would read ON CONFLICT as a condition of a join, if there were no WHERE before it.
    statement = insert_into(dialect, items).from_select([*names, "run_id"], rows.where(true()))
    new = statement.excluded
    return statement.on_conflict_do_update(
        index_elements=[items.c.schedule_uid, items.c.target, items.c.key],
        set_={
            "data": new.data,
            "content_hash": new.content_hash,
            "last_seen_at": new.last_seen_at,
            "changed_at": new.changed_at,
            "gone_at": None,
            "run_id": new.run_id,
        },
    )


@cache
def _seen_again(dialect: str) -> Update:
    ids = select(cast(unfold(dialect, "given_items").c.value[0].as_string(), BigInteger))
    seen = update(items).where(items.c.id.in_(ids))
    return seen.values(last_seen_at=bindparam("at"), run_id=bindparam("run"))
