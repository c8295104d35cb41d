"""What whoever looks after the operator gets: probes, metrics and log lines."""

import json
from collections.abc import Mapping
from typing import Any
from uuid import UUID

import pytest

from tests.dev.site.site import DemoSite
from tests.e2e.process import Operator, schedule, until

pytestmark = pytest.mark.cluster

PREFIX = "scrape_operator_"
COUNTED = (
    "runs_total",
    "run_duration_seconds_count",
    "run_start_skew_seconds_count",
    "timer_queue_depth",
    "status_writes_total",
    "status_write_duration_seconds_count",
    "store_transaction_duration_seconds_count",
    "items_total",
    "http_requests_total",
    "slots_skipped_total",
)


def samples(operator: Operator) -> Mapping[str, float]:
    """Return every sample with its labels, as Prometheus would read it."""
    code, text = operator.probe("/metrics")
    assert code == 200
    lines = [line for line in text.splitlines() if not line.startswith("#")]
    return {name: float(value) for name, value in (line.rsplit(" ", 1) for line in lines)}


def log(operator: Operator, run_id: UUID) -> list[dict[str, Any]]:
    """Return the log lines about a run."""
    lines = [json.loads(line) for line in operator.log().splitlines()]
    return [line for line in lines if line.get("run_id") == str(run_id)]


def test_runs_are_measured_and_logged(operator: Operator, site: DemoSite) -> None:
    before = samples(operator)
    operator.apply(
        schedule("fine", f"{site.url}/api/prices", interval="720h"),
        schedule("gone", f"{site.url}/status/410", interval="720h"),
        schedule("hanging", f"{site.url}/hang", interval="720h"),
    )
    operator.await_status("fine", "condition=Ready")
    operator.await_status("gone", "condition=Ready=False")
    until("the third one's run", lambda: site.counts["/hang"])
    operator.request_run("hanging", "too")
    until("its skip", lambda: len(operator.runs("hanging")) == 2)
    after = samples(operator)

    def grown(name: str) -> float:
        return after.get(PREFIX + name, 0) - before.get(PREFIX + name, 0)

    assert grown('runs_total{reason="Succeeded",status="SUCCEEDED"}') == 1
    assert grown('runs_total{reason="HTTPStatus",status="FAILED"}') == 1
    assert grown('slots_skipped_total{reason="SkippedOverlap"}') == 1
    assert grown("run_duration_seconds_count") == 2
    assert grown("run_start_skew_seconds_count") == 3
    assert after[PREFIX + "runs_active"] == 1
    assert after[PREFIX + "runs_waiting"] == 0
    assert after[PREFIX + "timer_queue_depth"] == 3
    assert after[PREFIX + 'schedules{state="active"}'] == 3
    assert grown('status_writes_total{result="written"}') >= 3
    for name in COUNTED:
        assert operator.metric(PREFIX + name) > 0, name
    [fine], [gone] = operator.runs("fine"), operator.runs("gone")
    for row, end in ((fine, "run ended"), (gone, "run failed")):
        key = f"{operator.namespace}/{row['name']}"
        [line] = log(operator, UUID(row["id"]))
        assert (line["event"], line["schedule"]) == (end, key)
        assert (line["status"], line["reason"]) == (row["status"], row["reason"])
    assert "410" in log(operator, UUID(gone["id"]))[0]["message"]
    conditions = PREFIX + 'schedule_conditions{reason="HTTPStatus",status="False",type="Ready"}'
    assert samples(operator)[conditions] >= 1


def test_the_start_is_one_line_and_no_warning_follows(operator: Operator) -> None:
    lines = [json.loads(line) for line in operator.log().splitlines()]
    [started] = [line for line in lines if line["event"] == "started"]
    assert started["database"] == "SQLite"
    assert started["namespaces"] == operator.namespace
    assert {"version", "replica", "port", "max_concurrent_runs", "status_writes_per_second"} <= started.keys()
    assert not [line for line in lines if "OS signals" in line["event"]]


def test_probes_answer(operator: Operator) -> None:
    assert operator.probe("/healthz") == (200, "ok\n")
    assert operator.probe("/readyz") == (200, "ok\n")
    assert operator.probe("/secrets")[0] == 404
