"""Why a schedule makes no runs by itself, whatever the time is. `decision` obeys it, `reporting` tells it."""

from enum import StrEnum

from scrape_operator.core.runs.run import RunStatus
from scrape_operator.core.schedule.plan import SchedulePlan
from scrape_operator.core.schedule.state import ScheduleState


class Pause(StrEnum):
    """The reasons of the condition Scheduled that hold until somebody or something changes."""

    INVALID_SPEC = "InvalidSpec"
    SUSPENDED = "Suspended"
    SUSPENDED_BY_FAILURES = "SuspendedByFailures"


def pause_of(plan: SchedulePlan, state: ScheduleState) -> Pause | None:
    """Say what keeps the schedule from making runs; None where nothing does."""
    if plan.is_stalled or plan.due_times is None:
        return Pause.INVALID_SPEC
    if plan.suspend:
        return Pause.SUSPENDED
    if _has_failed_too_often(plan, state):
        return Pause.SUSPENDED_BY_FAILURES
    return None


def _has_failed_too_often(plan: SchedulePlan, state: ScheduleState) -> bool:
    """Whether suspendAfterFailures holds: the failures in a row are that many, and the last was of the present spec.

    A change of spec therefore gives it one more run, and a run by hand that succeeds ends the row.
    """
    limit = plan.suspend_after_failures
    if not limit or state.consecutive_failures < limit:
        return False
    last = next((run for run in state.history if run.status is RunStatus.FAILED), None)
    return last is None or last.generation >= plan.generation
