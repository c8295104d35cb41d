"""What runs targets and stores nothing. The verbs `test` and `init` need no more, and start without a database."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace

from scrape_operator.clock import SystemClock
from scrape_operator.core.ports import Clock, TargetMemoryReader
from scrape_operator.extraction.workers.pool import QUICK, SLOW, ExtractionPool
from scrape_operator.fetching.fetcher import HttpFetcher, open_fetcher
from scrape_operator.memory import MemoryShares, memory_limit, shares_of
from scrape_operator.running.replay import Replayer
from scrape_operator.running.runner import Runner
from scrape_operator.running.targets.orchestrator import ScrapingOrchestrator
from scrape_operator.settings import Settings


def open_pool(shares: MemoryShares, kind: type[ExtractionPool] = ExtractionPool) -> ExtractionPool:
    """Return the extraction workers that a memory limit allows."""
    quick = replace(QUICK, workers=shares.quick_workers, memory_bytes=shares.quick_document)
    return kind(quick=quick, slow=replace(SLOW, memory_bytes=shares.slow_document))


@asynccontextmanager
async def open_runner(
    fetcher: HttpFetcher, clock: Clock, workers: type[ExtractionPool] = ExtractionPool
) -> AsyncIterator[Runner]:
    """Open what runs targets and stores nothing."""
    extraction = open_pool(shares_of(memory_limit()), workers)
    try:
        yield Runner(ScrapingOrchestrator(fetcher, extraction, clock), clock)
    finally:
        await extraction.aclose()


@asynccontextmanager
async def open_replayer(settings: Settings, memories: TargetMemoryReader) -> AsyncIterator[Replayer]:
    """Open what reads kept responses again and stores nothing."""
    extraction = open_pool(shares_of(memory_limit()))
    try:
        async with open_fetcher(settings) as fetcher:
            yield Replayer(fetcher, extraction, memories, SystemClock(), settings.identity)
    finally:
        await extraction.aclose()
