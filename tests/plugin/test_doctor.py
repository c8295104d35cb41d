from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from scrape_operator.plugin.doctor import Level, diagnose_schedule

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
