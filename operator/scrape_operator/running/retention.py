"""Deletes rows: of each schedule those beyond its limits, and of deleted schedules by their `dataPolicy`."""

import asyncio
import logging
from collections.abc import Sequence

from scrape_operator.core.errors import StoreUnavailable
from scrape_operator.core.ports import Clock, RunStore
from scrape_operator.core.runs.items import ItemCounts
from scrape_operator.core.runs.reasons import Reason
from scrape_operator.core.runs.run import RunClaim, RunResult, StoredSpec
from scrape_operator.core.schedule.plan import SchedulePlan

logger = logging.getLogger(__name__)

ROWS_BETWEEN_PRUNES = 20
"""Rows of a schedule between two looks at its history, and fewer where its limits are small."""

MAX_EXCESS = 5
"""A history has at most a fifth more rows than its limit, until the next pause is over."""

PAUSE_SECONDS = 10.0

PRUNED_AT_ONCE = 10
"""Schedules whose rows are looked at in one transaction: it must not keep claims waiting."""


class Retention:
    """Observes runs; prunes a schedule once enough rows have come, a little at a time."""

    def __init__(self, store: RunStore, clock: Clock) -> None:
        self._store = store
        self._clock = clock
        self._rows: dict[str, int] = {}
        self._due: dict[str, SchedulePlan] = {}
        self._deleted: set[str] = set()
        self._edited: dict[str, StoredSpec] = {}

    def started(self, plan: SchedulePlan, claim: RunClaim, skew: float) -> None:
        """Do nothing: rows are counted when runs end."""

    def finished(self, plan: SchedulePlan, result: RunResult, counts: ItemCounts, duration: float) -> None:
        """Count a row."""
        self._count(plan)

    def skipped(self, plan: SchedulePlan, reason: Reason, missed: int) -> None:
        """Count a row."""
        self._count(plan)

    def _count(self, plan: SchedulePlan) -> None:
        uid, limit = plan.key.uid, min(plan.successful_limit, plan.failed_limit)
        rows = self._rows.get(uid, ROWS_BETWEEN_PRUNES - 1) + 1
        if rows >= min(ROWS_BETWEEN_PRUNES, limit // MAX_EXCESS):
            self._due[uid] = plan
            rows = 0
        self._rows[uid] = rows

    def edited(self, plan: SchedulePlan) -> None:
        """Note that the spec of a schedule was edited: its limits and its `dataPolicy` count from now on."""
        self._due[plan.key.uid] = plan
        self._edited[plan.key.uid] = plan.stored_spec

    def forget(self, uid: str) -> None:
        """Note that the object of a schedule is gone: its rows go by `dataPolicy`."""
        self._rows.pop(uid, None)
        self._due.pop(uid, None)
        self._deleted.add(uid)

    async def run(self) -> None:
        """Prune what is due, for ever."""
        while True:
            await asyncio.sleep(PAUSE_SECONDS)
            await self.prune_due()
            await self.prune_deleted()

    async def prune_deleted(self) -> None:
        """Delete rows of schedules that are gone; what the database was away for is done later."""
        now = self._clock.now()
        try:
            await self._note_edited()
            if gone := frozenset(self._deleted):
                await self._store.mark_deleted(gone, now)
                self._deleted -= gone
            await self._store.prune_deleted(now)
        except StoreUnavailable as error:
            logger.warning("rows of deleted schedules stay for now: %s", error)
        except Exception:
            logger.exception("rows of deleted schedules could not be deleted")

    async def _note_edited(self) -> None:
        if specs := dict(self._edited):
            await self._store.note_edited(specs)
            self._edited = {uid: spec for uid, spec in self._edited.items() if spec is not specs.get(uid)}

    async def prune_due(self) -> None:
        """Prune what is due now; what the database was away for stays due."""
        while self._due:
            some = [self._due.popitem()[1] for _ in range(min(PRUNED_AT_ONCE, len(self._due)))]
            unavailable = [plan for plan, away in zip(some, await self._prune(some), strict=True) if away]
            if unavailable:
                self._due |= {plan.key.uid: plan for plan in unavailable}
                break

    async def _prune(self, plans: Sequence[SchedulePlan]) -> Sequence[bool]:
        """Prune concurrently, so that the store uses one transaction. Return for each whether the database was away."""
        return await asyncio.gather(*(self._is_away_for(plan) for plan in plans))

    async def _is_away_for(self, plan: SchedulePlan) -> bool:
        limits = {"successful": plan.successful_limit, "failed": plan.failed_limit}
        try:
            await self._store.prune(
                plan.key.uid, **limits, older_than=self._clock.now() - plan.stored_spec.history_max_age
            )
        except StoreUnavailable:
            return True
        except Exception:
            logger.exception("history of %s could not be pruned", plan.key)
        return False
