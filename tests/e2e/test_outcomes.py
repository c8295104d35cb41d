"""What becomes of runs that hang, fail, overlap or bring nothing, as rows and conditions tell it."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from scrape_operator.cluster.secrets import FRESH_SECONDS
from tests.dev.site import members
from tests.dev.site.site import DemoSite
from tests.e2e.process import Operator, schedule, secret, until
from tests.e2e.slots import instant

pytestmark = pytest.mark.cluster

ARTICLES = {"items": {"css": "article"}, "fields": [{"name": "title", "css": "h1::text"}]}


def statuses(operator: Operator, name: str) -> dict[str, tuple[str, str]]:
    conditions = operator.get(name)["status"]["conditions"]
    return {condition["type"]: (condition["status"], condition["reason"]) for condition in conditions}


def events(operator: Operator, name: str) -> list[tuple[str, str]]:
    field = f"involvedObject.name={name}"
    items = json.loads(operator.kubectl("get", "events", "--field-selector", field, "-o", "json"))["items"]
    return sorted((event["type"], event["reason"]) for event in items)


def test_a_hung_target_ends_by_the_timeout_and_the_due_time_in_it_is_skipped(
    operator: Operator, site: DemoSite
) -> None:
    names = ("hung", "hung-too")  # a due time that comes just as the first run ends is no overlap: it waits
    operator.apply(*(schedule(name, f"{site.url}/hang", interval="2s", timeout="2s") for name in names))
    until("a run of each", lambda: all(first_run(operator, name) for name in names))
    until("a due time that is skipped", lambda: any(skipped(operator, name) for name in names))
    for name in names:
        [first] = first_run(operator, name)
        assert (first["status"], first["reason"]) == ("FAILED", "Timeout")
        assert "spec.timeout" in first["message"]
        lasted = instant(first["completed_at"]) - instant(first["started_at"])
        assert timedelta(seconds=2) <= lasted < timedelta(seconds=8)
    skips = {name: skips for name in names if (skips := skipped(operator, name))}
    assert {(skip["trigger"], skip["reason"]) for rows in skips.values() for skip in rows} == {
        ("scheduled", "SkippedOverlap")
    }
    assert all("concurrencyPolicy" in skip["message"] for rows in skips.values() for skip in rows)
    operator.await_status("hung", "condition=Ready=False")
    assert statuses(operator, "hung")["LastRunSucceeded"] == ("False", "Timeout")
    until("the counters", lambda: all(operator.get(name)["status"]["counters"].get("skipped") for name in skips))


def first_run(operator: Operator, name: str) -> list[dict[str, Any]]:
    return [row for row in operator.ended(name) if row["slot"] == "generation:1"]


def skipped(operator: Operator, name: str) -> list[dict[str, Any]]:
    return [row for row in operator.ended(name) if row["status"] == "SKIPPED"]


def test_a_run_by_token_does_not_overlap_either(operator: Operator, site: DemoSite) -> None:
    operator.apply(schedule("busy", f"{site.url}/hang", interval="720h"))
    until("a run", lambda: site.counts["/hang"])
    operator.request_run("busy", "too-much")
    operator.await_status("busy", "jsonpath={.status.lastHandledRequest}=too-much")
    until("the skip", lambda: len(operator.runs("busy")) == 2)
    assert [(run["trigger"], run["status"], run["reason"]) for run in operator.runs("busy")] == [
        ("scheduled", "RUNNING", None),
        ("manual", "SKIPPED", "SkippedOverlap"),
    ]
    until("its Event", lambda: ("Warning", "SkippedOverlap") in events(operator, "busy"))
    until("its line", lambda: "manual Skipped" in str(operator.status("busy").get("history", [])[:1]))
    active = operator.get("busy")["status"]["active"]
    assert [(run["trigger"], "startedAt" in run) for run in active] == [("scheduled", True)]


def test_a_failing_target_is_told_and_so_is_its_recovery(operator: Operator, site: DemoSite) -> None:
    flaky = schedule("flaky", f"{site.url}/flaky/1", extract={"fields": [{"name": "n", "jmespath": "name"}]})
    flaky["spec"] |= {"interval": "720h"}
    flaky["spec"]["targets"][0]["retry"] = {"attempts": 1}
    operator.apply(flaky)
    operator.await_status("flaky", "condition=Ready=False")
    failed = dict.fromkeys(("Ready", "LastRunSucceeded", "TargetsHealthy"), ("False", "HTTPStatus"))
    shown = statuses(operator, "flaky")
    assert failed.items() <= shown.items()
    assert shown["Scheduled"] == ("True", "Scheduled")
    assert "503" in operator.condition("flaky", "Ready")["message"]
    status = operator.get("flaky")["status"]
    assert status["counters"]["consecutiveFailures"] == 1
    assert [target["name"] for target in status["targets"]["failing"]] == ["main"]
    operator.request_run("flaky", "again")
    operator.await_status("flaky", "condition=Ready")
    good = ("Ready", "LastRunSucceeded", "TargetsHealthy", "DataHealthy")
    assert dict.fromkeys(good, ("True", "Succeeded")).items() <= statuses(operator, "flaky").items()
    assert operator.get("flaky")["status"]["counters"]["consecutiveFailures"] == 0
    expected = [("Normal", "Succeeded"), ("Warning", "HTTPStatus")]
    until("both Events", lambda: events(operator, "flaky") == expected)


def test_an_empty_answer_is_no_quiet_success(operator: Operator, site: DemoSite) -> None:
    operator.apply(schedule("nothing", f"{site.url}/empty", extract=ARTICLES, interval="720h"))
    operator.await_status("nothing", "condition=DataHealthy=False")
    [run] = operator.runs("nothing")
    assert (run["status"], run["reason"]) == ("FAILED", "ExpectationFailed")
    shown = statuses(operator, "nothing")
    assert shown["DataHealthy"] == ("False", "ExpectationFailed")
    assert shown["Ready"] == ("False", "ExpectationFailed")
    until("the Event", lambda: ("Warning", "ExpectationFailed") in events(operator, "nothing"))


def test_a_rotated_secret_counts_for_every_run_that_begins_a_second_later(operator: Operator, site: DemoSite) -> None:
    def value(key: str) -> dict[str, Any]:
        return {"secretKeyRef": {"name": "members", "key": key}}

    ways: dict[str, dict[str, Any]] = {
        "header": {"headers": [{"name": "X-Member", "valueFrom": value("token")}]},
        "bearer": {"auth": {"bearer": value("token")}},
        "key": {"auth": {"apiKey": {"in": "Header", "name": "X-Key", **value("key")}}},
        "basic": {"auth": {"basic": {"secretRef": {"name": "members"}}}},
    }
    right = {"token": members.TOKEN, "key": members.KEY, "username": members.USERNAME, "password": members.PASSWORD}
    rotated = schedule("rotated", "", interval="1s")
    [target] = rotated["spec"]["targets"]
    rotated["spec"]["targets"] = [
        {**target, "name": way, "http": {"url": f"{site.url}/members/{way}", **http}} for way, http in ways.items()
    ]
    operator.apply(secret("members", **right), rotated)
    operator.await_status("rotated", "condition=Ready")
    operator.apply(secret("members", **right | dict.fromkeys(("token", "key", "password"), "rotated")))
    at = datetime.now(UTC)
    until("a run with it", lambda: [run for run in operator.ended("rotated") if run["status"] == "FAILED"])

    def later(seconds: float) -> list[dict[str, Any]]:
        runs = operator.ended("rotated")
        return [
            run for run in runs if run["started_at"] and instant(run["started_at"]) > at + timedelta(seconds=seconds)
        ]

    until("later runs", lambda: later(3))
    runs = later(FRESH_SECONDS)
    assert {run["status"] for run in runs} == {"FAILED"}
    failed = operator.rows("SELECT target, http_status FROM scrape_target_runs WHERE run_id = ?", runs[-1]["id"])
    assert {(row["target"], row["http_status"]) for row in failed} == {(way, 401) for way in ways}


def test_a_schedule_heals_when_its_secret_comes_with_the_right_key(operator: Operator, site: DemoSite) -> None:
    guarded = schedule("guarded", f"{site.url}/api/prices", interval="720h")
    reference = {"secretKeyRef": {"name": "shop", "key": "token"}}
    guarded["spec"]["targets"][0]["http"]["headers"] = [{"name": "X-Token", "valueFrom": reference}]
    operator.apply(guarded)
    operator.await_status("guarded", "condition=SecretsResolved=False")
    shown = statuses(operator, "guarded")
    assert shown["Ready"] == ("False", "SecretNotFound")
    assert shown["Stalled"] == ("True", "SecretNotFound")
    assert "does not exist" in operator.condition("guarded", "Ready")["message"]
    operator.apply(secret("shop", wrong="hunter2hunter2"))
    until("its key", lambda: "no key token" in operator.condition("guarded", "Stalled")["message"], within=30)
    assert len(operator.runs("guarded")) == 1
    operator.apply(secret("shop", token="hunter2hunter2"))
    operator.await_status("guarded", "condition=SecretsResolved")
    operator.await_status("guarded", "condition=Ready")
    failed, good = operator.runs("guarded")
    assert (failed["reason"], good["reason"], good["trigger"]) == ("SecretNotFound", "Succeeded", "scheduled")
    assert good["slot"] == f"secrets:{UUID(failed['id'])}"
    assert "hunter2hunter2" not in operator.log()
    assert "hunter2hunter2" not in json.dumps(operator.get("guarded"))
