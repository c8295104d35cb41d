"""What is next for a schedule, and when. The scheduler sets its timer by it; the status and `next` show it."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple

from scrape_operator.core.runs.reasons import Reason
from scrape_operator.core.schedule.bounds import BoundedDueTimes
from scrape_operator.core.schedule.due_times import DueTimes
from scrape_operator.core.schedule.handled import UnhandledDueTimes
from scrape_operator.core.schedule.immediate import immediate_run_at
from scrape_operator.core.schedule.instants import FIRST, INSTANT
from scrape_operator.core.schedule.pauses import pause_of
from scrape_operator.core.schedule.plan import SchedulePlan
from scrape_operator.core.schedule.state import ScheduleState


class Outcome(StrEnum):
    """What is done about a due time, as far as the spec determines it; the reasons of skips are in `core.runs`."""

    RUN = "Run"
    BEFORE_START_TIME = "BeforeStartTime"
    ENDED = "Ended"


@dataclass(frozen=True, slots=True)
class UpcomingDueTime:
    """A due time in the future with its outcome: `Run`, or the reason why it is not run."""

    due: datetime
    outcome: str


def unhandled(plan: SchedulePlan, state: ScheduleState) -> DueTimes | None:
    """Return the due times of a plan without those that were handled before the clock was set back."""
    if plan.due_times is None or not state.ahead:
        return plan.due_times
    return UnhandledDueTimes(plan.due_times, state.ahead)


class Upcoming(NamedTuple):
    """The next due time whatever its outcome is, the next run, and when a run that is needed at once may begin."""

    due: datetime | None = None
    run: datetime | None = None
    immediate: datetime | None = None

    @property
    def is_outside(self) -> bool:
        """Whether the next due time is outside the windows, or on a day whose budget is used up."""
        return self.due is not None and (self.run is None or self.due < self.run)

    @property
    def wake(self) -> datetime | None:
        """When there is something to decide."""
        return _earlier(self.due, self.immediate)


def upcoming(plan: SchedulePlan, state: ScheduleState, now: datetime) -> Upcoming:
    """Return what is next for a schedule: nothing while it is paused, no run while a budget of the day is used up."""
    due_times = unhandled(plan, state)
    if due_times is None or pause_of(plan, state) is not None:
        return Upcoming()
    after = now if state.last_slot is None else max(now, state.last_slot)
    due = due_times.next_after(after)
    immediate = immediate_run_at(plan, state, now)
    earliest = after if state.used_up is None else max(after, state.used_up.until - INSTANT)
    is_allowed = due is None or (due > earliest and plan.windows.allows(due))
    run = due if is_allowed else due_times.next_inside(plan.windows, earliest)
    return Upcoming(due, _earlier(run, immediate), immediate)


def _earlier(one: datetime | None, other: datetime | None) -> datetime | None:
    return min(one, other) if one is not None and other is not None else one or other


def upcoming_due_times(
    plan: SchedulePlan, state: ScheduleState, since: datetime, count: int
) -> Iterator[UpcomingDueTime]:
    """Yield up to `count` due times from `since` on, with their outcomes as far as spec and failures determine them."""
    within = plan.due_times
    due_times = within.due_times if isinstance(within, BoundedDueTimes) else within
    due = None if due_times is None else due_times.next_after(max(since, FIRST) - INSTANT)
    while count > 0 and due_times is not None and due is not None:
        yield UpcomingDueTime(due, _outcome(plan, state, due))
        count -= 1
        due = due_times.next_after(due)


def next_run(plan: SchedulePlan, state: ScheduleState, since: datetime) -> datetime | None:
    """Return the first due time at or after `since` that is run as far as spec and failures determine it, or None."""
    if plan.due_times is None or pause_of(plan, state) is not None:
        return None
    return plan.due_times.next_inside(plan.windows, max(since, FIRST) - INSTANT)


def _outcome(plan: SchedulePlan, state: ScheduleState, due: datetime) -> str:
    pause = pause_of(plan, state)
    if pause is not None:
        return pause
    if plan.start_time is not None and due < plan.start_time:
        return Outcome.BEFORE_START_TIME
    if plan.end_time is not None and due > plan.end_time:
        return Outcome.ENDED
    return Outcome.RUN if plan.windows.allows(due) else Reason.SKIPPED_WINDOW
