"""`scrape-operator next`: when a schedule will run, before anything is applied."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from scrape_operator.cli import app
from scrape_operator.core.errors import InvalidValue
from scrape_operator.core.schedule.due_times import stable_offset
from tests.api.building import WINDOW, changed

UID = "6f2a8a6e-63f7-4f3c-9a55-0d3c5b1f7a10"


@pytest.fixture(autouse=True)
def nothing_in_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SCRAPE_INTERVAL_MINUTES", raising=False)
    monkeypatch.delenv("DATABASE_URL", raising=False)


def ask(folder: Path, spec: Mapping[str, Any], *options: str, metadata: Mapping[str, Any] | None = None) -> Result:
    obj = changed(spec)
    obj["metadata"] |= metadata or {}
    (folder / "file.json").write_text(json.dumps(obj), encoding="utf-8")
    return CliRunner().invoke(app, ["next", str(folder / "file.json"), *options])


def times(folder: Path, spec: Mapping[str, Any], *options: str) -> list[tuple[str, str, str]]:
    result = ask(folder, spec, "-o", "json", *options)
    assert result.exit_code == 0, result.output
    [schedule] = json.loads(result.stdout)
    assert schedule.keys() == {"schedule", "offsetSeconds", "nextRun", "times"}
    assert schedule["schedule"] == "default/example"
    return [(time["due"], time["local"], time["outcome"]) for time in schedule["times"]]


def test_times_stand_in_utc_and_in_the_zone_over_a_clock_change(tmp_path: Path) -> None:
    spec = {"schedules": ["30 2 * * *"], "timeZone": "Europe/Berlin"}
    assert times(tmp_path, spec, "-n", "3", "--from", "2026-03-28T00:00:00+01:00") == [
        ("2026-03-28T01:30:00Z", "2026-03-28T02:30:00+01:00", "Run"),
        ("2026-03-29T01:00:00Z", "2026-03-29T03:00:00+02:00", "Run"),
        ("2026-03-30T00:30:00Z", "2026-03-30T02:30:00+02:00", "Run"),
    ]


def test_from_is_the_first_instant_that_counts(tmp_path: Path) -> None:
    spec = {"schedules": ["0 * * * *"]}
    assert [due for due, _l, _o in times(tmp_path, spec, "-n", "2", "--from", "2026-01-01T00:00:00Z")] == [
        "2026-01-01T00:00:00Z",
        "2026-01-01T01:00:00Z",
    ]


def test_ten_times_are_told_where_nobody_says_how_many(tmp_path: Path) -> None:
    assert len(times(tmp_path, {"schedules": ["@hourly"]})) == 10


@pytest.mark.parametrize(
    ("spec", "outcomes"),
    [
        pytest.param({}, ["Run"] * 4, id="nothing"),
        pytest.param({"suspend": True}, ["Suspended"] * 4, id="suspended"),
        pytest.param(
            {"startTime": "2026-01-01T09:00:00Z", "endTime": "2026-01-01T10:00:00Z"},
            ["BeforeStartTime", "Run", "Run", "Ended"],
            id="bounds",
        ),
        pytest.param(
            {"windows": [{**WINDOW, "from": "09:00", "to": "11:00"}]},
            ["SkippedWindow", "Run", "Run", "SkippedWindow"],
            id="windows",
        ),
    ],
)
def test_each_time_says_what_becomes_of_it(tmp_path: Path, spec: dict[str, Any], outcomes: list[str]) -> None:
    found = times(tmp_path, {"schedules": ["0 8-11 * * *"], **spec}, "-n", "4", "--from", "2026-01-01T00:00:00Z")
    assert [outcome for _due, _local, outcome in found] == outcomes


def test_the_offset_is_that_of_the_uid(tmp_path: Path) -> None:
    options = ("--uid", UID, "--from", "2026-01-01T00:00:00Z", "-n", "2")
    [schedule] = json.loads(ask(tmp_path, {"interval": "5m"}, "-o", "json", *options).stdout)
    offset = stable_offset(UID, timedelta(minutes=5))
    midnight = datetime(2026, 1, 1, tzinfo=UTC)
    assert schedule["offsetSeconds"] == int(offset.total_seconds())
    assert [datetime.fromisoformat(time["due"]) for time in schedule["times"]] == [
        midnight + offset,
        midnight + offset + timedelta(minutes=5),
    ]


def test_an_object_that_was_applied_has_its_own_uid(tmp_path: Path) -> None:
    applied = ask(tmp_path, {"interval": "5m"}, "-o", "json", metadata={"uid": UID})
    named = ask(tmp_path, {"interval": "5m"}, "-o", "json", "--uid", UID)
    assert json.loads(applied.stdout)[0]["offsetSeconds"] == json.loads(named.stdout)[0]["offsetSeconds"]
    assert "an example" not in ask(tmp_path, {"interval": "5m"}, metadata={"uid": UID}).stdout


def test_people_are_told_of_the_first_run_and_of_what_is_an_example(tmp_path: Path) -> None:
    lines = ask(tmp_path, {"interval": "5m"}, "-n", "1", "--from", "2026-01-01T00:00:00Z").stdout.splitlines()
    assert lines[0].startswith("default/example: 5m in Etc/UTC, ")
    assert lines[1] == "  first run at once, as soon as it is applied and not before 2026-01-01T00:00:00Z"
    assert lines[2].split()[0].startswith("2026-01-01T00:0")
    assert lines[2].endswith("  Run")
    assert "--uid" in lines[3]
    plain = ask(tmp_path, {"schedules": ["0 9 * * THU"]}, "-n", "1").stdout
    assert "first run" not in plain
    assert "--uid" not in plain


def test_the_operators_own_interval_counts_where_there_is_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SCRAPE_INTERVAL_MINUTES", "60")
    assert ask(tmp_path, {"spread": "None"}).stdout.startswith("default/example: 1h in Etc/UTC\n")


def test_a_wrong_object_is_told_as_lint_tells_it(tmp_path: Path) -> None:
    result = ask(tmp_path, {"schedules": ["@reboot"]})
    assert result.exit_code == 1
    assert "ScrapeSchedule default/example: spec.schedules[0]: '@reboot': @reboot is not read" in result.stdout


@pytest.mark.parametrize("text", ["tomorrow", "2026-03-29", "2026-03-29T00:00:00"])
def test_from_needs_an_offset(tmp_path: Path, text: str) -> None:
    result = ask(tmp_path, {}, "--from", text)
    assert result.exit_code == 1
    assert isinstance(result.exception, InvalidValue)
    assert "2026-03-29T00:00:00Z" in str(result.exception)


def test_a_file_without_schedules_is_told(tmp_path: Path) -> None:
    (tmp_path / "empty.yaml").write_text("kind: ConfigMap\n", encoding="utf-8")
    result = CliRunner().invoke(app, ["next", str(tmp_path / "empty.yaml")])
    assert (result.exit_code, "no ScrapeSchedule found" in result.stdout) == (1, True)


def test_a_run_that_is_far_ahead_is_shown(tmp_path: Path) -> None:
    spec = {
        "interval": "24h",
        "spread": "None",
        "timeZone": "Europe/Berlin",
        "windows": [{"mode": "Allow", "from": "01:00", "to": "02:00"}],
    }
    options = ("-n", "2", "--from", "2026-04-01T12:00:00Z")
    [schedule] = json.loads(ask(tmp_path, spec, "-o", "json", *options).stdout)
    assert [time["outcome"] for time in schedule["times"]] == ["SkippedWindow"] * 2
    assert schedule["nextRun"] == "2026-04-01T23:00:00Z"  # the run at once, as the window opens
    assert ask(tmp_path, spec, *options).stdout.splitlines()[-1] == "  2026-10-26T00:00:00Z      the next run"
    never = ask(tmp_path, spec | {"timeZone": "Etc/UTC"}, *options).stdout
    assert never.splitlines()[-1] == "  no run: no due time of the next 40 years is inside spec.windows"


@pytest.mark.parametrize("since", ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-12:00"])
@pytest.mark.parametrize("start", ["0001-01-01T00:00:00+14:00", "9999-01-01T00:00:00Z", "9999-12-31T23:59:59-12:00"])
def test_every_time_that_the_schema_accepts_is_computed(tmp_path: Path, since: str, start: str) -> None:
    spec = {"interval": "5m", "startTime": start, "windows": [WINDOW]}
    assert ask(tmp_path, spec, "--from", since).exit_code == 0


def test_policies_of_one_file_apply_to_the_schedules_of_another(tmp_path: Path) -> None:
    policy = {
        "apiVersion": "scrape-operator.dev/v1alpha1",
        "kind": "ClusterScrapePolicy",
        "metadata": {"name": "default"},
        "spec": {"ceilings": {"minInterval": "1h"}},
    }
    (tmp_path / "a.json").write_text(json.dumps(changed({"interval": "5m"})), encoding="utf-8")
    (tmp_path / "b.json").write_text(json.dumps(policy), encoding="utf-8")
    result = CliRunner().invoke(app, ["next", str(tmp_path)])
    assert result.exit_code == 1
    assert "spec.interval: 5m between two runs is less than 1h" in result.stdout


def test_the_run_at_once_is_the_next_run(tmp_path: Path) -> None:
    options = ("-o", "json", "-n", "1", "--from", "2026-01-01T00:00:00Z")
    spec = {"interval": "1h", "startTime": "2026-01-01T00:00:07Z"}
    [schedule] = json.loads(ask(tmp_path, spec, *options, metadata={"uid": UID}).stdout)
    assert schedule["nextRun"] == "2026-01-01T00:00:07Z"
    assert schedule["times"][0]["due"] > schedule["nextRun"]


@pytest.mark.parametrize(("minutes", "code"), [("1", 1), ("10", 0)])
def test_the_default_interval_is_under_the_ceiling_of_a_policy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, minutes: str, code: int
) -> None:
    policy = {
        "apiVersion": "scrape-operator.dev/v1alpha1",
        "kind": "ClusterScrapePolicy",
        "metadata": {"name": "default"},
        "spec": {"ceilings": {"minInterval": "10m"}},
    }
    (tmp_path / "a.json").write_text(json.dumps(changed({})), encoding="utf-8")
    (tmp_path / "b.json").write_text(json.dumps(policy), encoding="utf-8")
    monkeypatch.setenv("SCRAPE_INTERVAL_MINUTES", minutes)
    for verb in ("next", "lint"):
        result = CliRunner().invoke(app, [verb, str(tmp_path)])
        assert result.exit_code == code, result.output
        assert ("1m between two runs is less than 10m" in result.stdout) == bool(code)


def suspended_by_failures(spec: Mapping[str, Any], generation: int = 4) -> dict[str, Any]:
    condition = {"type": "Scheduled", "status": "False", "reason": "SuspendedByFailures", "observedGeneration": 4}
    status = {"lastScheduleTime": "2026-01-01T00:00:00Z", "counters": {"consecutiveFailures": 3}}
    obj = changed({"interval": "1h", "suspendAfterFailures": 3, **spec})
    obj["metadata"] |= {"uid": UID, "generation": generation}
    return {**obj, "status": {**status, "conditions": [condition]}}


@pytest.mark.parametrize(
    ("obj", "outcome"),
    [
        (suspended_by_failures({}), "SuspendedByFailures"),
        (suspended_by_failures({"suspendAfterFailures": 4}), "Run"),
        (suspended_by_failures({}, generation=5), "Run"),
    ],
    ids=["as it is", "with a higher limit", "of a later generation"],
)
def test_an_object_that_its_failures_suspended_has_no_run(tmp_path: Path, obj: dict[str, Any], outcome: str) -> None:
    (tmp_path / "live.json").write_text(json.dumps(obj), encoding="utf-8")
    result = CliRunner().invoke(app, ["next", str(tmp_path / "live.json"), "-o", "json", "-n", "2"])
    [schedule] = json.loads(result.stdout)
    assert [time["outcome"] for time in schedule["times"]] == [outcome] * 2
    assert (schedule["nextRun"] is None) == (outcome != "Run")


@pytest.mark.parametrize("status", ["x", [1], {"counters": 3, "conditions": [3]}, {"conditions": {"a": 1}}])
def test_a_malformed_status_does_not_count(tmp_path: Path, status: object) -> None:
    (tmp_path / "live.json").write_text(json.dumps({**suspended_by_failures({}), "status": status}), encoding="utf-8")
    result = CliRunner().invoke(app, ["next", str(tmp_path / "live.json"), "-n", "1"])
    assert result.exit_code == 0, result.output
    assert result.stdout.splitlines()[-1].endswith("Run")
