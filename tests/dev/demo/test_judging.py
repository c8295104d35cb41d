"""The demo is a test: so what it lets pass, and what not, is tested too."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.dev.demo.judging import problems
from tests.dev.demo.ledger import Run, percentile
from tests.dev.demo.samples import EXPECTED, FOLDER, MANUAL, SITE_URL, TLS_URL, load
from tests.dev.site.site import DemoSite

NOON = datetime(2026, 6, 1, 12, 0, tzinfo=UTC)
TOKEN = "2026-06-01T12:00:00+00:00"


def good_runs() -> list[Run]:
    runs = []
    for number, (name, expected) in enumerate(EXPECTED.items()):
        trigger = "manual" if name == MANUAL else "scheduled"
        ended = NOON + timedelta(seconds=1)
        runs.append(
            Run(str(number), name, trigger, expected.status, expected.reason, "", NOON, NOON, ended, 9, 9, 0, 0)
        )
    return runs


def good_schedules() -> list[dict[str, Any]]:
    return [
        {
            "metadata": {"name": name},
            "status": {
                "conditions": [{"type": type_, "status": status} for type_, status in expected.conditions.items()],
                "history": ["a run"],
                "lastHandledRequest": TOKEN if name == MANUAL else None,
            },
        }
        for name, expected in EXPECTED.items()
    ]


def test_all_that_is_expected_is_no_problem() -> None:
    assert problems(good_runs(), good_schedules(), TOKEN) == []


def without(name: str) -> Callable[[list[Run]], list[Run]]:
    return lambda runs: [run for run in runs if run.name != name]


def with_changed(name: str, **changes: Any) -> Callable[[list[Run]], list[Run]]:
    return lambda runs: [replace(run, **changes) if run.name == name else run for run in runs]


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        pytest.param(without("json-api"), "json-api: no run ended", id="a schedule without runs"),
        pytest.param(with_changed("json-api", status="FAILED", reason="Timeout"), "FAILED Timeout", id="a failure"),
        pytest.param(with_changed("timeouts", status="SUCCEEDED"), "timeouts: 1 of 1", id="an unexpected success"),
        pytest.param(with_changed("html-shop", items=0), "brought no items", id="a success without items"),
        pytest.param(with_changed(MANUAL, trigger="scheduled"), "one manual run", id="no manual run"),
    ],
)
def test_runs_that_are_not_as_expected_are_named(spoil: Callable[[list[Run]], list[Run]], said: str) -> None:
    assert said in "\n".join(problems(spoil(good_runs()), good_schedules(), TOKEN))


def test_a_slot_that_came_during_the_first_run_is_no_problem_but_a_missed_one_is() -> None:
    skipped = replace(good_runs()[0], status="SKIPPED", reason="SkippedOverlap", items=0)
    assert problems([*good_runs(), skipped], good_schedules(), TOKEN) == []
    missed = replace(skipped, reason="MissedDeadline")
    assert "MissedDeadline" in "\n".join(problems([*good_runs(), missed], good_schedules(), TOKEN))


def test_a_condition_that_differs_is_named() -> None:
    schedules = good_schedules()
    schedules[0]["status"]["conditions"] = []
    assert f"{schedules[0]['metadata']['name']}: condition Ready is absent" in "\n".join(
        problems(good_runs(), schedules, TOKEN)
    )


def test_a_request_that_was_not_echoed_is_named() -> None:
    assert "lastHandledRequest" in "\n".join(problems(good_runs(), good_schedules(), "another"))


def test_every_sample_has_an_expectation_and_a_line_in_the_readme() -> None:
    documents = [document for document in load() if document["kind"] == "ScrapeSchedule"]
    assert {document["metadata"]["name"] for document in documents} == set(EXPECTED)
    readme = (FOLDER / "README.md").read_text(encoding="utf-8")
    for document in documents:
        name = document["metadata"]["name"]
        [file] = FOLDER.rglob(f"{name}.yaml")
        assert f"[{name}]({file.relative_to(FOLDER)})" in readme


def test_every_sample_begins_with_what_it_shows() -> None:
    for file in FOLDER.rglob("*.yaml"):
        assert file.read_text(encoding="utf-8").startswith("# Shows ")


def test_the_samples_can_be_pointed_at_another_site() -> None:
    other = DemoSite()
    other.url, other.tls_url = "http://127.0.0.1:9", "https://127.0.0.1:10"
    shown, moved = str(load()), str(load(other))
    assert all(url in shown and url not in moved for url in (SITE_URL, TLS_URL))
    assert all(url in moved for url in (other.url, other.tls_url))


@pytest.mark.parametrize(
    ("percent", "seconds"),
    [pytest.param(50, 2, id="the median"), pytest.param(99, 4, id="the tail"), pytest.param(0, 1, id="the lowest")],
)
def test_percentiles_are_of_the_nearest_rank(percent: int, seconds: int) -> None:
    values = [timedelta(seconds=number) for number in (4, 1, 3, 2)]
    assert percentile(values, percent) == timedelta(seconds=seconds)
