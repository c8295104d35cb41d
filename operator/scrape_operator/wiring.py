"""The composition root: Settings to App, closed by one AsyncExitStack."""

from collections.abc import AsyncIterator, Callable, Coroutine, Iterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import partial
from typing import Any

from scrape_operator.clock import SystemClock
from scrape_operator.cluster.client import ClusterClient
from scrape_operator.cluster.events import ClusterEventPoster
from scrape_operator.cluster.objects import ClusterObjects
from scrape_operator.cluster.secrets import ClusterSecrets
from scrape_operator.core.notifications.webhooks import WebhookHealth
from scrape_operator.core.ports import Clock, Ownership, RunObserver, SecretReader, StatusSink
from scrape_operator.core.runs.reasons import Reason
from scrape_operator.core.schedule.decision import Skip
from scrape_operator.core.schedule.plan import ObjectKey, SchedulePlan
from scrape_operator.core.tracing import NO_TRACER, Tracer
from scrape_operator.extraction.workers.pool import ExtractionPool
from scrape_operator.fetching.body.memory import BodyMemory
from scrape_operator.fetching.day_budgets import DayBudgets
from scrape_operator.fetching.fetcher import HttpFetcher, budgets_of, open_fetcher
from scrape_operator.memory import memory_limit, shares_of
from scrape_operator.planning.policies import Policies
from scrape_operator.planning.policy_book import PolicyBook
from scrape_operator.planning.schedule import compile_schedule
from scrape_operator.reporting.events import WARNING, EventReporter, Transition
from scrape_operator.reporting.looplag import watch_loop_lag
from scrape_operator.reporting.metrics.metrics import Metrics
from scrape_operator.reporting.observers import CompositeObserver
from scrape_operator.reporting.run_log import RunLog
from scrape_operator.reporting.status.writer import StatusWriter
from scrape_operator.reporting.tracing.opening import open_tracer
from scrape_operator.reporting.webhooks.notifier import Notifier
from scrape_operator.reporting.webhooks.sending import Sender
from scrape_operator.running.leases import LeaseKeeper
from scrape_operator.running.opening import open_pool
from scrape_operator.running.pool import RunPool
from scrape_operator.running.retention import Retention
from scrape_operator.running.runner import Runner
from scrape_operator.running.secret_checks import SecretChecks
from scrape_operator.running.targets.memories import TargetMemories
from scrape_operator.running.targets.orchestrator import ScrapingOrchestrator
from scrape_operator.scheduling.missing_secrets import MissingSecrets
from scrape_operator.scheduling.ownership import SingleReplica
from scrape_operator.scheduling.registry import Registry
from scrape_operator.scheduling.scheduler import Scheduler
from scrape_operator.scheduling.skips import StoredSkipJournal
from scrape_operator.settings import Settings
from scrape_operator.storage.engine.sole_process import SoleProcess, sole_process
from scrape_operator.storage.odds.sink import OddsSink
from scrape_operator.storage.store import SQLRunStore, open_store

LAST_WRITES_SECONDS = 5.0
LAST_EVENTS_SECONDS = 2.0

NamedTask = tuple[str, Callable[[], Coroutine[object, object, None]]]


@dataclass(frozen=True, slots=True)
class Services:
    """What the engine uses: clocks, the database, the network and the extraction workers."""

    settings: Settings
    clock: Clock
    store: SQLRunStore
    fetcher: HttpFetcher
    extraction: ExtractionPool
    day_budgets: DayBudgets
    secrets: SecretReader | None = None
    tracer: Tracer = NO_TRACER


@dataclass(frozen=True, slots=True)
class Engine:
    """Schedules and their runs. It is the same with and without a cluster."""

    settings: Settings
    clock: Clock
    store: SQLRunStore
    registry: Registry
    scheduler: Scheduler
    missing_secrets: MissingSecrets
    pool: RunPool
    journal: StoredSkipJournal
    keeper: LeaseKeeper
    retention: Retention
    notifier: Notifier
    day_budgets: DayBudgets

    def tasks(self) -> Sequence[NamedTask]:
        """Return what must run for as long as the process does; one that ends is a defect."""
        return (
            ("journal", self.journal.run),
            ("leases", self.keeper.run),
            ("retention", self.retention.run),
            ("notifier", self.notifier.run),
        )

    def starting_tasks(self) -> Sequence[NamedTask]:
        """Return the tasks that begin runs; they are started when all schedules are known."""
        return (("scheduler", self.scheduler.run), ("missing Secrets", self.missing_secrets.run))

    async def drain(self) -> None:
        """End the work: runs within the grace, then every row."""
        await self.pool.close(timedelta(seconds=self.settings.shutdown_grace_seconds))
        await self.journal.flush()
        await self.notifier.flush()
        await self.day_budgets.release()


