"""One evaluation of one schedule: decide, act, and find out when to evaluate it again. Called by the scheduler."""

import logging
from datetime import datetime, timedelta
from typing import assert_never

from scrape_operator.core.ports import DayBudgetReader, RunLauncher, SkipJournal, StatusSink
from scrape_operator.core.runs.reasons import Reason
from scrape_operator.core.schedule.decision import (
    Decision,
    Echo,
    Enqueue,
    Skip,
    Start,
    Wait,
    decide,
    decide_queued,
    decide_request,
    superseded,
    withdrawn,
)
from scrape_operator.core.schedule.pauses import pause_of
from scrape_operator.core.schedule.state import QueuedRun
from scrape_operator.core.schedule.upcoming import Upcoming, upcoming
from scrape_operator.scheduling.registry import Entry

logger = logging.getLogger(__name__)

MOMENT = timedelta(milliseconds=1)
"""The resolution of due times: what is late after an instant is late one moment after it."""

DEFECT_RETRY = timedelta(minutes=1)
DEFECT = "the schedule could not be evaluated by a defect of scrape-operator: please report it with the operator's log"


class Evaluator:
    """Turns decisions into runs, skips and waiting slots."""

    def __init__(
        self, launcher: RunLauncher, journal: SkipJournal, status: StatusSink, day_budgets: DayBudgetReader
    ) -> None:
        self._launcher = launcher
        self._journal = journal
        self._status = status
        self._day_budgets = day_budgets

    def evaluate(self, entry: Entry, now: datetime) -> datetime | None:
        """Act on what is due. Return when to evaluate the schedule again, or None if that takes a change.

        A defect is shown in the status of the schedule. It stops neither this schedule nor the others.
        """
        defect = entry.state.defect
        try:
            entry.state.set_defect(None)
            again = self._evaluate(entry, now)
        except Exception:
            logger.exception("schedule not evaluated", extra={"schedule": str(entry.plan.key)})
            entry.state.set_defect(DEFECT)
            again = now + DEFECT_RETRY
        if entry.state.defect != defect:
            self._status.changed(entry.plan, entry.state)
        return again

    def withdraw(self, entry: Entry) -> None:
        """Skip the slot that waits, of a schedule that is gone, and cancel its runs."""
        queued = entry.state.dequeue()
        if queued is not None:
            self._journal.skip(entry.plan, entry.state, withdrawn(queued))
        self._launcher.cancel(entry.plan.key.uid, Reason.CANCELED)

    def _evaluate(self, entry: Entry, now: datetime) -> datetime | None:
        entry.state.set_clock_back(now)
        self._look_at_budgets(entry, now)
        self._skip_pause(entry, now)
        self._act_on_queued(entry, decide_queued(entry.plan, entry.state, now))
        self._act(entry, decide_request(entry.plan, entry.state, entry.request.token, now))
        decision = decide(entry.plan, entry.state, now)
        self._act(entry, decision)
        return self._look_ahead(entry, now, decision.upcoming if isinstance(decision, Wait) else None)

    def _look_at_budgets(self, entry: Entry, now: datetime) -> None:
        """Note which budget of the day is used up: no run is started until the next day."""
        limits = entry.plan.day_limits
        used_up = self._day_budgets.used_up(limits, now) if limits else None
        if entry.state.set_used_up(used_up):
            self._status.changed(entry.plan, entry.state)

    @staticmethod
    def _skip_pause(entry: Entry, now: datetime) -> None:
        """Drop the due times of a pause that has ended: nothing is made up for."""
        is_paused = pause_of(entry.plan, entry.state) is not None
        if entry.is_paused and not is_paused:
            entry.state.skip_until(now)
        entry.is_paused = is_paused

    def _act(self, entry: Entry, decision: Decision) -> None:
        plan, state = entry.plan, entry.state
        match decision:
            case Start():
                state.take_slot(decision.slot, decision.scheduled_for, decision.missed)
                self._launcher.launch(plan, state, decision)
            case Skip():
                state.take_slot(decision.slot, decision.scheduled_for, decision.missed)
                self._journal.skip(plan, state, decision)
            case Enqueue(start):
                state.take_slot(start.slot, start.scheduled_for, start.missed)
                self._enqueue(entry, decision)
            case Echo(token):
                state.echo_request(token)
                self._status.changed(plan, state)
            case Wait():
                pass
            case _:
                assert_never(decision)

    def _act_on_queued(self, entry: Entry, decision: Decision) -> None:
        """Start or skip the slot that waited; then another one may wait."""
        if isinstance(decision, Start | Skip):
            entry.state.dequeue()
        if isinstance(decision, Start):
            self._launcher.launch(entry.plan, entry.state, decision)
        elif isinstance(decision, Skip):
            self._journal.skip(entry.plan, entry.state, decision)

    def _enqueue(self, entry: Entry, decision: Enqueue) -> None:
        state, start = entry.state, decision.start
        before = state.dequeue()
        if before is not None:
            self._journal.skip(entry.plan, state, superseded(before))
        state.enqueue(QueuedRun(start.slot, start.scheduled_for, start.missed))
        if decision.replaces:
            self._launcher.cancel(entry.plan.key.uid, Reason.REPLACED)
        self._status.changed(entry.plan, state)

    def _look_ahead(self, entry: Entry, now: datetime, known: Upcoming | None) -> datetime | None:
        """Note what is next, report it if a reader would act on it, and return when to evaluate again.

        `known` is what is next, where the decision found it out and nothing was done since.
        """
        plan, state = entry.plan, entry.state
        ahead = known or upcoming(plan, state, now)
        if state.set_upcoming(ahead.run, is_outside=ahead.is_outside):
            self._status.changed(plan, state)
        queued = decide_queued(plan, state, now)
        expiry = queued.until + MOMENT if isinstance(queued, Wait) and queued.until is not None else None
        reset = None if state.used_up is None else state.used_up.until
        return min((at for at in (ahead.wake, expiry, reset) if at is not None), default=None)
