"""The status as docs/scrapeschedule.md shows it: every field, and never more than 8 KiB."""

import json
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scrape_operator.api.kinds.status import ScrapeScheduleStatus
from scrape_operator.core.findings import Finding
from scrape_operator.core.runs.items import ItemCounts
from scrape_operator.core.runs.reasons import Reason
from scrape_operator.core.runs.run import RunStatus, TargetHealth, TargetResult
from scrape_operator.core.runs.slot import Due, Manual
from scrape_operator.core.schedule.plan import ObjectKey, SchedulePlan
from scrape_operator.core.schedule.state import ActiveRun, ScheduleState
from scrape_operator.reporting.status.build import build_status, json_bytes, merge_patch
from scrape_operator.reporting.status.lines import SCHEDULE_MAX_LENGTH, next_text, schedule_cell
from scrape_operator.reporting.status.written import Written
from tests.support import builders as make
from tests.support.fake_api_server import merged

KIB = 1024
ID = "00000000-0000-0000-0000-000000000001"
HOSTILE = st.text(max_size=3000) | st.sampled_from(
    ['"' * 2000, "<&>" * 1000, "\\" * 2000, "日本" * 1000, "\x00\n\u2028" * 700, "😀" * 900]
)


def build(plan: Any = None, state: Any = None, **changes: Any) -> dict[str, Any]:
    facts = {"now": make.NOW, "owner": "scrape-operator-7c9f-abcde"}
    return build_status(plan or make.plan(), state or make.state(), **{**facts, **changes})


def test_the_status_after_a_good_run_is_that_of_the_contract() -> None:
    state = make.state(
        make.result(targets=[make.good("a", 60), make.good("b", 40), make.good("c")]),
        counts=ItemCounts(total=100, new=1, changed=3),
        last_schedule_time=make.DUE,
        last_handled_request="2026-11-24T09:58:00Z",
        next_due=make.DUE + make.FIVE_MINUTES,
        missed=2,
        skipped=5,
    )
    status = build(state=state)
    del status["conditions"]
    assert status == {
        "observedGeneration": 3,
        "next": "10:05:13Z",
        "nextScheduleTime": "2026-11-24T10:05:13Z",
        "lastScheduleTime": "2026-11-24T10:00:13Z",
        "lastSuccessfulTime": "2026-11-24T10:00:14Z",
        "lastChangeTime": "2026-11-24T10:00:14Z",
        "lastHandledRequest": "2026-11-24T09:58:00Z",
        "schedule": "every 5m",
        "offsetSeconds": 13,
        "owner": "scrape-operator-7c9f-abcde",
        "policy": "shop",
        "active": [],
        "counters": {"runs": 1, "consecutiveFailures": 0, "missed": 2, "skipped": 5},
        "items": {"total": 100, "new": 1, "changed": 3, "gone": 0},
        "targets": {"total": 3, "healthy": 3, "summary": "3/3", "failing": []},
        "history": [f"2026-11-24T10:00:13Z scheduled Succeeded items=100 new=1 changed=3 gone=0 1.2s run={ID}"],
        "statusTime": "2026-11-24T10:00:15Z",
    }


def test_every_condition_has_all_six_fields() -> None:
    for condition in build()["conditions"]:
        assert set(condition) == {
            "type", "status", "reason", "message", "observedGeneration", "lastTransitionTime",
        }  # fmt: skip
        assert all(condition[name] for name in ("type", "status", "reason", "message"))


def test_the_status_is_what_the_kind_describes() -> None:
    for status in (build(), build(state=make.state(make.fine(), make.broken(2))), build(plan=_stalled("x"))):
        parsed = ScrapeScheduleStatus.model_validate(status)
        assert parsed.status_time == "2026-11-24T10:00:15Z"


def test_a_transition_time_is_kept_while_the_status_is_the_same() -> None:
    before = build(state=make.state(make.fine(1)))
    later = make.NOW + timedelta(minutes=5)
    after = build(
        state=make.state(make.fine(1), make.broken(2)), now=later, since=Written.of(before).transition_times()
    )
    times = {condition["type"]: condition["lastTransitionTime"] for condition in after["conditions"]}
    assert times["Scheduled"] == "2026-11-24T10:00:15Z"
    assert times["DataHealthy"] == "2026-11-24T10:00:15Z"
    assert times["Ready"] == "2026-11-24T10:05:15Z"


