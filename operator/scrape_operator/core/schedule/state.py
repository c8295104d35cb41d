"""What is known about one schedule besides its plan: the facts that decisions and status rest on."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from uuid import UUID

from scrape_operator.core.runs.items import ItemCounts
from scrape_operator.core.runs.reasons import Reason
from scrape_operator.core.runs.run import RunClaim, RunResult, RunStatus, RunSummary, TargetHealth, Trigger, trigger_of
from scrape_operator.core.runs.slot import Due, First, Manual, Slot, digest_token
from scrape_operator.core.schedule.settled import Range, remember

HISTORY_LENGTH = 5

REQUESTS_REMEMBERED = 64
"""Tokens of manual runs: an older one runs again if it is set again."""

_INSTANT = timedelta(microseconds=1)
"""The resolution of a datetime: strictly after `t - _INSTANT` is at or after `t`."""


@dataclass(frozen=True, slots=True)
class ActiveRun:
    """A run that goes on, or that waits for a place in the pool or for its claim (`started_at` is None)."""

    run_id: UUID
    slot: Slot
    started_at: datetime | None = None

    @property
    def trigger(self) -> Trigger:
        """What asked for the run."""
        return trigger_of(self.slot)


@dataclass(frozen=True, slots=True)
class QueuedRun:
    """A slot that waits for the previous run to end (concurrencyPolicy Queue or Replace)."""

    slot: Slot
    scheduled_for: datetime
    missed: int = 0

    @property
    def trigger(self) -> Trigger:
        """What asked for the run."""
        return trigger_of(self.slot)


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
    finished runs, newest first, skips not among them; `runs` counts all that ended. `handled_requests` are
    the digests of the latest tokens that have, or had, a row. `default_interval` is the one that was in force
    at the latest slot, where the spec names no times.
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
    handled_requests: tuple[str, ...] = ()
    default_interval: timedelta | None = None
    taken_request: str | None = None
    at_once_generation: int = 0
    next_due: datetime | None = None
    is_outside: bool = False
    runs: int = 0
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

    def take_slot(self, slot: Slot, missed: int) -> None:
        """Note that a slot is decided, to run or to be skipped, so that it is not decided again."""
        match slot:
            case Due(time):
                self.settle(time, missed)
            case Manual(token):
                self.taken_request = token
            case First(generation):
                self.at_once_generation = generation

    def release_slot(self, slot: Slot) -> None:
        """Note that a slot could not be claimed, so that a manual or first run is tried again. Due times are not."""
        if isinstance(slot, Manual):
            self.taken_request = None
        elif isinstance(slot, First):
            self.at_once_generation = 0

    def adopt(self, handled_until: datetime | None, handled_request: str | None) -> None:
        """Note what the object's status says about an earlier process: rows that are left say more."""
        if self.last_handled_request is None:
            self.last_handled_request = handled_request
        if handled_until != self.last_slot:  # then it is not the time of a row
            self.last_slot = self.settled_since = handled_until

    def set_upcoming(self, next_due: datetime | None, *, is_outside: bool) -> bool:
        """Note when the schedule runs next. Return whether the condition Scheduled may differ by it."""
        before = (self.next_due is None, self.is_outside)
        self.next_due, self.is_outside = next_due, is_outside
        return before != (next_due is None, is_outside)

    def enqueue(self, run: QueuedRun) -> None:
        """Note the slot that waits for the previous run to end."""
        self.queued = run

    def dequeue(self) -> QueuedRun | None:
        """Remove and return the slot that waits, or None if none does."""
        run, self.queued = self.queued, None
        return run

    def add_run(self, run_id: UUID, slot: Slot) -> None:
        """Note a run that waits for a place in the pool and for its claim."""
        self.active[run_id] = ActiveRun(run_id, slot)

    def remove_run(self, run_id: UUID) -> None:
        """Note that a run is no longer in the pool, whatever its result was."""
        self.active.pop(run_id, None)

    def record_start(self, claim: RunClaim) -> None:
        """Note that a run was claimed: its row is in the database."""
        self.active[claim.id] = ActiveRun(claim.id, claim.slot, claim.started_at)
        self._record_request(claim.slot)
        self.last_schedule_time = claim.scheduled_for
        self.missed += claim.missed

    def _record_request(self, slot: Slot) -> None:
        if isinstance(slot, Manual):
            self.last_handled_request = slot.token
            self.handled_requests = remember_request(self.handled_requests, slot.token)

    def slots_without_row(self) -> frozenset[Slot]:
        """Return the slots that are decided and not yet in the database: after a crash they are found again."""
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
        self.runs += 1
        self._count(summary)
        self._take_targets(result)
        self.remember(summary)
        if counts.new or counts.changed or counts.gone:
            self.last_change_time = result.completed_at
        self.items = counts if result.status.is_good else replace(self.items, total=counts.total)
        return summary

    def record_orphan(self, summary: RunSummary) -> None:
        """Take up a run that nobody finished: a failure, unless a run of a later due time was good already."""
        self.runs += 1
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

    def record_skip(self, slot: Slot, reason: Reason, missed: int) -> None:
        """Count a slot that is not run, and the due times that it replaces."""
        self._record_request(slot)
        self.missed += missed
        if reason is Reason.MISSED_DEADLINE:
            self.missed += 1
        else:
            self.skipped += 1


def remember_request(digests: Sequence[str], token: str) -> tuple[str, ...]:
    """Return the digests of the latest tokens, with this one as the latest."""
    digest = digest_token(token)
    others = [known for known in digests if known != digest]
    return (*others, digest)[-REQUESTS_REMEMBERED:]
