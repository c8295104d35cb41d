"""A process that stores runs of simulated shops until it is killed. `test_kills` starts it, and reads what it meant.

`python -m tests.storage.items.shop_process URL FIRST LOG`: FIRST is the number of its first runs, LOG the file to which
it adds a line for each run, before the run is stored.
"""

import asyncio
import json
import sys
from itertools import count
from pathlib import Path

from scrape_operator.core.runs.run import RunResult
from scrape_operator.storage.store import SQLRunStore, open_store
from tests.storage.items.test_histories import Shop
from tests.storage.values import claim_of, settings_for

SHOPS = 12
MANY_RUNS = 1000
"""More than a process gets to."""


async def live(store: SQLRunStore, shop: Shop, number: int, log: Path) -> None:
    """Run a shop once."""
    claim = claim_of(number, uid=shop.uid)
    await store.claim(claim)
    shop.change()
    result = shop.result(claim)
    if result is None:
        return
    with log.open("a", encoding="utf-8") as file:
        file.write(json.dumps(meant(result)) + "\n")
    await store.finish(result)


def meant(result: RunResult) -> dict[str, object]:
    """Return what a run saw, and whether it saw all that there is."""
    [target] = result.targets
    return {
        "run": result.claim.id.hex,
        "keys": [item.key for item in target.items],
        "whole": target.is_whole_snapshot,
    }


async def main(url: str, first: int, log: Path) -> None:
    """Store runs, many in each transaction."""
    shops = [Shop(f"uid-{number:03}", 1000 * first + number) for number in range(SHOPS)]
    async with open_store(settings_for(url)) as store:
        for number in count(first * MANY_RUNS):
            await asyncio.gather(*(live(store, shop, number, log) for shop in shops))


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], int(sys.argv[2]), Path(sys.argv[3])))
