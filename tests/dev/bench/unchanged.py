"""What a target that did not change saves: runs that read it anew, beside runs that need not, on one server.

Each run is claimed, runs through the steps of the operator, and is stored in SQLite. The CPU is that of this process.
"""

import asyncio
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import func, select

from scrape_operator.core.ids import uuid7
from scrape_operator.core.runs.reasons import Reason
from scrape_operator.core.runs.run import RunClaim, RunResult
from scrape_operator.core.runs.slot import Due
from scrape_operator.core.schedule.plan import SchedulePlan
from scrape_operator.planning.schedule import compile_schedule
from scrape_operator.reporting.metrics.metrics import Metrics
from scrape_operator.running.runner import Runner
from scrape_operator.running.targets.memories import TargetMemories
from scrape_operator.running.targets.orchestrator import ScrapingOrchestrator
from scrape_operator.settings import Settings
from scrape_operator.storage.store import SQLRunStore
from scrape_operator.storage.tables import item_changes
from scrape_operator.wiring import Services, open_services
from tests.dev.bench.static import FEW, MANY, static_site
from tests.e2e.process import schedule

RUNS, ROUNDS, AT_ONCE = 200, 3, 10
START = datetime(2026, 11, 29, 10, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Way:
    """One way to read a document whose items do not change."""

    name: str
    path: str
    is_conditional: bool


WAYS = (
    Way("read anew", "/restless", is_conditional=False),
    Way("same body", "", is_conditional=False),
    Way("same body, conditional", "", is_conditional=True),
    Way("304", "/tagged", is_conditional=True),
)


@dataclass(slots=True)
class Cost:
    """What one run costs: CPU milliseconds, and bytes of bodies."""

    milliseconds: float
    bytes: float


def plan_of(way: Way, url: str, number: int) -> SchedulePlan:
    obj: dict[str, Any] = schedule(f"s{number}", url, interval="1m")
    obj["metadata"] |= {"uid": f"{way.name}-{url}-{number}", "namespace": "default", "generation": 1}
    obj["spec"]["targets"][0]["http"]["conditional"] = way.is_conditional
    plan = compile_schedule(obj, timedelta(minutes=5))
    if plan.findings:
        raise ValueError(str(plan.findings))
    return plan


def claim_of(plan: SchedulePlan, number: int) -> RunClaim:
    due = START + timedelta(minutes=number)
    return RunClaim(
        id=uuid7(due),
        schedule_uid=plan.key.uid,
        namespace=plan.key.namespace,
        name=plan.key.name,
        generation=plan.generation,
        slot=Due(due),
        scheduled_for=due,
        started_at=due,
        owner="bench",
        lease_expires_at=due + timedelta(days=1),
    )


class Bench:
    """Runs schedules one run after the other, several schedules at a time."""

    def __init__(self, services: Services) -> None:
        self._store: SQLRunStore = services.store
        memories = TargetMemories(services.store)
        orchestrator = ScrapingOrchestrator(services.fetcher, services.extraction, services.clock, memories)
        self._runner = Runner(orchestrator, services.clock)
        self._number = 0

    async def run(self, plan: SchedulePlan) -> RunResult:
        self._number += 1
        claim = claim_of(plan, self._number)
        await self._store.claim(claim)
        result = await self._runner.run(plan, claim, asyncio.get_running_loop().create_future())
        await self._store.finish(result)
        return result

    async def measure(self, plans: Sequence[SchedulePlan], reason: Reason) -> Cost:
        """Return what a run costs on average, of many."""
        results: list[RunResult] = []

        async def some(plan: SchedulePlan) -> None:
            for _ in range(RUNS // AT_ONCE):
                results.append(await self.run(plan))

        began = time.process_time()
        await asyncio.gather(*(some(plan) for plan in plans))
        spent = time.process_time() - began
        wrong = {result.reason for result in results} - {reason}
        if wrong:
            raise ValueError(f"runs ended with {wrong}")
        return Cost(spent / len(results) * 1000, sum(target.bytes for run in results for target in run.targets) / RUNS)

    async def changes(self) -> int:
        """Return how many changes of items are stored."""
        return int(
            await self._store._database.read(
                lambda connection: connection.execute(select(func.count()).select_from(item_changes)).scalar_one()
            )
        )


async def measure(url: str, path: str) -> dict[str, Cost]:
    """Measure every way with a document; they take turns, and the best round counts."""
    with tempfile.TemporaryDirectory() as folder:
        settings = Settings(allow_cidrs="127.0.0.0/8", sqlite_path=Path(folder) / "bench.db")
        async with open_services(settings, Metrics()) as services:
            bench = Bench(services)
            plans = {way: [plan_of(way, f"{url}{path}{way.path}", n) for n in range(AT_ONCE)] for way in WAYS}
            for of_way in plans.values():
                for plan in of_way:
                    await bench.run(plan)
            best: dict[str, Cost] = {}
            before = await bench.changes()
            for _ in range(ROUNDS):
                for way in WAYS:
                    reason = Reason.NOT_MODIFIED if way.is_conditional else Reason.SUCCEEDED
                    cost = await bench.measure(plans[way], reason)
                    best[way.name] = min(best.get(way.name, cost), cost, key=lambda one: one.milliseconds)
            if await bench.changes() != before:
                raise ValueError("items were written")
            return best


def lines(items: int, costs: dict[str, Cost]) -> list[str]:
    """Return a line for each way, with what it saves."""
    anew = costs["read anew"]
    found = []
    for name, cost in costs.items():
        saved = 100 * (1 - cost.milliseconds / anew.milliseconds)
        bodies = f"{cost.bytes / 1024:.1f} KiB of bodies"
        found.append(f"{items} items, {name}: {cost.milliseconds:.2f} ms of CPU a run, {bodies}, {saved:.0f} % saved")
    return found


def run() -> Sequence[str]:
    """Measure, and return the lines to print."""
    with static_site() as url:
        few = lines(FEW, asyncio.run(measure(url, "")))
        return [*few, *lines(MANY, asyncio.run(measure(url, "/large")))]
