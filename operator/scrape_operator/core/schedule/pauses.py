"""Why a schedule makes no runs by itself, whatever the time is."""

from enum import StrEnum

from scrape_operator.core.schedule.plan import SchedulePlan
from scrape_operator.core.schedule.state import ScheduleState


class Pause(StrEnum):
    """The reasons of the condition Scheduled that hold until a person or a run changes something."""

    INTERNAL_ERROR = "InternalError"
    INVALID_SPEC = "InvalidSpec"
    SUSPENDED = "Suspended"
    SUSPENDED_BY_FAILURES = "SuspendedByFailures"


def pause_of(plan: SchedulePlan, state: ScheduleState) -> Pause | None:
    """Return what keeps the schedule from making runs, or None if nothing does."""
    if state.defect is not None:
        return Pause.INTERNAL_ERROR
    if plan.is_stalled or plan.due_times is None:
        return Pause.INVALID_SPEC
    if plan.suspend:
        return Pause.SUSPENDED
    if _has_failed_too_often(plan, state):
        return Pause.SUSPENDED_BY_FAILURES
    return None


def _has_failed_too_often(plan: SchedulePlan, state: ScheduleState) -> bool:
    """Return whether suspendAfterFailures applies: enough failures in a row, the last of them with the present spec.

    A change of the spec therefore allows one more run, and a manual run that succeeds ends the row.
    """
    limit = plan.suspend_after_failures
    if not limit or state.consecutive_failures < limit:
        return False
    return _failed_generation(state) >= plan.generation


def _failed_generation(state: ScheduleState) -> int:
    """Return the generation of the last failed run, or of the last slot or run where that is not known any more."""
    if state.last_failure is not None:
        return state.last_failure.generation
    return max((run.generation for run in state.history), default=state.slot_generation)
