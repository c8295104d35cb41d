"""When runs begin, are skipped, wait, replace each other or stop, as rows, status and `kubectl get` tell it."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from scrape_operator.core.schedule.cron import CronDueTimes, parse_cron
from tests.dev.site.site import DemoSite
from tests.e2e.process import Operator, schedule, until
from tests.e2e.slots import due_time_faults, instant, slot_faults
from tests.support.paths import ROOT

pytestmark = pytest.mark.cluster

SAMPLES = ROOT / "manifests" / "samples"
SLEPT = {"fields": [{"name": "slept", "jmespath": "slept", "type": "Number"}]}
ALWAYS_CLOSED = [{"mode": "Deny", "from": "00:00", "to": "24:00"}]
SECOND = timedelta(seconds=1)


def slow(name: str, site: DemoSite, seconds: float, **spec: Any) -> dict[str, Any]:
    return schedule(name, f"{site.url}/slow?seconds={seconds}&of={name}", extract=SLEPT, **spec)


def scheduled(operator: Operator, name: str) -> tuple[str, str]:
    condition = operator.condition(name, "Scheduled")
    return condition.get("status", ""), condition.get("reason", "")


def wide(operator: Operator, name: str) -> dict[str, str]:
    """Read the line that `kubectl get -o wide` shows, by column."""
    head, line = operator.kubectl("get", "scs", name, "-o", "wide").splitlines()
    columns = head.split()
    starts = [head.index(f" {column}") + 1 if head.index(column) else 0 for column in columns]
    ends = [*starts[1:], None]
    return {column: line[start:end].strip() for column, start, end in zip(columns, starts, ends, strict=True)}


def outcomes(runs: list[dict[str, Any]]) -> list[tuple[str, str | None]]:
    return [(run["status"], run["reason"]) for run in runs]


REPLACED = ("CANCELED", "Replaced")


def has_missed(operator: Operator, name: str) -> bool:
    """Return whether the status counts more than one missed due time."""
    return bool(operator.status(name).get("counters", {}).get("missed", 0) > 1)


def test_replace_cancels_the_run_within_a_second_and_its_row_says_so(operator: Operator, site: DemoSite) -> None:
    def replaced() -> list[tuple[dict[str, Any], dict[str, Any]]]:
        """Return runs with those that came after them. On a busy machine one may reach its timeout just before."""
        pairs = list(pairwise(operator.runs("replace")))
        assert {outcome for run, _ in pairs for outcome in outcomes([run])} <= {REPLACED, ("FAILED", "Timeout")}
        return [(run, after) for run, after in pairs if outcomes([run]) == [REPLACED] and after["started_at"]]

    operator.apply(schedule("replace", f"{site.url}/hang", interval="2s", timeout="2s", concurrencyPolicy="Replace"))
    until("three replaced runs", lambda: len(replaced()) > 2)
    for run, after in replaced():
        due = instant(after["scheduled_for"])
        assert due <= instant(run["completed_at"]) <= instant(after["started_at"]) < due + SECOND
    assert slot_faults(operator.runs("replace"), 2 * SECOND) == []


def test_queue_lets_one_due_time_wait_for_the_run_before_it(operator: Operator, site: DemoSite) -> None:
    operator.apply(slow("queue", site, 2.7, interval="3s", timeout="3s", concurrencyPolicy="Queue"))
    until(
        "one that waits", lambda: "startedAt" not in (operator.status("queue").get("active") or [{"startedAt": ""}])[-1]
    )

    def begun() -> list[dict[str, Any]]:
        """Return the runs that ended. Where a busy machine needs more than the interval for each, some are skipped."""
        return [run for run in operator.ended("queue") if run["reason"] != "SkippedOverlap"]

    until("four runs", lambda: len(begun()) > 3)
    runs = begun()
    assert set(outcomes(runs)) == {("SUCCEEDED", "Succeeded")}
    for run, after in pairwise(runs):
        assert instant(run["completed_at"]) <= instant(after["started_at"])
    assert slot_faults(operator.runs("queue"), 3 * SECOND) == []


def test_queue_holds_one_and_skips_the_next(operator: Operator, site: DemoSite) -> None:
    operator.apply(slow("full", site, 3, interval="720h", concurrencyPolicy="Queue"))
    until("the first run", lambda: operator.runs("full"))
    for token in ("waits", "too-much"):
        operator.request_run("full", token)
        until(f"{token} is taken up", lambda: len(operator.status("full").get("active", [])) == 2)
    until("both runs", lambda: len(operator.ended("full")) == 3)
    runs = {run["slot"]: (run["status"], run["reason"]) for run in operator.runs("full")}
    assert runs == {
        "generation:1": ("SUCCEEDED", "Succeeded"),
        "manual:waits": ("SUCCEEDED", "Succeeded"),
        "manual:too-much": ("SKIPPED", "SkippedOverlap"),
    }


def test_a_cron_schedule_waits_for_its_minute_and_says_when_it_comes(operator: Operator, site: DemoSite) -> None:
    taken_up = datetime.now(UTC)
    expressions = ["* * * * *", "0 3 * * sun"]
    operator.apply(schedule("cron", f"{site.url}/api/prices", schedules=expressions, timeZone="Europe/Berlin"))
    operator.await_status("cron", "condition=Scheduled=True")
    status = operator.get("cron")["status"]
    due = instant(status["nextScheduleTime"])
    assert (due.second, timedelta(0) < due - taken_up <= timedelta(minutes=2)) == (0, True)
    assert (status["schedule"], status["offsetSeconds"]) == ("* * * * * +1", 0)
    assert operator.runs("cron") == []
    until("its run", lambda: operator.ended("cron"), within=125)
    [run] = operator.ended("cron")
    assert (run["status"], instant(run["scheduled_for"])) == ("SUCCEEDED", due)
    assert instant(run["started_at"]) - due < SECOND
    zone = ZoneInfo("Europe/Berlin")
    times = CronDueTimes(tuple(parse_cron(text, run["schedule_uid"]) for text in expressions), zone)
    assert due_time_faults(operator.runs("cron"), lambda _uid: times, since=taken_up, until=due) == []


def test_next_says_before_what_the_status_says_after(operator: Operator, site: DemoSite) -> None:
    file = SAMPLES / "by-time" / "office-hours.yaml"
    operator.kubectl("apply", "-f", str(file))
    operator.kubectl("wait", "--for=jsonpath={.status.nextScheduleTime}", "scs/office-hours", "--timeout=60s")
    applied = operator.get("office-hours")
    [told] = json.loads(
        operator.command("next", str(file), "-n", "50", "--uid", applied["metadata"]["uid"], "-o", "json")
    )
    runs = [time["due"] for time in told["times"] if time["outcome"] == "Run"]
    assert applied["status"]["nextScheduleTime"] == runs[0]
    assert {time["outcome"] for time in told["times"]} == {"Run", "SkippedWindow"}


def test_windows_skip_with_a_row_for_each_due_time_and_say_so(operator: Operator, site: DemoSite) -> None:
    closed = schedule("closed", f"{site.url}/api/prices?of=closed", interval="1s", windows=ALWAYS_CLOSED)
    operator.apply(closed)
    operator.await_status("closed", "condition=Scheduled=False")
    assert scheduled(operator, "closed") == ("False", "OutsideWindow")
    until("skips", lambda: len(operator.runs("closed")) > 2)
    rows = operator.runs("closed")
    assert set(outcomes(rows)) == {("SKIPPED", "SkippedWindow")}
    assert slot_faults(rows, SECOND) == []
    assert "nextScheduleTime" not in operator.get("closed")["status"]
    assert (
        "not scheduled: no due time of the next 40 years is inside spec.windows" in wide(operator, "closed")["MESSAGE"]
    )
    closed["spec"].pop("windows")
    operator.apply(closed)
    operator.await_status("closed", "condition=Ready")
    assert scheduled(operator, "closed") == ("True", "Scheduled")


def test_the_next_schedule_time_is_one_that_the_windows_allow(operator: Operator, site: DemoSite) -> None:
    now = datetime.now(UTC)
    opens, closes = (f"{now + timedelta(hours=hours):%H}:00" for hours in (3, 4))
    window = {"mode": "Allow", "from": opens, "to": closes}
    operator.apply(schedule("later", f"{site.url}/api/prices", interval="7m", windows=[window]))
    operator.await_status("later", "condition=Scheduled=False")
    coming = instant(operator.get("later")["status"]["nextScheduleTime"])
    assert f"{coming:%H:%M:%S}" == f"{opens}:00"
    assert coming > now
    assert f"{coming:%a %Y-%m-%d %H:%M} Etc/UTC" in operator.condition("later", "Scheduled")["message"]
    assert operator.runs("later") == []


def test_nothing_runs_before_start_time_or_after_end_time(operator: Operator, site: DemoSite) -> None:
    start = datetime.now(UTC).replace(microsecond=0) + 3 * SECOND
    end = start + 3 * SECOND
    bounds: dict[str, Any] = {"startTime": f"{start:%Y-%m-%dT%H:%M:%SZ}", "endTime": f"{end:%Y-%m-%dT%H:%M:%SZ}"}
    operator.apply(schedule("season", f"{site.url}/api/prices", interval="1s", **bounds))
    operator.await_status("season", "condition=Scheduled=True")
    assert instant(operator.get("season")["status"]["nextScheduleTime"]) == start
    operator.await_status("season", "condition=Scheduled=False")
    assert scheduled(operator, "season") == ("False", "Ended")
    until("all to end", lambda: operator.ended("season") == operator.runs("season"))
    runs = operator.ended("season")
    assert start <= min(instant(run["started_at"]) for run in runs) < start + SECOND
    assert {start <= instant(run["scheduled_for"]) <= end for run in runs} == {True}
    assert 3 <= len(runs) <= 4
    assert wide(operator, "season")["NEXT"] == ""
    assert "spec.endTime has passed" in wide(operator, "season")["MESSAGE"]


def test_after_so_many_failures_it_stops_and_a_change_of_spec_lets_it_go_on(operator: Operator, site: DemoSite) -> None:
    failing = schedule("failing", f"{site.url}/status/500?of=failing", interval="1s", suspendAfterFailures=3)
    failing["spec"]["targets"][0]["retry"] = {"attempts": 1}
    operator.apply(failing)
    operator.await_status("failing", "condition=Scheduled=False")
    assert scheduled(operator, "failing") == ("False", "SuspendedByFailures")
    assert outcomes(operator.runs("failing")) == [("FAILED", "HTTPStatus")] * 3
    shown = wide(operator, "failing")
    assert (shown["READY"], shown["NEXT"], shown["REASON"], shown["FAILURES"]) == ("False", "", "HTTPStatus", "3")
    assert shown["MESSAGE"].startswith("not scheduled: 3 runs failed in a row (spec.suspendAfterFailures)")
    operator.request_run("failing", "again")
    until("the run by hand", lambda: len(operator.ended("failing")) == 4)
    failing["spec"]["targets"][0]["http"]["url"] = f"{site.url}/api/prices?of=failing"
    operator.apply(failing)
    operator.await_status("failing", "condition=Ready")
    until("runs by time", lambda: len(operator.ended("failing")) > 6)
    rows = operator.runs("failing")
    assert [row["slot"] for row in rows if not row["slot"].startswith("20")] == [
        "generation:1",
        "manual:again",
        "generation:2",
    ]
    assert {row["missed"] for row in rows} == {0}
    assert scheduled(operator, "failing") == ("True", "Scheduled")


def test_missed_run_policy_skip_makes_up_for_nothing_after_a_downtime(
    start_operator: Callable[..., Operator], site: DemoSite
) -> None:
    operator = start_operator()
    names = ("skip", "once")
    for name, policy in zip(names, ("Skip", "RunOnce"), strict=True):
        operator.apply(schedule(name, f"{site.url}/api/prices?of={name}", interval="2s", missedRunPolicy=policy))
    until("runs", lambda: all(len(operator.ended(name)) > 1 for name in names))
    operator.kill()
    down = datetime.now(UTC)
    until("three due times", lambda: datetime.now(UTC) - down > 7 * SECOND)
    operator.start()
    back = datetime.now(UTC)
    until("both go on", lambda: all(instant(operator.ended(name)[-1]["scheduled_for"]) > back for name in names))
    for name, outcome in zip(names, (("SKIPPED", "MissedDeadline"), ("SUCCEEDED", "Succeeded")), strict=True):
        assert outcomes([row for row in operator.runs(name) if row["missed"]]) == [outcome]
        assert slot_faults(operator.runs(name), 2 * SECOND) == []
        until("the counter", partial(has_missed, operator, name))
