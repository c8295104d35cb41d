"""The composition root: Settings to App, closed by one AsyncExitStack."""

import time
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial

from scrape_operator.cluster.client import ClusterClient
from scrape_operator.cluster.events import ClusterEventPoster
from scrape_operator.core.ports import Clock, RunObserver
from scrape_operator.extraction.workers.pool import ExtractionPool
from scrape_operator.fetching.fetcher import HttpFetcher, budgets_of, open_fetcher
from scrape_operator.planning.schedule import compile_schedule
from scrape_operator.reporting.events import EventReporter
from scrape_operator.reporting.logs import RunLog
from scrape_operator.reporting.looplag import watch_loop_lag
from scrape_operator.reporting.metrics import Metrics
from scrape_operator.reporting.observers import CompositeObserver
from scrape_operator.reporting.status.writer import StatusWriter
from scrape_operator.running.leases import LeaseKeeper
from scrape_operator.running.pool import RunPool
from scrape_operator.running.retention import Retention
from scrape_operator.running.runner import Runner
from scrape_operator.running.targets.orchestrator import ScrapingOrchestrator
from scrape_operator.scheduling.ownership import SingleReplica
from scrape_operator.scheduling.registry import Registry
from scrape_operator.scheduling.scheduler import Scheduler
from scrape_operator.scheduling.skips import StoredSkipJournal
from scrape_operator.settings import Settings
from scrape_operator.storage.odds.storing import OddsSink
from scrape_operator.storage.store import SQLRunStore, open_store

LAST_WRITES_SECONDS = 5.0


class SystemClock:
    """The machine's clocks."""

    def now(self) -> datetime:
        """Give the wall clock in UTC."""
        return datetime.now(UTC)

    def monotonic(self) -> float:
        """Give seconds that never jump."""
        return time.monotonic()


@dataclass(frozen=True, slots=True)
class App:
    """The parts of a process that others need to reach, already introduced to each other."""

    settings: Settings
    client: ClusterClient
    store: SQLRunStore
    registry: Registry
    scheduler: Scheduler
    pool: RunPool
    journal: StoredSkipJournal
    keeper: LeaseKeeper
    retention: Retention
    writer: StatusWriter
    events: EventReporter
    metrics: Metrics

    def tasks(self) -> Sequence[tuple[str, Callable[[], Coroutine[object, object, None]]]]:
        """Give what must go on for as long as the process lives; one that ends is a defect."""
        return (
            ("journal", self.journal.run),
            ("leases", self.keeper.run),
            ("retention", self.retention.run),
            ("status", self.writer.run),
            ("events", self.events.run),
            ("loop lag", partial(watch_loop_lag, self.metrics.loop_lag)),
        )

    async def drain(self) -> None:
        """End the work: runs within the grace, then every row, then the statuses that matter."""
        await self.pool.close(timedelta(seconds=self.settings.shutdown_grace_seconds))
        await self.journal.flush()
        await self.writer.flush(LAST_WRITES_SECONDS)


@asynccontextmanager
async def open_runner(fetcher: HttpFetcher, clock: Clock) -> AsyncIterator[Runner]:
    """Open what runs targets and stores nothing."""
    extraction = ExtractionPool()
    try:
        yield Runner(ScrapingOrchestrator(fetcher, extraction, clock), clock)
    finally:
        await extraction.aclose()


@asynccontextmanager
async def open_app(settings: Settings) -> AsyncIterator[App]:
    """Open what a process needs, and close it in reverse order."""
    async with AsyncExitStack() as stack:
        clock, metrics = SystemClock(), Metrics()
        opening = open_store(settings, [OddsSink()], on_transaction=metrics.store_transaction)
        store = await stack.enter_async_context(opening)
        client = await stack.enter_async_context(ClusterClient())
        fetcher = await stack.enter_async_context(open_fetcher(settings, hosts=budgets_of(settings, metrics)))
        extraction = ExtractionPool()
        stack.push_async_callback(extraction.aclose)
        yield build_app(settings, clock, metrics, store, client, fetcher, extraction)


def build_app(
    settings: Settings,
    clock: SystemClock,
    metrics: Metrics,
    store: SQLRunStore,
    client: ClusterClient,
    fetcher: HttpFetcher,
    extraction: ExtractionPool,
) -> App:
    """Introduce the rooms to each other."""
    owner, lease = settings.identity, timedelta(seconds=settings.run_lease_seconds)
    ownership = SingleReplica()
    events = EventReporter(ClusterEventPoster(client, clock, owner), clock)
    writer = StatusWriter(
        client,
        clock,
        owner=owner,
        writes_per_second=settings.status_writes_per_second,
        ownership=ownership,
        events=events,
        on_gone=lambda uid: scheduler.removed(uid),  # noqa: PLW0108 -- the scheduler is made below
        observer=metrics,
    )
    retention = Retention(store, clock)
    observer: RunObserver = CompositeObserver(RunLog(), metrics, retention)
    journal = StoredSkipJournal(store, clock, observer, writer, owner=owner)
    runner = Runner(ScrapingOrchestrator(fetcher, extraction, clock), clock)
    size = settings.max_concurrent_runs
    pool = RunPool(runner, store, journal, writer, observer, clock, owner=owner, size=size, lease=lease)
    interval = timedelta(minutes=settings.interval_minutes)
    registry = Registry(partial(compile_schedule, default_interval=interval), writer)
    scheduler = Scheduler(registry, pool, journal, writer, clock, ownership)
    pool.on_ended = scheduler.ended
    scheduler.on_removed = retention.forget
    keeper = LeaseKeeper(pool, store, clock, owner=owner, lease=lease, on_orphan=scheduler.orphaned)
    bind_gauges(metrics, scheduler, pool, writer, registry)
    return App(settings, client, store, registry, scheduler, pool, journal, keeper, retention, writer, events, metrics)


def bind_gauges(
    metrics: Metrics, scheduler: Scheduler, pool: RunPool, writer: StatusWriter, registry: Registry
) -> None:
    """Let the gauges read their values from the parts of the process."""
    metrics.bind(
        timer_queue_depth=lambda: scheduler.queue_depth,
        runs_active=lambda: pool.active,
        runs_waiting=lambda: pool.waiting,
        statuses_pending=lambda: writer.pending,
        schedules=registry.counts,
    )
