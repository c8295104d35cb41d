"""Which events the end of a run has: a table, and a property over histories."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scrape_operator.core.notifications.events import Reported, RunEnd, events_of
from scrape_operator.core.runs.items import ItemCounts
from scrape_operator.core.runs.reasons import Reason
from scrape_operator.core.runs.run import (
    RunClaim,
    RunResult,
    RunStatus,
    RunSummary,
    TargetHealth,
    TargetResult,
    Trigger,
)
from scrape_operator.core.runs.slot import Manual
from scrape_operator.core.schedule.plan import ObjectKey

NOON = datetime(2026, 11, 25, 12, tzinfo=UTC)
GOOD = TargetHealth("a", RunStatus.SUCCEEDED, Reason.SUCCEEDED)
BREACHED = TargetHealth("b", RunStatus.PARTIALLY_SUCCEEDED, Reason.EXPECTATION_FAILED, breach="0 items")
MISSED = TargetHealth("b", RunStatus.FAILED, Reason.SELECTOR_MISSED, "nothing matched")
DOWN = TargetHealth("c", RunStatus.FAILED, Reason.TIMEOUT, "no answer")
CHANGED = ItemCounts(total=3, changed=1)

FINE, FAILING, SICK, BOTH = Reported(), Reported(run_failed=True), Reported(data_unhealthy=True), Reported(True, True)


def end(
    status: RunStatus, *targets: TargetHealth, counts: ItemCounts | None = None, trigger: Trigger = Trigger.SCHEDULED
) -> RunEnd:
    return RunEnd(
        ObjectKey("uid", "shop", "prices"),
        UUID(int=7),
        trigger,
        1,
        NOON,
        NOON,
        NOON + timedelta(seconds=2),
        status,
        Reason.SUCCEEDED if status.is_good else Reason.TIMEOUT,
        "",
        targets,
        counts or ItemCounts(),
    )


def test_an_orphaned_run_ends_when_that_is_found() -> None:
    found, orphan = NOON + timedelta(minutes=1), (RunStatus.FAILED, Reason.ORPHANED, "its process ended")
    run = RunSummary(UUID(int=7), Trigger.MANUAL, 3, NOON, *orphan, NOON, None)
    key = ObjectKey("uid", "shop", "prices")
    assert RunEnd.of_orphan(key, run, found) == RunEnd(key, UUID(int=7), Trigger.MANUAL, 3, NOON, NOON, found, *orphan)


def test_a_stored_run_ends_as_its_result_says_with_the_health_of_its_targets() -> None:
    claim = RunClaim(UUID(int=7), "uid", "shop", "prices", 3, Manual("t"), NOON, NOON, "replica-1", NOON)
    target = TargetResult("b", P, Reason.EXPECTATION_FAILED, "1 of 2", breach="0 items")
    result = RunResult(claim, P, Reason.EXPECTATION_FAILED, "b is bad", NOON + timedelta(seconds=2), (target,))
    health = TargetHealth("b", P, Reason.EXPECTATION_FAILED, "1 of 2", breach="0 items")
    key = ObjectKey("uid", "shop", "prices")
    known = (key, UUID(int=7), Trigger.MANUAL, 3, NOON, NOON, NOON + timedelta(seconds=2))
    assert RunEnd.of_result(result, CHANGED) == RunEnd(
        *known, P, Reason.EXPECTATION_FAILED, "b is bad", [health], CHANGED
    )


S, P, F, C = RunStatus.SUCCEEDED, RunStatus.PARTIALLY_SUCCEEDED, RunStatus.FAILED, RunStatus.CANCELED

TABLE = [
    (FINE, end(S, GOOD), []),
    (FINE, end(S, GOOD, counts=CHANGED), ["ItemsChanged"]),
    (FINE, end(F, DOWN), ["RunFailed"]),
    (FAILING, end(F, DOWN), []),
    (FAILING, end(S, GOOD, counts=CHANGED), ["RunRecovered", "ItemsChanged"]),
    (FAILING, end(P, GOOD, DOWN), ["RunRecovered"]),
    (FINE, end(P, GOOD, BREACHED), ["DataUnhealthy"]),
    (FINE, end(F, MISSED), ["RunFailed", "DataUnhealthy"]),
    (SICK, end(P, GOOD, BREACHED), []),
    (SICK, end(S, GOOD), ["DataRecovered"]),
    (SICK, end(F, DOWN), ["RunFailed"]),  # no data arrived, so nothing is known about it
    (BOTH, end(S, GOOD), ["RunRecovered", "DataRecovered"]),
    (BOTH, end(F, DOWN), []),
    (FINE, end(F), ["RunFailed"]),  # an orphan
    (BOTH, end(C, GOOD), []),
    (FINE, end(C, DOWN), []),
    (FAILING, end(S, GOOD, counts=CHANGED, trigger=Trigger.REPLAY), ["ItemsChanged"]),
    (FINE, end(F, DOWN, trigger=Trigger.REPLAY), []),
]


@pytest.mark.parametrize(("known", "run", "expected"), TABLE)
def test_the_end_of_a_run_has_the_events_of_the_table(known: Reported, run: RunEnd, expected: list[str]) -> None:
    events, _reported = events_of(run, known)
    assert [event.value for event in events] == expected


RUNS = st.lists(st.sampled_from([run for _known, run, _expected in TABLE]), max_size=30)


@given(RUNS)
def test_failures_and_recoveries_alternate_and_a_quiet_history_says_nothing(runs: list[RunEnd]) -> None:
    known, told = Reported(), []
    for run in runs:
        events, known = events_of(run, known)
        told += [event.value for event in events]
        assert events_of(run, known)[0] == [event for event in events if event.value == "ItemsChanged"]
    for bad, good in (("RunFailed", "RunRecovered"), ("DataUnhealthy", "DataRecovered")):
        pair = [event for event in told if event in {bad, good}]
        assert pair == [bad, good] * (len(pair) // 2) + [bad] * (len(pair) % 2)
    assert told.count("RunFailed") - told.count("RunRecovered") == known.run_failed
