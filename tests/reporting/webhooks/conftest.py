"""Delivery as it runs: a SQLite store, the real client, a receiver on loopback, and Secrets in memory."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from scrape_operator.core.net.access import SecretKey
from scrape_operator.core.net.host_budgets import HostBudget
from scrape_operator.core.notifications.webhooks import NotifyEvent, Webhook, WebhookHealth
from scrape_operator.core.runs.run import RunResult, StoredSpec, TargetResult
from scrape_operator.core.schedule.plan import ObjectKey, SchedulePlan
from scrape_operator.core.tracing import NO_TRACER, Tracer
from scrape_operator.fetching.fetcher import HttpFetcher, open_fetcher
from scrape_operator.fetching.hosts.breaker import BreakerPolicy, CoolDown
from scrape_operator.fetching.hosts.budgets import HostBudgets
from scrape_operator.reporting.webhooks import notifier
from scrape_operator.reporting.webhooks.notifier import Notifier
from scrape_operator.reporting.webhooks.sending import Sender
from scrape_operator.settings import Settings
from scrape_operator.storage.store import SQLRunStore, open_store
from tests.storage.values import claim_of, failed_of, items_of, result_of, target_of
from tests.support.databases import make_sqlite
from tests.support.receiver import SIGNING_SECRET, Receiver
from tests.support.secrets import MemorySecrets

BRIEF = CoolDown(timedelta(seconds=0.05), timedelta(seconds=0.1))
ALL_EVENTS = tuple(NotifyEvent)


def webhook(name: str = "ops", events: tuple[NotifyEvent, ...] = ALL_EVENTS, secret: str = "hook") -> Webhook:
    return Webhook(name, events, SecretKey(secret, "url"), SecretKey(secret, "secret"))


class OffsetClock:
    """The clocks of the machine, and as much time more as a test wants to have passed."""

    def __init__(self) -> None:
        self.offset = timedelta(0)

    def now(self) -> datetime:
        return datetime.now(UTC) + self.offset

    def monotonic(self) -> float:
        return asyncio.get_running_loop().time() + self.offset.total_seconds()


@dataclass
class World:
    """Schedules that run, and the delivery of their messages. `restart` opens both anew on the same database."""

    path: Path
    receiver: Receiver
    secrets: MemorySecrets
    clock: OffsetClock = field(default_factory=OffsetClock)
    plans: dict[str, SchedulePlan] = field(default_factory=dict)
    health: dict[tuple[str, str], WebhookHealth] = field(default_factory=dict)
    results: list[tuple[str, str]] = field(default_factory=list)
    random: Callable[[], float] = lambda: 0.01
    number: int = 0
    tracer: Tracer = NO_TRACER

    store: SQLRunStore = field(init=False)
    fetcher: HttpFetcher = field(init=False)
    notifier: Notifier = field(init=False)
    opened: AsyncExitStack = field(init=False)
    task: asyncio.Task[None] = field(init=False)

    def __post_init__(self) -> None:
        make_sqlite(self.path)

    @property
    def settings(self) -> Settings:
        database = f"sqlite:///{self.path}"
        return Settings.model_validate({"DATABASE_URL": database, "allow_cidrs": "127.0.0.0/8"})

    def message_attempted(self, event: str, result: str) -> None:
        self.results.append((event, result))

    def add(self, *webhooks: Webhook, uid: str = "uid-1", generation: int = 1) -> None:
        """Have a schedule with webhooks."""
        key = ObjectKey(uid, "default", "quotes")
        spec = StoredSpec(webhooks=webhooks)
        self.plans[uid] = SchedulePlan(key, generation, datetime.now(UTC), stored_spec=spec)

    async def start(self, *, is_delivering: bool = True) -> None:
        """Open store and client, and deliver."""
        self.opened = AsyncExitStack()
        hosts = HostBudgets(HostBudget(4), breaker=BreakerPolicy(refusal=BRIEF, outage=BRIEF))
        self.store = await self.opened.enter_async_context(open_store(self.settings))
        self.fetcher = await self.opened.enter_async_context(
            open_fetcher(self.settings, hosts=hosts, tracer=self.tracer)
        )
        self.notifier = self.make_notifier()
        self.task = asyncio.create_task(self.notifier.run() if is_delivering else asyncio.sleep(0))

    async def stop(self) -> None:
        """Stop delivering, whatever is under way, and close."""
        is_delivering = not self.task.done()
        self.task.cancel()
        await asyncio.gather(self.task, return_exceptions=True)
        if is_delivering:
            await self.notifier.flush()
        await self.opened.aclose()

    async def restart(self) -> None:
        await self.stop()
        await self.start()

    def make_notifier(self) -> Notifier:
        return Notifier(
            self.store.messages,
            Sender(self.fetcher, self.secrets, self.clock, self.tracer),
            self.clock,
            self.plans.get,
            lambda uid, health: self.health.__setitem__((uid, health.name), health),
            observer=self,
            random=self.random,
        )

    async def end_run(self, make: Callable[..., RunResult], *targets: TargetResult, uid: str = "uid-1") -> None:
        """Store a run of a schedule, as the pool does."""
        self.number += 1
        claim = replace(claim_of(self.number, uid=uid), spec=self.plans[uid].stored_spec)
        assert await self.store.claim(claim)
        result = replace(make(claim, *targets), completed_at=self.clock.now())
        counts = await self.store.finish(result)
        assert counts is not None
        self.notifier.finished(self.plans[uid], result, counts, 1.0)

    async def fail(self, uid: str = "uid-1") -> None:
        await self.end_run(failed_of, uid=uid)

    async def succeed(self, uid: str = "uid-1", **texts: str) -> None:
        await self.end_run(result_of, target_of(items_of(**texts)), uid=uid)


@pytest.fixture
async def world(
    tmp_path: Path, receiver: Receiver, prompt_writes: None, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[World]:
    monkeypatch.setattr(notifier, "LOOK_SECONDS", 0.2)
    secrets = MemorySecrets({"hook": {"url": receiver.url, "secret": SIGNING_SECRET}})
    made = World(tmp_path / "runs.db", receiver, secrets)
    made.add(webhook())
    await made.start()
    yield made
    await made.stop()
