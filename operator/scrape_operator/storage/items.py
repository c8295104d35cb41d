"""Items, upserted: what is new, what changed, what was seen again. Called by `finishing`, in its transaction."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import Any
from uuid import UUID

from sqlalchemy import JSON, ColumnElement, and_, bindparam, column, func, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from scrape_operator.core.items import Item, ItemCounts
from scrape_operator.core.runs import RunResult
from scrape_operator.storage.cleaning import clean_text
from scrape_operator.storage.tables import items
from scrape_operator.storage.upserts import Upsert, insert_into

CHUNK = 5_000
"""Items that are looked up and written at a time: it bounds what a statement holds in memory."""

Key = tuple[str, str, str]
"""Schedule UID, target, item key: what is unique among items."""


@dataclass(frozen=True, slots=True)
class _Sighting:
    """An item as one run saw it."""

    item: Item
    run_id: UUID
    at: datetime


@dataclass(frozen=True, slots=True)
class _Known:
    """What is stored of an item."""

    id: int
    content_hash: str
    is_gone: bool


async def store_items(connection: AsyncConnection, results: Sequence[RunResult]) -> dict[UUID, ItemCounts]:
    """Store the items of all targets that were good, and say for each run what that changed.

    No two of the results may be of one schedule. Of items with one key in one target the last counts.
    An item that was gone and is back counts as new: it adds to the total as a new one does.
    """
    sightings = _sightings(results)
    new: Counter[UUID] = Counter()
    changed: Counter[UUID] = Counter()
    for chunk in _chunks(sightings):
        known = await _find(connection, list(chunk))
        for key, sighting in chunk.items():
            before = known.get(key)
            if before is None or before.is_gone:
                new[sighting.run_id] += 1
            elif before.content_hash != sighting.item.content_hash:
                changed[sighting.run_id] += 1
        await _write(connection, chunk, known)
    totals = await _totals(connection, [result.claim.schedule_uid for result in results])
    return {
        result.claim.id: ItemCounts(
            total=totals.get(clean_text(result.claim.schedule_uid), 0),
            new=new[result.claim.id],
            changed=changed[result.claim.id],
        )
        for result in results
    }


def _sightings(results: Sequence[RunResult]) -> dict[Key, _Sighting]:
    """Give what was seen in the order of keys, so that replicas lock rows in one order."""
    seen = {
        (clean_text(result.claim.schedule_uid), clean_text(target.target), clean_text(item.key)): _Sighting(
            item, result.claim.id, result.completed_at
        )
        for result in results
        for target in result.targets
        if target.status.is_good
        for item in target.items
    }
    return dict(sorted(seen.items(), key=lambda entry: entry[0]))


def _chunks(sightings: Mapping[Key, _Sighting]) -> Iterator[dict[Key, _Sighting]]:
    entries = iter(sightings.items())
    while chunk := dict(islice(entries, CHUNK)):
        yield chunk


async def _find(connection: AsyncConnection, keys: Sequence[Key]) -> dict[Key, _Known]:
    """Look items up by key. All keys are one JSON parameter: no limit on their number, one statement to plan."""
    unfold = func.json_array_elements if connection.dialect.name == "postgresql" else func.json_each
    wanted = unfold(bindparam("keys", list(keys), type_=JSON)).table_valued(column("value", JSON), name="wanted")
    fits: ColumnElement[bool] = and_(
        items.c.schedule_uid == wanted.c.value[0].as_string(),
        items.c.target == wanted.c.value[1].as_string(),
        items.c.key == wanted.c.value[2].as_string(),
    )
    columns = (items.c.id, items.c.schedule_uid, items.c.target, items.c.key, items.c.content_hash, items.c.gone_at)
    rows = await connection.execute(select(*columns).select_from(wanted).join(items, fits))
    return {(uid, target, key): _Known(id_, hash_, gone is not None) for id_, uid, target, key, hash_, gone in rows}


async def _write(connection: AsyncConnection, chunk: Mapping[Key, _Sighting], known: Mapping[Key, _Known]) -> None:
    fresh: list[dict[str, Any]] = []
    again: list[dict[str, Any]] = []
    for key, sighting in chunk.items():
        before = known.get(key)
        if before is not None and not before.is_gone and before.content_hash == sighting.item.content_hash:
            again.append({"item": before.id, "at": sighting.at, "run": sighting.run_id})
        else:
            fresh.append(_row(key, sighting))
    if fresh:
        await connection.execute(_upsert(connection), fresh)
    if again:
        await connection.execute(_SEEN_AGAIN, again)


_SEEN_AGAIN = (
    update(items).where(items.c.id == bindparam("item")).values(last_seen_at=bindparam("at"), run_id=bindparam("run"))
)


def _upsert(connection: AsyncConnection) -> Upsert:
    statement = insert_into(connection, items)
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


def _row(key: Key, sighting: _Sighting) -> dict[str, Any]:
    uid, target, item_key = key
    return {
        "schedule_uid": uid,
        "target": target,
        "key": item_key,
        "data": dict(sighting.item.data),
        "content_hash": sighting.item.content_hash,
        "first_seen_at": sighting.at,
        "last_seen_at": sighting.at,
        "changed_at": sighting.at,
        "run_id": sighting.run_id,
    }


async def _totals(connection: AsyncConnection, uids: Sequence[str]) -> dict[str, int]:
    """Count the items of schedules that are not gone."""
    present = (items.c.schedule_uid.in_(uids), items.c.gone_at.is_(None))
    count = select(items.c.schedule_uid, func.count()).where(*present).group_by(items.c.schedule_uid)
    return {uid: number for uid, number in await connection.execute(count)}  # noqa: C416 -- rows aren't typed pairs
