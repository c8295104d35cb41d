"""The pool: a bounded number of runs, each from its claim to its stored result."""

import asyncio
import logging
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from uuid import UUID

from scrape_operator.core.errors import ScrapeOperatorError, StoreUnavailable
from scrape_operator.core.ids import uuid7
from scrape_operator.core.ports import Clock, RunObserver, RunStore, SkipJournal, StatusSink
from scrape_operator.core.runs.items import ItemCounts
from scrape_operator.core.runs.reasons import Reason
from scrape_operator.core.runs.run import RunClaim, RunResult, RunStatus
from scrape_operator.core.runs.slot import Manual
from scrape_operator.core.schedule.decision import DELETED, Skip, Start
from scrape_operator.core.schedule.plan import SchedulePlan
from scrape_operator.core.schedule.state import ScheduleState
from scrape_operator.running.pooled_run import PooledRun
from scrape_operator.running.run_places import RunPlaces
from scrape_operator.running.runner import Runner

logger = logging.getLogger(__name__)

STORE_RETRY_SECONDS = 1.0
LAST_RUNS_TIMEOUT = timedelta(seconds=5)
"""How long a shutdown waits for the rows of runs that it stopped."""

STORE_TIMEOUT = timedelta(minutes=2)
"""How long a result is kept while the database is away, beyond the timeout of the run."""


