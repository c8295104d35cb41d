"""One look at one schedule: decide, act, and say when to look again. Called by the scheduler."""

import logging
from datetime import datetime, timedelta
from typing import assert_never

from scrape_operator.core.ports import RunLauncher, SkipJournal, StatusSink
from scrape_operator.core.runs.reasons import Reason
from scrape_operator.core.schedule.decision import (
    Decision,
    Enqueue,
    Skip,
    Start,
    Wait,
    decide,
    decide_queued,
    decide_request,
    superseded,
)
from scrape_operator.core.schedule.pauses import pause_of
from scrape_operator.core.schedule.state import QueuedRun
from scrape_operator.core.schedule.upcoming import Upcoming, upcoming
from scrape_operator.scheduling.registry import Entry

logger = logging.getLogger(__name__)

MOMENT = timedelta(milliseconds=1)
"""The resolution of due times: what is late after an instant is so a moment later."""

PAUSE_AFTER_DEFECT = timedelta(minutes=1)


class Evaluator:
    """Turns decisions into runs, skips and waiting slots."""

    def __init__(self, launcher: RunLauncher, journal: SkipJournal, status: StatusSink) -> None:
        self._launcher = launcher
        self._journal = journal
        self._status = status

    def evaluate(self, entry: Entry, now: datetime) -> datetime | None:
        """Act on what is due; give when to look again. A defect here stops neither this schedule nor the others."""
        try:
            entry.state.rewind(now)
            self._notice_pause(entry, now)
            self._act_on_queued(entry, decide_queued(entry.plan, entry.state, now))
            self._act(entry, decide_request(entry.plan, entry.state, entry.request, now))
            decision = decide(entry.plan, entry.state, now)
            self._act(entry, decision)
            return self._look_ahead(entry, now, decision.coming if isinstance(decision, Wait) else None)
        except Exception:
            logger.exception("schedule %s could not be evaluated", entry.plan.key)
            return now + PAUSE_AFTER_DEFECT

    @staticmethod
    def _notice_pause(entry: Entry, now: datetime) -> None:
        """See that nothing is made up for when a pause ends."""
        is_paused = pause_of(entry.plan, entry.state) is not None
        if entry.is_paused and not is_paused:
            entry.state.go_on_from(now)
        entry.is_paused = is_paused

    def _act(self, entry: Entry, decision: Decision) -> None:
        match decision:
            case Start():
                entry.state.take_slot(decision.slot, decision.missed)
                self._launcher.launch(entry.plan, entry.state, decision)
            case Skip():
                entry.state.take_slot(decision.slot, decision.missed)
                self._skip(entry, decision)
            case Enqueue():
                entry.state.take_slot(decision.start.slot, decision.start.missed)
                self._enqueue(entry, decision)
            case Wait():
                pass
            case _:
                assert_never(decision)

    def _act_on_queued(self, entry: Entry, decision: Decision) -> None:
        """Let the slot that waited run, or not; its place is free then."""
        if isinstance(decision, Start | Skip):
            entry.state.dequeue()
        if isinstance(decision, Start):
            self._launcher.launch(entry.plan, entry.state, decision)
        elif isinstance(decision, Skip):
            self._skip(entry, decision)

    def _enqueue(self, entry: Entry, decision: Enqueue) -> None:
        state, start = entry.state, decision.start
        before = state.dequeue()
        if before is not None:
            self._skip(entry, superseded(before))
        state.enqueue(QueuedRun(start.slot, start.scheduled_for, start.missed))
        if decision.replaces:
            self._launcher.cancel(entry.plan.key.uid, Reason.REPLACED)
        self._status.changed(entry.plan, state)

    def _skip(self, entry: Entry, skip: Skip) -> None:
        self._journal.skip(entry.plan, entry.state, skip)

    def _look_ahead(self, entry: Entry, now: datetime, seen: Upcoming | None) -> datetime | None:
        """Note what comes, tell it if a reader would act on it, and give when to look again.

        `seen` is what comes, where the decision had to know and nothing was done since.
        """
        plan, state = entry.plan, entry.state
        coming = seen or upcoming(plan, state, now)
        if state.set_upcoming(coming.run, is_outside=coming.is_outside):
            self._status.changed(plan, state)
        queued = decide_queued(plan, state, now)
        expiry = queued.until + MOMENT if isinstance(queued, Wait) and queued.until is not None else None
        return min((at for at in (coming.wake, expiry) if at is not None), default=None)
