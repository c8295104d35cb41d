"""Compares items with what is stored of them, and writes them. Called by `storing`, in its transaction."""

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any, NamedTuple

from sqlalchemy import (
    BigInteger,
    Connection,
    Integer,
    Select,
    Update,
    Uuid,
    and_,
    bindparam,
    case,
    cast,
    select,
    true,
    update,
)

from scrape_operator.core.runs.items import Change, Item, content_hash
from scrape_operator.storage.engine.columns import CleanText, Json, UTCDateTime
from scrape_operator.storage.engine.upserts import Upsert, insert_into, unfold
from scrape_operator.storage.items.changes import ItemChanges
from scrape_operator.storage.items.repeats import Reading
from scrape_operator.storage.tables import items

CHUNK = 1_000
"""Items that are looked up and written at a time. It bounds what a statement holds in memory: with 5,000 events of
bookmakers, of 2 KB each, the peak of the process was 35 MiB higher, for the same CPU time."""


class Sighting(NamedTuple):
    """An item as a run saw it."""

    reading: Reading
    key: str
    item: Item


class _Known(NamedTuple):
    """What is stored of an item, compared with what was seen. `data` is read only where it differs."""

    id: int
    is_same: bool
    is_gone: bool
    data: Mapping[str, Any] | None

    @property
    def change(self) -> Change | None:
        if self.is_gone:
            return Change.BACK
        return None if self.is_same else Change.CHANGED


def store_sightings(connection: Connection, sightings: Sequence[Sighting], changes: ItemChanges) -> None:
    """Store what was seen, and add what is new, back or changed to `changes`."""
    for first in range(0, len(sightings), CHUNK):
        chunk = sightings[first : first + CHUNK]
        known = _find(connection, chunk)
        chunk = _completed(chunk, known)
        for number, sighting in enumerate(chunk):
            before = known.get(number)
            change = Change.NEW if before is None else before.change
            if change is not None:
                old = before.data if before is not None and change is Change.CHANGED else None
                changes.add(sighting.reading, sighting.key, change, old, sighting.item.data)
        _write(connection, chunk, known)
        changes.write(connection)


def _completed(chunk: Sequence[Sighting], known: dict[int, _Known]) -> Sequence[Sighting]:
    """Return what was seen, with what is stored of the fields that were not read; compare again what is so."""
    if not any(seen.item.unread for seen in chunk):
        return chunk
    completed = list(chunk)
    for number, seen in enumerate(chunk):
        before = known.get(number)
        if seen.item.unread and before is not None and before.data is not None:
            item = seen.item.completed_by(before.data)
            completed[number] = seen._replace(item=item)
            known[number] = before._replace(is_same=item.content_hash == content_hash(before.data))
    return completed


def _find(connection: Connection, chunk: Sequence[Sighting]) -> dict[int, _Known]:
    """Look items up by key. Return what is known of them by their number in the chunk."""
    keys = [
        (number, seen.reading.uid, seen.reading.target, seen.key, seen.item.content_hash)
        for number, seen in enumerate(chunk)
    ]
    known = connection.execute(_known(connection.dialect.name), {"keys": keys}).all()
    return {row[0]: _Known(*row[1:]) for row in known}


@cache
def _known(dialect: str) -> Select[*tuple[Any, ...]]:
    given = unfold(dialect, "keys")
    number, uid, target, key, content_hash = (given.c.value[place].as_string() for place in range(5))
    fits = and_(items.c.schedule_uid == uid, items.c.target == target, items.c.key == key)
    is_same, is_gone = items.c.content_hash == content_hash, items.c.gone_at.is_not(None)
    changed_data = case((~is_same, items.c.data))
    return (
        select(cast(number, Integer), items.c.id, is_same, is_gone, changed_data).select_from(given).join(items, fits)
    )


def _write(connection: Connection, chunk: Sequence[Sighting], known: Mapping[int, _Known]) -> None:
    """Write what is new or changed, and note the rest as seen; one set of parameters for each run."""
    fresh: dict[int, tuple[Reading, list[tuple[Any, ...]]]] = {}
    again: dict[int, tuple[Reading, list[tuple[Any, ...]]]] = {}
    for number, (reading, key, item) in enumerate(chunk):
        before = known.get(number)
        run = reading.run_id.int
        if before is not None and before.change is None:
            again.setdefault(run, (reading, []))[1].append((before.id,))
        else:
            fresh.setdefault(run, (reading, []))[1].append((reading.target, key, dict(item.data), item.content_hash))
    if fresh:
        connection.execute(_upsert(connection.dialect.name), [_parameters(*entry) for entry in fresh.values()])
    if again:
        connection.execute(_seen_again(connection.dialect.name), [_parameters(*entry) for entry in again.values()])


def _parameters(reading: Reading, given: Sequence[tuple[Any, ...]]) -> dict[str, Any]:
    return {"uid": reading.uid, "at": reading.at, "run": reading.run_id, "given_items": given}


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
