"""Decides what a schedule does now, by pure functions of its plan, its state and the time. `scheduling` calls them."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from scrape_operator.core.runs.reasons import Reason
from scrape_operator.core.runs.run import Trigger, trigger_of
from scrape_operator.core.runs.slot import Due, Manual, Slot
from scrape_operator.core.schedule.due_times import DueTimes
from scrape_operator.core.schedule.immediate import immediate_slot
from scrape_operator.core.schedule.instants import INSTANT
from scrape_operator.core.schedule.pauses import pause_of
from scrape_operator.core.schedule.plan import ConcurrencyPolicy, MissedRunPolicy, SchedulePlan
from scrape_operator.core.schedule.state import QueuedRun, ScheduleState
from scrape_operator.core.schedule.upcoming import Upcoming, unhandled, upcoming

LATE = timedelta(minutes=1)
"""A run that starts later than this after its due time must be inside a window also when it starts."""

ENDING_TIMEOUT = timedelta(seconds=1)
"""How long a slot waits for a run that is being ended, also under concurrencyPolicy Forbid."""

DELETED = "the schedule was deleted before the run had begun"


@dataclass(frozen=True, slots=True)
class Start:
    """Run this slot now. The run replaces `missed` earlier due times."""

    slot: Slot
    scheduled_for: datetime
    missed: int = 0

    @property
    def is_due_time(self) -> bool:
        """Whether the slot is a due time of the schedule."""
        return isinstance(self.slot, Due)

    def skip(self, reason: Reason, message: str) -> "Skip":
        """Return the skip of the same slot."""
        return Skip(self.slot, self.scheduled_for, reason, message, self.missed)


@dataclass(frozen=True, slots=True)
class Skip:
    """Record that this slot is not run, and why."""

    slot: Slot
    scheduled_for: datetime
    reason: Reason
    message: str
    missed: int

    @property
    def trigger(self) -> Trigger:
        """What asked for the run."""
        return trigger_of(self.slot)


@dataclass(frozen=True, slots=True)
class Enqueue:
    """Keep this slot until the active run has ended. `replaces` means that the active run is canceled for it."""

    start: Start
    replaces: bool = False


@dataclass(frozen=True, slots=True)
class Echo:
    """Write this token to `status.lastHandledRequest` again, without a run: it already had one."""

    token: str


@dataclass(frozen=True, slots=True)
class Wait:
    """Decide again at `until`, or only after a change where it is None.

    `upcoming` holds what is next for the schedule, if the decision had to compute it.
    """

    until: datetime | None
    upcoming: Upcoming | None = field(default=None, compare=False)


Decision = Start | Skip | Enqueue | Echo | Wait

NOTHING = Wait(None)


def decide(plan: SchedulePlan, state: ScheduleState, now: datetime) -> Decision:
    """Decide about the due times up to `now`, and about a run at once.

    Of several due times that have passed only the latest that may run is decided, else the latest; `missed` counts
    those before it. A due time that has come is decided before a run at once: its run also serves as that.
    """
    due_times = unhandled(plan, state)
    if due_times is None or pause_of(plan, state) is not None:
        return NOTHING
    last, due = state.last_slot, due_times.latest_until(now)
    if last is not None and due is not None and due > last:
        due = _latest_to_run(plan, due_times, last, due, now)
        missed = max(0, due_times.count_between(last, due) - 1)
        # A due time outside the windows would not have run either.
        first = due_times.next_inside(plan.windows, last) if missed else None
        has_missed = first is not None and first < due
        return _decide_due(plan, state, Start(Due(due), due, missed), now, has_missed=has_missed)
    ahead = upcoming(plan, state, now)
    slot = immediate_slot(plan, state) if ahead.immediate == now else None
    return Wait(ahead.wake, ahead) if slot is None else Start(slot, now)


def _latest_to_run(plan: SchedulePlan, due_times: DueTimes, last: datetime, due: datetime, now: datetime) -> datetime:
    """Return the latest due time after `last` that may run now, or `due`, which is the latest of all."""
    windows = plan.windows
    if windows.allows(due) or not windows.allows(now):
        return due
    low, high = max(last, now - plan.starting_deadline - INSTANT), due
    if (found := due_times.next_inside(windows, low)) is None or found > due:
        return due
    while high - low > INSTANT:  # the first one inside after `low` is before `due`, the one after `high` is not
        middle = low + (high - low) // 2
        after = due_times.next_inside(windows, middle)
        if after is not None and after <= due:
            low, found = middle, after
        else:
            high = middle
    return found


def decide_queued(plan: SchedulePlan, state: ScheduleState, now: datetime) -> Decision:
    """Decide about the slot that waits for the previous run to end."""
    queued = state.queued
    if queued is None:
        return NOTHING
    start = _start_of(queued)
    refusal = _refuse_queued(plan, state, start, now)
    if refusal is not None:
        return refusal
    if not state.active:
        return start
    until = _waits_until(plan, start)
    if plan.concurrency_policy is ConcurrencyPolicy.FORBID and until is not None and now > until:
        return start.skip(Reason.SKIPPED_OVERLAP, _overlap_message(plan, state, is_next=True))
    return Wait(until)


def _refuse_queued(plan: SchedulePlan, state: ScheduleState, start: Start, now: datetime) -> Skip | None:
    """Return the skip of a queued slot that may not start any more, or None if it may start."""
    refusal = refuse_waited(plan, state, start, now)
    is_late = start.is_due_time and now - start.scheduled_for > plan.starting_deadline
    if is_late and (refusal is None or refusal.reason is not Reason.CANCELED):
        return start.skip(Reason.MISSED_DEADLINE, f"the previous run had not ended: {_lateness(plan, start, now)}")
    return refusal


def refuse_waited(plan: SchedulePlan, state: ScheduleState, start: Start, now: datetime) -> Skip | None:
    """Return the skip of a slot that waited, if it may not start any more; its starting deadline is not looked at."""
    pause = pause_of(plan, state)
    if plan.is_stalled or (pause is not None and start.is_due_time):
        return start.skip(Reason.CANCELED, f"the schedule was paused while this run waited: {pause}")
    if start.is_due_time and not _is_inside(plan, start, now):
        return start.skip(Reason.SKIPPED_WINDOW, _outside_message(plan, start, now))
    return _refuse_spending(state, start, now)


def _refuse_spending(state: ScheduleState, start: Start, now: datetime) -> Skip | None:
    """Return the skip of a slot whose run could send no request, or None."""
    used_up = state.used_up
    if used_up is None or now >= used_up.until:
        return None
    return start.skip(Reason.BUDGET_EXHAUSTED, used_up.message)


def decide_request(plan: SchedulePlan, state: ScheduleState, token: str | None, now: datetime) -> Decision:
    """Decide about a request for a manual run. A token runs once, also while the schedule is suspended.

    Windows, startTime and endTime do not apply to a manual run; concurrencyPolicy and budgets of days do.
    """
    if not token or plan.is_stalled or token == state.last_handled_request or state.is_pending(Manual(token)):
        return NOTHING
    if state.is_handled(token):
        return Echo(token)
    start = Start(Manual(token), now)
    return _refuse_spending(state, start, now) or _unless_overlapping(plan, state, start, now)


def _start_of(queued: QueuedRun) -> Start:
    return Start(queued.slot, queued.scheduled_for, queued.missed)


def superseded(queued: QueuedRun) -> Skip:
    """Return the skip of a queued slot that a newer one replaces."""
    return _start_of(queued).skip(
        Reason.SKIPPED_OVERLAP, "a newer due time took its place before the previous run had ended"
    )


def withdrawn(queued: QueuedRun) -> Skip:
    """Return the skip of a queued slot whose schedule is gone."""
    return _start_of(queued).skip(Reason.CANCELED, DELETED)


def _decide_due(plan: SchedulePlan, state: ScheduleState, start: Start, now: datetime, *, has_missed: bool) -> Decision:
    if not _is_inside(plan, start, now):
        return start.skip(Reason.SKIPPED_WINDOW, _outside_message(plan, start, now))
    if (refusal := _refuse_spending(state, start, now)) is not None:
        return refusal
    if now - start.scheduled_for > plan.starting_deadline:
        return start.skip(Reason.MISSED_DEADLINE, _lateness(plan, start, now))
    if has_missed and plan.missed_run_policy is MissedRunPolicy.SKIP:
        message = f"{start.missed + 1} due times passed while nothing could run, and missedRunPolicy is Skip"
        return start.skip(Reason.MISSED_DEADLINE, message)
    return _unless_overlapping(plan, state, start, now)


def _unless_overlapping(plan: SchedulePlan, state: ScheduleState, start: Start, now: datetime) -> Decision:
    """Start, or do what concurrencyPolicy says about an active run."""
    if not state.active and state.queued is None:
        return start
    if plan.concurrency_policy is ConcurrencyPolicy.REPLACE:
        return Enqueue(start, replaces=True)
    if state.queued is None and (plan.concurrency_policy is ConcurrencyPolicy.QUEUE or _is_ending(state, now)):
        return Enqueue(start)
    return start.skip(Reason.SKIPPED_OVERLAP, _overlap_message(plan, state))


def _is_ending(state: ScheduleState, now: datetime) -> bool:
    """Return whether all active runs will have ended soon."""
    return all(run.ends_by is not None and run.ends_by <= now + ENDING_TIMEOUT for run in state.active.values())


def _waits_until(plan: SchedulePlan, start: Start) -> datetime | None:
    """Return until when a slot waits for the previous run, or None if there is no limit."""
    if plan.concurrency_policy is ConcurrencyPolicy.FORBID:
        return start.scheduled_for + min(ENDING_TIMEOUT, plan.starting_deadline)
    return start.scheduled_for + plan.starting_deadline if start.is_due_time else None


def _overlap_message(plan: SchedulePlan, state: ScheduleState, *, is_next: bool = False) -> str:
    """Return the message of an overlap. `is_next` means that the skipped slot is the queued one itself."""
    run = next(iter(state.active.values()), None)
    if run is None:
        what = "another run waits"
    elif run.started_at is None:
        what = f"run {run.run_id} waits for its start (SCRAPE_OPERATOR_MAX_CONCURRENT_RUNS, or the database)"
    else:
        what = f"run {run.run_id} is still going on"
    also = " and another one waits" if run is not None and state.queued is not None and not is_next else ""
    return f"{what}{also}, and concurrencyPolicy is {plan.concurrency_policy}"


def _is_inside(plan: SchedulePlan, start: Start, now: datetime) -> bool:
    due = start.scheduled_for
    return plan.windows.allows(due) and (now - due <= LATE or plan.windows.allows(now))


def _outside_message(plan: SchedulePlan, start: Start, now: datetime) -> str:
    zone = plan.windows.zone
    due = f"due at {start.scheduled_for.astimezone(zone):%a %Y-%m-%d %H:%M:%S} {zone.key}"
    if plan.windows.allows(start.scheduled_for):
        return f"{due}, but {now.astimezone(zone):%a %H:%M}, when it could start, is outside spec.windows"
    return f"{due}, outside spec.windows"


def _lateness(plan: SchedulePlan, start: Start, now: datetime) -> str:
    late, deadline = now - start.scheduled_for, plan.starting_deadline
    return f"due {late.total_seconds():.0f}s ago, later than startingDeadlineSeconds {deadline.total_seconds():.0f}"
