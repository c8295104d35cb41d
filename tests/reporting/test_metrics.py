"""Metrics as Prometheus reads them."""

import asyncio
import math
import re
from typing import Any

import pytest
import yaml
from prometheus_client.parser import text_string_to_metric_families

from scrape_operator.core.runs.items import ItemCounts
from scrape_operator.core.runs.reasons import Reason
from scrape_operator.core.runs.run import RunStatus
from scrape_operator.core.schedule.plan import ObjectKey
from scrape_operator.reporting.looplag import watch_loop_lag
from scrape_operator.reporting.metrics.metrics import Metrics
from scrape_operator.reporting.metrics.page import ALERT_RULES, metrics_page
from tests.support import builders as make
from tests.support import virtual_time


def value(metrics: Metrics, name: str, **labels: str) -> float | None:
    body, _content_type = metrics.render()
    for family in text_string_to_metric_families(body.decode()):
        for sample in family.samples:
            if sample.name == f"scrape_operator_{name}" and sample.labels == labels:
                return float(sample.value)
    return None


def bound(**changes: Any) -> Metrics:
    metrics = Metrics()
    sources: dict[str, Any] = {
        "timer_queue_depth": lambda: 7,
        "runs_active": lambda: 3,
        "runs_waiting": lambda: 2,
        "statuses_pending": lambda: 5,
        "day_budgets_used_up": lambda: 1,
        "webhooks_pending": lambda: 4,
        "webhook_dead_letters": lambda: 9,
        "schedules": lambda: {"active": 10, "suspended": 1, "stalled": 2},
        "conditions": lambda: {("Ready", "False", "HTTPStatus"): 3},
        "success_ages_by_namespace": lambda: [("shop", 10.0), ("shop", 4000.0), ("shop", None), ("news", 60.0)],
    }
    metrics.bind(**{**sources, **changes})
    return metrics


def test_a_run_is_counted_by_status_and_reason_with_its_targets_and_items() -> None:
    metrics = Metrics()
    targets = [make.good("a", 4, requests=3, bytes=1000), make.failed("b"), make.breached("c")]
    run = make.result(RunStatus.PARTIALLY_SUCCEEDED, Reason.HTTP_STATUS, "x", targets)
    metrics.finished(make.plan(), run, ItemCounts(total=9, new=1, changed=2, gone=3), 1.2)
    assert value(metrics, "runs_total", status="PARTIALLY_SUCCEEDED", reason="HTTPStatus") == 1
    assert value(metrics, "targets_total", status="FAILED", reason="HTTPStatus") == 1
    assert value(metrics, "run_duration_seconds_sum") == pytest.approx(1.2)
    assert value(metrics, "items_total", change="changed") == 2
    assert value(metrics, "items_scraped_total") == 4
    assert value(metrics, "http_requests_total") == 3
    assert value(metrics, "http_response_bytes_total") == 1000
    assert value(metrics, "expectation_breaches_total", reason="ExpectationFailed") == 1


def test_skew_skips_and_missed_slots_are_counted() -> None:
    metrics = Metrics()
    metrics.started(make.plan(), make.claim(missed=2), 0.03)
    metrics.started(make.plan(), make.claim(), -5.0)
    metrics.skipped(make.plan(), Reason.SKIPPED_OVERLAP, 0)
    metrics.skipped(make.plan(), Reason.MISSED_DEADLINE, 4)
    assert value(metrics, "run_start_skew_seconds_bucket", le="0.025") == 1
    assert value(metrics, "run_start_skew_seconds_bucket", le="0.05") == 2
    assert value(metrics, "slots_skipped_total", reason="SkippedOverlap") == 1
    assert value(metrics, "slots_missed_total") == 7


def test_gauges_read_their_source_at_every_scrape() -> None:
    metrics = bound()
    assert value(metrics, "timer_queue_depth") == 7
    assert value(metrics, "runs_active") == 3
    assert value(metrics, "runs_waiting") == 2
    assert value(metrics, "statuses_pending") == 5
    assert value(metrics, "schedules", state="stalled") == 2


def test_a_broken_source_spoils_no_other_metric(caplog: pytest.LogCaptureFixture) -> None:
    def broken() -> Any:
        raise RuntimeError("broken")

    metrics = bound(runs_active=broken, schedules=broken)
    active = value(metrics, "runs_active")
    assert active is not None
    assert math.isnan(active)
    assert value(metrics, "timer_queue_depth") == 7
    assert value(metrics, "schedules", state="stalled") is None
    assert caplog.records


