"""Start, Skip or Wait: a pure function of plan, state and now. `scheduling` acts on the answer."""

from dataclasses import dataclass
from datetime import UTC, datetime

from scrape_operator.core.plan import SchedulePlan
from scrape_operator.core.reasons import Reason
from scrape_operator.core.runs import RunStatus, Trigger
from scrape_operator.core.state import ScheduleState


@dataclass(frozen=True, slots=True)
class Start:
    """Run now, for this slot. `missed` due times before it are coalesced into it."""

    slot: str
    scheduled_for: datetime
    trigger: Trigger = Trigger.SCHEDULED
    missed: int = 0

    @property
    def is_at_once(self) -> bool:
        """Whether this is the run that follows at once on a new or mended spec."""
        return self.slot.startswith("generation:")

    @property
    def is_due_time(self) -> bool:
        """Whether it is one of the schedule's due times: the next one comes by itself."""
        return self.trigger is Trigger.SCHEDULED and not self.is_at_once


@dataclass(frozen=True, slots=True)
class Skip:
    """Record that this slot is not run, and why."""

    slot: str
    scheduled_for: datetime
    reason: Reason
    message: str
    trigger: Trigger = Trigger.SCHEDULED
    missed: int = 0


@dataclass(frozen=True, slots=True)
class Wait:
    """Nothing is due; ask again at `until`, or only after a change where it is None."""

    until: datetime | None


Decision = Start | Skip | Wait


def slot_of(due: datetime) -> str:
    """Name the slot of a due time: RFC 3339 UTC with milliseconds."""
    return due.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def runs_at_once(plan: SchedulePlan, state: ScheduleState) -> bool:
    """Whether the schedule is due now, apart from its phase (api.md, First runs).

    It never ran, or its last run failed and its spec has changed since. A cron schedule waits for its time.
    """
    if not plan.first_run_at_once or plan.is_stalled or plan.suspend or state.active:
        return False
    if state.last_run is None:
        return state.last_schedule_time is None
    return state.last_run.status is RunStatus.FAILED and plan.generation > state.last_run.generation


def decide(plan: SchedulePlan, state: ScheduleState, now: datetime) -> Decision:
    """Say what to do about a schedule at `now`.

    Several due times that have passed give one run, of the latest (missedRunPolicy RunOnce); one that is
    later than startingDeadlineSeconds is missed.
    """
    if plan.is_stalled or plan.suspend or plan.due_times is None:
        return Wait(None)
    if runs_at_once(plan, state):
        return Start(f"generation:{plan.generation}", now)
    last = state.last_slot
    due = plan.due_times.latest_until(now)
    if last is None or due is None or due <= last:
        return Wait(plan.due_times.next_after(now if last is None else max(now, last)))
    missed = max(0, plan.due_times.count_between(last, due) - 1)
    late = now - due
    if late > plan.starting_deadline:
        seconds = int(plan.starting_deadline.total_seconds())
        message = f"due {int(late.total_seconds())}s ago, later than startingDeadlineSeconds {seconds}"
        return Skip(slot_of(due), due, Reason.MISSED_DEADLINE, message, missed=missed)
    if state.active:
        return Skip(slot_of(due), due, Reason.SKIPPED_OVERLAP, overlap_message(state), missed=missed)
    return Start(slot_of(due), due, missed=missed)


def decide_request(plan: SchedulePlan, state: ScheduleState, token: str | None, now: datetime) -> Decision:
    """Say what to do about a request for a run by token; any new token is one run, also while suspended."""
    if not token or plan.is_stalled or token == state.last_handled_request:
        return Wait(None)
    slot = f"manual:{token}"
    if state.active:
        return Skip(slot, now, Reason.SKIPPED_OVERLAP, overlap_message(state), Trigger.MANUAL)
    return Start(slot, now, Trigger.MANUAL)


def overlap_message(state: ScheduleState) -> str:
    """Name the run that is still going on."""
    run_id = next(iter(state.active), None)
    return f"run {run_id} is still going on and concurrencyPolicy is Forbid"
