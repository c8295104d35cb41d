"""Writes statuses: the only way from this process to an object's status.

`scheduling` and `running` report every change; `StatusQueue` thinks, this shell waits and sends. A status
is built at the moment of sending, so that what is written is never older than the write.
"""

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence
from random import random as uniform
from typing import Any, Protocol

from scrape_operator.core.errors import ClusterError
from scrape_operator.core.ports import Clock, Ownership, StatusPatcher
from scrape_operator.core.schedule.plan import ObjectKey, SchedulePlan
from scrape_operator.core.schedule.state import ScheduleState
from scrape_operator.reporting.pacing import backoff
from scrape_operator.reporting.status.build import build_status, merge_patch
from scrape_operator.reporting.status.queue import Pending, StatusQueue
from scrape_operator.reporting.status.written import Written, signature

logger = logging.getLogger(__name__)

WRITE_TIMEOUT_SECONDS = 60.0
COMPLAINT_SECONDS = 10.0
NEVER = Written(0, b"", 0.0, ())


class TransitionListener(Protocol):
    """Is told which conditions an object had and has, once that is written: Events come from here."""

    def transitioned(
        self, key: ObjectKey, before: Mapping[str, str], conditions: Sequence[Mapping[str, object]]
    ) -> None:
        """Take the statuses by type before, and the conditions now. Never blocks."""


class WriteObserver(Protocol):
    """Is told of every write: metrics."""

    def status_written(self, result: str, seconds: float) -> None:
        """Note a write: `written`, `unchanged`, `gone`, `refused` or `defect`, and how long it took."""


