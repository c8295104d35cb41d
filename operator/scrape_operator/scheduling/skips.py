"""Records slots that are not run. A database that is away delays the rows; it loses none within the bound.

What a process finds in the rows when it starts are the slots up to the latest one that has a row. So a
skipped slot's row waits for those before it: if the process died in between, an earlier slot that was
still waiting for its run would be taken for done, and nobody would ever hear of it.
"""

import asyncio
import logging
from collections import deque
from dataclasses import dataclass
from typing import Protocol

from scrape_operator.core.errors import StoreUnavailable
from scrape_operator.core.ids import uuid7
from scrape_operator.core.ports import Clock, RunObserver, StatusSink
from scrape_operator.core.runs.run import SkippedSlot, Trigger, clip
from scrape_operator.core.runs.slot import Slot
from scrape_operator.core.schedule.decision import Skip
from scrape_operator.core.schedule.plan import SchedulePlan
from scrape_operator.core.schedule.state import ScheduleState

logger = logging.getLogger(__name__)

MAX_WAITING = 100_000
BATCH = 200
RETRY_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class _Held:
    """A row that may be written when none of the slots before it is without a row."""

    row: SkippedSlot
    state: ScheduleState
    before: frozenset[Slot]

    @property
    def is_free(self) -> bool:
        return not self.before & self.state.slots_without_row()


class SkipStore(Protocol):
    """Stores the rows of skipped slots."""

    async def skip(self, skipped: SkippedSlot) -> bool:
        """Insert a SKIPPED row. Return False if the slot is taken. Raises StoreUnavailable."""


class StoredSkipJournal:
    """Counts a skip at once, and writes its row as soon as its turn has come and the database takes it."""

    def __init__(
        self, store: SkipStore, clock: Clock, observer: RunObserver, status: StatusSink, *, owner: str
    ) -> None:
        self._store = store
        self._clock = clock
        self._observer = observer
        self._status = status
        self._owner = owner
        self._waiting: deque[SkippedSlot] = deque(maxlen=MAX_WAITING)
        self._held: deque[_Held] = deque(maxlen=MAX_WAITING)
        self._wake = asyncio.Event()

    def skip(self, plan: SchedulePlan, state: ScheduleState, skip: Skip) -> None:
        """Count the skip and queue its row."""
        row, before = self._row(plan, skip), state.slots_without_row() - {skip.slot}
        state.record_skip(row)
        if MAX_WAITING in {len(self._waiting), len(self._held)}:
            logger.error("more than %d skips wait to be recorded: the oldest row is lost", MAX_WAITING)
        if before and skip.trigger is Trigger.SCHEDULED:
            self._held.append(_Held(row, state, before))
        else:
            self._waiting.append(row)
        self._wake.set()
        self._observer.skipped(plan, skip.reason, skip.missed)
        self._status.changed(plan, state)

    def _row(self, plan: SchedulePlan, skip: Skip) -> SkippedSlot:
        now = self._clock.now()
        return SkippedSlot(
            id=uuid7(now),
            schedule_uid=plan.key.uid,
            namespace=plan.key.namespace,
            name=plan.key.name,
            generation=plan.generation,
            slot=skip.slot,
            scheduled_for=skip.scheduled_for,
            at=now,
            owner=self._owner,
            reason=skip.reason,
            message=clip(skip.message),
            missed=skip.missed,
            spec=plan.stored_spec,
        )

    async def run(self) -> None:
        """Write rows as they come, for ever."""
        while True:
            await self._wait()
            self._release()
            while self._waiting:
                if not await self._write(list(self._waiting)[:BATCH]):
                    await asyncio.sleep(RETRY_SECONDS)

    async def flush(self) -> None:
        """Write what waits, once; what the database does not take is lost.

        Rows that are still held are dropped: the next process finds their slots, with those before them.
        """
        self._release()
        while self._waiting and await self._write(list(self._waiting)[:BATCH]):
            pass
        if self._waiting:
            logger.warning("%d skipped slots could not be recorded before the end", len(self._waiting))

    async def _wait(self) -> None:
        """Wait for news; held rows are looked at again after a while."""
        try:
            async with asyncio.timeout(RETRY_SECONDS if self._held else None):
                await self._wake.wait()
        except TimeoutError:
            return
        self._wake.clear()

    def _release(self) -> None:
        for held in [self._held.popleft() for _ in range(len(self._held))]:
            if held.is_free:
                self._waiting.append(held.row)
            else:
                self._held.append(held)

    async def _write(self, rows: list[SkippedSlot]) -> bool:
        """Write these rows, which stand at the front of the queue; say whether all went in."""
        results = await asyncio.gather(*(self._store.skip(row) for row in rows), return_exceptions=True)
        left = [row for row, result in zip(rows, results, strict=True) if isinstance(result, StoreUnavailable)]
        for row, result in zip(rows, results, strict=True):
            if isinstance(result, Exception) and not isinstance(result, StoreUnavailable):
                logger.error("skip of %s/%s not recorded", row.namespace, row.name, exc_info=result)
        for _ in rows:
            self._waiting.popleft()
        self._waiting.extendleft(reversed(left))
        return not left
