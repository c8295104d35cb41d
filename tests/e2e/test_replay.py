"""A replay by the spec of the cluster, beside the operator that has the database open."""

import json
import random
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any

import pytest

from scrape_operator.core.runs.baseline import BASELINE_RUNS
from scrape_operator.storage.store import open_store
from tests.dev.controlplane.postgres import Postgres
from tests.dev.site.site import DemoSite
from tests.e2e.process import Operator, schedule, until
from tests.e2e.test_plugin import scrape
from tests.storage.items.test_histories import replay
from tests.storage.values import settings_for
from tests.support.changing_shop import EXTRACT, Shop

pytestmark = pytest.mark.cluster

WRITES = 6
"""How often two replays are written at the same time."""


def extract(price: str) -> dict[str, Any]:
    fields = [{"name": "sku", "jmespath": "sku"}, {"name": "price", "jmespath": price, "type": "Decimal"}]
    return {"items": {"jmespath": "data[*]"}, "fields": fields, "key": ["sku"]}


def test_a_mended_spec_of_the_cluster_reads_an_old_response(operator: Operator, site: DemoSite) -> None:
    spec = {"interval": "720h", "keepBodies": "Always"}
    url = f"{site.url}/api/products"
    operator.apply(schedule("replayed", url, extract=extract("price.cost"), **spec))
    until("a run", lambda: operator.ended("replayed"))
    [first] = operator.ended("replayed")
    operator.apply(schedule("replayed", url, extract=extract("price.amount"), **spec, suspend=True))
    shown = json.loads(operator.command("replay", "replayed", "--namespace", operator.namespace, "-o", "json"))
    assert shown["run"].replace("-", "") == first["id"].replace("-", "")
    assert shown["generation"] == 2
    assert {change["change"] for change in shown["changes"]} == {"CHANGED"}
    assert len(shown["changes"]) == first["items_scraped"] > 0
    assert all(set(change["after"]) == {"price"} for change in shown["changes"])
    done = scrape(operator, "replay", "replayed", DATABASE_URL=f"sqlite:///{operator.database}")
    assert done.returncode == 0, done.stderr
    assert "nothing is written: add --write" in done.stdout
    refused = scrape(operator, "replay", "replayed", "--write", DATABASE_URL=f"sqlite:///{operator.database}")
    assert refused.returncode == 2
    assert "another process has the SQLite file" in refused.stderr


class LiveGoods:
    """A schedule that runs every second with PostgreSQL, and the replays that are written meanwhile."""

    def __init__(self, operator: Operator, postgres: Postgres, database_url: str) -> None:
        self.operator = operator
        self._postgres = postgres
        self._database = database_url.rpartition("/")[2]

    def apply(self, url: str) -> None:
        made = schedule("goods", url, extract=EXTRACT, interval="1s", keepBodies="Always")
        made["spec"]["targets"][0] |= {"http": {"url": url, "conditional": True}, "retry": {"attempts": 1}}
        self.operator.apply(made)

    def rows(self, query: str) -> list[dict[str, Any]]:
        return self._postgres.rows(query, self._database)

    def kept_runs(self) -> list[str]:
        """Return the runs whose responses are kept."""
        return [row["run_id"] for row in self.rows("SELECT DISTINCT run_id FROM bodies ORDER BY run_id")]

    def write(self, run: str) -> str:
        """Write a replay of a run, and return the new run."""
        arguments = ("replay", "goods", "--namespace", self.operator.namespace, "--run", run, "--write", "-o", "json")
        written: str = json.loads(self.operator.command(*arguments))["writtenRun"]
        return written

    def await_good_run(self) -> None:
        """Wait for a run that starts after now and reads its page."""
        now = datetime.now(UTC).isoformat()
        good = f"SELECT 1 FROM scrape_runs WHERE reason = 'Succeeded' AND trigger <> 'replay' AND started_at > '{now}'"
        until("a good run", lambda: self.rows(good))

    def stop_runs(self) -> None:
        self.operator.kubectl("patch", "scs", "goods", "--type=merge", "-p", '{"spec": {"suspend": true}}')
        self.operator.await_status("goods", "condition=Scheduled=False")
        until("the end of the last run", lambda: not self.rows("SELECT 1 FROM scrape_runs WHERE status = 'RUNNING'"))


@pytest.fixture
def live_goods(
    start_operator: Callable[..., Operator], postgres: Postgres, database_url: str, changing_shop: Shop
) -> LiveGoods:
    changing_shop.changes_every = 2
    live = LiveGoods(start_operator(DATABASE_URL=database_url), postgres, database_url)
    live.apply(changing_shop.url)
    return live


@pytest.mark.parametrize("database_url", ["postgres"], indirect=True)
async def test_replays_are_written_beside_a_running_operator(
    live_goods: LiveGoods, database_url: str, changing_shop: Shop
) -> None:
    live, chance, written = live_goods, random.Random(3), set[str]()
    with ThreadPoolExecutor(2) as two:
        for _ in range(WRITES):
            kept = until("a kept response", live.kept_runs)
            written |= set(two.map(live.write, chance.choices(kept, k=2)))
    changing_shop.fails = False
    live.await_good_run()
    live.stop_runs()
    runs = live.rows("SELECT * FROM scrape_runs WHERE status <> 'SKIPPED' ORDER BY scheduled_for, id")
    replays = [run for run in runs if run["trigger"] == "replay"]
    assert {run["id"] for run in replays} == written
    assert len(written) == 2 * WRITES
    assert {run["status"] for run in replays} == {"SUCCEEDED"}
    assert {run["reason"] for run in runs} <= {"Succeeded", "NotModified", "HTTPStatus", "Timeout"}
    check_items(live, changing_shop)
    await check_baseline(live, runs, database_url)


def check_items(live: LiveGoods, shop: Shop) -> None:
    """Hold items, their changes and their number against what the site offers, and look for deadlocks."""
    items = {row["key"]: row["data"] for row in live.rows("SELECT * FROM items WHERE gone_at IS NULL")}
    assert {data["sku"]: data["price"] for data in items.values()} == shop.goods
    changes = live.rows("SELECT * FROM item_changes ORDER BY id")
    assert replay(changes) == items
    assert {change["change"] for change in changes} >= {"NEW", "CHANGED"}
    [row] = live.rows("SELECT * FROM schedules")
    assert row["items_total"] == len(items)
    assert live.rows("SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()") == [{"deadlocks": 0}]


async def check_baseline(live: LiveGoods, runs: list[dict[str, Any]], database_url: str) -> None:
    """Hold that counters and what is usual come from the runs that asked the site alone."""
    asked = [run for run in runs if run["trigger"] == "scheduled"]
    [row] = live.rows("SELECT * FROM schedules")
    assert row["runs"] == len(asked)
    good = [run["items_scraped"] for run in asked if run["reason"] == "Succeeded"]
    async with open_store(settings_for(database_url)) as store:
        [fingerprint] = {run["fingerprint"] for run in live.rows("SELECT fingerprint FROM scrape_target_runs")}
        memory = await store.load_target_memory(row["uid"], "main", fingerprint)
    assert [run.items for run in memory.baseline.runs] == good[: -BASELINE_RUNS - 1 : -1]
