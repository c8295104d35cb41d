"""`runs --outages` says when each series of failures began and ended; `runs` says if older runs are not stored."""

import asyncio
import csv
import io
import json
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from scrape_operator.core.runs.reasons import Reason
from scrape_operator.core.runs.run import RunStatus, TargetResult
from scrape_operator.core.runs.slot import Replay
from scrape_operator.storage.store import SQLRunStore, open_store
from tests.cli.printing import captured
from tests.storage.values import claim_of, items_of, minute, result_of, settings_for, skip_of, target_of
from tests.support.databases import make_sqlite

pytestmark = pytest.mark.usefixtures("prompt_writes")

GOOD, SKIPPED = (RunStatus.SUCCEEDED, Reason.SUCCEEDED, None), RunStatus.SKIPPED
LINE = "2026-11-24T10:{} quotes {}"


def failed(reason: Reason, http: int | None = None) -> tuple[RunStatus, Reason, int | None]:
    return RunStatus.FAILED, reason, http


async def store_run(
    store: SQLRunStore, number: int, outcome: tuple[RunStatus, Reason, int | None], **others: Any
) -> None:
    """Store a run of a minute, with a message that names it if it failed."""
    status, reason, http = outcome
    claim = claim_of(number, **others)
    message = "" if status is RunStatus.SUCCEEDED else f"answer {number}"
    target = TargetResult("main", status, reason, message, http, items=items_of(a="1") if status.is_good else ())
    await store.claim(claim)
    await store.finish(result_of(claim, target, status=status, reason=reason, message=message))