def test_schedules_are_counted_by_condition_and_by_the_age_of_their_last_success() -> None:
    metrics = bound()
    assert value(metrics, "schedule_conditions", type="Ready", status="False", reason="HTTPStatus") == 3
    ages = {
        le: value(metrics, "schedule_success_age_seconds", namespace="shop", le=le) for le in ("60", "3600", "21600")
    }
    assert ages == {"60": 1, "3600": 1, "21600": 2}
    assert value(metrics, "schedule_success_age_seconds", namespace="shop", le="+Inf") == 3
    assert value(metrics, "schedule_success_age_seconds", namespace="news", le="60") == 1


def test_namespaces_beyond_a_hundred_share_one_label() -> None:
    metrics = bound(success_ages_by_namespace=lambda: [(f"n{number}", 1.0) for number in range(250)])
    assert value(metrics, "schedule_success_age_seconds", namespace="other", le="60") == 150
    for number in range(250):
        plan = make.plan(key=ObjectKey("u", f"n{number}", "x"))
        metrics.finished(plan, make.fine(), make.NOTHING, 1.0)
    assert value(metrics, "namespace_runs_total", namespace="n1", status="SUCCEEDED") == 1
    assert value(metrics, "namespace_runs_total", namespace="other", status="SUCCEEDED") == 150


def test_the_watch_is_measured() -> None:
    metrics = bound()
    names = ("last_event", "last_list", "last_answer", "problems", "restarts")
    metrics.bind_watch(lambda: {name: float(number) for number, name in enumerate(names)})
    assert value(metrics, "watch_last_event_age_seconds") == 0
    assert value(metrics, "watch_last_list_age_seconds") == 1
    assert value(metrics, "api_server_last_answer_age_seconds") == 2
    assert value(metrics, "watch_problems") == 3
    assert value(metrics, "watch_restarts") == 4


def test_every_metric_of_the_alert_rules_exists() -> None:
    rules = [rule for group in yaml.safe_load(ALERT_RULES)["groups"] for rule in group["rules"]]
    known = {row.name + suffix for row in Metrics().rows for suffix in ("", "_bucket")}
    named = {name for rule in rules for name in re.findall(r"scrape_operator_\w+", rule["expr"])}
    assert named <= known
    assert all(rule["annotations"]["summary"] and rule["for"] for rule in rules)


def test_writes_transactions_and_lag_are_measured() -> None:
    metrics = Metrics()
    metrics.status_written("refused", 0.2)
    metrics.store_transaction(0.004, 30)
    metrics.loop_lag(0.3)
    assert value(metrics, "status_writes_total", result="refused") == 1
    assert value(metrics, "store_transaction_duration_seconds_count") == 1
    assert value(metrics, "store_operations_total") == 30
    assert value(metrics, "event_loop_lag_seconds_sum") == pytest.approx(0.3)


def test_the_build_and_the_process_are_told() -> None:
    body, content_type = Metrics().render()
    assert b'scrape_operator_build_info{version="' in body
    assert b"process_resident_memory_bytes" in body
    assert content_type.startswith("text/plain")


def test_two_registries_do_not_meet() -> None:
    Metrics().skipped(make.plan(), Reason.SKIPPED_OVERLAP, 0)
    assert value(Metrics(), "slots_skipped_total", reason="SkippedOverlap") is None


def test_no_series_grows_with_the_schedules() -> None:
    metrics = bound()
    sizes = []
    for number in range(200):
        plan = make.plan(f"u{number}")
        metrics.started(plan, make.claim(number, f"u{number}"), 0.0)
        metrics.finished(plan, make.broken(number), make.NOTHING, 1.0)
        metrics.skipped(plan, Reason.SKIPPED_OVERLAP, 0)
        sizes.append(metrics.render()[0].count(b"\nscrape_operator_"))
    assert sizes[0] == sizes[-1]


def test_the_page_names_every_metric_with_type_labels_and_meaning() -> None:
    page, (body, _content_type) = metrics_page(), bound().render()
    for family in text_string_to_metric_families(body.decode()):
        if family.name.startswith("scrape_operator_"):
            name = family.name + ("_total" if family.type == "counter" else "")
            assert f"| `{name}` | {family.type} |" in page
    assert "| `scrape_operator_runs_total` | counter | status, reason | Runs that ended and were stored. |" in page


def test_the_lag_is_what_a_sleep_was_too_long() -> None:
    lags: list[float] = []

    async def main() -> None:
        loop = asyncio.get_running_loop()
        assert isinstance(loop, virtual_time.VirtualTimeLoop)
        task = asyncio.create_task(watch_loop_lag(lags.append, period=0.5))
        await asyncio.sleep(0.6)
        loop.block(2.0)
        await asyncio.sleep(0.1)
        task.cancel()

    virtual_time.run_virtual(main())
    assert lags == [pytest.approx(0.0), pytest.approx(1.6)]
