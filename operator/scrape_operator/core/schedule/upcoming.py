"""What comes next for a schedule, and when. Pure; the scheduler sets its timer by it, status and `next` show it."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple

from scrape_operator.core.runs.reasons import Reason
from scrape_operator.core.runs.run import RunStatus
from scrape_operator.core.schedule.bounds import BoundedDueTimes
from scrape_operator.core.schedule.due_times import DueTimes
from scrape_operator.core.schedule.instants import FIRST, INSTANT
from scrape_operator.core.schedule.pauses import pause_of
from scrape_operator.core.schedule.plan import SchedulePlan
from scrape_operator.core.schedule.settled import UnsettledDueTimes
from scrape_operator.core.schedule.state import ScheduleState
from scrape_operator.core.schedule.window_openings import next_opening


class Outcome(StrEnum):
    """What becomes of a due time, as far as it is known before; the others are in `core.reasons`."""

    RUN = "Run"
    BEFORE_START_TIME = "BeforeStartTime"
    ENDED = "Ended"


@dataclass(frozen=True, slots=True)
class UpcomingDueTime:
    """A due time that lies ahead, and what will become of it: `Run`, or the reason why not."""

    due: datetime
    outcome: str


def unsettled(plan: SchedulePlan, state: ScheduleState) -> DueTimes | None:
    """Give the due times that were not dealt with before the clock went back."""
    if plan.due_times is None or not state.ahead:
        return plan.due_times
    return UnsettledDueTimes(plan.due_times, state.ahead)


class Upcoming(NamedTuple):
    """What lies ahead: the next due time whatever will become of it, the next run, and the run that is owed at once."""

    due: datetime | None = None
    run: datetime | None = None
    at_once: datetime | None = None

    @property
    def is_outside(self) -> bool:
        """Whether the next due time will be skipped, since it is outside the windows."""
        return self.due is not None and (self.run is None or self.due < self.run)

    @property
    def wake(self) -> datetime | None:
        """When there will be something to decide."""
        return _earlier(self.due, self.at_once)


def upcoming(plan: SchedulePlan, state: ScheduleState, now: datetime) -> Upcoming:
    """Give what lies ahead of a schedule; nothing does while it is paused."""
    due_times = unsettled(plan, state)
    if due_times is None or pause_of(plan, state) is not None:
        return Upcoming()
    after = now if state.last_slot is None else max(now, state.last_slot)
    due = due_times.next_after(after)
    at_once = at_once_at(plan, state, now)
    is_allowed = due is None or plan.windows.allows(due)
    run = due if is_allowed else due_times.next_inside(plan.windows, after)
    return Upcoming(due, _earlier(run, at_once), at_once)


def _earlier(one: datetime | None, other: datetime | None) -> datetime | None:
    return min(one, other) if one is not None and other is not None else one or other


def at_once_at(plan: SchedulePlan, state: ScheduleState, now: datetime) -> datetime | None:
    """Give when the run that is owed at once can begin: now, at startTime, or when a window opens; None if none is."""
    if state.active or state.queued is not None or not owes_run_at_once(plan, state):
        return None
    earliest = now if plan.start_time is None else max(now, plan.start_time)
    opening = next_opening(plan.windows, earliest)
    return None if opening is None or (plan.end_time is not None and opening > plan.end_time) else opening


def owes_run_at_once(plan: SchedulePlan, state: ScheduleState) -> bool:
    """Whether the schedule is due at once, apart from its phase (docs/scheduling.md, First runs).

    It never ran, or its last run failed and its spec has changed since. A cron schedule waits for its time.
    """
    if not plan.first_run_at_once or pause_of(plan, state) is not None:
        return False
    if plan.generation <= state.at_once_generation:
        return False
    if state.last_run is None:
        return state.last_schedule_time is None
    return state.last_run.status is RunStatus.FAILED and plan.generation > state.last_run.generation


def upcoming_due_times(plan: SchedulePlan, since: datetime, count: int) -> Iterator[UpcomingDueTime]:
    """Give up to `count` due times from `since` on, and what becomes of each as far as the spec says."""
    within = plan.due_times
    due_times = within.due_times if isinstance(within, BoundedDueTimes) else within
    due = None if due_times is None else due_times.next_after(max(since, FIRST) - INSTANT)
    while count > 0 and due_times is not None and due is not None:
        yield UpcomingDueTime(due, _outcome(plan, due))
        count -= 1
        due = due_times.next_after(due)


def next_run(plan: SchedulePlan, since: datetime) -> datetime | None:
    """Return the first due time at or after `since` that is run as far as the spec determines it, or None."""
    if plan.due_times is None or pause_of(plan, ScheduleState()) is not None:
        return None
    return plan.due_times.next_inside(plan.windows, max(since, FIRST) - INSTANT)


def _outcome(plan: SchedulePlan, due: datetime) -> str:
    pause = pause_of(plan, ScheduleState())
    if pause is not None:
        return pause
    if plan.start_time is not None and due < plan.start_time:
        return Outcome.BEFORE_START_TIME
    if plan.end_time is not None and due > plan.end_time:
        return Outcome.ENDED
    return Outcome.RUN if plan.windows.allows(due) else Reason.SKIPPED_WINDOW
