"""What becomes of an object that can't be compiled."""

from datetime import timedelta

import pytest

from scrape_operator.planning import schedule
from tests.api.building import changed

STORED = {
    "/metadata.uid": "uid",
    "/metadata.namespace": "default",
    "/metadata.generation": 3,
    "/metadata.creationTimestamp": "2026-11-25T12:00:00Z",
}


def test_a_right_object_gives_a_plan_with_work() -> None:
    plan = schedule.compile_schedule(changed(STORED), timedelta(minutes=5))
    assert not plan.is_stalled
    assert (plan.key.uid, plan.generation) == ("uid", 3)
    assert plan.work is not None


def test_a_wrong_object_gives_a_stalled_plan_that_names_the_field() -> None:
    plan = schedule.compile_schedule(changed({**STORED, "targets.0.extract.fields.0.css": "["}), timedelta(minutes=5))
    assert [finding.path for finding in plan.findings] == ["spec.targets[0].extract.fields[0].css"]
    assert plan.due_times is None


def test_a_defect_of_ours_stalls_that_object_alone(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(obj: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(schedule, "parse", broken)
    plan = schedule.compile_schedule(changed(STORED), timedelta(minutes=5))
    assert plan.is_stalled
    assert "report it" in plan.findings[0].message
    assert "ZeroDivisionError" in caplog.text
