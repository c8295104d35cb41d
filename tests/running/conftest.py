"""Stand-ins for what a pool is introduced to, where a test must say what they answer."""

import asyncio
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest

from scrape_operator.core.errors import StoreUnavailable
from scrape_operator.core.runs.items import ItemCounts
from scrape_operator.core.runs.reasons import Reason
from scrape_operator.core.runs.run import RunClaim, RunResult, RunStatus, RunSummary, SkippedSlot, TargetResult
from scrape_operator.core.schedule.decision import Skip
from scrape_operator.core.schedule.due_times import IntervalDueTimes
from scrape_operator.core.schedule.plan import ObjectKey, SchedulePlan
from scrape_operator.core.schedule.state import ScheduleState
from scrape_operator.planning.plans import RunPlan
from scrape_operator.running.pool import RunPool
from scrape_operator.running.runner import Runner
from tests.support.clock import ManualClock


class MemoryStore:
    """A RunStore that keeps rows in memory, and is away while a test says so."""

    def __init__(self) -> None:
        self.away = False
        self.claims: dict[tuple[str, str], RunClaim] = {}
        self.results: list[RunResult] = []
        self.skips: list[SkippedSlot] = []
        self.renewed: list[UUID] = []
        self.taken_over: set[UUID] = set()
        self.orphans: list[tuple[ObjectKey, RunSummary]] = []

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

    async def reap(self, now: datetime) -> Sequence[tuple[ObjectKey, RunSummary]]:
        self._check()
        return self.orphans

    async def load_states(self) -> Mapping[str, ScheduleState]:
        return {}

    async def prune(self, uid: str, *, successful: int, failed: int, older_than: datetime) -> int:
        return 0

    async def ping(self) -> None:
        self._check()


class Notes:
    """Stands for journal, status and observer."""

    def __init__(self) -> None:
        self.skips: list[Skip] = []
        self.started_skews: list[float] = []
        self.finished_runs: list[RunResult] = []
        self.changes = 0
        self.ended: list[tuple[str, object]] = []

    def skip(self, plan: SchedulePlan, state: ScheduleState, skip: Skip) -> None:
        self.skips.append(skip)

    def started(self, plan: SchedulePlan, claim: RunClaim, skew: float) -> None:
        self.started_skews.append(skew)

    def finished(self, plan: SchedulePlan, result: RunResult, counts: ItemCounts, duration: float) -> None:
        self.finished_runs.append(result)

    def skipped(self, plan: SchedulePlan, reason: Reason, missed: int) -> None:
        pass

    def seed(self, plan: SchedulePlan, status: Mapping[str, object]) -> None:
        pass

    def changed(self, plan: SchedulePlan, state: ScheduleState) -> None:
        self.changes += 1

    def forget(self, uid: str) -> None:
        pass


class Scrapes:
    """An orchestrator whose targets end when, and as, a test says."""

    def __init__(self) -> None:
        self.outcomes: dict[str, asyncio.Future[TargetResult]] = {}
        self.begun = asyncio.Event()

    def scrape_all(self, plan: SchedulePlan, work: RunPlan, claim: RunClaim) -> list[asyncio.Task[TargetResult]]:
        self.begun.set()
        return [asyncio.create_task(self._scrape(target.name)) for target in work.targets]

    async def _scrape(self, name: str) -> TargetResult:
        future = self.outcomes.setdefault(name, asyncio.get_running_loop().create_future())
        return await future

    def end(self, name: str = "main", status: RunStatus = RunStatus.SUCCEEDED) -> None:
        future = self.outcomes.setdefault(name, asyncio.get_running_loop().create_future())
        reason = Reason.SUCCEEDED if status is RunStatus.SUCCEEDED else Reason.HTTP_STATUS
        future.set_result(TargetResult(name, status, reason))


class Target:
    """As much of a HTTPTargetPlan as the runner reads."""

    def __init__(self, name: str) -> None:
        self.name = name


def make_plan(
    *names: str, timeout: float = 3600.0, min_succeeded: int = 1, interval: float = 3600.0, uid: str = "uid"
) -> SchedulePlan:
    clock = ManualClock()
    targets = tuple(Target(name) for name in names or ("main",))
    work = RunPlan(targets, min_succeeded, ZoneInfo("Etc/UTC"))  # type: ignore[arg-type]
    return SchedulePlan(
        ObjectKey(uid, "default", "quotes"),
        1,
        clock.now(),
        due_times=IntervalDueTimes(timedelta(seconds=interval)),
        timeout=timedelta(seconds=timeout),
        work=work,
    )


class House:
    """A pool and all that it is introduced to."""

    def __init__(self, size: int = 2) -> None:
        self.clock = ManualClock()
        self.store = MemoryStore()
        self.notes = Notes()
        self.scrapes = Scrapes()
        self.state = ScheduleState()
        self.pool = RunPool(
            Runner(self.scrapes, self.clock),  # type: ignore[arg-type]
            self.store,
            self.notes,
            self.notes,
            self.notes,
            self.clock,
            owner="replica-1",
            size=size,
            lease=timedelta(seconds=15),
        )
        self.pool.on_ended = lambda uid, unclaimed: self.notes.ended.append((uid, unclaimed))


@pytest.fixture
async def house() -> House:
    return House()


async def settle() -> None:
    """Let every task go on as far as it can without time passing."""
    for _ in range(60):
        await asyncio.sleep(0)
