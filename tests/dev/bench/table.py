"""A list of 500 runs as a table: the CPU of reading it from SQLite and of rendering it, without TLS and HTTP."""

import asyncio
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from scrape_operator.core.ids import uuid7
from scrape_operator.core.results import LIST_MAX_ROWS, ListQuery
from scrape_operator.results.negotiation import Form, Representation
from scrape_operator.results.rendering import RUN_RENDERER
from scrape_operator.storage.engine import migrate
from scrape_operator.storage.reading.results import SQLResultReader, open_results
from scrape_operator.storage.store import SQLRunStore, open_store
from tests.storage.values import claim_of, items_of, minute, result_of, settings_for, target_of

SCHEDULES, REPETITIONS = 25, 200
MESSAGE = "2 of 3 targets succeeded; target reviews: the site answered 503 Service Unavailable after 3 tries"


def run() -> Sequence[str]:
    """Measure, and give the lines to print."""
    with tempfile.TemporaryDirectory() as folder:
        return asyncio.run(_measure(f"sqlite:///{Path(folder, 'runs.db')}"))


async def _measure(url: str) -> Sequence[str]:
    settings = settings_for(url)
    await migrate.upgrade(settings)
    async with open_store(settings) as store:
        await asyncio.gather(*(_store(store, number) for number in range(LIST_MAX_ROWS + 1)))
    async with open_results(settings) as reader:
        costs = [await _list(reader) for _ in range(REPETITIONS)]
    reading, rendering, _size = (min(column) for column in zip(*costs, strict=True))
    size = f"{LIST_MAX_ROWS} runs, {costs[0][2] // 1024} KiB"
    return [f"{size}, best of {REPETITIONS}: reading {reading:.1f} ms, rendering {rendering:.1f} ms of CPU"]


async def _store(store: SQLRunStore, number: int) -> None:
    """Store a run of one to three targets."""
    schedule = number % SCHEDULES
    claim = claim_of(number, id=uuid7(minute(number)), uid=f"uid-{schedule}", name=f"shop-products-{schedule}")
    targets = [target_of(items_of(a=str(number)), name=f"target-{place}") for place in range(1 + number % 3)]
    await store.claim(claim)
    await store.finish(result_of(claim, *targets, message="" if number % 3 else MESSAGE))


async def _list(reader: SQLResultReader) -> tuple[float, float, int]:
    """Return the milliseconds of CPU for reading and for rendering a page, and its size in bytes."""
    begun = time.process_time()
    page = await reader.runs(ListQuery("default"))
    read = time.process_time()
    body = RUN_RENDERER.list(page, Representation(Form.TABLE), minute(1000))
    return (read - begun) * 1000, (time.process_time() - read) * 1000, len(body)
