"""Runs that a person asks for, and schedules that a person suspends and resumes."""

from datetime import UTC, datetime
from functools import partial

import pytest

from tests.dev.site.site import DemoSite
from tests.e2e.process import Operator, schedule, until
from tests.e2e.slots import instant

pytestmark = pytest.mark.cluster


def test_each_token_is_one_run_also_while_suspended(operator: Operator, site: DemoSite) -> None:
    asked = schedule("asked", f"{site.url}/api/prices", interval="720h", suspend=True)
    operator.apply(asked)
    operator.await_status("asked", "condition=Scheduled=False")
    assert operator.condition("asked", "Scheduled")["reason"] == "Suspended"
    for token in ("first", "second"):
        operator.request_run("asked", token)
        operator.await_status("asked", f"jsonpath={{.status.lastHandledRequest}}={token}")
        until("its end", lambda: len(operator.ended("asked")) == len(operator.runs("asked")) > 0)
        # The object changes, and its token is still the same.
        operator.apply(asked | {"spec": asked["spec"] | {"startingDeadlineSeconds": len(token)}})
        generation = operator.get("asked")["metadata"]["generation"]
        operator.await_status("asked", f"jsonpath={{.status.observedGeneration}}={generation}")
    runs = operator.runs("asked")
    assert [(run["slot"], run["trigger"], run["status"]) for run in runs] == [
        ("manual:first", "manual", "SUCCEEDED"),
        ("manual:second", "manual", "SUCCEEDED"),
    ]
    status = operator.get("asked")["status"]
    assert [line.split()[1:3] for line in status["history"]] == [["manual", "Succeeded"]] * 2
    assert "nextScheduleTime" not in status


def test_a_resumed_schedule_makes_up_for_nothing(operator: Operator, site: DemoSite) -> None:
    operator.apply(*(schedule(name, f"{site.url}/api/prices", interval="1s") for name in ("paused", "witness")))
    until("runs by time", lambda: len(operator.ended("paused")) > 1)
    set_suspend(operator, "paused", suspend=True)
    operator.await_status("paused", "condition=Scheduled=False")
    before, seen = operator.runs("paused"), len(operator.runs("witness"))
    until("time passes", lambda: len(operator.ended("witness")) > seen + 4)
    assert len(operator.runs("paused")) == len(before)
    resumed_at = datetime.now(UTC)
    set_suspend(operator, "paused", suspend=False)
    until("runs again", lambda: len(operator.ended("paused")) > len(before) + 1)
    after = operator.runs("paused")[len(before) :]
    assert instant(after[0]["scheduled_for"]) > resumed_at
    assert [run["missed"] for run in after[:2]] == [0, 0]
    assert {run["trigger"] for run in after} == {"scheduled"}


def is_echoed(operator: Operator, token: str) -> bool:
    return bool(operator.status("tokens").get("lastHandledRequest") == token)


def set_suspend(operator: Operator, name: str, *, suspend: bool) -> None:
    patch = f'{{"spec":{{"suspend":{str(suspend).lower()}}}}}'
    operator.kubectl("patch", "scs", name, "--type=merge", "--patch", patch)


def test_a_token_is_echoed_as_it_was_set_and_runs_once_whatever_came_between(
    operator: Operator, site: DemoSite
) -> None:
    operator.apply(schedule("tokens", f"{site.url}/api/prices", interval="720h", suspend=True))
    lines, long = "two\nlines", "x" * 255
    tokens = [lines, f"{long}a", f"{long}b", lines]
    for token in tokens:
        operator.request_run("tokens", token)
        until("its echo", partial(is_echoed, operator, token))
        until("its end", lambda: len(operator.ended("tokens")) == len(operator.runs("tokens")))
    assert [run["slot"] for run in operator.runs("tokens")] == [f"manual:{token}" for token in tokens[:3]]


def test_a_token_that_is_too_long_is_a_warning_and_no_run(operator: Operator, site: DemoSite) -> None:
    operator.apply(schedule("long", f"{site.url}/api/prices", interval="720h", suspend=True))
    operator.await_status("long", "condition=Scheduled=False")
    operator.request_run("long", "x" * 257)
    query = (
        "get",
        "events",
        "--field-selector=involvedObject.name=long,type=Warning",
        "-o",
        "jsonpath={..note}{..message}",
    )
    until("the Event", lambda: "at most 256 characters" in operator.kubectl(*query))
    assert operator.runs("long") == []
