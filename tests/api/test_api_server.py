"""A real API server judges the same table of objects as `parse`: the CRD and the models mean the same."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from scrape_operator.api.validation import parse
from scrape_operator.reporting.status.lines import schedule_cell
from tests.api.building import HTTP, URLS_WITH_A_PASSWORD, Right, Wrong, changed
from tests.api.conftest import Create
from tests.api.objects import RIGHT, WRONG
from tests.dev.controlplane.connection import Cluster


def applied(cluster: Cluster, obj: dict[str, Any], namespace: str) -> dict[str, Any]:
    """Apply the object on the server and give it back."""
    obj["metadata"]["namespace"] = namespace
    answer = cluster.kubectl("apply", "--server-side", "-o", "json", "-f", "-", input=json.dumps(obj))
    stored: dict[str, Any] = json.loads(answer)
    return stored


@pytest.mark.parametrize("wrong", WRONG, ids=lambda wrong: wrong.id)
def test_a_wrong_object_is_refused_naming_the_field(try_to_create: Create, wrong: Wrong):
    answer = try_to_create(wrong.object())
    if wrong.controller_only:
        assert answer["kind"] == "ScrapeSchedule"
    else:
        assert answer["kind"] == "Status"
        assert (wrong.named or wrong.path) in answer["message"]


@pytest.mark.parametrize("url", URLS_WITH_A_PASSWORD)
def test_a_password_in_a_url_is_not_repeated(try_to_create: Create, url: str):
    answer = try_to_create(changed({f"{HTTP}.url": url}))
    assert answer["kind"] == "Status"
    assert "hunter2" not in json.dumps(answer)


@pytest.mark.parametrize("text", ["1d", "5", "30d", "1h30", "", "99999999999999999999h", "5 m", "PT5M"])
@pytest.mark.parametrize("field", ["interval", "timeout", f"{HTTP}.timeout", "targets.0.retry.initialDelay"])
def test_a_text_that_is_no_duration_is_answered_with_one_sentence(try_to_create: Create, field: str, text: str):
    message = try_to_create(changed({"interval": "5m"} | {field: text}))["message"]
    assert "type conversion error" not in message
    assert message.count(" must be ") == 1


@pytest.mark.parametrize("right", RIGHT, ids=lambda right: right.id)
def test_a_right_object_is_accepted_and_means_the_same_with_its_defaults_written_out(
    try_to_create: Create, right: Right
):
    stored = try_to_create(right.object())
    assert stored["kind"] == "ScrapeSchedule"
    schedule, findings = parse(stored)
    given, _findings = parse(right.object())
    assert not findings
    assert schedule is not None
    assert given is not None
    assert schedule.spec == given.spec


@pytest.mark.usefixtures("crds")
def test_applying_twice_changes_nothing(control_plane: Cluster, namespace: str):
    obj = changed({"interval": "5m", "targets.0.retry": {"attempts": 5}})
    first, second, third = (applied(control_plane, obj, namespace) for _ in range(3))
    # The server stores the default of status with the first update after creation, whoever makes it.
    assert third["metadata"]["resourceVersion"] == second["metadata"]["resourceVersion"]
    assert third["metadata"]["generation"] == 1
    assert first["spec"] == third["spec"]


@pytest.mark.usefixtures("crds")
def test_defaults_outside_lists_are_shown_and_lists_are_kept_as_they_were_written(
    control_plane: Cluster, namespace: str
):
    obj = changed({"targets.0.retry": {"attempts": 5}})
    stored = applied(control_plane, obj, namespace)
    assert stored["status"] == {"observedGeneration": -1}
    assert stored["spec"]["targets"] == obj["spec"]["targets"]
    assert stored["spec"]["timeZone"] == "Etc/UTC"
    assert not {"interval", "timeout", "policyRef", "windows", "notify"} & stored["spec"].keys()


@pytest.mark.usefixtures("crds")
def test_people_find_it_by_its_short_name_and_see_its_columns(control_plane: Cluster, namespace: str):
    applied(control_plane, changed({"suspend": True}), namespace)
    shown = control_plane.kubectl("get", "scs", "-n", namespace, "--field-selector", "spec.suspend=true")
    assert shown.split()[:9] == ["NAME", "READY", "SCHEDULE", "LAST", "NEXT", "ITEMS", "TARGETS", "REASON", "AGE"]
    assert "example" in shown
    others = control_plane.kubectl("get", "scs", "-n", namespace, "--field-selector", "spec.suspend=false")
    assert "example" not in others
    assert "example" in control_plane.kubectl("get", "scraping", "-n", namespace)
    explained = control_plane.kubectl("explain", "scrapeschedule.spec.targets.http.maxBodyBytes")
    assert "TooLarge" in explained


SCHEDULES = (
    "5m",
    "720h",
    "@hourly",
    "H/15 8-18 * * *",
    "0,15,30,45 8-18 1-15 jan-jun mon-fri",
    "; ".join(["0,15,30,45 8-18 1-15 jan-jun mon-fri"] * 16),
)


def show_status(cluster: Cluster, namespace: str, name: str, **status: Any) -> None:
    """Apply a schedule, and write what the table shows of it."""
    obj = changed({})
    obj["metadata"]["name"] = name
    applied(cluster, obj, namespace)
    now = datetime.now(UTC)
    condition = {"type": "Ready", "message": "", "lastTransitionTime": now.isoformat(), "observedGeneration": 1}
    written = {
        "conditions": [condition | {"status": status.pop("ready"), "reason": "Succeeded"}],
        "lastScheduleTime": (now - timedelta(minutes=3, seconds=30)).isoformat(),
        "next": "Mon 03:00Z",
        "items": {"total": 50_000},
        "targets": {"summary": "64/64"},
        **status,
    }
    patch = ("--subresource=status", "--type=merge", "-p", json.dumps({"status": written}))
    cluster.kubectl("patch", "scs", name, "-n", namespace, *patch)


@pytest.mark.usefixtures("crds")
def test_a_table_of_ready_schedules_is_at_most_100_characters_wide(control_plane: Cluster, namespace: str):
    for number, text in enumerate(SCHEDULES):
        name = f"a-name-of-20-chars-{number}"
        show_status(control_plane, namespace, name, ready="True", schedule=schedule_cell(text))
    lines = control_plane.kubectl("get", "scs", "-n", namespace).splitlines()
    assert len(lines) == 1 + len(SCHEDULES)
    assert "5m " in lines[1]
    assert max(len(line.rstrip()) for line in lines) <= 100


@pytest.mark.usefixtures("crds")
def test_a_table_of_a_failing_schedule_is_at_most_100_characters_wide(control_plane: Cluster, namespace: str):
    failing = {"ready": "False", "reason": "HTTPStatus"}
    show_status(control_plane, namespace, "a-name-of-20-letters", schedule=schedule_cell("5m"), **failing)
    lines = control_plane.kubectl("get", "scs", "-n", namespace).splitlines()
    assert max(len(line.rstrip()) for line in lines) <= 100
