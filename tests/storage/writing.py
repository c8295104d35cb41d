"""A writer that begins, ends and prunes runs in an order of its own, for tests with several of them at once."""

import asyncio
import random

from scrape_operator.storage.store import SQLRunStore
from tests.storage.values import claim_of, items_of, minute, result_of, target_of

RUNS = 40


async def write(store: SQLRunStore, writer: int) -> None:
    """Begin and end runs, some of them at once, and prune now and then."""
    chance, uid = random.Random(writer), f"uid-{writer}"

    async def run(number: int) -> None:
        claim = claim_of(number, uid=uid, owner=f"operator-{writer}")
        await store.claim(claim)
        await asyncio.sleep(0)
        items = items_of(**{str(n): str(number) for n in range(chance.choice((0, 1, 200)))})
        await store.finish(result_of(claim, target_of(items)))

    for first in range(0, RUNS, 4):
        await asyncio.gather(*(run(first + number) for number in range(chance.randint(1, 4))))
        if chance.random() < 0.3:
            await store.prune(uid, successful=5, failed=1, older_than=minute(-9))