@dataclass(frozen=True, slots=True)
class App:
    """The engine and what connects it to a cluster."""

    engine: Engine
    objects: ClusterObjects
    policies: PolicyBook
    writer: StatusWriter
    events: EventReporter
    metrics: Metrics
    sole: SoleProcess | None = None

    def tasks(self) -> Sequence[NamedTask]:
        """Return what must run for as long as the process does; one that ends is a defect."""
        sole: Sequence[NamedTask] = () if self.sole is None else (("database lock", self.sole.run),)
        return (
            *sole,
            *self.engine.tasks(),
            ("status", self.writer.run),
            ("events", self.events.run),
            ("loop lag", partial(watch_loop_lag, self.metrics.loop_lag)),
        )

    async def drain(self) -> None:
        """End the work: runs within the grace, then every row, then the statuses that matter."""
        await self.engine.drain()
        await self.writer.flush(LAST_WRITES_SECONDS)
        await self.events.flush(LAST_EVENTS_SECONDS)


@asynccontextmanager
async def open_services(
    settings: Settings, metrics: Metrics, secrets: SecretReader | None = None, tracer: Tracer = NO_TRACER
) -> AsyncIterator[Services]:
    """Open the database, the connections and the extraction workers of a process.

    Without `secrets`, targets that refer to Secrets fail.
    """
    async with AsyncExitStack() as stack:
        opening = open_store(settings, [OddsSink()], on_transaction=metrics.store_transaction)
        store = await stack.enter_async_context(opening)
        shares = shares_of(memory_limit())
        clock = SystemClock()
        hosts, bodies, days = budgets_of(settings, metrics), BodyMemory(shares.bodies), DayBudgets(store, clock.now)
        opening_fetcher = open_fetcher(
            settings, hosts=hosts, memory=bodies, secrets=secrets, day_budgets=days, tracer=tracer
        )
        fetcher = await stack.enter_async_context(opening_fetcher)
        extraction = open_pool(shares)
        stack.push_async_callback(extraction.aclose)
        yield Services(settings, clock, store, fetcher, extraction, days, secrets, tracer)


@asynccontextmanager
async def open_engine(
    settings: Settings,
    status: StatusSink,
    observers: Sequence[RunObserver],
    policies: PolicyBook,
    secrets: SecretReader,
) -> AsyncIterator[Engine]:
    """Open the engine of a process without a cluster."""
    async with open_tracer(settings) as tracer, open_services(settings, Metrics(), secrets, tracer) as services:
        yield build_engine(services, status, observers, SingleReplica(), policies)


@asynccontextmanager
async def open_app(settings: Settings) -> AsyncIterator[App]:
    """Open what a process in a cluster needs, and close it in reverse order."""
    metrics = Metrics()
    async with (
        ClusterClient() as client,
        open_tracer(settings) as tracer,
        open_services(settings, metrics, ClusterSecrets(client, SystemClock()), tracer) as services,
        sole_process(settings) as sole,
    ):
        yield replace(build_app(services, metrics, client), sole=sole)


def policy_book(settings: Settings) -> PolicyBook:
    """Return an empty book of policies for the networks that the settings allow."""
    return PolicyBook(Policies(networks=frozenset(settings.allow_cidrs)))


def build_engine(
    services: Services,
    status: StatusSink,
    observers: Sequence[RunObserver],
    ownership: Ownership,
    policies: PolicyBook,
) -> Engine:
    """Connect scheduling, running and storage. `status` and `observers` receive every change."""
    settings, clock, store = services.settings, services.clock, services.store
    owner, lease = settings.identity, timedelta(seconds=settings.run_lease_seconds)
    retention = Retention(store, clock)
    notifier = _open_notifier(services, lambda: registry, status)
    observer: RunObserver = CompositeObserver(*observers, retention, notifier)
    journal = StoredSkipJournal(store, clock, observer, status, owner=owner)
    runner, size = _runner_of(services), settings.max_concurrent_runs
    pool = RunPool(runner, store, journal, status, observer, clock, owner=owner, size=size, lease=lease)
    interval = timedelta(minutes=settings.interval_minutes)

    def compile_under_policies(obj: Mapping[str, Any], default_interval: timedelta) -> SchedulePlan:
        return compile_schedule(obj, default_interval, policies.policies)

    policies.on_host_rules = services.fetcher.hosts.set_rules
    registry = Registry(compile_under_policies, interval, status)
    days = services.day_budgets
    scheduler = Scheduler(registry, pool, journal, status, clock, ownership, days)
    missing = MissingSecrets(registry, scheduler, SecretChecks(services.fetcher, clock), ownership)
    days.on_used_up = scheduler.budget_used_up
    pool.on_ended = scheduler.ended
    pool.recheck = scheduler.recheck

    def forget(uid: str) -> None:
        retention.forget(uid)
        notifier.forget(uid)

    scheduler.on_removed = forget
    scheduler.on_edited = retention.edited
    keeper = LeaseKeeper(pool, store, clock, owner=owner, lease=lease, on_orphan=scheduler.orphaned)
    return Engine(
        settings, clock, store, registry, scheduler, missing, pool, journal, keeper, retention, notifier, days
    )


