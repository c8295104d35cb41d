"""The pool: bounded room for runs, and the life of each from claim to stored result."""

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from uuid import UUID

from scrape_operator.core.errors import ScrapeOperatorError, StoreUnavailable
from scrape_operator.core.ids import uuid7
from scrape_operator.core.ports import Clock, RunObserver, RunStore, SkipJournal, StatusSink
from scrape_operator.core.runs.items import ItemCounts
from scrape_operator.core.runs.reasons import Reason
from scrape_operator.core.runs.run import RunClaim, RunResult, RunStatus
from scrape_operator.core.runs.slot import Manual
from scrape_operator.core.schedule.decision import Start
from scrape_operator.core.schedule.plan import SchedulePlan
from scrape_operator.core.schedule.state import ScheduleState
from scrape_operator.running.run_slots import Room
from scrape_operator.running.runner import Runner

logger = logging.getLogger(__name__)

STORE_RETRY_SECONDS = 1.0
FINISH_PATIENCE = timedelta(minutes=2)
"""How long a result is kept for a database that is away, beyond the run's own deadline."""


@dataclass(slots=True)
class Flight:
    """A run in the pool, from its launch on: waiting for room, going on, or being stored.

    `claimed` says that its row is ours, `unclaimed` that its slot has no row and is left to others.
    """

    plan: SchedulePlan
    state: ScheduleState
    start: Start
    run_id: UUID
    stop: asyncio.Future[Reason]
    claimed: bool = False
    unclaimed: bool = False
    task: asyncio.Task[None] | None = field(default=None, repr=False)


