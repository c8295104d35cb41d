"""Two writers at once, and a reader beside them: in the end it has seen every change of every run, each once."""

import asyncio
from collections import Counter

import pytest

from scrape_operator.core.results import ListQuery
from scrape_operator.storage.reading.results import SQLResultReader, open_results
from scrape_operator.storage.store import open_store
from tests.storage.values import settings_for
from tests.storage.writing import write


async def follow(reader: SQLResultReader, until: asyncio.Event) -> tuple[Counter[tuple[object, int]], set[object]]:
    """Read changes until the writers are done; return how often each was seen, and which runs are left."""
    seen: Counter[tuple[object, int]] = Counter()
    left: set[object] = set()
    reached = 0
    while True:
        is_last = until.is_set()
        changes = await reader.changes(max(reached, 1))
        for run in changes.runs:
            seen[run.run.id, run.revision] += 1
            left.add(run.run.id)
        for gone in changes.deleted:
            left.discard(gone.id)
        if is_last and changes.until == reached:
            return seen, left
        reached = changes.until


@pytest.mark.postgres
async def test_two_writers_on_postgresql(migrated_postgres_url: str) -> None:
    settings = settings_for(migrated_postgres_url)
    done = asyncio.Event()
    async with open_store(settings) as one, open_store(settings) as two, open_results(settings) as reader:
        following = asyncio.create_task(follow(reader, done))
        await asyncio.gather(write(one, 1), write(two, 2))
        done.set()
        seen, left = await following
        listed = {run.run.id: run.revision for run in (await reader.runs(ListQuery())).rows}
    assert set(seen.values()) == {1}
    assert left == set(listed)
    assert set(listed.items()) <= set(seen)
