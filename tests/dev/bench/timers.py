"""The timer queue with 100,000 schedules, and what one schedule costs that only waits."""

import gc
import random
import time
import tracemalloc
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any

from scrape_operator.core.lazy_heap import LazyHeap
from scrape_operator.core.schedule.plan import SchedulePlan
from scrape_operator.core.schedule.state import ScheduleState
from scrape_operator.planning.schedule import compile_schedule
from scrape_operator.scheduling.ownership import SingleReplica
from scrape_operator.scheduling.registry import Registry
from scrape_operator.scheduling.scheduler import Scheduler
from tests.e2e.process import schedule
from tests.support.clock import ManualClock
from tests.support.fakes import DayBudgets

COUNTS = (1_000, 10_000, 100_000)
IDLE = 5_000


def timed(work: Callable[[], object]) -> float:
    """Return the seconds that it takes."""
    gc.collect()
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def queue_figures(count: int) -> str:
    """Insert, move, cancel and pop `count` schedules; microseconds for each."""
    queue: LazyHeap[str, datetime] = LazyHeap()
    start, draw = ManualClock().now(), random.Random(1)
    uids = [f"uid-{n}" for n in range(count)]
    dues = [start + timedelta(milliseconds=draw.randrange(3_600_000)) for _ in uids]
    later = [due + timedelta(hours=1) for due in dues]

    def insert() -> None:
        for uid, due in zip(uids, dues, strict=True):
            queue.set(uid, due)

    def move() -> None:
        for uid, due in zip(uids, later, strict=True):
            queue.set(uid, due)

    def cancel() -> None:
        for uid in uids[::2]:
            queue.discard(uid)

    def pop() -> None:
        for _ in queue.pop_until(start + timedelta(hours=3)):
            pass

    micro = {step.__name__: timed(step) / count * 1e6 for step in (insert, move)}
    micro |= {step.__name__: timed(step) / (count // 2) * 1e6 for step in (cancel, pop)}
    return f"{count:>7} schedules, µs each: " + ", ".join(f"{name} {value:.2f}" for name, value in micro.items())


class Nobody:
    """Stands for pool, journal and status, whose memory is not measured here."""

    def launch(self, plan: SchedulePlan, state: ScheduleState, start: object) -> None:
        """Start nothing."""

    def cancel(self, uid: str, reason: object) -> None:
        """Cancel nothing."""

    def skip(self, plan: SchedulePlan, state: ScheduleState, skip: object) -> None:
        """Record nothing."""

    def seed(self, plan: SchedulePlan, status: Mapping[str, object]) -> None:
        """Remember nothing."""

    def changed(self, plan: SchedulePlan, state: ScheduleState) -> None:
        """Write nothing."""

    def refresh(self, plan: SchedulePlan, state: ScheduleState) -> None:
        """Write nothing."""

    def forget(self, uid: str) -> None:
        """Forget nothing."""


def idle_figures(kind: str, spec: Mapping[str, Any]) -> str:
    """Take up many schedules that wait for their time; bytes and microseconds for each."""
    nobody, clock = Nobody(), ManualClock()
    registry = Registry(compile_schedule, timedelta(minutes=5), nobody)
    scheduler = Scheduler(registry, nobody, nobody, nobody, clock, SingleReplica(), DayBudgets())

    def take_up(count: int) -> None:
        for n in range(count):
            obj = schedule(f"s{n}", "https://shop.example/products", **spec)
            metadata = {"name": f"s{n}", "namespace": "default", "uid": f"uid-{kind}-{n}", "generation": 1}
            scheduler.applied({**obj, "metadata": metadata})

    take_up(100)
    gc.collect()
    tracemalloc.start()
    take_up(IDLE)
    gc.collect()
    size = tracemalloc.get_traced_memory()[0] / IDLE
    tracemalloc.stop()
    looks = list(registry)[:2_000]

    def look_at_them() -> None:
        for entry in looks:
            scheduler._evaluate(entry, clock.now())

    look = timed(look_at_them) / len(looks) * 1e6
    return f"an idle {kind} schedule: {size / 1024:.1f} KiB; one look at it: {look:.0f} µs"


def run() -> list[str]:
    """Measure, and give the lines to print."""
    return [
        *(queue_figures(count) for count in COUNTS),
        idle_figures("interval", {"interval": "5m"}),
        idle_figures("cron", {"schedules": ["H/15 8-18 * * 1-5"], "timeZone": "Europe/Berlin"}),
        idle_figures("windowed", {"interval": "5m", "windows": [{"mode": "Deny", "from": "00:00", "to": "06:00"}]}),
    ]