class RunPool:
    """Implements RunLauncher. At most `size` runs go on at the same time; the others wait their turn."""

    def __init__(
        self,
        runner: Runner,
        store: RunStore,
        journal: SkipJournal,
        status: StatusSink,
        observer: RunObserver,
        clock: Clock,
        *,
        owner: str,
        size: int,
        lease: timedelta,
    ) -> None:
        self._runner = runner
        self._store = store
        self._journal = journal
        self._status = status
        self._observer = observer
        self._clock = clock
        self._owner = owner
        self._room = Room(size)
        self._lease = lease
        self._flights: dict[str, dict[UUID, Flight]] = {}  # by UID, since a schedule may stop its own at any time
        self._closing = False
        self.on_ended: Callable[[str, Start | None], None] = lambda _uid, _unclaimed: None

    @property
    def active(self) -> int:
        """How many runs are claimed and not yet stored."""
        return sum(flight.claimed for flight in self._all())

    @property
    def waiting(self) -> int:
        """How many runs wait for room or for their claim."""
        return sum(not flight.claimed for flight in self._all())

    def claimed_runs(self) -> list[UUID]:
        """Give the runs whose leases are ours to renew."""
        return [flight.run_id for flight in self._all() if flight.claimed]

    def launch(self, plan: SchedulePlan, state: ScheduleState, start: Start) -> None:
        """Begin a run as soon as there is room."""
        if self._closing:
            return
        run_id = uuid7(self._clock.now())
        flight = Flight(plan, state, start, run_id, asyncio.get_running_loop().create_future())
        self._flights.setdefault(plan.key.uid, {})[run_id] = flight
        state.add_run(run_id, start.slot)
        flight.task = asyncio.create_task(self._fly(flight), name=f"run {plan.key}")

    def cancel(self, uid: str, reason: Reason) -> None:
        """Stop the runs of a schedule."""
        for flight in self._flights.get(uid, {}).values():
            if not flight.stop.done():
                flight.stop.set_result(reason)

    async def close(self, grace: timedelta) -> None:
        """Start nothing more; let runs end within the grace, then stop them; every row is final after it."""
        self._closing = True
        for flight in self._all():
            if not flight.claimed and not flight.stop.done():
                flight.stop.set_result(Reason.SHUTDOWN)
        await self._wait(grace)
        for flight in self._all():
            if not flight.stop.done():
                flight.stop.set_result(Reason.SHUTDOWN)
        await self._wait(timedelta(seconds=5))
        for flight in self._all():
            logger.error("run %s of %s could not be stored before the end", flight.run_id, flight.plan.key)
            if flight.task is not None:
                flight.task.cancel()

    async def _wait(self, patience: timedelta) -> None:
        tasks = {flight.task for flight in self._all() if flight.task is not None}
        if tasks:
            await asyncio.wait(tasks, timeout=patience.total_seconds())

    async def _fly(self, flight: Flight) -> None:
        try:
            if await self._room.enter(flight.stop, self._patience(flight)):
                try:
                    ended = await self._claim_and_run(flight)
                finally:
                    self._room.leave()
                if ended is not None:
                    await self._finish(flight, *ended)
            else:
                self._turn_away(flight)
        except Exception:
            logger.exception("run %s of %s failed by a defect of scrape-operator", flight.run_id, flight.plan.key)
        finally:
            self._land(flight)
            flight.state.remove_run(flight.run_id)
            self._status.changed(flight.plan, flight.state)
            self.on_ended(flight.plan.key.uid, flight.start if flight.unclaimed else None)

    def _all(self) -> list[Flight]:
        return [flight for flights in self._flights.values() for flight in flights.values()]

    def _land(self, flight: Flight) -> None:
        flights = self._flights[flight.plan.key.uid]
        del flights[flight.run_id]
        if not flights:
            del self._flights[flight.plan.key.uid]

    async def _claim_and_run(self, flight: Flight) -> tuple[RunResult, float] | None:
        """Give the result and how long it took, in seconds; None where the slot is not ours."""
        if self._is_late(flight):
            self._miss(flight)
            return None
        claim = await self._claim(flight)
        if claim is None:
            return None
        began = self._clock.monotonic()
        result = await self._runner.run(flight.plan, claim, flight.stop)
        return result, self._clock.monotonic() - began

    async def _claim(self, flight: Flight) -> RunClaim | None:
        """Insert the row; None where somebody else has the slot, or the database was away for too long."""
        while not flight.stop.done():
            claim = self._new_claim(flight)
            try:
                flight.claimed = await self._store.claim(claim)
            except StoreUnavailable as error:
                if self._clock.now() + timedelta(seconds=STORE_RETRY_SECONDS) > self._claim_until(flight):
                    self._give_up(flight, error)
                    return None
                await asyncio.wait({flight.stop}, timeout=STORE_RETRY_SECONDS)
                continue
            if not flight.claimed:
                return None
            self._began(flight, claim)
            return claim
        self._turn_away(flight)
        return None

    def _is_late(self, flight: Flight) -> bool:
        late = self._clock.now() - flight.start.scheduled_for
        return flight.start.is_due_time and late > flight.plan.starting_deadline

    def _patience(self, flight: Flight) -> float | None:
        """Give for how many seconds a run may wait for room: a due time until its starting deadline."""
        if not flight.start.is_due_time:
            return None
        until = flight.start.scheduled_for + flight.plan.starting_deadline
        return max(0.0, (until - self._clock.now()).total_seconds())

    def _turn_away(self, flight: Flight) -> None:
        """Deal with the slot of a run that did not begin: nothing was asked of the store for it."""
        if not flight.stop.done():
            self._miss(flight)
        elif flight.stop.result() is Reason.REPLACED:
            self._skip(flight, Reason.SKIPPED_OVERLAP, "a newer run took its place before it had begun")
        else:
            flight.unclaimed = True  # the next process finds it

    def _miss(self, flight: Flight) -> None:
        late = (self._clock.now() - flight.start.scheduled_for).total_seconds()
        message = f"waited {late:.0f}s for room among the running ones: raise SCRAPE_OPERATOR_MAX_CONCURRENT_RUNS"
        self._skip(flight, Reason.MISSED_DEADLINE, message)

    def _claim_until(self, flight: Flight) -> datetime:
        """Give until when a claim may be tried: the starting deadline, or the next due time if that is sooner."""
        until = flight.start.scheduled_for + flight.plan.starting_deadline
        following = flight.plan.due_times and flight.plan.due_times.next_after(flight.start.scheduled_for)
        return min(until, following) if following and flight.start.is_due_time else until

    def _new_claim(self, flight: Flight) -> RunClaim:
        now, plan, start = self._clock.now(), flight.plan, flight.start
        return RunClaim(
            id=flight.run_id,
            schedule_uid=plan.key.uid,
            namespace=plan.key.namespace,
            name=plan.key.name,
            generation=plan.generation,
            slot=start.slot,
            scheduled_for=start.scheduled_for,
            started_at=now,
            owner=self._owner,
            lease_expires_at=now + self._lease,
            missed=start.missed,
            policy=plan.policy,
            spec=plan.stored_spec,
        )

    def _give_up(self, flight: Flight, error: StoreUnavailable) -> None:
        """Count a due time that the database kept us from running; a run at once or by token is tried again."""
        if flight.start.is_due_time:
            message = f"the database was away, so the run could not be claimed: {error}"
            self._skip(flight, Reason.STORE_UNAVAILABLE, message)
        else:
            flight.unclaimed = True

    def _skip(self, flight: Flight, reason: Reason, message: str) -> None:
        self._journal.skip(flight.plan, flight.state, flight.start.skip(reason, message))

    def _began(self, flight: Flight, claim: RunClaim) -> None:
        flight.state.record_start(claim)
        skew = (self._clock.now() - claim.scheduled_for).total_seconds()  # what the claim itself took is in it
        self._observer.started(flight.plan, claim, skew)
        is_awaited = isinstance(claim.slot, Manual) or flight.state.last_run is None
        report = self._status.changed if is_awaited else self._status.refresh
        report(flight.plan, flight.state)

    async def _finish(self, flight: Flight, result: RunResult, duration: float) -> None:
        """Store the result, fenced: a run that was taken over changes nothing. `duration` is in seconds."""
        try:
            counts = await self._store_patiently(flight, result)
        except StoreUnavailable as error:
            logger.error("result of run %s of %s is lost: %s", flight.run_id, flight.plan.key, error)  # noqa: TRY400 -- no defect of ours
            return
        except ScrapeOperatorError:
            logger.exception("result of run %s of %s was refused by the store", flight.run_id, flight.plan.key)
            result = without_items(result)
            counts = await self._store.finish(result)
        if counts is None:
            logger.warning("run %s of %s was taken over: its result is dropped", flight.run_id, flight.plan.key)
            return
        flight.state.record_finish(result, counts)
        self._observer.finished(flight.plan, result, counts, duration)

    async def _store_patiently(self, flight: Flight, result: RunResult) -> ItemCounts | None:
        """Store, trying again while the database is away and there is time."""
        give_up = self._clock.monotonic() + (flight.plan.timeout + FINISH_PATIENCE).total_seconds()
        while True:
            try:
                return await self._store.finish(result)
            except StoreUnavailable:
                if self._closing or self._clock.monotonic() > give_up:
                    raise
                await asyncio.sleep(STORE_RETRY_SECONDS)


def without_items(result: RunResult) -> RunResult:
    """Give the result of a run whose items the store refuses: failed by a defect of ours, and final all the same."""
    message = "the store refused the items: please report it with the operator's log"
    targets = [
        replace(target, status=RunStatus.FAILED, reason=Reason.INTERNAL_ERROR, message=message, items=(), warnings=())
        for target in result.targets
    ]
    return replace(result, status=RunStatus.FAILED, reason=Reason.INTERNAL_ERROR, message=message, targets=targets)
