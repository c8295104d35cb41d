"""Runs at once that follow Secrets which were missing; `test_upcoming` has those of first runs."""

from dataclasses import replace
from typing import Any

import pytest

from scrape_operator.core.runs.reasons import Reason
from scrape_operator.core.runs.run import RunStatus, TargetHealth
from scrape_operator.core.runs.slot import First, Manual, SecretsFound
from scrape_operator.core.schedule.immediate import immediate_run_at, immediate_slot
from scrape_operator.core.schedule.state import QueuedRun, ScheduleState
from tests.support.schedule_plans import NOON, RUN_ID, active, at, plan, ran, summary, windows

FAILED = summary(RunStatus.FAILED)
MISSING = TargetHealth("main", RunStatus.FAILED, Reason.SECRET_NOT_FOUND, "Secret default/shop does not exist")


def found(run: RunStatus = RunStatus.FAILED) -> ScheduleState:
    """The state after a run that did not find a Secret which is there now."""
    state = ran(summary(run), targets=(MISSING,))
    assert state.record_found_secrets()
    return state


@pytest.mark.parametrize("status", [RunStatus.FAILED, RunStatus.PARTIALLY_SUCCEEDED])
def test_secrets_that_are_found_are_a_reason_for_a_run_at_once(status: RunStatus) -> None:
    state = found(status)
    assert immediate_slot(plan(), state) == SecretsFound(RUN_ID)
    assert immediate_run_at(plan(), state, at(seconds=1)) == at(seconds=1)
    assert not state.record_found_secrets()


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"first_run_at_once": False}, id="cron"),
        pytest.param({"suspend": True}, id="suspended"),
        pytest.param({"suspend_after_failures": 1}, id="failed too often"),
        pytest.param({"end_time": at(seconds=-1)}, id="ended"),
    ],
)
def test_no_run_is_needed_where_the_schedule_may_not_run_by_itself(changes: dict[str, Any]) -> None:
    assert immediate_run_at(plan(**changes), found(), at(seconds=1)) is None


def test_a_changed_spec_comes_first() -> None:
    assert immediate_slot(plan(generation=2), found()) == First(2)


def test_the_run_waits_for_a_window_and_keeps_the_pace() -> None:
    afternoon, state = windows(("Allow", "14:00", "16:00")), found()
    assert immediate_run_at(plan(windows=afternoon), state, at(seconds=1)) == at(hours=2)
    state.immediate_run_at = NOON
    assert immediate_run_at(plan(), state, at(seconds=1)) == at(seconds=30)
    assert immediate_run_at(plan(), state, at(seconds=31)) == at(seconds=31)


def test_another_run_stands_for_it() -> None:
    assert immediate_run_at(plan(), active(found()), NOON) is None
    waiting = found()
    waiting.enqueue(QueuedRun(Manual("x"), NOON))
    assert immediate_run_at(plan(), waiting, NOON) is None
    ended = found()
    ended.add_to_history(FAILED)
    assert immediate_slot(plan(), ended) is None
    orphaned = found()
    orphaned.record_orphan(FAILED)
    assert immediate_slot(plan(), orphaned) is None
    skipped = found()
    skipped.add_to_history(replace(FAILED, status=RunStatus.SKIPPED))
    assert immediate_slot(plan(), skipped) == SecretsFound(RUN_ID)


def test_its_slot_is_taken_once_unless_it_could_not_be_claimed() -> None:
    state, slot = found(), SecretsFound(RUN_ID)
    state.take_slot(slot, NOON, 0)
    assert (immediate_slot(plan(), state), state.immediate_run_at) == (None, NOON)
    state.release_slot(slot)
    assert (immediate_slot(plan(), state), state.immediate_run_at) == (slot, None)


def test_what_is_wrong_with_a_secret_now_replaces_what_was_wrong() -> None:
    state = ran(FAILED, targets=(MISSING, replace(MISSING, name="other")))
    wrong = "Secret default/shop has no key token: add it, or correct the reference"
    assert state.record_missing_secret("main", wrong)
    assert not state.record_missing_secret("main", wrong)
    assert [target.message for target in state.targets] == [wrong, MISSING.message]
    assert state.record_missing_secret("main", "é" * 1000)
    assert len(state.targets[0].message.encode()) <= 511