def test_a_malformed_previous_status_is_as_good_as_none() -> None:
    for previous in ({"conditions": "x"}, {"conditions": [1, {"type": "Ready"}]}, {}, {"conditions": None}):
        assert build(since=Written.of(previous).transition_times()) == build()


def test_failing_targets_come_worst_first_and_ten_at_most() -> None:
    names = tuple(f"t{n}" for n in range(12))
    state = make.state()
    state.targets = tuple(
        TargetHealth(name, RunStatus.FAILED, Reason.TIMEOUT, "slow", make.NOW - timedelta(minutes=n))
        for n, name in enumerate(names)
    )
    targets = build(make.plan(target_names=names), state)["targets"]
    assert [line["name"] for line in targets["failing"]] == list(reversed(names[2:]))
    assert targets["failing"][0] == {
        "name": "t11", "reason": "Timeout", "message": "slow", "since": "2026-11-24T09:49:15Z",
    }  # fmt: skip
    assert (targets["total"], targets["healthy"], targets["summary"]) == (12, 0, "0/12")


def test_history_is_newest_first_and_names_reason_and_whole_id() -> None:
    runs = [make.fine(n) for n in range(1, 6)]
    failed = make.result(RunStatus.FAILED, Reason.TIMEOUT, "x", number=6, seconds=0.04, slot=Manual("t"))
    lines = build(state=make.state(*runs, failed))["history"]
    assert len(lines) == 5
    assert lines[0] == (
        "2026-11-24T10:00:13Z manual Failed reason=Timeout items=0 new=0 changed=0 gone=0 0.0s "
        "run=00000000-0000-0000-0000-000000000006 x"
    )


def test_active_runs_are_listed_also_those_that_wait() -> None:
    state = make.state()
    first, second = make.claim(1).id, make.claim(2).id
    state.active = {
        first: ActiveRun(first, Due(make.DUE), make.DUE),
        second: ActiveRun(second, Manual("t")),
    }
    assert build(state=state)["active"] == [
        {"runID": str(first), "trigger": "scheduled", "startedAt": "2026-11-24T10:00:13Z"},
        {"runID": str(second), "trigger": "manual"},
    ]


def test_a_patch_takes_away_what_is_no_longer_true() -> None:
    running = build(state=make.state(make.fine(), next_due=make.NOW))
    suspended = build(make.plan(suspend=True, policy=None), make.state(make.fine()))
    assert merged(running, merge_patch(suspended)) == suspended


@settings(deadline=None)
@given(st.lists(st.sampled_from(["fresh", "fine", "broken", "stalled", "suspended"]), min_size=2, max_size=6))
def test_a_patch_turns_any_status_into_the_next(kinds: list[str]) -> None:
    statuses = [_status_of(kind) for kind in kinds]
    for before, after in pairwise(statuses):
        assert merged(before, merge_patch(after)) == after


@settings(deadline=None)
@given(
    texts=st.lists(HOSTILE, min_size=8, max_size=8),
    count=st.integers(1, 64),
    stalled=st.booleans(),
)
def test_whatever_the_texts_the_status_stays_under_eight_kib(*, texts: list[str], count: int, stalled: bool) -> None:
    names = [f"{n}{texts[0]}" for n in range(count)]
    plan = make.plan(
        key=ObjectKey("uid", "ns", texts[1]),
        schedule_text=texts[2],
        policy=texts[3],
        target_names=tuple(names),
        findings=tuple(Finding(texts[4], texts[5]) for _ in range(9)) if stalled else (),
    )
    state = make.state(make.broken(), last_handled_request=texts[6][:256], next_due=make.NOW)
    for number in range(5):
        run = make.result(RunStatus.FAILED, Reason.EXPECTATION_FAILED, texts[7], number=number)
        state.record_finish(run, ItemCounts(2**31, 2**31, 2**31, 2**31))
    state.targets = tuple(
        TargetHealth(name, RunStatus.FAILED, Reason.EXPECTATION_FAILED, texts[7], make.NOW, texts[5]) for name in names
    )
    status = build(plan, state, owner=texts[1])
    assert json_bytes(status) < 8 * KIB
    assert len(json.dumps(status, ensure_ascii=False).encode()) < 8 * KIB
    assert all(len(condition["message"].encode()) < 512 for condition in status["conditions"])
    ScrapeScheduleStatus.model_validate(status)


