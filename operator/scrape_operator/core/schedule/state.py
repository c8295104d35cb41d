"""What is known about one schedule besides its plan: the facts that decisions and the status depend on."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from types import MappingProxyType
from uuid import UUID

from scrape_operator.core.net.day_budgets import UsedUp
from scrape_operator.core.notifications.webhooks import WebhookHealth
from scrape_operator.core.runs.items import ItemCounts
from scrape_operator.core.runs.reasons import Reason
from scrape_operator.core.runs.run import (
    RunClaim,
    RunResult,
    RunStatus,
    RunSummary,
    SkippedSlot,
    TargetHealth,
    Trigger,
    clip,
    trigger_of,
)
from scrape_operator.core.runs.slot import Due, First, Manual, SecretsFound, Slot, digest_token
from scrape_operator.core.schedule.handled import Range, add_range
from scrape_operator.core.schedule.instants import INSTANT
from scrape_operator.core.shared import shared

HISTORY_LENGTH = 5

REQUESTS_REMEMBERED = 64
"""Tokens of manual runs: an older one runs again if it is set again."""

_NO_WEBHOOKS: Mapping[str, WebhookHealth] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class ActiveRun:
    """A run that is active, or that waits for a place in the pool or for its claim (`started_at` is None).

    `ends_by` is when it will have ended at the latest, apart from the time that it takes to store it.
    """

    run_id: UUID
    slot: Slot
    started_at: datetime | None = None
    ends_by: datetime | None = None

    @property
    def trigger(self) -> Trigger:
        """What asked for the run."""
        return trigger_of(self.slot)


@dataclass(frozen=True, slots=True)
class QueuedRun:
    """A slot that waits for the previous run to end."""

    slot: Slot
    scheduled_for: datetime
    missed: int = 0

    @property
    def trigger(self) -> Trigger:
        """What asked for the run."""
        return trigger_of(self.slot)


@dataclass(slots=True)
class ScheduleState:
    """The facts of one schedule: loaded from the database at start, then changed by the methods only.

    Due times: `last_slot` is the last one that was handled, run or skipped; no due time at or before it is run.
    `slot_generation` is the generation of the latest slot in the database, as the process found it at its start. All
    due times after `handled_since` up to `last_slot` were handled one by one. `handled` are earlier such ranges, and
    `ahead` those that come again, since the wall clock was set back. `next_due` is when the schedule runs next;
    `is_outside` means that the due times before it are outside the windows. `default_interval` is the one that was in
    force at the latest slot, where the spec names no times.

    Runs at once: `first_generation` is that of the latest first run. `secrets_found` is the last run if Secrets can be
    read now that it did not find. `immediate_run_at` is when the latest run at once began, if it followed another.

    Requests: `last_handled_request` is the token that the status echoes, `handled_requests` are the digests of the
    latest tokens that have, or had, a row.

    Runs: `history` holds the finished runs and the manual runs that were skipped, newest first; `runs` counts all that
    ended. `last_failure` is the last run that failed, if it is known and no later one was good. `defect` says why the
    schedule could not be evaluated. `webhooks` are those whose state is known, by name. `used_up` is the budget of a
    day of which nothing was left when the schedule was evaluated last.
    """

    last_slot: datetime | None = None
    slot_generation: int = 0
    handled_since: datetime | None = None
    handled: tuple[Range, ...] = ()
    ahead: tuple[Range, ...] = ()
    last_schedule_time: datetime | None = None
    last_successful_time: datetime | None = None
    last_failure_time: datetime | None = None
    last_change_time: datetime | None = None
    last_handled_request: str | None = None
    handled_requests: tuple[str, ...] = ()
    default_interval: timedelta | None = None
    first_generation: int = 0
    secrets_found: UUID | None = None
    immediate_run_at: datetime | None = None
    next_due: datetime | None = None
    is_outside: bool = False
    runs: int = 0
    consecutive_failures: int = 0
    missed: int = 0
    skipped: int = 0
    items: ItemCounts = ItemCounts()
    last_run: RunSummary | None = None
    last_failure: RunSummary | None = None
    targets: tuple[TargetHealth, ...] = ()
    history: list[RunSummary] = field(default_factory=list)
    active: dict[UUID, ActiveRun] = field(default_factory=dict)
    queued: QueuedRun | None = None
    defect: str | None = None
    webhooks: Mapping[str, WebhookHealth] = field(default_factory=lambda: _NO_WEBHOOKS)
    used_up: UsedUp | None = None

    def adopt(self, handled_until: datetime | None, handled_request: str | None) -> None:
        """Note what the object's status says about an earlier process, where the database says nothing."""
        if self.last_handled_request is None and handled_request is not None:
            self._record_request(Manual(handled_request))
        if handled_until != self.last_slot:  # then it is not the time of a row
            self.last_slot = self.handled_since = handled_until

    def skip_until(self, now: datetime) -> None:
        """Drop the due times up to `now`: after an edit or a pause none of them is made up for."""
        if self.last_slot is None or self.last_slot < now:
            self._begin_range(now)
            self.last_slot = now

    def set_clock_back(self, now: datetime) -> None:
        """Continue from `now` where the wall clock was set back to it; no due time is handled twice."""
        if self.immediate_run_at is not None:
            self.immediate_run_at = min(self.immediate_run_at, now)
        if self.last_slot is None or self.last_slot <= now:
            return
        if self.handled_since is None:
            self.handled_since = self.last_slot - INSTANT
        self._begin_range(now)
        self.last_slot = now
        self.ahead = tuple(found for found in self.handled if found[1] > now)

    def take_slot(self, slot: Slot, scheduled_for: datetime, missed: int) -> None:
        """Note that a slot is decided, to run or to be skipped, so that it is not decided again."""
        if isinstance(slot, Due):
            self._take_due_time(slot.time, missed)
        elif isinstance(slot, First):
            self.first_generation = slot.generation
            self.immediate_run_at = None if self.last_run is None else scheduled_for
        elif isinstance(slot, SecretsFound):
            self.secrets_found, self.immediate_run_at = None, scheduled_for

    def _take_due_time(self, due: datetime, missed: int) -> None:
        """Note that a due time is handled, and that the `missed` ones before it were not looked at."""
        if missed or self.handled_since is None:
            self._begin_range(due - INSTANT)
        self.last_slot = due
        if self.ahead:
            self.ahead = tuple(found for found in self.ahead if found[1] > due)

    def _begin_range(self, since: datetime) -> None:
        if self.last_slot is not None and self.handled_since is not None:
            self.handled = add_range(self.handled, self.handled_since, self.last_slot)
        self.handled_since = since

    def release_slot(self, slot: Slot) -> None:
        """Note that a slot could not be claimed, so that a run at once is tried again."""
        if isinstance(slot, First):
            self.first_generation, self.immediate_run_at = 0, None
        elif isinstance(slot, SecretsFound):
            self.secrets_found, self.immediate_run_at = slot.run, None

    def set_upcoming(self, next_due: datetime | None, *, is_outside: bool) -> bool:
        """Note when the schedule runs next. Return whether the condition Scheduled may differ by it."""
        before = (self.next_due is None, self.is_outside)
        self.next_due, self.is_outside = next_due, is_outside
        return before != (next_due is None, is_outside)

    def set_defect(self, defect: str | None) -> bool:
        """Note why the schedule could not be evaluated, or None where it could. Return whether that is new."""
        is_new, self.defect = defect != self.defect, defect
        return is_new

    def set_used_up(self, used_up: UsedUp | None) -> bool:
        """Note which budget of the day is used up, or None. Return whether that is new."""
        is_new, self.used_up = used_up != self.used_up, used_up
        return is_new

    def enqueue(self, run: QueuedRun) -> None:
        """Note the slot that waits for the previous run to end."""
        self.queued = run

    def dequeue(self) -> QueuedRun | None:
        """Remove and return the slot that waits, or None if none does."""
        run, self.queued = self.queued, None
        return run

    def is_pending(self, slot: Slot) -> bool:
        """Return whether a slot waits for the previous run, for a place in the pool or for its claim."""
        return slot in self.slots_without_row()

    def is_handled(self, token: str) -> bool:
        """Return whether a token has, or had, a row."""
        return token == self.last_handled_request or digest_token(token) in self.handled_requests

    def echo_request(self, token: str) -> None:
        """Show a token as handled: its run was an earlier one, or another replica's."""
        self._record_request(Manual(token))

    def add_run(self, run_id: UUID, slot: Slot) -> None:
        """Note a run that waits for a place in the pool and for its claim."""
        self.active[run_id] = ActiveRun(run_id, slot)

    def remove_run(self, run_id: UUID) -> None:
        """Note that a run is no longer in the pool, whatever its result was."""
        self.active = {known: run for known, run in self.active.items() if known != run_id}

    def record_start(self, claim: RunClaim, ends_by: datetime) -> None:
        """Note that a run was claimed: its row is in the database."""
        self.active[claim.id] = ActiveRun(claim.id, claim.slot, claim.started_at, ends_by)
        self._record_request(claim.slot)
        self.last_schedule_time = claim.scheduled_for
        self.missed += claim.missed

    def record_ending(self, run_id: UUID, now: datetime) -> None:
        """Note that a run has nothing left to do but to be stored."""
        run = self.active.get(run_id)
        if run is not None:
            self.active[run_id] = ActiveRun(run_id, run.slot, run.started_at, now)

    def _record_request(self, slot: Slot) -> None:
        if isinstance(slot, Manual):
            self.last_handled_request = slot.token
            self.handled_requests = remember_request(self.handled_requests, slot.token)

    def slots_without_row(self) -> frozenset[Slot]:
        """Return the slots that are decided and not yet in the database: after a crash they are found again."""
        unclaimed = [run.slot for run in self.active.values() if run.started_at is None]
        return frozenset(unclaimed if self.queued is None else (*unclaimed, self.queued.slot))

    def record_webhook(self, health: WebhookHealth) -> bool:
        """Note how a webhook is. Return whether that is new."""
        is_new = self.webhooks.get(health.name, WebhookHealth(health.name)) != health
        self.webhooks = {**self.webhooks, health.name: health}
        return is_new

    def record_finish(self, result: RunResult, counts: ItemCounts) -> RunSummary:
        """Note that a run ended and was stored. Return the run as the history shows it."""
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
            counts=shared(counts),
            items_scraped=sum(len(target.items) for target in result.targets),
        )
        self.remove_run(summary.id)
        self.runs += 1
        self._count(summary)
        self._record_targets(result)
        self.add_to_history(summary)
        if counts.new or counts.changed or counts.gone:
            self.last_change_time = result.completed_at
        self.items = summary.counts
        return summary

    def record_orphan(self, summary: RunSummary) -> None:
        """Note a run that its owner did not end: a failure, unless a run of a later due time was good already."""
        self.runs += 1
        self.remove_run(summary.id)
        self.last_failure_time = summary.completed_at
        later = [run for run in self.history if run.scheduled_for > summary.scheduled_for]
        if not any(run.status.is_good for run in later):
            self.consecutive_failures += 1
            if all(run.status is not RunStatus.FAILED for run in later):
                self.last_failure = summary
            self.items = ItemCounts(total=self.items.total)
        self.history = [*later, summary, *self.history[len(later) :]][:HISTORY_LENGTH]
        self.last_run = next(run for run in self.history if run.status is not RunStatus.SKIPPED)
        self.secrets_found = None

    def add_to_history(self, summary: RunSummary) -> None:
        """Note the last run that ended, or a manual run that was skipped."""
        if summary.status is not RunStatus.SKIPPED:
            self.last_run, self.secrets_found = summary, None
        if summary.status is RunStatus.FAILED:
            self.last_failure = summary
        elif summary.status.is_good:
            self.last_failure = None
        self.history = [summary, *self.history[: HISTORY_LENGTH - 1]]

    def adopt_history(self, runs: Sequence[RunSummary]) -> None:
        """Take the last runs that ended from the database, newest first."""
        self.history.extend(runs)
        self.last_run = runs[0] if runs else None
        telling = (run for run in runs if run.status is RunStatus.FAILED or run.status.is_good)
        last = next(telling, None)
        self.last_failure = last if last is not None and last.status is RunStatus.FAILED else None

    def _count(self, summary: RunSummary) -> None:
        if summary.status.is_good:
            self.consecutive_failures = 0
            self.last_successful_time = summary.completed_at
        elif summary.status is RunStatus.FAILED:
            self.consecutive_failures += 1
            self.last_failure_time = summary.completed_at

    def _record_targets(self, result: RunResult) -> None:
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

    def record_missing_secret(self, target: str, message: str) -> bool:
        """Note what is wrong now with a Secret that a target did not find. Return whether that is new."""
        message = clip(message)
        targets = tuple(replace(it, message=message) if it.name == target else it for it in self.targets)
        is_new, self.targets = targets != self.targets, targets
        return is_new

    def record_found_secrets(self) -> bool:
        """Note that Secrets which the last run did not find can be read. Return whether that is new."""
        found = None if self.last_run is None else self.last_run.id
        is_new, self.secrets_found = found != self.secrets_found, found
        return is_new

    def record_skip(self, row: SkippedSlot) -> None:
        """Note a slot that is not run: count it and the due times that it replaces."""
        self._record_request(row.slot)
        self.missed += row.missed
        if row.reason is Reason.MISSED_DEADLINE:
            self.missed += 1
        else:
            self.skipped += 1
        if isinstance(row.slot, Manual):
            self.add_to_history(row.summary())


def remember_request(digests: Sequence[str], token: str) -> tuple[str, ...]:
    """Return the digests of the latest tokens, with this one as the latest."""
    digest = digest_token(token)
    others = [known for known in digests if known != digest]
    return (*others, digest)[-REQUESTS_REMEMBERED:]
