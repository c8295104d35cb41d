"""The timer task: applies changes of schedules, and evaluates schedules when they are due."""

import asyncio
import logging
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from itertools import islice
from typing import Any

from scrape_operator.core.lazy_heap import LazyHeap
from scrape_operator.core.ports import Clock, DayBudgetReader, Ownership, RunLauncher, SkipJournal, StatusSink
from scrape_operator.core.runs.run import RunSummary
from scrape_operator.core.schedule.decision import Skip, Start, refuse_waited
from scrape_operator.core.schedule.plan import ObjectKey, SchedulePlan
from scrape_operator.scheduling.evaluation import Evaluator
from scrape_operator.scheduling.registry import Entry, Registry

logger = logging.getLogger(__name__)

SLICE = 200
"""How many schedules are evaluated before other tasks may run."""

MAX_SLEEP = timedelta(seconds=1)
"""The wall clock is read this often, so that a clock that jumps is noticed."""

RETRY_AFTER = timedelta(seconds=5)
"""When a first or manual run that could not be claimed is tried again."""

JUMP = timedelta(seconds=1)
"""A wall clock that is behind its last reading by more than this was set back."""


class Scheduler:
    """Evaluates each schedule when it is due. All methods but `run` are called on the event loop and return at once.

    One heap has the time of each, without a task or a timer of its own.
    """

    def __init__(
        self,
        registry: Registry,
        launcher: RunLauncher,
        journal: SkipJournal,
        status: StatusSink,
        clock: Clock,
        ownership: Ownership,
        day_budgets: DayBudgetReader,
    ) -> None:
        self._registry = registry
        self._status = status
        self._clock = clock
        self._ownership = ownership
        self._evaluation = Evaluator(launcher, journal, status, day_budgets)
        self._queue: LazyHeap[str, datetime] = LazyHeap()
        self._alarm: asyncio.Future[None] | None = None
        self._latest = self._asleep_until = clock.now()
        self.on_removed: Callable[[str], None] = lambda _uid: None
        self.on_edited: Callable[[SchedulePlan], None] = lambda _plan: None
        self.on_refused: Callable[[ObjectKey, str], None] = lambda _key, _why: None

    @property
    def queue_depth(self) -> int:
        """How many schedules have a timer."""
        return len(self._queue)

    def applied(self, obj: Mapping[str, Any], *, at_once: bool = True, is_recompiled: bool = False) -> None:
        """Apply a schedule as the API server sent it: new, changed, or known.

        The due times that passed before a change was seen are decided by the spec that was in force. With `at_once`
        False the schedule is evaluated by the timer task: while many are listed, no run delays the last of them.
        `is_recompiled` means that its plan is compiled again, since what it is compiled under has changed.
        """
        update = self._registry.update(obj, is_recompiled=is_recompiled)
        if update is None:
            return
        entry, now = update.entry, self._clock.now()
        entry.state.set_clock_back(now)  # the rows may be of a later time than this clock
        if update.is_changed:
            self._evaluate(entry, now)
        if update.is_edited:
            self.on_edited(update.plan)
        refusal, is_same = update.request.refusal, update.request == entry.request
        entry.plan, entry.request = update.plan, update.request
        if refusal is not None and not is_same:
            self.on_refused(entry.plan.key, refusal)
        if entry.state.last_slot is None or update.is_changed:
            entry.state.skip_until(now)
        if at_once:
            self._evaluate(entry, now)
        else:
            self._set_timer(entry.plan.key.uid, now)
        if update.is_new or update.is_changed:
            self._status.changed(entry.plan, entry.state)

    def removed(self, uid: str) -> None:
        """Stop a schedule that is gone, and cancel its runs."""
        self._queue.discard(uid)
        entry = self._registry.remove(uid)
        if entry is not None:
            self._evaluation.withdraw(entry)
            self.on_removed(uid)

    def recheck(self, uid: str, start: Start) -> tuple[SchedulePlan, Skip | None] | None:
        """Return the plan that is in force now for a run that is about to begin; None if the schedule is gone.

        With it comes the skip of the slot, if it waited and may not start any more.
        """
        entry = self._registry.get(uid)
        return None if entry is None else (entry.plan, refuse_waited(entry.plan, entry.state, start, self._clock.now()))

    def ended(self, uid: str, unclaimed: Start | None) -> None:
        """Evaluate a schedule whose run has ended, or could not be claimed (`unclaimed`)."""
        entry = self._registry.get(uid)
        if entry is None:
            return
        now = self._clock.now()
        if unclaimed is None or unclaimed.is_due_time:
            self._evaluate(entry, now)
            return
        entry.state.release_slot(unclaimed.slot)
        retry, due = now + RETRY_AFTER, entry.state.next_due
        self._set_timer(uid, retry if due is None else min(retry, due))

    def budget_used_up(self, policy: str) -> None:
        """Evaluate the schedules under a policy, given by its key, of whose budget of the day nothing is left."""
        now = self._clock.now()
        for entry in self._registry:
            if any(limit.key == policy for limit in entry.plan.day_limits):
                self._set_timer(entry.plan.key.uid, now)

    def secret_checked(self, entry: Entry, target: str, problem: str | None) -> None:
        """Note what is wrong now with a Secret that a target did not find. A run begins at once if nothing is."""
        state = entry.state
        is_new = state.record_found_secrets() if problem is None else state.record_missing_secret(target, problem)
        if is_new and problem is None:
            self._evaluate(entry, self._clock.now())
        if is_new:
            self._status.changed(entry.plan, state)

    def orphaned(self, key: ObjectKey, summary: RunSummary) -> None:
        """Note a run that was ended as orphaned, and evaluate its schedule."""
        entry = self._registry.get(key.uid)
        if entry is not None:
            entry.state.record_orphan(summary)
            self._evaluate(entry, self._clock.now())
            self._status.changed(entry.plan, entry.state)

    async def run(self) -> None:
        """Evaluate schedules when they are due, until this task is canceled."""
        while True:
            now = self._clock.now()
            if now < self._latest - JUMP:
                logger.warning("wall clock set back", extra={"by_seconds": (self._latest - now).total_seconds()})
                await self._evaluate_all(now)
            self._latest = now
            if self.act_on_due(now) == SLICE:
                await asyncio.sleep(0)
            else:
                await self._sleep()

    def act_on_due(self, now: datetime) -> int:
        """Evaluate the schedules that are due at `now`, SLICE of them at most. Return how many they were."""
        due = list(islice(self._queue.pop_until(now), SLICE))
        for uid in due:
            entry = self._registry.get(uid)
            if entry is not None:
                self._evaluate(entry, now)
        return len(due)

    async def _evaluate_all(self, now: datetime) -> None:
        """Evaluate every schedule: its timer is as far away as the clock was set back."""
        for number, entry in enumerate(self._registry):
            if number % SLICE == SLICE - 1:
                await asyncio.sleep(0)
            if self._registry.get(entry.plan.key.uid) is entry:
                self._evaluate(entry, now)

    async def _sleep(self) -> None:
        now, first = self._clock.now(), self._queue.first()
        latest = now + MAX_SLEEP
        self._asleep_until = latest if first is None else min(latest, first[0])
        loop = asyncio.get_running_loop()
        self._alarm = loop.create_future()
        timer = loop.call_later(max(0.0, (self._asleep_until - now).total_seconds()), self._wake)
        try:
            await self._alarm
        finally:
            timer.cancel()

    def _wake(self) -> None:
        """End the sleep of the timer task."""
        if self._alarm is not None and not self._alarm.done():
            self._alarm.set_result(None)

    def _evaluate(self, entry: Entry, now: datetime) -> None:
        uid = entry.plan.key.uid
        self._set_timer(uid, self._evaluation.evaluate(entry, now) if self._ownership.owns(uid) else None)

    def _set_timer(self, uid: str, due: datetime | None) -> None:
        """Schedule the next evaluation of `uid`. The timer task is woken only if it would sleep for longer."""
        if due is None:
            self._queue.discard(uid)
            return
        self._queue.set(uid, due)
        if due < self._asleep_until:
            self._wake()
