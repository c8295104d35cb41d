"""What is known about one schedule besides its plan: the facts that decisions and status rest on."""

from collections import deque
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from scrape_operator.core.items import ItemCounts
from scrape_operator.core.reasons import Reason
from scrape_operator.core.runs import RunResult, RunStatus, RunSummary, TargetHealth, Trigger

HISTORY_LENGTH = 5


@dataclass(frozen=True, slots=True)
class ActiveRun:
    """A run that is going on, or waits for a slot in the pool (`started_at` None)."""

    run_id: UUID
    trigger: Trigger
    started_at: datetime | None


@dataclass(slots=True)
class ScheduleState:
    """The facts of one schedule; seeded from SQL at start, then kept up by what happens.

    `last_slot` is the last due time that was dealt with, run or skipped: no due time at or before it
    is ever run. `history` holds finished runs, newest first, skips not among them.
    """

    last_slot: datetime | None = None
    last_schedule_time: datetime | None = None
    last_successful_time: datetime | None = None
    last_failure_time: datetime | None = None
    last_change_time: datetime | None = None
    last_handled_request: str | None = None
    next_due: datetime | None = None
    consecutive_failures: int = 0
    missed: int = 0
    skipped: int = 0
    items: ItemCounts = ItemCounts()
    last_run: RunSummary | None = None
    targets: tuple[TargetHealth, ...] = ()
    history: deque[RunSummary] = field(default_factory=lambda: deque(maxlen=HISTORY_LENGTH))
    active: dict[UUID, ActiveRun] = field(default_factory=dict)

    def record_finish(self, result: RunResult, counts: ItemCounts) -> RunSummary:
        """Take up a run that ended and was stored."""
        summary = RunSummary(
            id=result.claim.id,
            trigger=result.claim.trigger,
            generation=result.claim.generation,
            scheduled_for=result.claim.scheduled_for,
            status=result.status,
            reason=result.reason,
            message=result.message,
            started_at=result.claim.started_at,
            completed_at=result.completed_at,
            counts=counts,
            items_scraped=sum(len(target.items) for target in result.targets),
        )
        self.active.pop(summary.id, None)
        self._count(summary)
        self._take_targets(result)
        self.last_run = summary
        self.history.appendleft(summary)
        if counts.new or counts.changed or counts.gone:
            self.last_change_time = result.completed_at
        if result.status.is_good:
            self.items = counts
        return summary

    def record_orphan(self, summary: RunSummary) -> None:
        """Take up a run that nobody finished; it counts as a failure where it is the latest."""
        self.active.pop(summary.id, None)
        self._count(summary)
        if self.last_run is None or self.last_run.scheduled_for <= summary.scheduled_for:
            self.last_run = summary
            self.history.appendleft(summary)

    def _count(self, summary: RunSummary) -> None:
        if summary.status.is_good:
            self.consecutive_failures = 0
            self.last_successful_time = summary.completed_at
        elif summary.status is RunStatus.FAILED:
            self.consecutive_failures += 1
            self.last_failure_time = summary.completed_at

    def _take_targets(self, result: RunResult) -> None:
        if result.status is RunStatus.CANCELED:
            return  # a run that was stopped says nothing about its targets
        before = {target.name: target for target in self.targets}
        health = []
        for target in result.targets:
            known = before.get(target.target)
            same = known is not None and known.status is target.status and known.reason is target.reason
            since = known.since if same and known is not None else result.completed_at
            health.append(
                TargetHealth(target.target, target.status, target.reason, target.message, since, target.breach)
            )
        if health:
            self.targets = tuple(health)

    def record_skip(self, reason: Reason, missed: int) -> None:
        """Count a due time that was not run, and the due times that were coalesced into it."""
        self.missed += missed
        if reason is Reason.MISSED_DEADLINE:
            self.missed += 1
        else:
            self.skipped += 1
