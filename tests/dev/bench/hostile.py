"""Hostile servers beside a schedule that has nothing to do with them, in a pod of 512 MiB, on a real API server."""

import json
import threading
from collections import Counter
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from tests.dev.bench.beside import beside
from tests.dev.bench.herd import operator_for_bench
from tests.dev.bench.hostile_site import hostile_site
from tests.dev.bench.memory_group import MemoryGroup, memory_group
from tests.dev.bench.static import static_site
from tests.dev.controlplane.controlplane import open_cluster
from tests.e2e.process import Operator, schedule
from tests.e2e.slots import instant

LIMIT_BYTES = 512 * 2**20
SAMPLE_SECONDS = 0.1
WARM_UP_SECONDS = 5
UNRELATED = "unrelated"
BIG: Mapping[str, Any] = {"maxBodyBytes": "64Mi", "timeout": "20s"}

EXTRACTS: Mapping[str, Mapping[str, Any]] = {
    "HTML": {"format": "HTML", "items": {"css": "p"}, "fields": [{"name": "text", "css": "::text"}]},
    "XML": {"format": "XML", "items": {"xpath": "//a"}, "fields": [{"name": "text", "xpath": "string()"}]},
    "JSON": {"format": "JSON", "items": {"jmespath": "[*]"}, "fields": [{"name": "id", "jmespath": "id"}]},
    "NDJSON": {"format": "NDJSON", "fields": [{"name": "a", "jmespath": "a"}]},
    "CSV": {"format": "CSV", "fields": [{"name": "a", "column": "a"}]},
    "Feed": {"format": "Feed", "fields": [{"name": "title", "jmespath": "title"}]},
    "JSONLD": {"format": "JSONLD", "fields": [{"name": "a", "jmespath": "a"}]},
    "Text": {"format": "Text", "items": {"regex": "price: ([0-9]+)"}, "fields": [{"name": "price", "regex": "[0-9]+"}]},
}


def run(seconds: int = 90) -> list[str]:
    """Measure, and return the lines to print."""
    with (
        open_cluster() as cluster,
        memory_group(LIMIT_BYTES) as group,
        hostile_site() as hostile,
        static_site() as url,
        operator_for_bench(cluster, prefix=group.prefix) as operator,
    ):
        operator.apply(schedule(UNRELATED, url, interval="1s"))
        threading.Event().wait(WARM_UP_SECONDS)
        since = datetime.now(UTC)
        _apply(operator, hostile)
        sampler = MemorySampler(group)
        with beside(sampler.sample):
            threading.Event().wait(seconds)
        until = datetime.now(UTC) - timedelta(seconds=2)
        return _report(operator, group, sampler.peak_bytes, since, until)


def _apply(operator: Operator, hostile: Mapping[str, Mapping[str, str]]) -> None:
    objects = [_hostile_schedule(name, server) for name, server in hostile.items()]
    for begin in range(0, len(objects), 50):
        operator.kubectl("create", "-f", "-", input=_list(objects[begin : begin + 50]))


def _list(objects: list[dict[str, Any]]) -> str:
    return json.dumps({"apiVersion": "v1", "kind": "List", "items": objects})


def _hostile_schedule(name: str, server: Mapping[str, str]) -> dict[str, Any]:
    is_big = name.startswith("big-")
    name = "".join(letter if letter.isalnum() else "-" for letter in name.lower()).strip("-")
    one = schedule(name, server["url"], extract=EXTRACTS[server["format"]], interval="30s" if is_big else "10s")
    target = one["spec"]["targets"][0]
    target["http"] |= BIG if is_big else {"timeout": "3s"}
    target["retry"] = {"attempts": 1}
    return one


class MemorySampler:
    """Samples the memory of a group of processes. `peak_bytes` is the most that was seen."""

    def __init__(self, group: MemoryGroup) -> None:
        self._group = group
        self.peak_bytes = 0

    def sample(self, ended: threading.Event) -> None:
        """Sample until the event is set."""
        while not ended.wait(SAMPLE_SECONDS):
            self.peak_bytes = max(self.peak_bytes, self._group.resident_bytes())


def _report(operator: Operator, group: MemoryGroup, peak_bytes: int, since: datetime, until: datetime) -> list[str]:
    rows = [row for row in operator.rows("SELECT * FROM scrape_runs") if since < instant(row["scheduled_for"]) <= until]
    ours = [row for row in rows if row["name"] == UNRELATED]
    good = sum(row["status"] == "SUCCEEDED" for row in ours)
    others = Counter(row["reason"] for row in ours if row["status"] != "SUCCEEDED")
    reasons = Counter(row["reason"] for row in rows if row["name"] != UNRELATED)
    names = {row["name"] for row in rows} - {UNRELATED}
    defects = sorted({row["name"] for row in rows if row["reason"] == "InternalError"})
    share = 100 * good / max(1, len(ours))
    return [
        f"{len(names)} hostile schedules ran {sum(reasons.values())} times: {dict(reasons.most_common())}",
        f"memory of operator and workers: at most {peak_bytes / 2**20:.0f} MiB of {LIMIT_BYTES // 2**20}",
        f"processes killed for memory: {group.kills()}",
        f"the unrelated schedule, every second: {good} of {len(ours)} runs succeeded = {share:.1f} %",
        f"its other runs: {dict(others)}",
        f"ended by a defect (InternalError): {len(defects)} {defects[:5]}",
        f"operator restarted: {not operator.is_running()}",
    ]
