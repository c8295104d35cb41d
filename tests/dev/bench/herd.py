"""Many schedules at a short interval, for a while, on the real control plane: skew, slots, status writes, CPU.

PLOT=FILE draws how late the runs began, as SVG.
"""

import json
import os
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

from tests.dev.bench.plot import draw
from tests.dev.bench.static import static_hosts
from tests.dev.controlplane.connection import Cluster
from tests.dev.controlplane.controlplane import open_cluster
from tests.e2e.process import CHART, Operator, schedule
from tests.e2e.slots import instant, slot_faults

TICKS = os.sysconf("SC_CLK_TCK")


def cpu_seconds(pid: int) -> float:
    """Return the user and system time of a process so far."""
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def resident_mib(pid: int) -> float:
    """Return the resident memory of a process."""
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 2**20


def percentile(values: list[float], percent: float) -> float:
    """Return the nearest-rank percentile."""
    return sorted(values)[max(0, -(-len(values) * percent // 100).__int__() - 1)]


@contextmanager
def operator_for_bench(
    cluster: Cluster, *, prefix: Sequence[str] = ("env",), database: Path | None = None, **settings: str
) -> Iterator[Operator]:
    """Install the chart's account in a namespace of our own, and run one replica of the installed program.

    Its command begins with `prefix`: with none, it would be a fork of a process that has imported modules which an
    operator does without. `database` is a SQLite file to go on with.
    """
    cluster.install_crds()
    namespace = cluster.create_namespace()
    watched = f"watchNamespaces={{{namespace}}}"
    options = ["--set", "crds.install=false", "--set", watched, "--set", "rbac.aggregate=false"]
    cluster.helm("install", "scrape-operator", str(CHART), "--namespace", namespace, *options)
    with tempfile.TemporaryDirectory() as folder:
        operator = Operator(cluster, namespace, Path(folder), settings, prefix=prefix)
        operator.database = database or operator.database
        try:
            yield operator.start()
        finally:
            operator.close()
            cluster.delete_namespace(namespace)


def create_in_batches(operator: Operator, count: int, urls: Sequence[str], interval: str) -> None:
    """Create schedules as fast as kubectl goes, each for the next of the URLs."""
    for begin in range(0, count, 100):
        numbers = range(begin, min(begin + 100, count))
        items = [schedule(f"s{n}", urls[n % len(urls)], interval=interval) for n in numbers]
        operator.kubectl("create", "-f", "-", input=json.dumps({"apiVersion": "v1", "kind": "List", "items": items}))


def run(count: int = 500, seconds: int = 60, interval: int = 2) -> list[str]:
    """Measure, and give the lines to print."""
    with open_cluster() as cluster, static_hosts() as urls, operator_for_bench(cluster) as operator:
        create_in_batches(operator, count, urls, f"{interval}s")
        time.sleep(5)
        lines = window(operator, seconds, timedelta(seconds=interval))
        return [
            *lines,
            *(mean(operator, name) for name in ("run_duration", "store_transaction_duration", "event_loop_lag")),
        ]


def window(operator: Operator, seconds: float, interval: timedelta) -> list[str]:
    """Let runs go on for a while, and judge them."""
    since, writes, cpu = datetime.now(UTC), operator.metric(WRITES), cpu_seconds(operator.pid)
    time.sleep(seconds)
    until = datetime.now(UTC)
    cpu, writes = cpu_seconds(operator.pid) - cpu, operator.metric(WRITES) - writes
    memory = resident_mib(operator.pid)
    time.sleep(2)
    return report(operator, interval, since, until, cpu, writes, memory)


def mean(operator: Operator, name: str) -> str:
    """Return the mean of a histogram of the operator since its start."""
    metric = f"scrape_operator_{name}_seconds"
    count = operator.metric(f"{metric}_count")
    milliseconds = operator.metric(f"{metric}_sum") / max(1, count) * 1000
    return f"mean {name.replace('_', ' ')} {milliseconds:.1f} ms over {count:.0f}"


WRITES = "scrape_operator_status_writes_total"


def report(
    operator: Operator,
    period: timedelta,
    since: datetime,
    until: datetime,
    cpu: float,
    writes: float,
    memory: float,
) -> list[str]:
    """Judge the rows."""
    rows = operator.rows("SELECT * FROM scrape_runs WHERE namespace = ?", operator.namespace)
    seconds = (until - since).total_seconds()
    window = [row for row in rows if since < instant(row["scheduled_for"]) <= until]
    runs = [row for row in window if row["status"] != "SKIPPED"]
    skews = [
        (instant(row["started_at"]) - instant(row["scheduled_for"])).total_seconds() * 1000
        for row in runs
        if not row["slot"].startswith("generation:")
    ]
    percentiles = {percent: percentile(skews, percent) for percent in (50, 99)}
    if file := os.environ.get("PLOT"):
        schedules = len({row["schedule_uid"] for row in runs})
        title = f"Start skew of {len(skews):,} runs: {schedules} schedules, each every {period.total_seconds():g} s"
        Path(file).parent.mkdir(parents=True, exist_ok=True)
        Path(file).write_text(draw(title, skews, percentiles), encoding="utf-8")
    faults = slot_faults(rows, period, until)
    outcomes = {status: sum(row["status"] == status for row in window) for status in {r["status"] for r in window}}
    failures = Counter(f"{row['reason']}: {row['message']}" for row in runs if row["status"] == "FAILED")
    return [
        *(f"{count} runs failed, {failure}" for failure, count in failures.most_common(3)),
        f"runs {len(runs)} in {seconds:.0f} s = {len(runs) / seconds:.0f}/s, outcomes {outcomes}",
        f"start skew ms: p50 {percentiles[50]:.1f}, p99 {percentiles[99]:.1f}, max {max(skews):.1f}",
        f"status writes {writes / seconds:.1f}/s",
        f"operator CPU {cpu / seconds * 100:.0f} % of a core, {cpu / max(1, len(runs)) * 1000:.2f} ms a run",
        f"operator memory {memory:.0f} MiB",
        f"slots lost or doubled: {len(faults)} {faults[:3]}",
    ]
