"""Runs that begin at once, apart from the due times of their schedule: their slots, and when they may begin."""

from datetime import datetime, timedelta

from scrape_operator.core.runs.slot import First, SecretsFound
from scrape_operator.core.schedule.pauses import pause_of
from scrape_operator.core.schedule.plan import SchedulePlan
from scrape_operator.core.schedule.state import ScheduleState
from scrape_operator.core.schedule.window_openings import next_opening

IMMEDIATE_RUN_PACE = timedelta(seconds=30)
"""Runs at once that follow an earlier run begin at most this often.

A spec that is edited again and again does not turn into a run each time, nor does a Secret that comes and goes.
"""


def immediate_slot(plan: SchedulePlan, state: ScheduleState) -> First | SecretsFound | None:
    """Return the slot of the run that a schedule needs apart from its due times, or None if it needs none.

    Cron schedules wait for their time, and paused ones for the end of the pause.
    """
    if not plan.first_run_at_once or pause_of(plan, state) is not None:
        return None
    if _needs_first_run(plan, state):
        return First(plan.generation)
    return None if state.secrets_found is None else SecretsFound(state.secrets_found)


def immediate_run_at(plan: SchedulePlan, state: ScheduleState, now: datetime) -> datetime | None:
    """Return when the run of the immediate slot may begin, or None if there is none.

    That is now, at startTime, when a window opens, IMMEDIATE_RUN_PACE after the last such run, or when a budget of the
    day that is used up counts anew.
    """
    if state.active or state.queued is not None or immediate_slot(plan, state) is None:
        return None
    earliest = now if plan.start_time is None else max(now, plan.start_time)
    if state.immediate_run_at is not None:
        earliest = max(earliest, state.immediate_run_at + IMMEDIATE_RUN_PACE)
    if state.used_up is not None:
        earliest = max(earliest, state.used_up.until)
    opening = next_opening(plan.windows, earliest)
    return None if opening is None or (plan.end_time is not None and opening > plan.end_time) else opening


def _needs_first_run(plan: SchedulePlan, state: ScheduleState) -> bool:
    """Return whether a schedule never ran, or its last run failed and its spec has changed since.

    Runs that were canceled say nothing. The row of the failed run may be pruned already.
    """
    if plan.generation <= state.first_generation:
        return False
    if state.last_failure is not None:
        return plan.generation > state.last_failure.generation
    if state.last_run is None and state.last_schedule_time is None:
        return True
    return state.consecutive_failures > 0 and plan.generation > state.slot_generation
