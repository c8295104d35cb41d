"""Stand-ins for the ports of scheduling and running, where a test decides what they answer."""

import asyncio
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from types import SimpleNamespace
from typing import Any
from uuid import UUID

from scrape_operator.core.errors import StoreUnavailable
from scrape_operator.core.masking import Mask
from scrape_operator.core.net.day_budgets import DayLimit, UsedUp, day_end
from scrape_operator.core.net.deadline import Deadline
from scrape_operator.core.net.documents import Traffic
from scrape_operator.core.ports import RunPlace
from scrape_operator.core.runs.items import ItemCounts
from scrape_operator.core.runs.leases import Lease
from scrape_operator.core.runs.reasons import Reason
from scrape_operator.core.runs.run import (
    RunClaim,
    RunResult,
    RunStatus,
    RunSummary,
    SkippedSlot,
    StoredSpec,
    TargetResult,
)
from scrape_operator.core.runs.slot import Slot
from scrape_operator.core.schedule.decision import Skip, Start
from scrape_operator.core.schedule.plan import ObjectKey, SchedulePlan
from scrape_operator.core.schedule.state import ScheduleState
from scrape_operator.planning.plans import RunPlan
from scrape_operator.running.targets.orchestrator import TargetTask
from scrape_operator.running.targets.target_run import RunScope, TargetRun
from tests.support.clock import ManualClock

RUN_ID = UUID(int=7)


class MemoryStore:
    """A RunStore that keeps rows in memory, and is away while a test says so."""

    def __init__(self) -> None:
        self.away = False
        self.claims: dict[tuple[str, Slot], RunClaim] = {}
        self.results: list[RunResult] = []
        self.skips: list[SkippedSlot] = []
        self.renewed: list[UUID] = []
        self.taken_over: set[UUID] = set()
        self.orphans: list[tuple[ObjectKey, RunSummary]] = []
        self.deleted: list[str] = []
        self.edited: dict[str, StoredSpec] = {}

    def _check(self) -> None:
        if self.away:
            raise StoreUnavailable("connection refused")

    async def claim(self, claim: RunClaim) -> bool:
        self._check()
        return self.claims.setdefault((claim.schedule_uid, claim.slot), claim) is claim

    async def finish(self, result: RunResult) -> ItemCounts | None:
        self._check()
        if result.claim.id in self.taken_over:
            return None
        self.results.append(result)
        return ItemCounts(total=sum(len(target.items) for target in result.targets))

    async def skip(self, skipped: SkippedSlot) -> bool:
        self._check()
        self.skips.append(skipped)
        return True

    async def renew(self, owner: str, run_ids: Collection[UUID], lease_expires_at: datetime) -> None:
        self._check()
        self.renewed.extend(run_ids)

    async def leases(self) -> Sequence[Lease]:
        self._check()
        return [Lease(summary.id, "other", summary.scheduled_for) for _key, summary in self.orphans]

    async def reap(self, leases: Sequence[Lease], now: datetime) -> Sequence[tuple[ObjectKey, RunSummary]]:
        self._check()
        reaped = {lease.run_id for lease in leases}
        return [(key, summary) for key, summary in self.orphans if summary.id in reaped]

    async def load_states(self, namespaces: Collection[str] = ()) -> Mapping[str, ScheduleState]:
        return {}

    async def load_state(self, uid: str) -> ScheduleState | None:
        return None

    async def prune(self, uid: str, *, successful: int, failed: int, older_than: datetime) -> int:
        return 0

    async def note_edited(self, specs: Mapping[str, StoredSpec]) -> None:
        self._check()
        self.edited.update(specs)

    async def mark_deleted(self, uids: Collection[str], at: datetime) -> None:
        self._check()
        self.deleted.extend(uids)

    async def prune_deleted(self, now: datetime) -> None:
        self._check()

    async def ping(self) -> None:
        self._check()