@pytest.mark.parametrize(
    ("target", "healthy"),
    [
        pytest.param(make.good("c"), "3/3", id="good"),
        pytest.param(make.failed("c"), "2/3", id="failed"),
        pytest.param(make.breached("c"), "2/3", id="breached"),
        pytest.param(make.breached("c", Reason.SELECTOR_MISSED), "2/3", id="an empty page"),
    ],
)
def test_a_target_is_healthy_that_neither_failed_nor_broke_an_expectation(target: TargetResult, healthy: str) -> None:
    state = make.state(make.result(targets=[make.good("a"), make.good("b"), target]))
    assert build(state=state)["targets"]["summary"] == healthy


BREACHED = make.result(RunStatus.PARTIALLY_SUCCEEDED, Reason.SELECTOR_MISSED, "x", [make.breached("a")])


@pytest.mark.parametrize(
    ("plan", "state", "expected"),
    [
        pytest.param(make.plan(), make.state(make.fine()), None, id="all is well"),
        pytest.param(make.plan(), make.state(make.broken()), "HTTPStatus", id="not ready"),
        pytest.param(make.plan(), make.state(), "Progressing", id="not ready yet"),
        pytest.param(make.plan(suspend=True), make.state(make.broken()), "HTTPStatus", id="not ready goes first"),
        pytest.param(make.plan(suspend=True), make.state(make.fine()), "Suspended", id="suspended"),
        pytest.param(make.plan(suspend=True), make.state(BREACHED), "Suspended", id="suspended goes before data"),
        pytest.param(make.plan(), make.state(BREACHED), "ExpectationFailed", id="the data"),
    ],
)
def test_the_reason_of_the_table(plan: SchedulePlan, state: ScheduleState, expected: str | None) -> None:
    assert build(plan, state).get("reason") == expected


@pytest.mark.parametrize(
    ("due", "expected"),
    [
        pytest.param(make.NOW + timedelta(minutes=5), "10:05:15Z", id="today"),
        pytest.param(make.NOW + timedelta(hours=20), "Wed 06:00Z", id="tomorrow"),
        pytest.param(make.NOW + timedelta(days=6), "Mon 10:00Z", id="within a week"),
        pytest.param(make.NOW + timedelta(days=7), "2026-12-01", id="in a week"),
        pytest.param(None, None, id="never"),
    ],
)
def test_the_next_due_time_is_short(due: datetime | None, expected: str | None) -> None:
    assert next_text(due, make.NOW) == expected


def test_the_message_of_a_run_in_the_history_is_bounded() -> None:
    state = make.state(make.result(RunStatus.FAILED, Reason.TIMEOUT, "é" * 400))
    [line] = build(state=state)["history"]
    message = line.split(f"run={ID} ")[1]
    assert len(message.encode()) <= 120
    assert message.startswith("éé")


def test_an_ordinary_failure_keeps_its_whole_message() -> None:
    message = "the site answered 503 three times; " * 10
    state = make.state(make.result(RunStatus.FAILED, Reason.HTTP_STATUS, message, [make.failed("a")]))
    ready = build(state=state)["conditions"][0]
    assert ready["message"] == message


def _stalled(text: str) -> Any:
    return make.plan(findings=(Finding("spec.interval", text),), due_times=None)


def _status_of(kind: str) -> dict[str, Any]:
    match kind:
        case "fine":
            return build(state=make.state(make.fine(), next_due=make.NOW, last_handled_request="t"))
        case "broken":
            return build(state=make.state(make.broken(), last_schedule_time=make.NOW))
        case "stalled":
            return build(_stalled("wrong"))
        case "suspended":
            return build(make.plan(suspend=True, policy=None))
        case _:
            return build()


@pytest.mark.parametrize(
    ("text", "cell"),
    [
        ("5m", "5m"),
        ("", ""),
        ("@hourly", "@hourly"),
        ("*/15 8-18 * *", "*/15 8-18 * *"),
        ("H/15 8-18 * * *", "H/15 8-18 *…"),
        ("0 3 * * mon-fri; @hourly", "0 3 * * m… +1"),
        ("@hourly; 0 3 * * *; 0 4 * * *", "@hourly +2"),
        ("; ".join(["0,5,10,15,20,25,30 0-23 1-31 jan-dec mon-fri"] * 16), "0,5,10,1… +15"),
    ],
)
def test_the_column_schedule_has_one_expression_and_the_number_of_others(text: str, cell: str) -> None:
    assert schedule_cell(text) == cell
    assert len(cell) <= SCHEDULE_MAX_LENGTH
