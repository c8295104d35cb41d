"""Hundreds of runs that hang at the same time, beside others that must not be late for it."""

import json
import time
from collections import Counter
from datetime import UTC, datetime

from tests.dev.bench.blackhole import black_hole
from tests.dev.bench.herd import operator_for_bench, percentile, resident_mib
from tests.dev.bench.static import static_site
from tests.dev.controlplane.controlplane import open_cluster
from tests.e2e.process import Operator, schedule, until
from tests.e2e.slots import instant

HUNG, LIVELY = 500, 200
SECONDS = 30


def apply_hung(operator: Operator, port: int) -> None:
    """Create schedules whose runs hang, all of them at hosts of their own, for longer than the bench goes on."""
    for begin in range(0, HUNG, 100):
        items = [
            schedule(f"hung{n}", f"http://127.0.{1 + n // 250}.{1 + n % 250}:{port}/", interval="10m", timeout="5m")
            for n in range(begin, begin + 100)
        ]
        for item in items:
            item["spec"]["targets"][0]["http"]["timeout"] = "5m"
        operator.kubectl("create", "-f", "-", input=json.dumps({"apiVersion": "v1", "kind": "List", "items": items}))


def apply_lively(operator: Operator, url: str) -> None:
    """Create schedules that run every two seconds."""
    for begin in range(0, LIVELY, 100):
        items = [schedule(f"lively{n}", url, interval="2s") for n in range(begin, begin + 100)]
        operator.kubectl("create", "-f", "-", input=json.dumps({"apiVersion": "v1", "kind": "List", "items": items}))


def measure(operator: Operator) -> str:
    """Watch the lively ones for a while: how late their runs began, and which due times had none."""
    since = datetime.now(UTC)
    time.sleep(SECONDS)
    end = datetime.now(UTC)
    time.sleep(2)
    rows = operator.rows("SELECT * FROM scrape_runs WHERE name LIKE 'lively%' AND slot LIKE '20%'")
    rows = [row for row in rows if since < instant(row["scheduled_for"]) <= end]
    runs = [row for row in rows if row["started_at"]]
    late = [(instant(run["started_at"]) - instant(run["scheduled_for"])).total_seconds() * 1000 for run in runs]
    without = Counter(row["reason"] for row in rows if not row["started_at"])
    skew = ", ".join(f"p{percent} {percentile(late, percent):.1f}" for percent in (50, 99, 100))
    return f"{len(runs)} runs, start skew ms: {skew}; not run: {dict(without) or 'none'}"


def run() -> list[str]:
    """Measure, and give the lines to print."""
    with open_cluster() as cluster, static_site() as url, black_hole() as port, operator_for_bench(cluster) as operator:
        apply_lively(operator, url)
        time.sleep(5)
        alone, before = measure(operator), resident_mib(operator.pid)
        apply_hung(operator, port)
        running = "SELECT count(*) AS n FROM scrape_runs WHERE name LIKE 'hung%' AND status = 'RUNNING'"
        until("all that hang", lambda: operator.rows(running)[0]["n"] == HUNG, within=60)
        beside, after = measure(operator), resident_mib(operator.pid)
        return [
            f"{LIVELY} schedules every 2 s alone: {alone}",
            f"beside {operator.rows(running)[0]['n']} hung runs: {beside}",
            f"memory of a hung run: {(after - before) * 1024 / HUNG:.0f} KiB",
        ]
