"""A process with its scheduler, journal and registry as they are, and a pool and a database made of a dictionary.

A property test moves its clock, kills it, and looks at its rows.
"""

import contextlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from scrape_operator.core.runs.reasons import Reason
from scrape_operator.core.runs.run import RunClaim, RunResult, RunStatus, RunSummary, SkippedSlot, Trigger, trigger_of
from scrape_operator.core.runs.slot import Due, Manual, Slot, digest_token
from scrape_operator.core.schedule.decision import Start
from scrape_operator.core.schedule.pauses import pause_of
from scrape_operator.core.schedule.plan import SchedulePlan
from scrape_operator.core.schedule.state import ScheduleState
from scrape_operator.planning.schedule import compile_schedule
from scrape_operator.scheduling.ownership import SingleReplica
from scrape_operator.scheduling.registry import Entry, Registry
from scrape_operator.scheduling.requests import REQUEST_ANNOTATION
from scrape_operator.scheduling.scheduler import Scheduler
from scrape_operator.scheduling.skips import StoredSkipJournal
from tests.api.building import changed
from tests.support.clock import ManualClock
from tests.support.fakes import DayBudgets

UID = "6f2a8a6e-63f7-4f3c-9a55-0d3c5b1f7a10"
RUNNING, SKIPPED, FAILED = RunStatus.RUNNING, RunStatus.SKIPPED, RunStatus.FAILED


@dataclass(frozen=True)
class Row:
    """What the database knows of a slot. `number` tells which row came first."""

    number: int
    slot: Slot
    scheduled_for: datetime
    generation: int
    missed: int
    status: RunStatus
    reason: Reason
    run_id: UUID | None = None
    ended_at: datetime | None = None

    @property
    def trigger(self) -> Trigger:
        return trigger_of(self.slot)

    @property
    def is_due_time(self) -> bool:
        return isinstance(self.slot, Due)


@dataclass
class Flight:
    plan: SchedulePlan
    state: ScheduleState
    start: Start
    run_id: UUID
    stop: Reason | None = None


