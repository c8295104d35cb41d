"""Records slots that are not run. A database that is away delays the rows; it loses none within the bound.

A process that starts takes all slots up to the latest row as decided. So the row of a skipped slot waits for the rows
of the slots before it. Otherwise an earlier slot that still waits for its run would never run if the process died.
"""

import logging
import operator
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from scrape_operator.core.backoff import Backoff
from scrape_operator.core.errors import StoreUnavailable
from scrape_operator.core.ids import uuid7
from scrape_operator.core.ports import Clock, RunObserver, StatusSink
from scrape_operator.core.runs.run import SkippedSlot, Trigger, clip
from scrape_operator.core.runs.slot import Slot
from scrape_operator.core.schedule.decision import Skip
from scrape_operator.core.schedule.plan import ObjectKey, SchedulePlan
from scrape_operator.core.schedule.state import ScheduleState
from scrape_operator.outbox.outbox import NotReady, Outbox
from scrape_operator.outbox.queue import OutboxLimits

logger = logging.getLogger(__name__)

MAX_ROWS = 100_000
MAX_IN_FLIGHT = 200
"""Schedules whose rows are written at the same time: they share transactions."""

HELD_SECONDS = 1.0
"""How often it is looked whether the slots before a row have theirs."""

FLUSH_SECONDS = 5.0
BACKOFF = Backoff(initial_seconds=0.5, max_seconds=5.0)


@dataclass(frozen=True, slots=True, eq=False)
class _Waiting:
    """A row that may be written when none of the slots `before` it is without a row."""

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
    """Counts a skip at once, and writes its row when its turn has come and the database takes it."""

    def __init__(
        self, store: SkipStore, clock: Clock, observer: RunObserver, status: StatusSink, *, owner: str
    ) -> None:
        self._store = store
        self._clock = clock
        self._observer = observer
        self._status = status
        self._owner = owner
        self.on_request_skipped: Callable[[ObjectKey, Skip], None] = lambda _key, _skip: None
        self._rows = 0
        self._is_ending = False
        limits = OutboxLimits(capacity=MAX_ROWS, max_in_flight=MAX_IN_FLIGHT)
        self._outbox: Outbox[str, list[_Waiting]] = Outbox(
            "skips", self._write_rows, clock, limits, merge=operator.iadd, backoff=BACKOFF
        )

    def skip(self, plan: SchedulePlan, state: ScheduleState, skip: Skip) -> None:
        """Count the skip and queue its row."""
        row, before = self._row(plan, skip), state.slots_without_row() - {skip.slot}
        state.record_skip(row)
        self._put(_Waiting(row, state, before if skip.trigger is Trigger.SCHEDULED else frozenset()))
        if skip.trigger is Trigger.MANUAL:
            self.on_request_skipped(plan.key, skip)
        self._observer.skipped(plan, skip.reason, skip.missed)
        self._status.changed(plan, state)

    async def run(self) -> None:
        """Write rows as they come, until this task is canceled."""
        await self._outbox.run()

    async def flush(self) -> None:
        """Write what waits within FLUSH_SECONDS; what the database does not take by then is lost.

        Rows that wait for others are dropped: the next process finds their slots, with those before them.
        """
        self._is_ending = True
        if not await self._outbox.flush(FLUSH_SECONDS):
            logger.warning("skipped slots could not be recorded before the end", extra={"rows": self._rows})

    def _put(self, waiting: _Waiting) -> None:
        if self._rows >= MAX_ROWS:
            logger.error("too many skips wait to be recorded: a row is lost", extra={"rows": self._rows})
            return
        self._rows += 1
        self._outbox.put(waiting.row.schedule_uid, [waiting])

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

    async def _write_rows(self, uid: str, rows: list[_Waiting]) -> bool:
        """Write the rows of one schedule in their order, as far as the slots before them have theirs."""
        for waiting in tuple(rows):
            if waiting.is_free:
                await self._write(waiting.row)
            elif not self._is_ending:
                continue
            rows.remove(waiting)
            self._rows -= 1
        if rows:
            raise NotReady(HELD_SECONDS)
        return True

    async def _write(self, row: SkippedSlot) -> None:
        try:
            await self._store.skip(row)
        except StoreUnavailable:
            raise
        except Exception:
            logger.exception("skip is not recorded", extra={"schedule": f"{row.namespace}/{row.name}"})
