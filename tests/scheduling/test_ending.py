"""A due time that comes while the previous run is being ended waits for that, for a second at most."""

from datetime import datetime, timedelta
from uuid import UUID

import pytest

from scrape_operator.core.runs.reasons import Reason
from scrape_operator.core.runs.run import RunClaim, RunStatus
from scrape_operator.core.runs.slot import Due, Manual, Slot, format_slot
from scrape_operator.core.schedule.decision import Wait, decide_queued
from scrape_operator.core.schedule.plan import ConcurrencyPolicy
from scrape_operator.core.schedule.state import QueuedRun, ScheduleState
from tests.scheduling.harness import Harness, schedule
from tests.support.fakes import RUN_ID
from tests.support.schedule_plans import NOON, active, at, plan

MINUTE = timedelta(minutes=1)


def claim(harness: Harness, timeout: timedelta) -> None:
    """Claim the run that waits: it will have ended after the timeout."""
    now, state = harness.clock.now(), harness.state()
    slot: Slot = state.active[RUN_ID].slot
    row = RunClaim(RUN_ID, "uid-quotes", "default", "quotes", 1, slot, now, now, "replica-1", now)
    state.record_start(row, ends_by=now + timeout)


def messages(harness: Harness) -> list[str]:
    return [skip.message for skip in harness.recorder.skips]


@pytest.mark.parametrize("timeout", [59.0, 60.0, 60.9], ids=["ended before", "ends now", "ends within a second"])
def test_a_due_time_waits_for_a_run_that_is_being_ended(harness: Harness, timeout: float) -> None:
    harness.scheduler.applied(schedule())
    claim(harness, timedelta(seconds=timeout))
    harness.tick(60)
    assert (len(harness.slots), messages(harness)) == (1, [])
    harness.tick(0.999)
    harness.end(status=RunStatus.FAILED)
    assert harness.slots[1:] == ["2026-11-25T12:01:00.000Z"]
    assert messages(harness) == []


def test_it_waits_no_longer_than_a_second(harness: Harness) -> None:
    harness.scheduler.applied(schedule())
    claim(harness, timedelta(seconds=60))
    harness.tick(60)
    harness.tick(1)
    assert messages(harness) == []
    harness.tick(0.001)
    assert [skip.reason for skip in harness.recorder.skips] == [Reason.SKIPPED_OVERLAP]
    assert messages(harness) == [f"run {RUN_ID} is still going on, and concurrencyPolicy is Forbid"]
    harness.end()
    assert len(harness.slots) == 1
    harness.tick(60)
    assert harness.slots[1:] == ["2026-11-25T12:02:00.000Z"]


def test_a_run_that_is_stored_counts_as_being_ended(harness: Harness) -> None:
    harness.scheduler.applied(schedule())
    claim(harness, timedelta(hours=1))
    harness.clock.advance(59.9)
    harness.state().record_ending(RUN_ID, harness.clock.now())
    harness.tick(0.1)
    assert messages(harness) == []
    harness.end()
    assert harness.slots[1:] == ["2026-11-25T12:01:00.000Z"]


def test_the_end_of_a_run_that_is_gone_changes_nothing(harness: Harness) -> None:
    harness.scheduler.applied(schedule())
    harness.state().record_ending(UUID(int=99), harness.clock.now())
    assert list(harness.state().active) == [RUN_ID]


def test_a_run_that_goes_on_is_an_overlap_at_once(harness: Harness) -> None:
    harness.scheduler.applied(schedule())
    claim(harness, timedelta(seconds=61.5))
    harness.tick(60)
    assert [skip.reason for skip in harness.recorder.skips] == [Reason.SKIPPED_OVERLAP]


def test_a_manual_run_waits_for_a_run_that_is_being_ended_too(harness: Harness) -> None:
    harness.scheduler.applied(schedule())
    claim(harness, timedelta(seconds=10))
    harness.clock.advance(9.5)
    harness.scheduler.applied(schedule(token="t1"))
    assert messages(harness) == []
    harness.end()
    assert harness.slots[1:] == ["manual:t1"]


def test_a_manual_run_waits_no_longer_than_a_second_either(harness: Harness) -> None:
    harness.scheduler.applied(schedule())
    claim(harness, timedelta(seconds=10))
    harness.clock.advance(9.5)
    harness.scheduler.applied(schedule(token="t1"))
    harness.tick(1.002)
    assert [(format_slot(skip.slot), skip.reason) for skip in harness.recorder.skips] == [
        ("manual:t1", Reason.SKIPPED_OVERLAP)
    ]


def test_every_due_time_of_a_schedule_whose_runs_time_out_is_run(harness: Harness) -> None:
    harness.scheduler.applied(schedule(every=10))
    for _ in range(20):
        claim(harness, timedelta(seconds=9))
        harness.tick(10)
        harness.tick(0.4)
        harness.end(status=RunStatus.FAILED)
        harness.clock.advance(-0.4)
    assert messages(harness) == []
    assert len(harness.slots) == 21


def test_an_overlap_with_a_run_that_waits_for_its_start_says_so(harness: Harness) -> None:
    harness.scheduler.applied(schedule())
    harness.tick(60)
    [message] = messages(harness)
    assert message.startswith(
        f"run {RUN_ID} waits for its start (SCRAPE_OPERATOR_MAX_CONCURRENT_RUNS, or the database)"
    )
    assert message.endswith(", and concurrencyPolicy is Forbid")


def test_an_overlap_with_a_run_and_a_waiting_one_names_both(harness: Harness) -> None:
    harness.scheduler.applied(
        schedule(concurrency_policy=ConcurrencyPolicy.QUEUE, starting_deadline=timedelta(hours=1))
    )
    claim(harness, timedelta(hours=1))
    harness.tick(60)
    harness.tick(60)
    assert messages(harness) == [
        f"run {RUN_ID} is still going on and another one waits, and concurrencyPolicy is Queue"
    ]


@pytest.mark.parametrize(
    ("policy", "slot", "until"),
    [
        pytest.param(ConcurrencyPolicy.QUEUE, Due(NOON), at(minutes=1), id="a due time until its deadline"),
        pytest.param(ConcurrencyPolicy.QUEUE, Manual("t"), None, id="a request for as long as it takes"),
        pytest.param(ConcurrencyPolicy.FORBID, Due(NOON), at(seconds=1), id="a due time under Forbid"),
        pytest.param(ConcurrencyPolicy.FORBID, Manual("t"), at(seconds=1), id="a request under Forbid"),
    ],
)
def test_a_slot_that_waits_is_decided_again_when_it_must_wait_no_longer(
    policy: ConcurrencyPolicy, slot: Slot, until: datetime | None
) -> None:
    state = active(ScheduleState(queued=QueuedRun(slot, NOON)))
    assert decide_queued(plan(concurrency_policy=policy), state, NOON) == Wait(until)