def skipped_row(plan: SchedulePlan, skip: Skip) -> SkippedSlot:
    key, due = plan.key, skip.scheduled_for
    return SkippedSlot(
        id=UUID(int=9),
        schedule_uid=key.uid,
        namespace=key.namespace,
        name=key.name,
        generation=plan.generation,
        slot=skip.slot,
        scheduled_for=due,
        at=due,
        owner="replica-1",
        reason=skip.reason,
        message=skip.message,
        missed=skip.missed,
    )


class DayBudgets:
    """A DayBudgetReader whose budgets are used up as a test says."""

    def __init__(self) -> None:
        self.is_used_up = False

    def used_up(self, limits: Sequence[DayLimit], now: datetime) -> UsedUp | None:
        return UsedUp(limits[0], day_end(now)) if limits and self.is_used_up else None


class Recorder:
    """Records the calls to a launcher, a skip journal, a status sink and an observer of runs."""

    def __init__(self) -> None:
        self.launched: list[tuple[str, Start]] = []
        self.canceled: list[tuple[str, Reason]] = []
        self.skipped_slots: list[tuple[str, Skip]] = []
        self.status_changes: list[str] = []
        self.skews: list[float] = []
        self.finished_runs: list[RunResult] = []
        self.ended: list[tuple[str, object]] = []

    @property
    def skips(self) -> list[Skip]:
        return [skip for _name, skip in self.skipped_slots]

    def launch(self, plan: SchedulePlan, state: ScheduleState, start: Start) -> None:
        self.launched.append((plan.key.name, start))
        state.add_run(RUN_ID, start.slot)

    def cancel(self, uid: str, reason: Reason) -> None:
        self.canceled.append((uid, reason))

    def skip(self, plan: SchedulePlan, state: ScheduleState, skip: Skip) -> None:
        self.skipped_slots.append((plan.key.name, skip))
        state.record_skip(skipped_row(plan, skip))

    def seed(self, plan: SchedulePlan, status: Mapping[str, object]) -> None:
        pass

    def changed(self, plan: SchedulePlan, state: ScheduleState) -> None:
        self.status_changes.append(plan.key.name)

    def refresh(self, plan: SchedulePlan, state: ScheduleState) -> None:
        self.status_changes.append(plan.key.name)

    def forget(self, uid: str) -> None:
        pass

    def started(self, plan: SchedulePlan, claim: RunClaim, skew: float) -> None:
        self.skews.append(skew)

    def finished(self, plan: SchedulePlan, result: RunResult, counts: ItemCounts, duration: float) -> None:
        self.finished_runs.append(result)

    def skipped(self, plan: SchedulePlan, reason: Reason, missed: int) -> None:
        pass


class ControlledTargets:
    """An orchestrator whose targets end when, and as, a test says."""

    def __init__(self) -> None:
        self.outcomes: dict[str, asyncio.Future[TargetResult]] = {}
        self.begun = asyncio.Event()
        self.read: set[str] = set()
        """The targets that have been read, and are only evaluated."""

    def scrape_all(
        self, plan: SchedulePlan, work: RunPlan, claim: RunClaim, place: RunPlace | None = None
    ) -> list[TargetTask]:
        self.begun.set()
        scope = RunScope(claim.scheduled_for, work.zone, Deadline(0.0, ManualClock().monotonic), plan.timeout)
        return [self._start(target.name, scope) for target in work.targets]

    def _start(self, name: str, scope: RunScope) -> TargetTask:
        no_requests: Any = SimpleNamespace(traffic=Traffic(), warnings=(), mask=Mask())
        run = TargetRun(name, scope, no_requests, ManualClock(), 0.0, is_read=name in self.read)
        return TargetTask(run, asyncio.create_task(self._scrape(name)))

    async def _scrape(self, name: str) -> TargetResult:
        future = self.outcomes.setdefault(name, asyncio.get_running_loop().create_future())
        return await future

    def end(self, name: str = "main", status: RunStatus = RunStatus.SUCCEEDED) -> None:
        future = self.outcomes.setdefault(name, asyncio.get_running_loop().create_future())
        reason = Reason.SUCCEEDED if status is RunStatus.SUCCEEDED else Reason.HTTP_STATUS
        future.set_result(TargetResult(name, status, reason))
