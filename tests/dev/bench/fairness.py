"""Shares of schedules beside greedy ones: costly pages at the workers; refusals and slow bodies at one host.

The operator runs on a real API server, in a pod of 512 MiB.
"""

import json
import re
import threading
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from tests.dev.bench.fairness_site import fairness_site
from tests.dev.bench.herd import operator_for_bench
from tests.dev.bench.hostile import LIMIT_BYTES
from tests.dev.bench.memory_group import memory_group
from tests.dev.controlplane.controlplane import open_cluster
from tests.e2e.process import Operator, schedule, until
from tests.e2e.slots import instant

SECONDS = 60
ALONE_SECONDS = 15
SETTLE_SECONDS = 2
MIN_GOOD_PERCENT = 90
MESSAGE_CHARACTERS = 100
NUMBERS = re.compile(r"[0-9a-f]{8}-[0-9a-f-]{27}|[0-9]+([.:][0-9]+)*")

COSTLY_INTERVALS = ("1s", "2s", "5s", "10s", "1s", "2s", "5s", "10s")
"""Of the schedules with costly pages: a short interval ends a run before the limits of the workers do."""
REFUSED, SLOW = 4, 40
SHARED_HOST = "127.0.3.1"

LIST: Mapping[str, Any] = {
    "format": "HTML",
    "items": {"css": "li"},
    "fields": [{"name": "name", "css": "b::text"}, {"name": "price", "css": "i::text", "type": "Decimal"}],
    "key": ["name"],
}
ENDLESS: Mapping[str, Any] = {
    "format": "HTML",
    "fields": [{"name": "count", "xpath": "count(//*[count(//*[count(//*) > 1]) > 1])"}],
}


def run() -> Sequence[str]:
    """Measure both parts, and return the lines to print."""
    with (
        open_cluster() as cluster,
        memory_group(LIMIT_BYTES) as group,
        fairness_site() as port,
        operator_for_bench(cluster, prefix=group.prefix) as operator,
    ):
        return [
            f"{len(COSTLY_INTERVALS)} schedules with costly pages, each at a host of its own:",
            *measure(operator, unrelated(port), costly(port)),
            f"{REFUSED} schedules that get 429 and {SLOW} with slow bodies, at the host of the others:",
            *measure(operator, innocent(port), greedy(port)),
        ]


def unrelated(port: int) -> Sequence[Mapping[str, Any]]:
    """Return schedules of ordinary pages, each at a host of its own."""
    return [
        page("page-30k", f"127.0.2.101:{port}", 30_000),
        page("page-400k", f"127.0.2.102:{port}", 400_000),
    ]


def innocent(port: int) -> Sequence[Mapping[str, Any]]:
    """Return schedules of ordinary pages at the shared host."""
    return [
        page("same-host-10k", f"{SHARED_HOST}:{port}", 10_000),
        page("same-host-30k", f"{SHARED_HOST}:{port}", 30_000),
    ]


def page(name: str, authority: str, size_bytes: int) -> Mapping[str, Any]:
    """Return a schedule that reads a page each second, whether or not it changed."""
    return schedule(name, f"http://{authority}/page/{size_bytes}", extract=LIST, interval="1s")


def costly(port: int) -> Sequence[Mapping[str, Any]]:
    """Return schedules whose pages take hours to read."""
    return [
        schedule(f"costly-{number}", f"http://127.0.2.{number}:{port}/costly", extract=ENDLESS, interval=interval)
        for number, interval in enumerate(COSTLY_INTERVALS, 1)
    ]


def greedy(port: int) -> Sequence[Mapping[str, Any]]:
    """Return schedules that are refused, and those whose bodies are slow."""
    host = f"http://{SHARED_HOST}:{port}"
    refused = [
        schedule(f"refused-{number}", f"{host}/refused", extract=LIST, interval="2s") for number in range(REFUSED)
    ]
    return refused + [
        schedule(f"slow-{number}", f"{host}/slow", extract=LIST, interval="15s") for number in range(SLOW)
    ]


def measure(
    operator: Operator, watched: Sequence[Mapping[str, Any]], others: Sequence[Mapping[str, Any]]
) -> Sequence[str]:
    """Run some schedules alone, then beside others, and return the shares of good runs of the first."""
    create(operator, watched)
    alone = datetime.now(UTC)
    threading.Event().wait(ALONE_SECONDS)
    beside = datetime.now(UTC)
    create(operator, others)
    threading.Event().wait(SECONDS + SETTLE_SECONDS)
    operator.kubectl("delete", "scs", "--all", "--wait=false")
    until("nothing to do", operator.is_idle, within=60)
    rows = operator.rows("SELECT * FROM scrape_runs WHERE slot LIKE '20%'")
    names = [one["metadata"]["name"] for one in watched]
    of_others = Counter(str(row["reason"]) for row in within(rows, beside, SECONDS) if row["name"] not in names)
    return [
        *(
            line
            for name in names
            for line in share_of(name, within(rows, alone, ALONE_SECONDS), ALONE_SECONDS, "alone")
        ),
        *(line for name in names for line in share_of(name, within(rows, beside, SECONDS), SECONDS, "beside them")),
        f"the others: {dict(of_others.most_common())}",
    ]


def within(rows: Sequence[Mapping[str, Any]], since: datetime, seconds: int) -> Sequence[Mapping[str, Any]]:
    """Return the rows that were due within so many seconds."""
    return [row for row in rows if since < instant(row["scheduled_for"]) <= since + timedelta(seconds=seconds)]


def create(operator: Operator, objects: Sequence[Mapping[str, Any]]) -> None:
    """Create schedules by one call of kubectl."""
    operator.kubectl("create", "-f", "-", input=json.dumps({"apiVersion": "v1", "kind": "List", "items": objects}))


def share_of(name: str, rows: Sequence[Mapping[str, Any]], seconds: int, when: str) -> Sequence[str]:
    """Return the share of due times of a schedule with a good run, and why the others had none."""
    ours = [row for row in rows if row["name"] == name]
    good = sum(row["status"] == "SUCCEEDED" for row in ours)
    why = Counter(reason_of(row) for row in ours if row["status"] != "SUCCEEDED")
    why["no row"] += max(0, seconds - len(ours))
    percent = 100 * good / seconds
    verdict = "" if percent >= MIN_GOOD_PERCENT else f": less than {MIN_GOOD_PERCENT} %"
    return [
        f"{name}, every second, {when}: {good} of {seconds} runs good = {percent:.1f} %{verdict}",
        *(f"  {count} x {reason}" for reason, count in why.most_common() if count),
    ]


def reason_of(row: Mapping[str, Any]) -> str:
    """Return reason and message of a run, without the numbers and IDs in which messages differ."""
    message = NUMBERS.sub("#", row["message"] or "")
    return f"{row['reason']}: {message[:MESSAGE_CHARACTERS]}"
