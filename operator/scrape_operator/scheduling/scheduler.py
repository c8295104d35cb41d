"""The timer task: takes up news of schedules, and acts when they are due."""

import asyncio
import logging
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, assert_never

from scrape_operator.core.decision import Decision, Skip, Start, Wait, decide, decide_request
from scrape_operator.core.plan import ObjectKey, SchedulePlan
from scrape_operator.core.ports import Clock, RunLauncher, SkipJournal, StatusSink
from scrape_operator.core.reasons import Reason
from scrape_operator.core.runs import RunSummary, Trigger
from scrape_operator.core.state import ScheduleState
from scrape_operator.scheduling.queue import TimerQueue
from scrape_operator.scheduling.registry import Entry, Registry

logger = logging.getLogger(__name__)

SLICE = 200
"""Schedules handled before other tasks get their turn."""

MAX_SLEEP_SECONDS = 1.0
"""The wall clock is looked at this often, so that a clock that jumps is noticed."""

RETRY_AFTER = timedelta(seconds=5)
"""When to try again a run at once, or by token, that could not be claimed."""


class Scheduler:
    """Owns the timer queue. All methods but `run` are called on the event loop and return at once."""

    def __init__(
        self, registry: Registry, launcher: RunLauncher, journal: SkipJournal, status: StatusSink, clock: Clock
    ) -> None:
        self._registry = registry
        self._launcher = launcher
        self._journal = journal
        self._status = status
        self._clock = clock
        self._queue = TimerQueue()
        self._wake = asyncio.Event()

    @property
    def queue_depth(self) -> int:
        """How many schedules wait for their time."""
        return len(self._queue)

    def applied(self, obj: Mapping[str, Any]) -> None:
        """Take up a schedule as the API server gave it: new, changed, or known."""
        taken = self._registry.apply(obj)
        if taken is None:
            return
        entry, before = taken
        now = self._clock.now()
        changed = before is None or entry.plan.generation != before.generation
        if entry.state.last_slot is None or (before is not None and changed):
            entry.state.last_slot = max(now, entry.state.last_slot or now)
        self._evaluate(entry, now)
        if changed:
            self._status.changed(entry.plan, entry.state)

    def removed(self, uid: str) -> None:
        """Stop a schedule that is gone; what runs is canceled."""
        self._queue.cancel(uid)
        if self._registry.remove(uid) is not None:
            self._launcher.cancel(uid, Reason.CANCELED)

    def ended(self, uid: str, unclaimed: Start | None) -> None:
        """Look again at a schedule whose run has ended, or could not be claimed (`unclaimed`)."""
        entry = self._registry.get(uid)
        if entry is None:
            return
        if unclaimed is None:
            self._evaluate(entry, self._clock.now())
        elif not unclaimed.is_due_time:
            if unclaimed.trigger is Trigger.MANUAL:
                entry.state.last_handled_request = None
            self._queue.set(uid, self._clock.now() + RETRY_AFTER)
            self._wake.set()

    def orphaned(self, key: ObjectKey, summary: RunSummary) -> None:
        """Take up that a run of ours, or of a replica that died, was ended by the reaper."""
        entry = self._registry.get(key.uid)
        if entry is not None:
            entry.state.record_orphan(summary)
            self._status.changed(entry.plan, entry.state)

    async def run(self) -> None:
        """Act on what is due, for ever."""
        while True:
            now = self._clock.now()
            due = list(self._queue.pop_due(now, SLICE))
            for uid, _due in due:
                entry = self._registry.get(uid)
                if entry is not None:
                    self._evaluate(entry, now)
            if len(due) == SLICE:
                await asyncio.sleep(0)
            else:
                await self._sleep()

    async def _sleep(self) -> None:
        next_due = self._queue.next_due()
        seconds = MAX_SLEEP_SECONDS
        if next_due is not None:
            seconds = min(seconds, (next_due - self._clock.now()).total_seconds())
        self._wake.clear()
        try:
            async with asyncio.timeout(max(0.0, seconds)):
                await self._wake.wait()
        except TimeoutError:
            return

    def _evaluate(self, entry: Entry, now: datetime) -> None:
        """Decide and act; a defect here must stop neither this schedule nor the others."""
        try:
            self._act(entry, decide_request(entry.plan, entry.state, entry.request, now))
            self._act(entry, decide(entry.plan, entry.state, now))
        except Exception:
            logger.exception("schedule %s could not be evaluated", entry.plan.key)
        self._await_next(entry, now)

    def _act(self, entry: Entry, decision: Decision) -> None:
        match decision:
            case Start():
                self._take_slot(entry, decision)
                self._launcher.launch(entry.plan, entry.state, decision)
            case Skip():
                self._take_slot(entry, decision)
                self._journal.skip(entry.plan, entry.state, decision)
            case Wait():
                pass
            case _:
                assert_never(decision)

    @staticmethod
    def _take_slot(entry: Entry, decision: Start | Skip) -> None:
        if decision.trigger is Trigger.SCHEDULED:
            entry.state.last_slot = decision.scheduled_for
        else:
            entry.state.last_handled_request = entry.request

    def _await_next(self, entry: Entry, now: datetime) -> None:
        due = next_due(entry.plan, entry.state, now)
        entry.state.next_due = due
        self._queue.set(entry.plan.key.uid, due)
        self._wake.set()


def next_due(plan: SchedulePlan, state: ScheduleState, now: datetime) -> datetime | None:
    """Give the next due time that is not dealt with; None while stalled or suspended."""
    if plan.is_stalled or plan.suspend or plan.due_times is None:
        return None
    return plan.due_times.next_after(now if state.last_slot is None else max(now, state.last_slot))
