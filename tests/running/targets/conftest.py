"""HTTP targets as a run scrapes them: an orchestrator over real sockets, and a server that a test programs."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from types import MappingProxyType
from typing import Any
from uuid import UUID

import pytest
from aiohttp import web

from scrape_operator.clock import SystemClock
from scrape_operator.core.ports import Clock, SecretReader
from scrape_operator.core.runs.baseline import Baseline
from scrape_operator.core.runs.run import RunClaim, TargetResult
from scrape_operator.core.runs.slot import Due
from scrape_operator.core.runs.target_memory import FORGOTTEN, TargetMemory
from scrape_operator.extraction.workers.pool import ExtractionPool
from scrape_operator.fetching.fetcher import open_fetcher
from scrape_operator.planning.plans import RunPlan
from scrape_operator.planning.schedule import compile_schedule
from scrape_operator.running.targets.memories import TargetMemories
from scrape_operator.running.targets.orchestrator import ScrapingOrchestrator, TargetTask
from scrape_operator.settings import Settings
from tests.api.building import changed
from tests.support.web import served_by

Answer = Callable[[web.Request], Awaitable[web.StreamResponse]]
NOTHING: Mapping[str, Any] = MappingProxyType({})
ITEMS = {"items": {"jmespath": "data"}, "fields": [{"name": "id", "jmespath": "id"}]}


@dataclass
class Server:
    """A web server without robots.txt that answers every other request by `answer`, and remembers it."""

    answer: Answer | None = None
    url: str = ""
    requests: list[web.Request] = field(default_factory=list)

    async def handle(self, request: web.Request) -> web.StreamResponse:
        if request.path == "/robots.txt":
            raise web.HTTPNotFound
        self.requests.append(request)
        assert self.answer is not None
        return await self.answer(request)

    @property
    def paths(self) -> list[str]:
        return [request.path_qs for request in self.requests]


@pytest.fixture
async def server() -> AsyncIterator[Server]:
    made = Server()
    async with served_by(made.handle) as made.url:
        yield made


def serve(server: Server, *bodies: object, **members: object) -> None:
    """Answer with one list after the other, the last one for ever."""
    left = list(bodies)

    async def answer(_request: web.Request) -> web.Response:
        ids = left.pop(0) if len(left) > 1 else left[0]
        assert isinstance(ids, list)
        return web.json_response({"data": [{"id": identity} for identity in ids], **members})

    server.answer = answer


class StoredMemory:
    """A TargetMemoryReader that knows what the results of earlier runs left."""

    def __init__(self) -> None:
        self.revalidation = FORGOTTEN
        self.baseline = Baseline()
        self.loads = 0

    async def load_target_memory(self, uid: str, target: str, fingerprint: str) -> TargetMemory:
        self.loads += 1
        return TargetMemory(self.baseline, self.revalidation)


class Scraping:
    """Runs single targets by their specs; `runs` numbers them. What a run leaves is there for the next one."""

    def __init__(self, orchestrator: ScrapingOrchestrator, memory: StoredMemory) -> None:
        self.orchestrator = orchestrator
        self.memory = memory
        self.runs = 0

    def start(
        self,
        url: str,
        *,
        seconds: float = 30.0,
        http: Mapping[str, Any] = NOTHING,
        spec: Mapping[str, Any] = NOTHING,
        generation: int = 1,
        **others: Any,
    ) -> TargetTask:
        target = {"name": "main", "http": {**http, "url": url}, "retry": {"attempts": 1}, "extract": ITEMS, **others}
        obj = changed({"targets": [target], **spec})
        obj["metadata"] |= {"uid": "uid", "generation": generation}
        plan = compile_schedule(obj, timedelta(hours=1))
        work = plan.work
        assert isinstance(work, RunPlan), plan.findings
        now = SystemClock().now()
        self.runs += 1
        claim = RunClaim(UUID(int=self.runs), "uid", "default", "example", generation, Due(now), now, now, "me", now)
        plan = replace(plan, timeout=timedelta(seconds=seconds))
        return self.orchestrator.scrape_all(plan, work, claim)[0]

    async def __call__(self, url: str, **options: Any) -> TargetResult:
        async with asyncio.timeout(30):
            result = await self.start(url, **options).task
        self.memory.revalidation = result.revalidation or self.memory.revalidation
        return result


@asynccontextmanager
async def open_scraping(
    clock: Clock | None = None, *, is_trial: bool = False, secrets: SecretReader | None = None
) -> AsyncIterator[Scraping]:
    """Open what runs targets, under the machine's clock or another one."""
    pool, memory = ExtractionPool(), StoredMemory()
    memories = TargetMemories(None if is_trial else memory)
    async with open_fetcher(Settings(allow_cidrs="127.0.0.0/8"), secrets=secrets) as fetcher:
        yield Scraping(ScrapingOrchestrator(fetcher, pool, clock or SystemClock(), memories), memory)
    await pool.aclose()


@pytest.fixture
async def scrape() -> AsyncIterator[Scraping]:
    async with open_scraping() as opened:
        yield opened
