"""Stand-ins for what a pool is introduced to, where a test must say what they answer."""

import asyncio
from datetime import timedelta
from typing import cast
from zoneinfo import ZoneInfo

import pytest

from scrape_operator.core.schedule.due_times import IntervalDueTimes
from scrape_operator.core.schedule.plan import ObjectKey, SchedulePlan
from scrape_operator.core.schedule.state import ScheduleState
from scrape_operator.planning.plans import RunPlan, TargetPlan
from scrape_operator.running.pool import RunPool
from scrape_operator.running.runner import Runner
from scrape_operator.running.targets.orchestrator import ScrapingOrchestrator
from tests.support.clock import ManualClock
from tests.support.fakes import ControlledTargets, MemoryStore, Recorder


class Target:
    """As much of a HTTPTargetPlan as the runner reads."""

    def __init__(self, name: str) -> None:
        self.name = name


def make_plan(
    *names: str, timeout: float = 3600.0, min_succeeded: int = 1, interval: float = 3600.0, uid: str = "uid"
) -> SchedulePlan:
    clock = ManualClock()
    targets = tuple(Target(name) for name in names or ("main",))
    work = RunPlan(cast("tuple[TargetPlan, ...]", targets), min_succeeded, ZoneInfo("Etc/UTC"))
    return SchedulePlan(
        ObjectKey(uid, "default", "quotes"),
        1,
        clock.now(),
        due_times=IntervalDueTimes(timedelta(seconds=interval)),
        timeout=timedelta(seconds=timeout),
        work=work,
    )


class Harness:
    """A pool and all that it is introduced to."""

    def __init__(self, size: int = 2) -> None:
        self.clock = ManualClock()
        self.store = MemoryStore()
        self.recorder = Recorder()
        self.targets = ControlledTargets()
        self.state = ScheduleState()
        self.pool = RunPool(
            Runner(cast("ScrapingOrchestrator", self.targets), self.clock),
            self.store,
            self.recorder,
            self.recorder,
            self.recorder,
            self.clock,
            owner="replica-1",
            size=size,
            lease=timedelta(seconds=15),
        )
        self.pool.on_ended = lambda uid, unclaimed: self.recorder.ended.append((uid, unclaimed))


@pytest.fixture
async def harness() -> Harness:
    return Harness()


async def settle() -> None:
    """Let every task go on as far as it can without time passing."""
    for _ in range(60):
        await asyncio.sleep(0)
