"""Writes statuses: the only way from this process to an object's status.

`scheduling` and `running` report every change. A status is built at the moment of sending, so that it is never
older than the write.
"""

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence
from random import random as uniform
from typing import NamedTuple, ParamSpec

from scrape_operator.core.ports import Clock, Ownership, StatusPatcher
from scrape_operator.core.runs.reasons import Reason
from scrape_operator.core.schedule.plan import ObjectKey, SchedulePlan
from scrape_operator.core.schedule.state import ScheduleState
from scrape_operator.outbox.outbox import Outbox
from scrape_operator.outbox.queue import OutboxLimits
from scrape_operator.reporting.status.build import build_status, merge_patch
from scrape_operator.reporting.status.census import ConditionCensus
from scrape_operator.reporting.status.written import NEVER, Written, WrittenCondition, signature

logger = logging.getLogger(__name__)
P = ParamSpec("P")

WRITE_TIMEOUT_SECONDS = 60.0
MAX_IN_FLIGHT = 8
MAX_PENDING = 1_000_000
QUIET_SECONDS = 600.0
"""After runs that were NotModified, the status is refreshed so seldom: shorter than what `doctor` takes for silence."""

JOIN_SECONDS = 1.0
"""How long a refresh waits, so that the start and the end of a short run are one write."""

URGENT_PER_SECOND = 20.0
"""What a reader would act on is written at this rate even where the budget for refreshes is used up."""

OBSERVED, REQUESTED = 1, 2
"""Urgency: a condition changed by itself; a person applied a spec or requested a run, and looks at the answer."""


class _Facts(NamedTuple):
    """What a status is built from."""

    plan: SchedulePlan
    state: ScheduleState