def _runner_of(services: Services) -> Runner:
    memories, clock, tracer = TargetMemories(services.store), services.clock, services.tracer
    scraping = ScrapingOrchestrator(services.fetcher, services.extraction, clock, memories, tracer)
    return Runner(scraping, clock, tracer)


def _open_notifier(services: Services, find_registry: Callable[[], Registry], status: StatusSink) -> Notifier:
    """Return the delivery of messages to the webhooks of the schedules that the registry has by then."""

    def find_plan(uid: str) -> SchedulePlan | None:
        entry = find_registry().get(uid)
        return None if entry is None else entry.plan

    def report(uid: str, health: WebhookHealth) -> None:
        entry = find_registry().get(uid)
        if entry is not None and entry.state.record_webhook(health):
            status.changed(entry.plan, entry.state)

    sender = Sender(services.fetcher, services.secrets, services.clock, services.tracer)
    return Notifier(services.store.messages, sender, services.clock, find_plan, report)


def build_app(services: Services, metrics: Metrics, client: ClusterClient) -> App:
    """Connect the engine to a cluster."""
    owner, clock = services.settings.identity, services.clock
    ownership, policies = SingleReplica(), policy_book(services.settings)

    def remove(uid: str) -> None:
        engine.scheduler.removed(uid)

    events = EventReporter(ClusterEventPoster(client, owner), clock)
    objects = ClusterObjects(client)
    writer = StatusWriter(
        objects,
        clock,
        owner=owner,
        writes_per_second=services.settings.status_writes_per_second,
        ownership=ownership,
        on_gone=remove,
        on_transition=events.transitioned,
        on_written=metrics.status_written,
    )

    def refuse_request(key: ObjectKey, message: str) -> None:
        events.post(key, Transition(WARNING, Reason.INVALID_SPEC, message))

    def report_skipped_request(key: ObjectKey, skip: Skip) -> None:
        events.post(key, Transition(WARNING, skip.reason, f"the requested run was skipped: {skip.message}"))

    engine = build_engine(services, writer, [RunLog(), metrics], ownership, policies)
    engine.scheduler.on_refused = refuse_request
    engine.journal.on_request_skipped = report_skipped_request
    engine.notifier.observer = metrics
    bind_gauges(metrics, engine, writer)
    return App(engine, objects, policies, writer, events, metrics)


def bind_gauges(metrics: Metrics, engine: Engine, writer: StatusWriter) -> None:
    """Connect the gauges with the parts of the process that they read."""
    metrics.bind(
        timer_queue_depth=lambda: engine.scheduler.queue_depth,
        runs_active=lambda: engine.pool.active,
        runs_waiting=lambda: engine.pool.waiting,
        statuses_pending=lambda: writer.pending,
        day_budgets_used_up=lambda: engine.day_budgets.used_up_policies,
        webhooks_pending=lambda: engine.notifier.waiting,
        webhook_dead_letters=lambda: dead_letters_of(engine.registry),
        schedules=engine.registry.counts,
        conditions=writer.census.counts,
        success_ages_by_namespace=lambda: success_ages_of(engine.registry, engine.clock),
    )


def dead_letters_of(registry: Registry) -> int:
    """Return how many messages to webhooks were given up and are kept."""
    return sum(health.dead_letters for entry in registry for health in entry.state.webhooks.values())


def success_ages_of(registry: Registry, clock: Clock) -> Iterator[tuple[str, float | None]]:
    """Yield the namespace of each schedule and the seconds since its last success; suspended ones are left out."""
    now = clock.now()
    for entry in registry:
        if not entry.plan.suspend:
            at = entry.state.last_successful_time
            yield entry.plan.key.namespace, None if at is None else (now - at).total_seconds()
