"""What a schedule has counted outlives a restart and the pruning of its runs; what is deleted is noted."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from tests.dev.site.site import DemoSite
from tests.e2e.process import Operator, schedule, until

pytestmark = pytest.mark.cluster

FAILURES = 30


def test_a_schedule_that_failed_too_often_stays_suspended_after_a_restart(
    start_operator: Callable[..., Operator], site: DemoSite
) -> None:
    limits: dict[str, Any] = {"successfulRunsHistoryLimit": 0, "failedRunsHistoryLimit": 0}
    failing = schedule("failing", f"{site.url}/status/500", interval="1s", suspendAfterFailures=FAILURES, **limits)
    failing["spec"]["targets"][0]["retry"] = {"attempts": 1}
    operator = start_operator()
    operator.apply(failing)
    operator.await_status("failing", "condition=Scheduled=False", seconds=90)
    until("pruning", lambda: len(operator.runs("failing")) < FAILURES)
    before = operator.get("failing")["status"]["counters"]
    assert before["consecutiveFailures"] == FAILURES
    stored = "SELECT * FROM schedules WHERE name = 'failing' AND skipped = ?"
    until(
        "the row of a skipped slot", lambda: operator.rows(stored, before["skipped"])
    )  # it is stored after the status
    operator.kill()
    runs = operator.runs("failing")
    operator.start()
    operator.apply(schedule("witness", f"{site.url}/api/prices", interval="1s"))
    until("five due times have passed", lambda: len(operator.ended("witness")) > 5)
    assert operator.runs("failing") == runs
    assert operator.condition("failing", "Scheduled")["reason"] == "SuspendedByFailures"
    assert operator.get("failing")["status"]["counters"] == before


def test_objects_that_are_deleted_while_nobody_watches_are_noted_at_the_start(
    start_operator: Callable[..., Operator], site: DemoSite
) -> None:
    operator = start_operator()
    operator.apply(*(schedule(name, f"{site.url}/api/prices", interval="720h") for name in ("one", "two", "three")))
    for name in ("one", "two", "three"):
        operator.await_status(name, "condition=Ready")
    operator.kubectl("delete", "scs", "one")
    operator.kill()
    operator.kubectl("delete", "scs", "two")
    operator.start()
    gone = "SELECT name FROM schedules WHERE deleted_at NOT NULL ORDER BY name"
    until("it is noted", lambda: [row["name"] for row in operator.rows(gone)] == ["one", "two"])
    items = operator.rows("SELECT DISTINCT schedule FROM current_items")
    assert [row["schedule"] for row in items] == ["three"]


def test_an_edit_of_what_is_kept_counts_without_another_run(operator: Operator, site: DemoSite) -> None:
    operator.apply(schedule("edited", f"{site.url}/api/prices", interval="720h"))
    operator.await_status("edited", "condition=Ready")
    for number in range(3):
        until("no run", lambda: len(operator.ended("edited")) == len(operator.runs("edited")))
        operator.request_run("edited", f"token-{number}")
        operator.await_status("edited", f"jsonpath={{.status.lastHandledRequest}}=token-{number}")
    until("the runs", lambda: len(operator.ended("edited")) == 4)
    limits = {"dataPolicy": "Delete", "successfulRunsHistoryLimit": 2}
    operator.kubectl("patch", "scs", "edited", "--type=merge", "-p", json.dumps({"spec": limits}))
    left = ["scheduled", "manual", "manual"]  # the newest row of each trigger stays
    until("the prune", lambda: [run["trigger"] for run in operator.runs("edited")] == left)
    stored = "SELECT data_policy FROM schedules WHERE name = 'edited'"
    until("the policy", lambda: operator.rows(stored) == [{"data_policy": "Delete"}])
