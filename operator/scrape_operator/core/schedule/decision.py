"""Start, Skip, Enqueue or Wait: pure functions of plan, state and now. `scheduling` acts on the answer."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from scrape_operator.core.runs.reasons import Reason
from scrape_operator.core.runs.run import Trigger, trigger_of
from scrape_operator.core.runs.slot import Due, First, Manual, Slot
from scrape_operator.core.schedule.pauses import pause_of
from scrape_operator.core.schedule.plan import ConcurrencyPolicy, MissedRunPolicy, SchedulePlan
from scrape_operator.core.schedule.state import QueuedRun, ScheduleState
from scrape_operator.core.schedule.upcoming import Upcoming, unsettled, upcoming

LATE = timedelta(minutes=1)
"""A run that starts later than this after its due time must be inside a window not only by that, but by now."""


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
    missed: int = 0

    @property
    def trigger(self) -> Trigger:
        """What asked for the run."""
        return trigger_of(self.slot)


@dataclass(frozen=True, slots=True)
class Enqueue:
    """Let this slot wait until the run that goes on has ended; `replaces` says that it is canceled for it."""

    start: Start
    replaces: bool = False


@dataclass(frozen=True, slots=True)
class Wait:
    """Nothing is due; ask again at `until`, or only after a change where it is None.

    `coming` is what lies ahead of the schedule, where that was looked at for it.
    """

    until: datetime | None
    coming: Upcoming | None = field(default=None, compare=False)


Decision = Start | Skip | Enqueue | Wait

NOTHING = Wait(None)


def decide(plan: SchedulePlan, state: ScheduleState, now: datetime) -> Decision:
    """Say what to do about a schedule's due times at `now`.

    Of several that have passed only the latest is looked at; `missed` counts the others. A due time goes
    before the run that is owed at once, since it is that, too.
    """
    due_times = unsettled(plan, state)
    if due_times is None or pause_of(plan, state) is not None:
        return NOTHING
    last, due = state.last_slot, due_times.latest_until(now)
    if last is not None and due is not None and due > last:
        missed = max(0, due_times.count_between(last, due) - 1)
        return _decide_due(plan, state, Start(Due(due), due, missed), now)
    coming = upcoming(plan, state, now)
    return Start(First(plan.generation), now) if coming.at_once == now else Wait(coming.wake, coming)


def decide_queued(plan: SchedulePlan, state: ScheduleState, now: datetime) -> Decision:
    """Say what to do about the slot that waits for the run before it to end.

    A due time waits until its starting deadline; a run by hand for as long as it takes.
    """
    queued = state.queued
    if queued is None:
        return NOTHING
    start = Start(queued.slot, queued.scheduled_for, queued.missed)
    pause = pause_of(plan, state)
    if plan.is_stalled or (pause is not None and start.is_due_time):
        return start.skip(Reason.CANCELED, f"the schedule was paused while this run waited: {pause}")
    if start.is_due_time:
        if now - start.scheduled_for > plan.starting_deadline:
            return start.skip(Reason.MISSED_DEADLINE, f"the run before it had not ended: {_lateness(plan, start, now)}")
        if not _is_inside(plan, start, now):
            return start.skip(Reason.SKIPPED_WINDOW, _outside_message(plan, start, now))
    if state.active:
        return Wait(start.scheduled_for + plan.starting_deadline if start.is_due_time else None)
    return start


def decide_request(plan: SchedulePlan, state: ScheduleState, token: str | None, now: datetime) -> Decision:
    """Say what to do about a request for a run by token; any new token is one run, also while suspended.

    A person may ask outside windows, startTime and endTime; concurrencyPolicy is obeyed.
    """
    if not token or plan.is_stalled or token in {state.last_handled_request, state.taken_request}:
        return NOTHING
    return _unless_overlapping(plan, state, Start(Manual(token), now))


def superseded(queued: QueuedRun) -> Skip:
    """Give the skip of a slot that waited, and gave up its place to a newer one."""
    start = Start(queued.slot, queued.scheduled_for, queued.missed)
    return start.skip(Reason.SKIPPED_OVERLAP, "a newer due time took its place before the run before it had ended")


def _decide_due(plan: SchedulePlan, state: ScheduleState, start: Start, now: datetime) -> Decision:
    if not _is_inside(plan, start, now):
        return start.skip(Reason.SKIPPED_WINDOW, _outside_message(plan, start, now))
    if now - start.scheduled_for > plan.starting_deadline:
        return start.skip(Reason.MISSED_DEADLINE, _lateness(plan, start, now))
    if start.missed and plan.missed_run_policy is MissedRunPolicy.SKIP:
        message = f"{start.missed + 1} due times passed while nothing could run, and missedRunPolicy is Skip"
        return start.skip(Reason.MISSED_DEADLINE, message)
    return _unless_overlapping(plan, state, start)


def _unless_overlapping(plan: SchedulePlan, state: ScheduleState, start: Start) -> Decision:
    """Start, or do what concurrencyPolicy says where a run goes on."""
    if not state.active and state.queued is None:
        return start
    if plan.concurrency_policy is ConcurrencyPolicy.REPLACE:
        return Enqueue(start, replaces=True)
    if plan.concurrency_policy is ConcurrencyPolicy.QUEUE and state.queued is None:
        return Enqueue(start)
    return start.skip(Reason.SKIPPED_OVERLAP, _overlap_message(plan, state))


def _overlap_message(plan: SchedulePlan, state: ScheduleState) -> str:
    """Name the run that is still going on."""
    run_id = next(iter(state.active), None)
    also = " and another one waits" if state.queued is not None else ""
    return f"run {run_id} is still going on{also}, and concurrencyPolicy is {plan.concurrency_policy}"


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
