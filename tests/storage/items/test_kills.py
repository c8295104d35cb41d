"""Processes that are killed while they store runs: the changes still tell what is there, and nothing else is gone."""

import json
import os
import random
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any

from sqlalchemy import select

from scrape_operator.storage.store import SQLRunStore, open_store
from scrape_operator.storage.tables import item_changes, items
from tests.storage.items.shop_process import SHOPS
from tests.storage.items.test_histories import replay
from tests.storage.values import settings_for
from tests.support.paths import ROOT

KILLS = int(os.environ.get("KILLS", "4"))
LOOK_SECONDS = 0.001


async def test_killed_processes_leave_a_whole_history(url: str, tmp_path: Path) -> None:
    dice, log = random.Random(14), tmp_path / "meant.ndjson"
    for number in range(KILLS):
        kill_at(dice.randint(2 * SHOPS, 8 * SHOPS), url, number, log)
    meant = {one["run"]: one for one in map(json.loads, log.read_text(encoding="utf-8").splitlines())}
    assert len(meant) > SHOPS
    async with open_store(settings_for(url)) as store:
        changes = await rows_by_id(store)
        for uid in {row["schedule_uid"] for row in changes}:
            assert replay([row for row in changes if row["schedule_uid"] == uid]) == await there(store, uid)
    gone = [row for row in changes if row["change"] == "GONE"]
    assert gone
    for row in gone:
        run = meant[row["run_id"].hex]
        assert run["whole"]
        assert row["key"] not in run["keys"]


def kill_at(runs: int, url: str, number: int, log: Path) -> None:
    """Start a process, and kill it while it stores the run of that number."""
    before = lines_of(log)
    command = [sys.executable, "-m", "tests.storage.items.shop_process", url, str(number), str(log)]
    with subprocess.Popen(command, cwd=ROOT) as process:
        while lines_of(log) < before + runs:
            with suppress(subprocess.TimeoutExpired):
                process.wait(LOOK_SECONDS)
            assert process.poll() is None
        process.kill()


def lines_of(log: Path) -> int:
    return log.read_bytes().count(b"\n") if log.exists() else 0


async def rows_by_id(store: SQLRunStore) -> list[dict[str, Any]]:
    statement = select(item_changes).order_by(item_changes.c.id)
    return await store._database.read(lambda it: [dict(row) for row in it.execute(statement).mappings()])


async def there(store: SQLRunStore, uid: str) -> dict[str, Any]:
    statement = select(items.c.key, items.c.data).where(items.c.schedule_uid == uid, items.c.gone_at.is_(None))
    return await store._database.read(lambda it: {row.key: row.data for row in it.execute(statement)})
