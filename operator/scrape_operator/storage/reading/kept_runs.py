"""Reads what a replay needs, beside an operator that uses the database: kept responses, and what is stored."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Row, Select, exists, select

from scrape_operator.core.errors import NotFound
from scrape_operator.core.ports import TargetMemoryReader
from scrape_operator.core.runs.reasons import Reason
from scrape_operator.core.runs.replay import KeptRun, StoredItem
from scrape_operator.core.runs.run import Trigger
from scrape_operator.core.runs.slot import Replay, parse_slot
from scrape_operator.core.runs.target_memory import TargetMemory
from scrape_operator.settings import Settings
from scrape_operator.storage.reading.connections import ReadOnlyDatabase, open_read_only
from scrape_operator.storage.runs.bodies import load_bodies
from scrape_operator.storage.runs.pruning import GOOD
from scrape_operator.storage.runs.target_memory import load_memory
from scrape_operator.storage.tables import bodies, items, scrape_runs

_r, _i = scrape_runs.c, items.c


@dataclass(frozen=True, slots=True)
class KeptRunQuery:
    """Which run to replay: of a schedule by name, and by UID where that is known; the newest without `run_id`."""

    namespace: str
    name: str
    uid: str | None = None
    run_id: UUID | None = None

    def __str__(self) -> str:
        return f"{self.namespace}/{self.name}" if self.run_id is None else f"run {self.run_id}"


class KeptRunReader(TargetMemoryReader):
    """Reads one run with its responses, and the items of its targets. Made by `open_kept_runs`."""

    def __init__(self, database: ReadOnlyDatabase) -> None:
        self._database = database

    async def load(self, query: KeptRunQuery) -> KeptRun:
        """Return a run whose responses are kept.

        Raises:
            NotFound: there is none.
            StoreUnavailable: the database is away.

        """
        return await self._database.snapshot(lambda connection: _load(connection, query))

    async def load_items(self, uid: str, target: str) -> Mapping[str, StoredItem]:
        """Return the stored items of a target by key, also those that are gone."""
        statement = select(_i.key, _i.content_hash, _i.data, _i.gone_at.is_not(None))
        rows = await self._database.rows(statement.where(_i.schedule_uid == uid, _i.target == target))
        return {key: StoredItem(content_hash, data, is_gone) for key, content_hash, data, is_gone in rows}

    async def load_target_memory(self, uid: str, target: str, fingerprint: str) -> TargetMemory:
        """Return what earlier runs of a target left for the next one."""
        return await self._database.snapshot(lambda connection: load_memory(connection, uid, target, fingerprint))


@asynccontextmanager
async def open_kept_runs(settings: Settings) -> AsyncIterator[KeptRunReader]:
    """Open a reader of the database that the settings name. Raises InvalidValue if they name no usable one."""
    async with open_read_only(settings) as database:
        yield KeptRunReader(database)


def _load(connection: Connection, query: KeptRunQuery) -> KeptRun:
    row = connection.execute(_newest(query)).first()
    if row is None:
        remedy = "set spec.keepBodies to Always or OnFailure, and run the schedule"
        others = "answers with an error status are not kept"
        raise NotFound(f"no response of {query} is kept in this database: {remedy} ({others})")
    return KeptRun(
        id=row.id,
        schedule_uid=row.schedule_uid,
        namespace=row.namespace,
        name=row.name,
        generation=row.generation,
        scheduled_for=row.scheduled_for,
        started_at=row.started_at or row.scheduled_for,
        later_runs=_later_runs(connection, row.schedule_uid, row.id),
        bodies=load_bodies(connection, row.id),
    )


def _newest(query: KeptRunQuery) -> Select[Any]:
    has_bodies = exists().where(bodies.c.run_id == _r.id)
    found = select(scrape_runs).where(_r.namespace == query.namespace, _r.name == query.name, has_bodies)
    if query.uid is not None:
        found = found.where(_r.schedule_uid == query.uid)
    if query.run_id is not None:
        found = found.where(_r.id == query.run_id)
    return found.order_by(_r.id.desc()).limit(1)


def _later_runs(connection: Connection, uid: str, run_id: UUID) -> int:
    """Return how many runs after this one stored items; a replay counts as the run that it repeats."""
    later = select(_r.id, _r.trigger, _r.slot).where(
        _r.schedule_uid == uid, _r.id > run_id, _r.status.in_(GOOD), _r.reason != Reason.NOT_MODIFIED.value
    )
    return sum(_repeats(row) > run_id for row in connection.execute(later))


def _repeats(row: Row[*tuple[Any, ...]]) -> UUID:
    slot = parse_slot(row.slot) if row.trigger == Trigger.REPLAY.value else None
    run_id: UUID = row.id
    return slot.source if isinstance(slot, Replay) else run_id