class World:
    """One schedule's whole life."""

    def __init__(self, now: datetime) -> None:
        self.clock = ManualClock(now)
        self.rows: dict[Slot, Row] = {}
        self.conflicts: list[Slot] = []
        self.has_room = True
        self.generation = 0
        self.spec: dict[str, Any] = {}
        self.token: str | None = None
        self.status: dict[str, Any] = {}
        self._numbers = 0
        self.start_process({})

    # -- what the scheduler is introduced to

    def launch(self, plan: SchedulePlan, state: ScheduleState, start: Start) -> None:
        self._numbers += 1
        flight = Flight(plan, state, start, UUID(int=self._numbers))
        self.flights[flight.run_id] = flight
        state.add_run(flight.run_id, start.slot)

    def cancel(self, uid: str, reason: Reason) -> None:
        for flight in self.flights.values():
            flight.stop = flight.stop or reason

    async def skip(self, skipped: SkippedSlot) -> bool:
        raise NotImplementedError

    def started(self, plan: SchedulePlan, claim: RunClaim, skew: float) -> None:
        pass

    def finished(self, plan: SchedulePlan, result: RunResult, counts: object, duration: float) -> None:
        pass

    def skipped(self, plan: SchedulePlan, reason: Reason, missed: int) -> None:
        pass

    def seed(self, plan: SchedulePlan, status: Mapping[str, object]) -> None:
        pass

    def changed(self, plan: SchedulePlan, state: ScheduleState) -> None:
        newest = max(plan.generation, self.status.get("observedGeneration", -1))
        self.status = {"observedGeneration": newest, "statusTime": f"{self.now:%Y-%m-%dT%H:%M:%SZ}"}

    def refresh(self, plan: SchedulePlan, state: ScheduleState) -> None:
        self.changed(plan, state)

    def forget(self, uid: str) -> None:
        pass

    # -- its life

    @property
    def now(self) -> datetime:
        return self.clock.now()

    @property
    def entry(self) -> Entry | None:
        return self.registry.get(UID)

    @property
    def is_paused(self) -> bool:
        return self.entry is None or pause_of(self.entry.plan, self.entry.state) is not None

    def start_process(self, states: Mapping[str, ScheduleState]) -> None:
        self.flights: dict[UUID, Flight] = {}
        self.journal = StoredSkipJournal(self, self.clock, self, self, owner="me")
        self.registry = Registry(compile_schedule, timedelta(minutes=5), self)
        self.registry.add_states(states)
        self.scheduler = Scheduler(self.registry, self, self.journal, self, self.clock, SingleReplica(), DayBudgets())

    def apply(self, spec: Mapping[str, Any] | None = None, token: str | None = None) -> None:
        """Let the API server tell of a spec, or of a token."""
        if spec is not None:
            self.generation, self.spec = self.generation + 1, dict(spec)
        self.token = token or self.token
        self.tell()

    def tell(self) -> None:
        obj = changed(self.spec)
        obj["metadata"] |= {"uid": UID, "generation": self.generation}
        if self.token is not None:
            obj["metadata"]["annotations"] = {REQUEST_ANNOTATION: self.token}
        self.scheduler.applied(obj | {"status": self.status})
        self.settle()

    def pass_time(self, seconds: float) -> None:
        """Let the timer task act on all that comes within so many seconds."""
        end = self.now + timedelta(seconds=seconds)
        while (first := self.scheduler._queue.first()) is not None and first[0] <= end:
            self.clock.advance(max(0.0, (first[0] - self.now).total_seconds()))
            self.scheduler.act_on_due(self.now)
            self.settle()
        self.clock.advance((end - self.now).total_seconds())
        self.settle()

    def jump(self, seconds: float) -> None:
        """Set the wall clock; the timer task notices within a second."""
        self.clock.jump(seconds)
        if seconds < 0:
            with contextlib.suppress(StopIteration):
                self.scheduler._evaluate_all(self.now).send(None)
        self.scheduler.act_on_due(self.now)
        self.settle()

    def crash(self, seconds: float) -> None:
        """Kill the process; after a while a new one begins with what the rows say."""
        self.clock.advance(seconds)
        orphans = [row for row in self.rows.values() if row.status is RUNNING]
        states = {UID: self._load()} if self.rows else {}
        self.start_process(states)
        self.tell()
        for row in orphans:
            self.rows[row.slot] = replace(row, status=FAILED, reason=Reason.ORPHANED, ended_at=self.now)
            if self.entry is not None:
                self.scheduler.orphaned(self.entry.plan.key, self._summary(self.rows[row.slot]))
        self.settle()

    def end_run(self, *, good: bool) -> None:
        """Let the run that goes on end."""
        for flight in list(self.flights.values()):
            if flight.state.active[flight.run_id].started_at is not None:
                status = RunStatus.SUCCEEDED if good else FAILED
                self._end(flight, status, Reason.SUCCEEDED if good else Reason.TIMEOUT)
        self.settle()

    def settle(self) -> None:
        """Do what the timer task, the pool and the journal do in their own time, until nothing is left."""
        while self.scheduler.act_on_due(self.now) or self._step():
            pass
        self._write_skips()

    def _step(self) -> bool:
        for flight in list(self.flights.values()):
            if flight.state.active[flight.run_id].started_at is None:
                if flight.stop is not None or self.has_room:
                    self._begin(flight)
                    return True
            elif flight.stop is not None:
                self._end(flight, RunStatus.CANCELED, flight.stop)
                return True
        return False

    def _begin(self, flight: Flight) -> None:
        start, late = flight.start, self.now - flight.start.scheduled_for
        if flight.stop is Reason.REPLACED:
            self._drop(flight, start.skip(Reason.SKIPPED_OVERLAP, "a newer one took its place"))
        elif start.is_due_time and late > flight.plan.starting_deadline:
            self._drop(flight, start.skip(Reason.MISSED_DEADLINE, "no room"))
        elif start.slot in self.rows:
            self.conflicts.append(start.slot)
            if isinstance(start.slot, Manual):
                flight.state.echo_request(start.slot.token)
            self._drop(flight, None)
        else:
            self._insert(start.slot, start.scheduled_for, flight.plan.generation, start.missed, RUNNING)
            self.rows[start.slot] = replace(self.rows[start.slot], run_id=flight.run_id)
            claim = RunClaim(
                id=flight.run_id,
                schedule_uid=UID,
                namespace="default",
                name="example",
                generation=flight.plan.generation,
                slot=start.slot,
                scheduled_for=start.scheduled_for,
                started_at=self.now,
                owner="me",
                lease_expires_at=self.now,
                missed=start.missed,
            )
            flight.state.record_start(claim, ends_by=self.now + flight.plan.timeout)

    def _drop(self, flight: Flight, skip: Any) -> None:
        if skip is not None:
            self.journal.skip(flight.plan, flight.state, skip)
        del self.flights[flight.run_id], flight.state.active[flight.run_id]
        self.scheduler.ended(UID, None)

    def _end(self, flight: Flight, status: RunStatus, reason: Reason) -> None:
        state, row = flight.state, self.rows[flight.start.slot]
        row = replace(row, status=status, reason=reason, ended_at=self.now)
        self.rows[row.slot] = row
        del self.flights[flight.run_id], state.active[flight.run_id]
        state._count(self._summary(row))
        state.add_to_history(self._summary(row))
        self.scheduler.ended(UID, None)

    def _write_skips(self) -> None:
        for waiting in self.unwritten_skips():
            row = waiting.row
            if not waiting.is_free:
                continue
            dict(self.journal._outbox.queue.items())[UID].remove(waiting)
            if row.slot not in self.rows:
                self._insert(row.slot, row.scheduled_for, row.generation, row.missed, SKIPPED, row.reason)

    def unwritten_skips(self) -> list[Any]:
        """Return the skips whose rows are not written yet."""
        return [one for _uid, rows in self.journal._outbox.queue.items() for one in rows]

    def _insert(
        self,
        slot: Slot,
        scheduled_for: datetime,
        generation: int,
        missed: int,
        status: RunStatus,
        reason: Reason = Reason.SUCCEEDED,
    ) -> None:
        number = len(self.rows)
        self.rows[slot] = Row(number, slot, scheduled_for, generation, missed, status, reason)

    def _summary(self, row: Row) -> RunSummary:
        run_id, ended_at = row.run_id or UUID(int=0), row.ended_at
        return RunSummary(
            run_id, row.trigger, row.generation, row.scheduled_for, row.status, row.reason, "", ended_at, ended_at
        )

    def _load(self) -> ScheduleState:
        """Return what `storage.loading` makes of the rows."""
        rows = sorted(self.rows.values(), key=lambda row: (row.scheduled_for, row.number))
        runs = [row for row in rows if row.status is not SKIPPED]
        finished = [self._summary(row) for row in reversed(runs) if row.status is not RUNNING]
        manual = [row.slot.token for row in rows if isinstance(row.slot, Manual)]
        failures = 0
        for run in finished:
            if run.status.is_good:
                break
            failures += run.status is FAILED
        state = ScheduleState(
            last_slot=max((row.scheduled_for for row in rows if row.trigger is Trigger.SCHEDULED), default=None),
            slot_generation=max((row.generation for row in rows if row.trigger is Trigger.SCHEDULED), default=0),
            last_schedule_time=max((row.scheduled_for for row in runs), default=None),
            last_handled_request=manual[-1] if manual else None,
            handled_requests=tuple(map(digest_token, manual)),
            consecutive_failures=failures,
        )
        state.adopt_history(finished[:5])
        if failures and state.last_failure is None:
            state.last_failure = next(run for run in finished if run.status is FAILED)
        return state
