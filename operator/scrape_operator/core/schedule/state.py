"""What is known about one schedule besides its plan: the facts that decisions and status rest on."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

from scrape_operator.core.runs.items import ItemCounts
from scrape_operator.core.runs.reasons import Reason
from scrape_operator.core.runs.run import RunResult, RunStatus, RunSummary, TargetHealth, Trigger
from scrape_operator.core.schedule.settled import Range, remember

HISTORY_LENGTH = 5

_INSTANT = timedelta(microseconds=1)
"""The resolution of a datetime: strictly after `t - _INSTANT` is at or after `t`."""


@dataclass(frozen=True, slots=True)
class ActiveRun:
    """A run that is going on, or waits for room in the pool or for its claim (`started_at` None)."""

    run_id: UUID
    trigger: Trigger
    started_at: datetime | None
    slot: str = ""


@dataclass(frozen=True, slots=True)
class QueuedRun:
    """A slot that waits for the run before it to end (concurrencyPolicy Queue or Replace)."""

    slot: str
    scheduled_for: datetime
    trigger: Trigger
    missed: int = 0


@dataclass(slots=True)
class ScheduleState:
    """The facts of one schedule; seeded from SQL at start, then kept up by what happens.

    `last_slot` is the last due time that was dealt with, run or skipped: no due time at or before it
    is ever run; `slot_generation` is that of the latest slots in the rows, as the process found them at
    its start. All due times after `settled_since` up to it were dealt with one by one; `settled` are
    earlier such ranges, and `ahead` those that lie ahead again, since the wall clock went back.
    `next_due` is when it will run next; `is_outside` says that due times before it are outside the
    windows. `taken_request` is the token that this process took up, `last_handled_request` the last
    one that has a row, `at_once_generation` the last one whose run at once was begun. `history` holds
    finished runs, newest first, skips not among them.
    """

    last_slot: datetime | None = None
    slot_generation: int = 0
    settled_since: datetime | None = None
    settled: tuple[Range, ...] = ()
    ahead: tuple[Range, ...] = ()
    last_schedule_time: datetime | None = None
    last_successful_time: datetime | None = None
    last_failure_time: datetime | None = None
    last_change_time: datetime | None = None
    last_handled_request: str | None = None
    taken_request: str | None = None
    at_once_generation: int = 0
    next_due: datetime | None = None
    is_outside: bool = False
    consecutive_failures: int = 0
    missed: int = 0
    skipped: int = 0
    items: ItemCounts = ItemCounts()
    last_run: RunSummary | None = None
    targets: tuple[TargetHealth, ...] = ()
    history: list[RunSummary] = field(default_factory=list)
    active: dict[UUID, ActiveRun] = field(default_factory=dict)
    queued: QueuedRun | None = None

    def settle(self, due: datetime, missed: int) -> None:
        """Take up that a due time is dealt with, and that the `missed` ones before it were not looked at."""
        if missed or self.settled_since is None:
            self._begin_range(due - _INSTANT)
        self.last_slot = due
        if self.ahead:
            self.ahead = tuple(settled for settled in self.ahead if settled[1] > due)

    def go_on_from(self, now: datetime) -> None:
        """Let no due time up to `now` be run any more: nothing is made up for after an edit or a resume."""
        if self.last_slot is None or self.last_slot < now:
            self._begin_range(now)
            self.last_slot = now

    def rewind(self, now: datetime) -> None:
        """Take up that the wall clock went back to `now`: due times go on from there, but none is dealt with twice."""
        if self.last_slot is None or self.last_slot <= now:
            return
        if self.settled_since is None:
            self.settled_since = self.last_slot - _INSTANT
        self._begin_range(now)
        self.last_slot = now
        self.ahead = tuple(settled for settled in self.settled if settled[1] > now)

    def _begin_range(self, since: datetime) -> None:
        if self.last_slot is not None and self.settled_since is not None:
            self.settled = remember(self.settled, self.settled_since, self.last_slot)
        self.settled_since = since

    def slots_without_row(self) -> frozenset[str]:
        """Give the slots that were taken up and are not in the database yet: a crash would leave them to be found."""
        unclaimed = [run.slot for run in self.active.values() if run.started_at is None]
        return frozenset(unclaimed if self.queued is None else (*unclaimed, self.queued.slot))

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
        self.remember(summary)
        if counts.new or counts.changed or counts.gone:
            self.last_change_time = result.completed_at
        if result.status.is_good:
            self.items = counts
        return summary

    def record_orphan(self, summary: RunSummary) -> None:
        """Take up a run that nobody finished: a failure, unless a run of a later due time was good already."""
        self.active.pop(summary.id, None)
        self.last_failure_time = summary.completed_at
        later = [run for run in self.history if run.scheduled_for > summary.scheduled_for]
        if not any(run.status.is_good for run in later):
            self.consecutive_failures += 1
        self.history = [*later, summary, *self.history[len(later) :]][:HISTORY_LENGTH]
        self.last_run = self.history[0]

    def remember(self, summary: RunSummary) -> None:
        """Let this be the last run that ended."""
        self.last_run = summary
        self.history = [summary, *self.history[: HISTORY_LENGTH - 1]]

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
