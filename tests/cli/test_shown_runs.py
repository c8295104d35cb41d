"""How `local`, `runs` and `test` show runs to a person: the same times, and whose answer an HTTP status is of."""

import io
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from rich.console import Console

from scrape_operator.cli.local import Screen, reading_hints
from scrape_operator.cli.runs import describe_target
from scrape_operator.cli.trial_report import print_results
from scrape_operator.core.reading import TargetRunRow
from scrape_operator.core.runs.items import ItemCounts
from scrape_operator.core.runs.reasons import Reason
from scrape_operator.core.runs.run import RunStatus, TargetResult
from scrape_operator.fetching.traced import RequestTrace
from scrape_operator.local.trial import Tried
from tests.support.builders import good, plan, result

VERBS = ("items", "runs", "changes")


@pytest.mark.parametrize(("total", "note"), [(0, ""), (1, " (1 stored item stays)"), (8, " (8 stored items stay)")])
def test_a_failed_run_says_that_the_stored_items_stay(total: int, note: str):
    output = io.StringIO()
    failed = TargetResult("a", RunStatus.FAILED, Reason.TIMEOUT)
    ended = result(RunStatus.FAILED, Reason.TIMEOUT, targets=[failed])
    Screen(Console(file=output, width=200), shown=0).finished(plan(), ended, ItemCounts(total=total), 1.2)
    assert f" items=0 new=0 changed=0 gone=0 1.2s{note}" in output.getvalue()
    assert ("stored" in output.getvalue()) is bool(note)


def test_local_prints_the_due_time_as_runs_does():
    output = io.StringIO()
    screen = Screen(Console(file=output), shown=0)
    screen.finished(plan(), result(targets=[good("a", 2)]), ItemCounts(new=2), 1.2)
    line = "2026-11-24T10:00:13Z default/quotes scheduled SUCCEEDED Succeeded items=2 new=2 changed=0 gone=0 1.2s\n"
    assert output.getvalue() == line


@pytest.mark.parametrize(
    ("reason", "label"),
    [
        (Reason.HTTP_STATUS, " HTTPStatus http=500 items=0"),
        (Reason.TIMEOUT, " Timeout last answer http=500 items=0"),
        (Reason.CONNECT_ERROR, " ConnectError last answer http=500 items=0"),
    ],
)
def test_a_status_that_is_not_the_cause_is_that_of_the_last_answer(
    reason: Reason, label: str, capsys: pytest.CaptureFixture[str]
):
    facts: tuple[Any, ...] = (2.0, 2, 0, 0, 0, (), {}, None, None)
    heading = str(next(describe_target(TargetRunRow(UUID(int=1), "a", 0, "FAILED", reason.value, "", 500, *facts))))
    assert label in heading
    target = TargetResult("a", RunStatus.FAILED, reason, http_status=500)
    print_results([Tried(result(RunStatus.FAILED, reason, targets=[target]))], 0)
    assert ("last answer HTTP 500" in capsys.readouterr().out) is (reason is not Reason.HTTP_STATUS)


def requests_shown(traces: Sequence[RequestTrace], capsys: pytest.CaptureFixture[str], **options: bool) -> list[str]:
    run = result(RunStatus.SUCCEEDED, targets=[good("a", 0)])
    print_results([Tried(run, [traces])], 0, **options)
    return [line.strip() for line in capsys.readouterr().out.splitlines()[2:]]


def traces_of(count: int, **facts: Any) -> list[RequestTrace]:
    same = {"status": 200, "address": "203.0.113.7", "guard": "public", "robots": "allowed", **facts}
    return [
        RequestTrace("GET", f"https://shop.example/{number}", wait=number / 1000, **same) for number in range(count)
    ]


VERDICT = "shop.example: robots: allowed; address 203.0.113.7: public"


def test_verdicts_are_printed_once_for_a_host_and_where_they_differ(capsys: pytest.CaptureFixture[str]):
    lines = requests_shown([*traces_of(3), *traces_of(2, robots="disallowed by robots.txt, line 2")], capsys)
    assert [line.partition(":")[0] for line in lines[:5]] == ["GET https"] * 5
    assert lines[5:] == [VERDICT, VERDICT.replace("allowed", "disallowed by robots.txt, line 2")]


def test_many_requests_are_counted_and_the_failed_ones_are_listed(capsys: pytest.CaptureFixture[str]):
    failed = [*traces_of(1, status=500), *traces_of(1, status=None, problem="Timeout: did not answer")]
    lines = requests_shown([*traces_of(73), *failed], capsys)
    assert [line.rpartition(";")[0] for line in lines[:2]] == [
        "GET https://shop.example/0: HTTP 500, 0 bytes",
        "GET https://shop.example/0: Timeout: did not answer",
    ]
    slowest = "the slowest took 72 ms: GET https://shop.example/72"
    counts = "75 requests: 73 HTTP 200, 1 HTTP 500, 1 Timeout"
    assert lines[2:] == [f"{counts}; {slowest}; --verbose prints all of them", VERDICT]


@pytest.mark.parametrize(("count", "is_verbose", "lines"), [(10, False, 11), (11, False, 2), (11, True, 12)])
def test_all_requests_are_printed_if_they_are_few_or_asked_for(
    count: int, is_verbose: bool, lines: int, capsys: pytest.CaptureFixture[str]
):
    assert len(requests_shown(traces_of(count), capsys, is_verbose=is_verbose)) == lines


@pytest.mark.parametrize(
    ("file", "places", "commands"),
    [
        (None, [], []),
        (None, [("default", "a")], [f"scrape-operator {verb} a" for verb in VERBS]),
        (None, [("shop", "a"), ("shop", "b")], [f"scrape-operator {verb} -n shop" for verb in VERBS]),
        (
            Path("my schedules/scrape-operator.db"),
            [("shop", "a")],
            [
                f"SCRAPE_OPERATOR_SQLITE_PATH='my schedules/scrape-operator.db' scrape-operator {verb} a -n shop"
                for verb in VERBS
            ],
        ),
    ],
)
def test_local_ends_with_the_commands_that_show_what_it_stored(
    file: Path | None, places: list[tuple[str, str]], commands: list[str]
):
    assert [line.partition(": ")[2] for line in reading_hints(file, places)] == commands
