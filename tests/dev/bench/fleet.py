"""Ten thousand schedules, each every minute: what a large installation asks of one process and of the control plane."""

import time
from datetime import UTC, datetime, timedelta

from tests.dev.bench.herd import WRITES, cpu_seconds, create_in_batches, operator_for_bench, report, resident_mib
from tests.dev.bench.static import static_hosts
from tests.dev.controlplane.controlplane import ControlPlane, open_cluster
from tests.e2e.process import Operator, until
from tests.e2e.slots import instant

INTERVAL = timedelta(minutes=1)


def run(count: int = 10_000, seconds: int = 120) -> list[str]:
    """Measure, and give the lines to print."""
    with open_cluster() as cluster, static_hosts() as urls, operator_for_bench(cluster) as operator:
        began = time.monotonic()
        create_in_batches(operator, count, urls, "60s")
        print(f"  created {count} schedules in {time.monotonic() - began:.0f} s", flush=True)
        until("a run of each", lambda: ran(operator) >= count, within=120)
        time.sleep(INTERVAL.total_seconds())
        lines = measure(operator, cluster, seconds) if isinstance(cluster, ControlPlane) else []
        return [*lines, *restart(operator, count)]


def ran(operator: Operator) -> int:
    """Count the schedules that have run."""
    [row] = operator.rows("SELECT count(DISTINCT schedule_uid) AS n FROM scrape_runs WHERE completed_at IS NOT NULL")
    return int(row["n"])


def measure(operator: Operator, cluster: ControlPlane, seconds: int) -> list[str]:
    """Watch for a while."""
    since, writes, cpu = datetime.now(UTC), operator.metric(WRITES), cpu_seconds(operator.pid)
    plane = sum(cpu_seconds(pid) for pid in cluster.pids)
    time.sleep(seconds)
    end = datetime.now(UTC)
    cpu, writes = cpu_seconds(operator.pid) - cpu, operator.metric(WRITES) - writes
    plane = sum(cpu_seconds(pid) for pid in cluster.pids) - plane
    memory = resident_mib(operator.pid)
    time.sleep(2)
    lines = report(operator, INTERVAL, since, end, cpu, writes, memory)
    return [*lines, f"control plane CPU {plane / seconds * 100:.0f} % of a core"]


def restart(operator: Operator, count: int) -> list[str]:
    """End the process, start it again, and see when runs begin and how late those of the first minute are."""
    operator.terminate()
    began = datetime.now(UTC)
    operator.start()
    ready = datetime.now(UTC)
    time.sleep(INTERVAL.total_seconds() + 10)
    text = began.replace(tzinfo=None).isoformat(sep=" ")
    rows = operator.rows("SELECT * FROM scrape_runs WHERE started_at > ?", text)
    first = min(instant(row["started_at"]) for row in rows)
    late = sum(instant(row["started_at"]) - instant(row["scheduled_for"]) > timedelta(seconds=1) for row in rows)
    schedules = len({row["schedule_uid"] for row in rows})
    begun = (
        f"ready after {(ready - began).total_seconds():.1f} s, first run after {(first - began).total_seconds():.1f} s"
    )
    ran_again = f"{schedules} of {count} ran within {INTERVAL.total_seconds() + 10:.0f} s"
    return [f"after a restart: {begun}, {late} runs more than 1 s late, {ran_again}"]
