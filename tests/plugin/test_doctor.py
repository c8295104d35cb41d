from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from scrape_operator.plugin.doctor_operator import diagnose_metrics, metrics_of
from scrape_operator.plugin.doctor_schedules import diagnose_schedule, last_runs
from scrape_operator.plugin.findings import Level

NOW = datetime(2026, 11, 29, 12, tzinfo=UTC)


def condition(type_: str, status: str, reason: str, message: str = "as it is") -> dict[str, str]:
    return {"type": type_, "status": status, "reason": reason, "message": message}


def schedule(*conditions: dict[str, str], age_minutes: float = 60, **status: Any) -> dict[str, Any]:
    created = (NOW - timedelta(minutes=age_minutes)).isoformat()
    seen = {"observedGeneration": 2, "conditions": list(conditions), **status}
    return {"metadata": {"name": "quotes", "generation": 2, "creationTimestamp": created}, "status": seen}


READY = condition("Ready", "True", "Succeeded")


@pytest.mark.parametrize(
    ("obj", "level", "message"),
    [
        pytest.param(schedule(READY), None, "", id="fine"),
        pytest.param(schedule(observedGeneration=1), Level.ERROR, "no operator has read generation 2", id="unseen"),
        pytest.param(
            schedule(observedGeneration=1, age_minutes=0.1), Level.WARNING, "6 s old", id="unseen, but just applied"
        ),
        pytest.param(
            schedule(condition("Stalled", "True", "InvalidSpec", "spec.targets[0]: wrong")),
            Level.ERROR,
            "InvalidSpec: spec.targets[0]: wrong",
            id="stalled",
        ),
        pytest.param(
            schedule(condition("Stalled", "True", "InvalidSpec"), condition("Ready", "False", "InvalidSpec")),
            Level.ERROR,
            "InvalidSpec",
            id="stalled is said once",
        ),
        pytest.param(schedule(condition("Ready", "False", "Timeout")), Level.ERROR, "Timeout", id="failing"),
        pytest.param(
            schedule(READY, condition("DataHealthy", "False", "SelectorMissed")),
            Level.WARNING,
            "SelectorMissed",
            id="unhealthy data",
        ),
        pytest.param(
            schedule(READY, condition("Scheduled", "False", "BudgetExhausted", "the 9 requests of a day are used up")),
            Level.WARNING,
            "BudgetExhausted: the 9 requests of a day are used up",
            id="a used-up budget",
        ),
        pytest.param(schedule(READY, condition("Scheduled", "False", "Suspended")), None, "", id="suspended"),
        pytest.param(
            schedule(READY, condition("WebhooksHealthy", "False", "ConnectError", "webhook ops: refused")),
            Level.WARNING,
            "ConnectError: webhook ops: refused",
            id="messages that do not arrive",
        ),
        pytest.param(
            schedule(READY, nextScheduleTime="2026-11-29T11:30:00Z", statusTime="2026-11-29T11:25:00Z"),
            Level.ERROR,
            "was due at 2026-11-29T11:30:00Z",
            id="nobody looks after it",
        ),
        pytest.param(
            schedule(READY, nextScheduleTime="2026-11-29T11:55:00Z", statusTime="2026-11-29T11:25:00Z"),
            None,
            "",
            id="due a moment ago",
        ),
    ],
)
def test_what_a_status_says_is_wrong(obj: dict[str, Any], level: Level | None, message: str) -> None:
    found = diagnose_schedule(obj, NOW)
    assert [each.level for each in found] == ([] if level is None else [level])
    assert message in "".join(each.message for each in found)
    assert all(each.remedy for each in found)


METRICS = """# HELP scrape_operator_watch_problems What is wrong
scrape_operator_watch_problems 0.0
scrape_operator_watch_last_list_age_seconds 12.5
scrape_operator_host_wait_seconds_bucket{le="0.1"} 3.0
scrape_operator_host_wait_seconds_count 4.0
scrape_operator_host_wait_seconds_sum 2.0
scrape_operator_host_breakers_opened_total{reason="Blocked"} 0.0
scrape_operator_day_budgets_used_up 0.0
scrape_operator_webhook_dead_letters 0.0
"""


def levels(text: str) -> dict[str, str]:
    return {each.check: str(each.level) for each in diagnose_metrics(metrics_of(text))}


def test_healthy_metrics_are_told() -> None:
    assert levels(METRICS) == {"watch": "ok", "budgets": "ok", "breaker": "ok"}
    messages = [each.message for each in diagnose_metrics(metrics_of(METRICS))]
    assert messages[0].endswith("12 s ago")
    assert "0.50 s" in messages[1]


@pytest.mark.parametrize(
    ("line", "check", "level"),
    [
        ("scrape_operator_watch_problems 1.0", "watch", "error"),
        ("scrape_operator_day_budgets_used_up 2.0", "budgets", "warning"),
        ("scrape_operator_host_wait_seconds_sum 20.0", "budgets", "warning"),
        ('scrape_operator_host_breakers_opened_total{reason="Blocked"} 3.0', "breaker", "warning"),
        ("scrape_operator_webhook_dead_letters 1.0", "webhooks", "warning"),
    ],
)
def test_metrics_with_a_problem_name_it_and_a_remedy(line: str, check: str, level: str) -> None:
    [found] = [each for each in diagnose_metrics(metrics_of(f"{METRICS}{line}\n")) if each.check == check]
    assert (str(found.level), bool(found.remedy)) == (level, True)
    if check == "breaker":
        assert "Blocked 3 times" in found.message
        assert found.manual == "docs/troubleshooting.md#blocked"


def test_every_problem_of_a_schedule_has_a_remedy_and_a_page() -> None:
    wrong = schedule(condition("Stalled", "True", "InvalidSpec"))
    wrong["spec"] = {"suspend": True}
    found = diagnose_schedule(wrong, NOW)
    assert [each.message.partition(":")[0] for each in found] == ["is suspended", "InvalidSpec"]
    assert all(each.remedy and each.manual.startswith("docs/") for each in found)


def test_the_last_runs_of_a_schedule_are_told() -> None:
    told = last_runs(schedule(READY, lastScheduleTime="2026-11-29T11:00:00Z", history=["first", "second"]))
    assert told.message == "last run 2026-11-29T11:00:00Z; last success none; next run none; latest: first"