@pytest.fixture
def database(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    url = make_sqlite(tmp_path / "runs.db")
    monkeypatch.setenv("DATABASE_URL", url)
    monkeypatch.setenv("COLUMNS", "200")
    return url


@pytest.fixture
def night(database: str) -> None:
    """A night: well, HTTP 500 with an overlap within, HTTP 503, no operator, a replay, a time-out, and well again."""

    async def write() -> None:
        async with open_store(settings_for(database)) as store:
            for number in (0, 1):
                await store_run(store, number, GOOD)
            await store_run(store, 2, (RunStatus.SUCCEEDED, Reason.NOT_MODIFIED, 304))
            await store_run(store, 3, failed(Reason.HTTP_STATUS, 500))
            await store.skip(skip_of(4))
            await store_run(store, 5, failed(Reason.HTTP_STATUS, 500), missed=1)
            await store_run(store, 6, failed(Reason.HTTP_STATUS, 503))
            await store.skip(skip_of(7, reason=Reason.MISSED_DEADLINE, message="the operator was down", missed=3))
            replay = claim_of(8, slot=Replay(UUID(int=1), UUID(int=2)))
            await store.claim(replay)
            await store.finish(result_of(replay, target_of(items_of(a="2"), name="main")))
            await store_run(store, 9, failed(Reason.TIMEOUT, 200))
            await store_run(store, 10, GOOD)
            await store.claim(claim_of(11))

    asyncio.run(write())


OUTAGES = [
    LINE.format("03:00Z to 10:05:00Z", "FAILED HTTPStatus (500) 2 runs missed=1: answer 3"),
    LINE.format("06:00Z", "FAILED HTTPStatus (503) 1 run: answer 6"),
    LINE.format("07:00Z", "SKIPPED MissedDeadline 1 skipped due time missed=3: the operator was down"),
    LINE.format("09:00Z", "FAILED Timeout 1 run: answer 9"),
]
NIGHT = [
    LINE.format("00:00Z to 10:02:00Z", "SUCCEEDED 3 runs"),
    *OUTAGES,
    LINE.format("10:00Z", "SUCCEEDED 1 run"),
]


@pytest.mark.usefixtures("night")
@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ((), NIGHT),
        (("--failed",), [line for line in OUTAGES if "FAILED" in line]),
        (("--since", minute(6).isoformat(), "--until", minute(10).isoformat()), NIGHT[2:5]),
        (("--limit", "2"), NIGHT[-2:]),
    ],
)
def test_a_series_of_one_outcome_is_a_line(
    options: tuple[str, ...], expected: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    text, notes = captured(capsys, "runs", "quotes", "--outages", *options)
    assert text.splitlines() == expected
    assert notes.startswith("only the newest 2 are printed" if "--limit" in options else "") or not notes


@pytest.mark.usefixtures("night")
def test_all_formats_hold_the_same_series(capsys: pytest.CaptureFixture[str]) -> None:
    series = json.loads(captured(capsys, "runs", "--outages", "-o", "json")[0])
    table = list(csv.DictReader(io.StringIO(captured(capsys, "runs", "--outages", "-o", "csv")[0])))
    assert series[1] == {
        "namespace": "default",
        "name": "quotes",
        "first_due": "2026-11-24T10:03:00.250000Z",
        "last_due": "2026-11-24T10:05:00.250000Z",
        "status": "FAILED",
        "reason": "HTTPStatus",
        "http_status": 500,
        "runs": 2,
        "missed": 1,
        "message": "answer 3",
    }
    assert [row["runs"] for row in table] == [str(each["runs"]) for each in series]
    assert [series[-1][column] for column in ("status", "reason", "http_status", "message")] == [
        "SUCCEEDED", None, None, None,
    ]  # fmt: skip


def test_series_of_several_schedules_are_apart(database: str, capsys: pytest.CaptureFixture[str]) -> None:
    async def write() -> None:
        async with open_store(settings_for(database)) as store:
            for number in range(4):
                await store_run(
                    store, number, failed(Reason.BLOCKED, 403), uid=f"uid-{number % 2}", name=f"s{number % 2}"
                )

    asyncio.run(write())
    assert captured(capsys, "runs", "--outages")[0].splitlines() == [
        "2026-11-24T10:00:00Z to 10:02:00Z s0 FAILED Blocked (403) 2 runs: answer 0",
        "2026-11-24T10:01:00Z to 10:03:00Z s1 FAILED Blocked (403) 2 runs: answer 1",
    ]


def test_a_schedule_without_runs_has_no_series(database: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert captured(capsys, "runs", "--outages", "-o", "json") == (
        "[]\n",
        "no run of any schedule in namespace default\n",
    )


def prune(database: str, runs: list[tuple[RunStatus, Reason, int | None]], older_than: datetime, **limits: int) -> None:
    async def write() -> None:
        async with open_store(settings_for(database)) as store:
            for number, outcome in enumerate(runs):
                await store_run(store, number, outcome)
            await store.prune("uid-1", older_than=older_than, **limits)

    asyncio.run(write())


REMOVED = " removed (spec.successfulRunsHistoryLimit, spec.failedRunsHistoryLimit, spec.historyMaxAge); "
OLDEST = "the oldest stored that succeeded: 2026-11-24T10:00:00Z, the oldest stored that failed: 2026-11-24T10:03:00Z\n"


@pytest.mark.parametrize(
    ("options", "is_said"),
    [
        (("quotes",), True),
        (("quotes", "--failed", "-o", "json"), True),
        (("quotes", "--outages"), True),
        ((), True),
        (("quotes", "--limit", "1"), False),
        (("quotes", "--since", minute(2).isoformat()), True),
        (("quotes", "--since", minute(3).isoformat()), False),
    ],
)
def test_runs_that_were_removed_are_told_where_they_may_be_missing(
    database: str, options: tuple[str, ...], is_said: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    prune(database, [GOOD, *[failed(Reason.TIMEOUT)] * 4], minute(-9), successful=9, failed=2)
    _, notes = captured(capsys, "runs", *options)
    assert (notes == f"2 older runs were{REMOVED}{OLDEST}") is is_said


def test_a_whole_history_has_no_removed_runs(database: str, capsys: pytest.CaptureFixture[str]) -> None:
    prune(database, [GOOD, failed(Reason.TIMEOUT)], minute(-9), successful=9, failed=9)
    assert captured(capsys, "runs", "quotes")[1] == ""
