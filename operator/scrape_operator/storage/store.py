"""The SQL store: `core.ports.RunStore` on SQLite and PostgreSQL. `wiring` opens it, once per process.

All writes go through the committer, one transaction at a time. Every write can be repeated. After
StoreUnavailable a caller cannot know whether the commit was done. It calls again with the same value and gets the same
answer.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Collection, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import date, datetime
from functools import partial
from typing import TypeVar
from uuid import UUID

from sqlalchemy import Connection, select

from scrape_operator.core.net.day_budgets import DayCount, DayDemand, DayGrant
from scrape_operator.core.ports import RunStore
from scrape_operator.core.runs.bodies import KeptBody
from scrape_operator.core.runs.items import ItemCounts
from scrape_operator.core.runs.leases import Lease
from scrape_operator.core.runs.run import RunClaim, RunResult, RunStatus, RunSummary, SkippedSlot, StoredSpec
from scrape_operator.core.runs.target_memory import TargetMemory
from scrape_operator.core.schedule.plan import ObjectKey
from scrape_operator.core.schedule.state import ScheduleState
from scrape_operator.settings import Settings
from scrape_operator.storage.day_budgets import prune_days, read_day, release_day, reserve_day
from scrape_operator.storage.engine.address import SQLiteAddress, address_of
from scrape_operator.storage.engine.committer import Committer, TransactionObserver
from scrape_operator.storage.engine.database import Database
from scrape_operator.storage.engine.lock import exclusive
from scrape_operator.storage.engine.transactions import Timeouts
from scrape_operator.storage.messages.retention import MessageRows
from scrape_operator.storage.messages.store import SQLMessageStore
from scrape_operator.storage.runs.bodies import load_bodies, prune_contents
from scrape_operator.storage.runs.claims import claim_runs, release_claims, skip_slots
from scrape_operator.storage.runs.deleted import (
    DeletedSchedules,
    Deletion,
    Expiry,
    mark_deleted,
    note_edited,
    prune_tombstones,
)
from scrape_operator.storage.runs.finishing import Finishing, is_still_running
from scrape_operator.storage.runs.leases import REAPED_AT_ONCE, read_leases, reap_runs, renew_leases
from scrape_operator.storage.runs.loading import States, load, load_page
from scrape_operator.storage.runs.pruning import ROWS_AT_ONCE, Limits, prune_changes, prune_runs
from scrape_operator.storage.runs.target_memory import load_memory
from scrape_operator.storage.sinks import Age, Sink

T = TypeVar("T")
P = TypeVar("P")
R = TypeVar("R")


class SQLRunStore(RunStore):
    """Runs and items in SQL. Made by `open_store`."""

    def __init__(self, database: Database, committer: Committer, sinks: Sequence[Sink] = ()) -> None:
        self._database = database
        self._committer = committer
        self._sinks = (*sinks, MessageRows())
        self.messages = SQLMessageStore(database, committer)
        self._sink_transactions = SinkTransactions(database, committer)
        self._storing: set[asyncio.Task[ItemCounts | None]] = set()
        self._finishing = Finishing()
        self._deleted = DeletedSchedules([table for sink in self._sinks for table in sink.owned])
        self._expired_until = self._emptied_until = ""
        self._checked_contents = ""

    async def claim(self, claim: RunClaim) -> bool:
        """Insert the run RUNNING. Return whether its slot was free.

        A caller that is cancelled meanwhile does not run the slot, so the claim is released. If that fails as well,
        the lease is not renewed and the reaper ends the run.
        """
        try:
            return await self._committer.submit(claim_runs, claim)
        except asyncio.CancelledError:
            self._committer.submit_unattended(release_claims, claim)
            raise

    async def finish(self, result: RunResult) -> ItemCounts | None:
        """Store items and the final row in one transaction, fenced by owner and RUNNING; payloads for sinks before.

        Once accepted it is stored even if the caller is cancelled. None: the row was no longer ours.

        Raises:
            StoreRefused: the result can't be stored, however often it is tried.

        """
        if not any(target.sink_payload for target in result.targets):
            return await self._finish(result)
        task = asyncio.create_task(self._store_and_finish(result), name="sinks of a run")
        self._storing.add(task)
        task.add_done_callback(self._stored)
        return await asyncio.shield(task)

    async def _store_and_finish(self, result: RunResult) -> ItemCounts | None:
        if await self._database.read(partial(is_still_running, claim=result.claim)):
            for sink in self._sinks:
                await sink.store(self._sink_transactions, result)
        return await self._finish(result)

    def _stored(self, task: asyncio.Task[ItemCounts | None]) -> None:
        self._storing.discard(task)
        if not task.cancelled():
            task.exception()  # the caller may be gone, which is no reason for a warning

    async def drain(self) -> None:
        """Wait until all payloads for sinks that were accepted are stored."""
        while self._storing:
            await asyncio.wait(self._storing)

    async def _finish(self, result: RunResult) -> ItemCounts | None:
        weight = 1 + sum(1 + len(target.items) for target in result.targets)
        stopped = result.status is RunStatus.CANCELED  # somebody waits for that: the run that replaces it, or the end
        return await self._committer.submit(self._finishing.finish_runs, result, weight=weight, patient=not stopped)

    async def store_replay(self, result: RunResult) -> ItemCounts | None:
        """Insert a replay and store its items, in one transaction. None: its schedule has no row any more."""
        weight = 1 + sum(1 + len(target.items) for target in result.targets)
        return await self._committer.submit(self._finishing.store_replays, result, weight=weight)

    async def skip(self, skipped: SkippedSlot) -> bool:
        """Insert a SKIPPED row. Return whether the slot was free."""
        return await self._committer.submit(skip_slots, skipped)

    async def renew(self, owner: str, run_ids: Collection[UUID], lease_expires_at: datetime) -> None:
        """Renew the leases of the RUNNING runs of `owner`, before all other work that waits."""
        await self._committer.submit_urgent(renew_leases, (owner, run_ids, lease_expires_at))

    async def leases(self) -> Sequence[Lease]:
        """Return the leases of all runs that are RUNNING."""
        return await self._database.read(read_leases)

    async def reap(self, leases: Sequence[Lease], now: datetime) -> Sequence[tuple[ObjectKey, RunSummary]]:
        """End the runs that are RUNNING with these leases as FAILED/Orphaned, and return them."""
        reaped: list[tuple[ObjectKey, RunSummary]] = []
        for first in range(0, len(leases), REAPED_AT_ONCE):
            some = leases[first : first + REAPED_AT_ONCE]
            reaped.extend(await self._committer.submit(reap_runs, (some, now), weight=len(some)))
        return reaped

    async def load_states(self, namespaces: Collection[str] = ()) -> Mapping[str, ScheduleState]:
        """Return the states of all schedules of some namespaces, or of all, that are not deleted, by UID.

        `active` stays empty: runs that are RUNNING now belong to other replicas, or are orphans.
        """
        states: States = {}
        last = ""
        while True:
            read = partial(load_page, namespaces=namespaces, after=last)
            some = await self._database.read(read)  # a transaction, so a deadline, for each
            if not some:
                return states
            states |= some
            last = max(some)

    async def load_state(self, uid: str) -> ScheduleState | None:
        """Return the state of one schedule, also of one that was deleted; None if it has no row."""
        states = await self._database.read(partial(load, uids=[uid]))
        return states.get(uid)

    async def load_target_memory(self, uid: str, target: str, fingerprint: str) -> TargetMemory:
        """Return what earlier runs of a target left for the next one."""
        return await self._database.read(lambda connection: load_memory(connection, uid, target, fingerprint))

    async def load_bodies(self, run_id: UUID) -> Mapping[str, Sequence[KeptBody]]:
        """Return the responses that are kept of a run, by target, in the order of their pages."""
        return await self._database.read(partial(load_bodies, run_id=run_id))

    async def prune(self, uid: str, *, successful: int, failed: int, older_than: datetime) -> int:
        """Delete old rows of a schedule, in small batches. Return the number of runs.

        Runs go beyond the limits or if they were completed before `older_than`, except those that decisions need
        (see `pruning`); changes of items, and rows of every sink, go by their age.
        """
        await self._prune_sinks(Age(uid, older_than))
        limits = Limits(uid, successful, failed, older_than)
        while await self._committer.submit(prune_changes, limits) >= ROWS_AT_ONCE:
            pass
        pruned = some = await self._committer.submit(prune_runs, limits)
        while some >= ROWS_AT_ONCE:
            some = await self._committer.submit(prune_runs, limits)
            pruned += some
        return pruned

    async def note_edited(self, specs: Mapping[str, StoredSpec]) -> None:
        """Note `dataPolicy` and `historyMaxAge` of specs that were edited, by UID; those without a row are left out."""
        await self._committer.submit(note_edited, dict(specs), weight=len(specs))

    async def mark_deleted(self, uids: Collection[str], at: datetime) -> None:
        """Note that the objects of schedules are deleted: their rows go by `dataPolicy`."""
        await self._committer.submit(mark_deleted, Deletion(list(uids), at), weight=len(uids))

    async def prune_deleted(self, now: datetime) -> None:
        """Delete rows of deleted schedules and contents of responses that no run has any more, in small batches.

        All rows that the policy Delete removes go; of those that are retained, and of contents, a part is looked at.
        """
        await self._empty_sinks(now)
        while await self._committer.submit(self._deleted.purge, now):
            pass
        self._expired_until = await self._committer.submit(self._deleted.expire, Expiry(self._expired_until, now))
        self._checked_contents = await self._committer.submit(prune_contents, self._checked_contents)
        await self._committer.submit(prune_tombstones, now)

    async def _empty_sinks(self, now: datetime) -> None:
        """Delete rows of sinks that belong to the next deleted schedules."""
        expiry = Expiry(self._emptied_until, now)
        ages = await self._database.read(lambda connection: self._deleted.ages(connection, expiry))
        for age in ages:
            await self._prune_sinks(age)
        self._emptied_until = ages[-1].schedule_uid if ages else ""

    async def _prune_sinks(self, age: Age) -> None:
        for sink in self._sinks:
            while await self._committer.submit(sink.prune, age):
                pass

    async def reserve_day(self, demand: DayDemand) -> DayGrant:
        """Count what a demand gets of a limit. After StoreUnavailable it may be counted, and is lost for the day."""
        return await self._committer.submit(reserve_day, demand)

    async def release_day(self, demand: DayDemand) -> None:
        """Take back what was reserved and not spent. It must not be repeated after StoreUnavailable."""
        await self._committer.submit(release_day, demand)

    async def read_day(self, day: date) -> Sequence[DayCount]:
        """Return what is counted for a day."""
        return await self._database.read(partial(read_day, day=day))

    async def prune_days(self, before: date) -> None:
        """Delete what is counted for the days before a day."""
        await self._committer.submit(prune_days, before)

    async def ping(self) -> None:
        """Return if the database answers, and has the tables of this program."""
        await self._database.read(lambda connection: connection.execute(select(1)).scalar())


class SinkTransactions:
    """The transactions of sinks: reads beside the writer, writes in its turn."""

    def __init__(self, database: Database, committer: Committer) -> None:
        self._database = database
        self._committer = committer

    async def read(self, work: Callable[[Connection], T]) -> T:
        """Do work that only reads."""
        return await self._database.read(work)

    async def write(self, apply: Callable[[Connection, Sequence[P]], Sequence[R]], payload: P, *, weight: int) -> R:
        """Do `apply` for `payload` in one of the writer's transactions."""
        return await self._committer.submit(apply, payload, weight=weight)


@asynccontextmanager
async def open_store(
    settings: Settings,
    sinks: Sequence[Sink] = (),
    *,
    on_transaction: TransactionObserver | None = None,
    timeouts: Timeouts | None = None,
) -> AsyncIterator[SQLRunStore]:
    """Open the database that the settings name; at the end everything that was accepted is written.

    A SQLite file is locked and brought up to date. PostgreSQL may be away: every call then raises
    StoreUnavailable until it is back. `on_transaction` is called with the seconds and operations of each commit.

    Raises:
        InvalidValue: the settings name no usable database.
        StoreLocked: another process has the SQLite file open.
        SchemaMismatch: the tables are newer than this program, or PostgreSQL's are older.

    """
    address = address_of(settings)
    async with AsyncExitStack() as stack:
        if isinstance(address, SQLiteAddress):
            stack.enter_context(exclusive(address.path))
        database = Database(address, timeouts or Timeouts())
        stack.push_async_callback(database.close)
        await database.open()
        committer = await stack.enter_async_context(Committer(database.write, on_transaction))
        store = SQLRunStore(database, committer, sinks)
        stack.push_async_callback(store.drain)
        yield store