class StatusWriter:
    """The `StatusSink` of a process. Needs `run` as a task; nothing that goes wrong ends it."""

    def __init__(
        self,
        patcher: StatusPatcher,
        clock: Clock,
        *,
        owner: str,
        writes_per_second: float,
        ownership: Ownership,
        on_gone: Callable[[str], None],
        events: TransitionListener | None = None,
        observer: WriteObserver | None = None,
        random: Callable[[], float] = uniform,
    ) -> None:
        self._patcher = patcher
        self._clock = clock
        self._owner = owner
        self._ownership = ownership
        self._on_gone = on_gone
        self._events = events
        self._observer = observer
        self._random = random
        self._queue = StatusQueue(writes_per_second)
        self._written: dict[str, Written] = {}
        self._plans: dict[str, SchedulePlan] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._wake = asyncio.Event()
        self._ending = False
        self._quiet_until = {False: float("-inf"), True: float("-inf")}

    @property
    def pending(self) -> int:
        """How many statuses wait or are being written."""
        return len(self._queue)

    def seed(self, plan: SchedulePlan, status: Mapping[str, object]) -> None:
        """Take the status that the object carries: transition times live on, and what is true is not rewritten."""
        self._plans[plan.key.uid] = plan
        try:
            self._written[plan.key.uid] = Written.of(status) if status else NEVER
        except Exception:
            logger.exception("the status of %s can't be read: it will be written anew", plan.key)
            self._written[plan.key.uid] = NEVER

    def changed(self, plan: SchedulePlan, state: ScheduleState) -> None:
        """Note that the status may differ; what a reader would act on is written at once."""
        if not self._ownership.owns(plan.key.uid):
            return
        uid, known = plan.key.uid, self._written.get(plan.key.uid, NEVER)
        plan = self._newest(plan)
        urgent = self._queue.is_urgent(uid) or self._is_urgent(plan, state, known)
        if self._queue.put(uid, plan, state, urgent=urgent, rank=known.at, now=self._clock.monotonic()):
            self._wake.set()

    def forget(self, uid: str) -> None:
        """Drop what waits for an object that is gone."""
        self._queue.forget(uid)
        self._drop(uid)
        self._wake.set()

    async def run(self) -> None:
        """Write for ever. What is being written when this is canceled goes on: `flush` waits for it."""
        while True:
            self._wake.clear()
            self._launch()
            await self._wait()

    async def flush(self, within: float) -> bool:
        """Write what is urgent within so many seconds, beyond the budget: a process ends only once.

        Urgent is now also a status that names a run which has ended: nobody else may ever mend it. Gives
        whether all of it went out. What is still on its way then is given up.
        """
        self._ending = True
        for uid, pending in self._queue.entries():
            known = self._written.get(uid, NEVER)
            if known.shows_active or pending.in_flight:
                now = self._clock.monotonic()
                self._queue.put(uid, pending.plan, pending.state, urgent=True, rank=known.at, now=now)
        try:
            async with asyncio.timeout(within):
                while self._queue.has_urgent:
                    self._wake.clear()
                    self._launch(metered=False, urgent_only=True)
                    await self._wait(metered=False, urgent_only=True)
        except TimeoutError:
            logger.warning("the end came before every status was written; the rows in the database are complete")
        for task in tuple(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        return not self._queue.has_urgent

    def _newest(self, plan: SchedulePlan) -> SchedulePlan:
        """Give the newest plan: a run that ends reports the plan that it began with, and the spec may have changed."""
        known = self._plans.get(plan.key.uid)
        if known is not None and known.generation > plan.generation:
            return known
        self._plans[plan.key.uid] = plan
        return plan

    def _drop(self, uid: str) -> None:
        self._written.pop(uid, None)
        self._plans.pop(uid, None)

    def _is_urgent(self, plan: SchedulePlan, state: ScheduleState, known: Written) -> bool:
        if known is NEVER or (self._ending and known.shows_active):
            return True
        try:
            return signature(plan, state, self._clock.now()) != known.signature
        except Exception:
            logger.exception("the conditions of %s can't be judged", plan.key)
            return False

    def _launch(self, *, metered: bool = True, urgent_only: bool = False) -> None:
        """Start every write that may start now."""
        while taken := self._queue.take(self._clock.monotonic(), metered=metered, urgent_only=urgent_only):
            uid, pending = taken
            task = asyncio.create_task(self._write(uid, pending))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _wait(self, *, metered: bool = True, urgent_only: bool = False) -> None:
        """Sleep until there is news, or the time has come for what waits."""
        now = self._clock.monotonic()
        at = self._queue.wake_at(now, metered=metered, urgent_only=urgent_only)
        try:
            async with asyncio.timeout(None if at is None else max(0.0, at - now)):
                await self._wake.wait()
        except TimeoutError:
            return

    async def _write(self, uid: str, pending: Pending) -> None:
        """Write one status, and tell the queue what came of it, whatever that is."""
        started = self._clock.monotonic()
        try:
            result = await self._send(uid, pending)
        except (ClusterError, TimeoutError) as error:
            result = "refused"
            self._complain(pending.plan.key, error, defect=False)
            self._retry(uid, pending, getattr(error, "retry_after", None))
        except Exception as error:  # noqa: BLE001 -- logged with its traceback, and tried again
            result = "defect"
            self._complain(pending.plan.key, error, defect=True)
            self._retry(uid, pending, None)
        self._wake.set()
        self._note(result, self._clock.monotonic() - started)

    async def _send(self, uid: str, pending: Pending) -> str:
        plan, before = pending.plan, self._written.get(uid, NEVER)
        status = build_status(plan, pending.state, now=self._clock.now(), owner=self._owner, previous=before.previous())
        after = Written.of(status)
        if after.digest == before.digest:
            self._queue.unchanged(uid, pending)
            return "unchanged"
        async with asyncio.timeout(WRITE_TIMEOUT_SECONDS):
            found = await self._patcher.patch_status(plan.key, merge_patch(status))
        if not found:
            self._lose(uid, pending)
            return "gone"
        self._keep(uid, pending, after)
        self._tell(plan.key, before, status)
        return "written"

    def _keep(self, uid: str, pending: Pending, after: Written) -> None:
        """Remember what is written now; news that came meanwhile are measured by it."""
        urgent = False
        if not pending.dropped:
            self._written[uid] = after
            urgent = pending.changed and self._is_urgent(pending.plan, pending.state, after)
        self._queue.written(uid, pending, urgent=urgent, rank=after.at, now=self._clock.monotonic())

    def _lose(self, uid: str, pending: Pending) -> None:
        told = pending.dropped
        self._queue.gone(uid, pending)
        self._drop(uid)
        if told:
            return
        try:
            self._on_gone(uid)
        except Exception:
            logger.exception("%s is gone, and dropping it failed", pending.plan.key)

    def _tell(self, key: ObjectKey, before: Written, status: Mapping[str, Any]) -> None:
        if self._events is None:
            return
        try:
            self._events.transitioned(key, before.statuses(), status["conditions"])
        except Exception:
            logger.exception("the Events about %s are lost", key)

    def _retry(self, uid: str, pending: Pending, retry_after: float | None) -> None:
        delay = backoff(pending.failures, retry_after, self._random)
        self._queue.failed(uid, pending, delay=delay, now=self._clock.monotonic())

    def _note(self, result: str, seconds: float) -> None:
        if self._observer is None:
            return
        try:
            self._observer.status_written(result, seconds)
        except Exception:
            logger.exception("a status write was not counted")

    def _complain(self, key: ObjectKey, error: Exception, *, defect: bool) -> None:
        """Log a failure, but not each of those that an outage gives; a defect of ours with its traceback."""
        now = self._clock.monotonic()
        if now < self._quiet_until[defect]:
            return
        self._quiet_until[defect] = now + COMPLAINT_SECONDS
        logger.log(
            logging.ERROR if defect else logging.WARNING,
            "the status of %s could not be written and is tried again, %d wait: %s",
            key,
            len(self._queue),
            str(error) or type(error).__name__,
            exc_info=error if defect else None,
        )