class StatusWriter:
    """The `StatusSink` of a process. Needs `run` as a task; no failure ends it.

    `on_transition` receives the conditions of an object before and after a write, `on_gone` the UID of a lost one.
    `on_written` receives the result of a write (`written`, `unchanged`, `gone` or `failed`) and its seconds.
    """

    def __init__(
        self,
        patcher: StatusPatcher,
        clock: Clock,
        *,
        owner: str,
        writes_per_second: float,
        ownership: Ownership,
        on_gone: Callable[[str], None],
        on_transition: Callable[[ObjectKey, Sequence[WrittenCondition], Sequence[Mapping[str, object]]], None],
        on_written: Callable[[str, float], None],
        random: Callable[[], float] = uniform,
    ) -> None:
        self._patcher = patcher
        self._clock = clock
        self._owner = owner
        self._ownership = ownership
        self._on_gone = on_gone
        self._on_transition = on_transition
        self._on_written = on_written
        self._written: dict[str, Written] = {}
        self.census = ConditionCensus()
        self._sending: dict[str, Written] = {}
        self._plans: dict[str, SchedulePlan] = {}
        self._is_ending = False
        self.last_written_at = float("-inf")
        """When the API server accepted a status last, by the monotonic clock."""
        limits = OutboxLimits(
            capacity=MAX_PENDING,
            max_in_flight=MAX_IN_FLIGHT,
            per_second=writes_per_second,
            burst=2 * writes_per_second,
            urgent_per_second=URGENT_PER_SECOND,
            urgent_burst=5 * URGENT_PER_SECOND,
        )
        self._outbox: Outbox[str, _Facts] = Outbox(
            "status", self._deliver, clock, limits, rank=lambda uid: self._known(uid).at, random=random
        )

    @property
    def pending(self) -> int:
        """How many statuses wait or are being written."""
        return len(self._outbox.queue)

    def seed(self, plan: SchedulePlan, status: Mapping[str, object]) -> None:
        """Read the status that the object carries: transition times are kept, and what is true is not rewritten."""
        self._plans[plan.key.uid] = plan
        try:
            self._store(plan.key.uid, Written.of(status) if status else NEVER)
        except Exception:
            logger.exception("status cannot be read and is written anew", extra={"schedule": str(plan.key)})
            self._store(plan.key.uid, NEVER)

    def changed(self, plan: SchedulePlan, state: ScheduleState) -> None:
        """Note that the status may differ; what a reader would act on is written at once."""
        if self._ownership.owns(plan.key.uid):
            plan = self._newest(plan)
            self._put(plan, state, self._urgency(plan, state))

    def refresh(self, plan: SchedulePlan, state: ScheduleState) -> None:
        """Note that the status differs, in nothing that a reader would act on: no condition is evaluated."""
        if self._ownership.owns(plan.key.uid):
            self._put(self._newest(plan), state, 0)

    def forget(self, uid: str) -> None:
        """Drop what is kept for an object that is gone."""
        self._outbox.forget(uid)
        self.census.replace(self._written.pop(uid, NEVER).conditions, ())
        self._plans.pop(uid, None)

    async def run(self) -> None:
        """Write until this task is canceled."""
        await self._outbox.run()

    async def flush(self, within: float) -> bool:
        """Write what is urgent within so many seconds, beyond the budget. Return whether all of it was written.

        A status that names a run which has ended is urgent now, too: no other process may ever correct it.
        """
        self._is_ending = True
        for uid, facts in self._outbox.queue.items():
            if self._known(uid).shows_active:
                self._put(facts.plan, facts.state, OBSERVED)
        return await self._outbox.flush(within, min_urgency=OBSERVED)

    def _put(self, plan: SchedulePlan, state: ScheduleState, urgency: int) -> None:
        self._outbox.put(plan.key.uid, _Facts(plan, state), urgency=urgency, delay=JOIN_SECONDS)

    def _known(self, uid: str) -> Written:
        """Return the status that the object carries, or will carry when the present write ends."""
        return self._sending.get(uid) or self._written.get(uid, NEVER)

    def _newest(self, plan: SchedulePlan) -> SchedulePlan:
        """Return the newest plan: a run that ends reports the plan that it began with, which may have been replaced."""
        known = self._plans.get(plan.key.uid)
        if known is not None and (known.generation, known.revision) > (plan.generation, plan.revision):
            return known
        self._plans[plan.key.uid] = plan
        return plan

    def _store(self, uid: str, written: Written) -> None:
        self.census.replace(self._written.get(uid, NEVER).conditions, written.conditions)
        self._written[uid] = written

    def _urgency(self, plan: SchedulePlan, state: ScheduleState) -> int:
        known = self._known(plan.key.uid)
        if known is NEVER or self._outbox.queue.urgency(plan.key.uid) == REQUESTED:
            return REQUESTED
        try:
            now = signature(plan, state, self._clock.now())
        except Exception:
            logger.exception("conditions cannot be evaluated", extra={"schedule": str(plan.key)})
            return 0
        if now.requested != known.signature.requested:
            return REQUESTED
        return OBSERVED if now != known.signature or (self._is_ending and known.shows_active) else 0

    async def _deliver(self, uid: str, facts: _Facts) -> bool:
        """Write one status; return False where the object carries it already."""
        started, result = self._clock.monotonic(), "failed"
        try:
            result = await self._send(uid, facts)
        finally:
            self._sending.pop(uid, None)
            _tell(self._on_written, result, self._clock.monotonic() - started)
        return result != "unchanged"

    async def _send(self, uid: str, facts: _Facts) -> str:
        plan, before = facts.plan, self._written.get(uid, NEVER)
        now, since = self._clock.now(), before.transition_times()
        status = build_status(plan, facts.state, now=now, owner=self._owner, since=since)
        after = Written.of(status)
        if after.digest == before.digest or is_quiet(facts.state, before, after):
            return "unchanged"
        self._sending[uid] = after
        async with asyncio.timeout(WRITE_TIMEOUT_SECONDS):
            is_found = await self._patcher.patch_status(plan.key, merge_patch(status))
        if not is_found:
            if uid in self._plans:
                self.forget(uid)
                _tell(self._on_gone, uid)
            return "gone"
        self.last_written_at = self._clock.monotonic()
        if uid in self._plans:  # it may be forgotten by now
            self._store(uid, after)
        conditions = status["conditions"]
        if isinstance(conditions, list):
            _tell(self._on_transition, plan.key, before.conditions, conditions)
        return "written"


def _tell(listener: Callable[P, None], *args: P.args, **kwargs: P.kwargs) -> None:
    """Call a listener of writes, whose failure disturbs no write."""
    try:
        listener(*args, **kwargs)
    except Exception:
        logger.exception("listener of status writes failed")


def is_quiet(state: ScheduleState, before: Written, after: Written) -> bool:
    """Return whether a status differs only by a run that was NotModified, and the written one is not old.

    A run that has just begun is not shown either: it will most likely be like the one before it.
    """
    run = state.last_run
    if run is None or run.reason is not Reason.NOT_MODIFIED or before.shows_active:
        return False
    return after.substance == before.substance and after.at - before.at < QUIET_SECONDS