class RunPool:
    """Implements RunLauncher. At most `size` runs are active at a time. The others wait in the order of arrival.

    `on_ended` is called with the UID after each run. Its second argument is the slot if that was not claimed and must
    be tried again, else None. `recheck` is called before each claim: a run may wait long for its place, or for the
    database. It returns the plan that is in force now, and the skip of the slot if it may not start any more.
    """

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
        self._places = RunPlaces(size)
        self._lease = lease
        self._runs: dict[str, dict[UUID, PooledRun]] = {}  # by UID of the schedule: `cancel` stops all runs of one
        self._is_closing = False
        self.recheck: Callable[[str, Start], tuple[SchedulePlan, Skip | None] | None] = lambda _uid, _start: None
        self.on_ended: Callable[[str, Start | None], None] = lambda _uid, _unclaimed: None

    @property
    def active(self) -> int:
        """How many runs are claimed and not yet stored."""
        return sum(run.is_claimed for run in self._all())

    @property
    def waiting(self) -> int:
        """How many runs wait for a place or for their claim."""
        return sum(not run.is_claimed for run in self._all())

    def claimed_runs(self) -> list[UUID]:
        """Return the runs whose leases this process renews."""
        return [run.run_id for run in self._all() if run.is_claimed]

    def launch(self, plan: SchedulePlan, state: ScheduleState, start: Start) -> None:
        """Start a run as soon as a place is free."""
        if self._is_closing:
            return
        run_id = uuid7(self._clock.now())
        run = PooledRun(plan, state, start, run_id, asyncio.get_running_loop().create_future())
        self._runs.setdefault(plan.key.uid, {})[run_id] = run
        state.add_run(run_id, start.slot)
        run.task = asyncio.create_task(self._execute(run), name=f"run {plan.key}")

    def cancel(self, uid: str, reason: Reason) -> None:
        """Stop the runs of a schedule."""
        for run in self._runs.get(uid, {}).values():
            run.request_stop(reason)

    async def close(self, grace: timedelta) -> None:
        """Start no more runs, wait for active ones within the grace period, then stop them and store their rows."""
        self._is_closing = True
        for run in self._all():
            if not run.is_claimed:
                run.request_stop(Reason.SHUTDOWN)
        await self._wait_for_runs(grace)
        for run in self._all():
            run.request_stop(Reason.SHUTDOWN)
        await self._wait_for_runs(LAST_RUNS_TIMEOUT)
        for run in self._all():
            logger.error("run not stored before the end", extra=_log_fields(run))
            if run.task is not None:
                run.task.cancel()

    async def _wait_for_runs(self, limit: timedelta) -> None:
        tasks = {run.task for run in self._all() if run.task is not None}
        if tasks:
            await asyncio.wait(tasks, timeout=limit.total_seconds())

    async def _execute(self, run: PooledRun) -> None:
        try:
            if await self._places.acquire(run.stop, run.place_timeout_seconds(self._clock.now())):
                try:
                    ended = await self._claim_and_run(run)
                finally:
                    self._places.release()
                if ended is not None:
                    await self._finish(run, *ended)
            else:
                self._reject(run)
        except Exception:
            logger.exception("run failed by a defect of scrape-operator", extra=_log_fields(run))
        finally:
            self._release(run)
            self._status.changed(run.plan, run.state)
            self.on_ended(run.plan.key.uid, run.start if run.needs_retry else None)

    def _all(self) -> list[PooledRun]:
        return [run for runs in self._runs.values() for run in runs.values()]

    def _release(self, run: PooledRun) -> None:
        runs = self._runs[run.plan.key.uid]
        del runs[run.run_id]
        if not runs:
            del self._runs[run.plan.key.uid]
        run.state.remove_run(run.run_id)

    async def _claim_and_run(self, run: PooledRun) -> tuple[RunResult, float] | None:
        """Return the result and how many seconds it took, or None if the slot was not claimed."""
        if run.is_late(self._clock.now()):
            self._miss(run)
            return None
        claim = await self._claim(run)
        if claim is None:
            return None
        began = self._clock.monotonic()
        result = await self._runner.run(run.plan, claim, run.stop, lambda: self._record_ending(run), self._places)
        return result, self._clock.monotonic() - began

    async def _claim(self, run: PooledRun) -> RunClaim | None:
        """Insert the row of a run. Return None if the slot is taken, or the database was away for too long."""
        while not run.stop.done():
            if self._is_refused(run):
                return None
            claim = run.claim(self._clock.now(), self._owner, self._lease)
            try:
                run.is_claimed = await self._store.claim(claim)
            except StoreUnavailable as error:
                if self._clock.now() + timedelta(seconds=STORE_RETRY_SECONDS) > run.claim_deadline():
                    self._abandon(run, error)
                    return None
                await asyncio.wait({run.stop}, timeout=STORE_RETRY_SECONDS)
                continue
            if run.is_claimed:
                self._record_start(run, claim)
                return claim
            if isinstance(claim.slot, Manual):
                run.state.echo_request(claim.slot.token)
            return None
        self._reject(run)
        return None

    def _is_refused(self, run: PooledRun) -> bool:
        """Take the plan that is in force now. Return whether its slot may not start any more: then it is skipped."""
        current = self.recheck(run.plan.key.uid, run.start)
        if current is None:
            return False
        run.plan, skip = current
        if skip is not None:
            self._journal.skip(run.plan, run.state, skip)
        return skip is not None

    def _reject(self, run: PooledRun) -> None:
        """Handle the slot of a run that was not claimed."""
        if not run.stop.done():
            self._miss(run)
        elif run.stop.result() is Reason.REPLACED:
            self._skip(run, Reason.SKIPPED_OVERLAP, "a newer run took its place before it had begun")
        elif run.stop.result() is Reason.CANCELED:
            self._skip(run, Reason.CANCELED, DELETED)
        else:
            run.needs_retry = True  # after a restart, the next process claims it

    def _miss(self, run: PooledRun) -> None:
        late = (self._clock.now() - run.start.scheduled_for).total_seconds()
        message = f"waited {late:.0f}s for a place among the running ones: raise SCRAPE_OPERATOR_MAX_CONCURRENT_RUNS"
        self._skip(run, Reason.MISSED_DEADLINE, message)

    def _abandon(self, run: PooledRun, error: StoreUnavailable) -> None:
        """Skip a due time that could not be claimed. Leave a first or manual run to be tried again."""
        if run.start.is_due_time:
            message = f"the database was away, so the run could not be claimed: {error}"
            self._skip(run, Reason.STORE_UNAVAILABLE, message)
        else:
            run.needs_retry = True

    def _skip(self, run: PooledRun, reason: Reason, message: str) -> None:
        self._journal.skip(run.plan, run.state, run.start.skip(reason, message))

    def _record_start(self, run: PooledRun, claim: RunClaim) -> None:
        is_awaited = isinstance(claim.slot, Manual) or run.state.last_run is None
        run.state.record_start(claim, ends_by=claim.started_at + run.plan.timeout)
        skew = (self._clock.now() - claim.scheduled_for).total_seconds()  # includes the duration of the claim
        self._observer.started(run.plan, claim, skew)
        report = self._status.changed if is_awaited else self._status.refresh
        report(run.plan, run.state)

    def _record_ending(self, run: PooledRun) -> None:
        run.state.record_ending(run.run_id, self._clock.now())

    async def _finish(self, run: PooledRun, result: RunResult, duration: float) -> None:
        """Store the result, unless another replica has taken over the run. `duration` is in seconds."""
        lost: StoreUnavailable | None = None
        counts: ItemCounts | None = None
        try:
            counts = await self._store_with_retries(run, result)
        except StoreUnavailable as error:
            lost = error
        except ScrapeOperatorError:
            logger.exception("result refused by the store", extra=_log_fields(run))
            result = without_items(result)
            counts = await self._store.finish(result)
        if lost is not None:
            logger.error("result lost", extra={**_log_fields(run), "error": str(lost)})
        elif counts is None:
            logger.warning("run taken over: its result is dropped", extra=_log_fields(run))
        else:
            run.state.record_finish(result, counts)
            self._observer.finished(run.plan, result, counts, duration)

    async def _store_with_retries(self, run: PooledRun, result: RunResult) -> ItemCounts | None:
        """Store a result, trying again while the database is away and there is time."""
        deadline = self._clock.monotonic() + (run.plan.timeout + STORE_TIMEOUT).total_seconds()
        while True:
            try:
                return await self._store.finish(result)
            except StoreUnavailable:
                if self._is_closing or self._clock.monotonic() > deadline:
                    raise
                await asyncio.sleep(STORE_RETRY_SECONDS)


def without_items(result: RunResult) -> RunResult:
    """Return a failed result without items, for a result that the store refuses: the row still becomes final."""
    message = "the store refused the items: please report it with the operator's log"
    targets = [
        replace(target, status=RunStatus.FAILED, reason=Reason.INTERNAL_ERROR, message=message, items=(), warnings=())
        for target in result.targets
    ]
    return replace(result, status=RunStatus.FAILED, reason=Reason.INTERNAL_ERROR, message=message, targets=targets)


def _log_fields(run: PooledRun) -> dict[str, str]:
    """Return the keys of a log line that identify a run."""
    return {"run_id": str(run.run_id), "schedule": str(run.plan.key)}
