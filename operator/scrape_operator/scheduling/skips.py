"""Records slots that are not run. A database that is away delays the rows; it loses none within the bound."""

import asyncio
import logging
from collections import deque

from scrape_operator.core.decision import Skip
from scrape_operator.core.errors import StoreUnavailable
from scrape_operator.core.ids import uuid7
from scrape_operator.core.plan import SchedulePlan
from scrape_operator.core.ports import Clock, RunObserver, RunStore, StatusSink
from scrape_operator.core.runs import SkippedSlot, clip
from scrape_operator.core.state import ScheduleState

logger = logging.getLogger(__name__)

MAX_WAITING = 100_000
BATCH = 200
RETRY_SECONDS = 1.0


class StoredSkipJournal:
    """Counts a skip at once, and writes its row as soon as the database takes it."""

    def __init__(self, store: RunStore, clock: Clock, observer: RunObserver, status: StatusSink, *, owner: str) -> None:
        self._store = store
        self._clock = clock
        self._observer = observer
        self._status = status
        self._owner = owner
        self._waiting: deque[SkippedSlot] = deque(maxlen=MAX_WAITING)
        self._wake = asyncio.Event()

    def skip(self, plan: SchedulePlan, state: ScheduleState, skip: Skip) -> None:
        """Count the skip and queue its row."""
        state.record_skip(skip.reason, skip.missed)
        now = self._clock.now()
        row = SkippedSlot(
            id=uuid7(now),
            schedule_uid=plan.key.uid,
            namespace=plan.key.namespace,
            name=plan.key.name,
            generation=plan.generation,
            trigger=skip.trigger,
            slot=skip.slot,
            scheduled_for=skip.scheduled_for,
            at=now,
            owner=self._owner,
            reason=skip.reason,
            message=clip(skip.message),
            missed=skip.missed,
        )
        if len(self._waiting) == MAX_WAITING:
            logger.error("more than %d skips wait for the database: the oldest row is lost", MAX_WAITING)
        self._waiting.append(row)
        self._wake.set()
        self._observer.skipped(plan, skip.reason, skip.missed)
        self._status.changed(plan, state)

    async def run(self) -> None:
        """Write rows as they come, for ever."""
        while True:
            await self._wake.wait()
            self._wake.clear()
            while self._waiting:
                if not await self._write(list(self._waiting)[:BATCH]):
                    await asyncio.sleep(RETRY_SECONDS)

    async def flush(self) -> None:
        """Write what waits, once; what the database does not take is lost."""
        while self._waiting and await self._write(list(self._waiting)[:BATCH]):
            pass
        if self._waiting:
            logger.warning("%d skipped slots could not be recorded before the end", len(self._waiting))

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
