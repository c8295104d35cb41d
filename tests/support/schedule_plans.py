"""Plans, states and runs for the tests of what comes and what is decided, at noon of a Wednesday."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from scrape_operator.core.runs.reasons import Reason
from scrape_operator.core.runs.run import RunStatus, RunSummary, Trigger
from scrape_operator.core.runs.slot import Due
from scrape_operator.core.schedule.due_times import IntervalDueTimes
from scrape_operator.core.schedule.plan import ObjectKey, SchedulePlan
from scrape_operator.core.schedule.state import ActiveRun, ScheduleState
from scrape_operator.core.schedule.windows import Windows, parse_window

NOON = datetime(2026, 11, 25, 12, tzinfo=UTC)
RUN_ID = UUID(int=7)
FIVE_MINUTES = timedelta(minutes=5)


def at(**offset: float) -> datetime:
    return NOON + timedelta(**offset)


def plan(**changes: Any) -> SchedulePlan:
    facts: dict[str, Any] = {
        "key": ObjectKey("uid", "default", "quotes"),
        "generation": 1,
        "created_at": NOON,
        "due_times": IntervalDueTimes(FIVE_MINUTES),
    }
    return SchedulePlan(**{**facts, **changes})


def summary(status: RunStatus = RunStatus.SUCCEEDED, generation: int = 1) -> RunSummary:
    return RunSummary(RUN_ID, Trigger.SCHEDULED, generation, NOON, status, Reason.SUCCEEDED, "", NOON, NOON)


def ran(*runs: RunSummary, **facts: Any) -> ScheduleState:
    """The state at noon, after runs of which the last was due then; the oldest first."""
    state = ScheduleState(last_slot=NOON, last_schedule_time=NOON, **facts)
    for run in runs or (summary(),):
        state.add_to_history(run)
        state.consecutive_failures += run.status is RunStatus.FAILED
        state.consecutive_failures *= not run.status.is_good
    return state


def active(state: ScheduleState) -> ScheduleState:
    state.active[RUN_ID] = ActiveRun(RUN_ID, Due(NOON), NOON)
    return state


def windows(*specs: tuple[str, str, str], zone: str = "Etc/UTC") -> Windows:
    return Windows(tuple(parse_window(mode, (), start, end) for mode, start, end in specs), ZoneInfo(zone))
