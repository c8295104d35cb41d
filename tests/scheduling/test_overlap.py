"""concurrencyPolicy: what happens at a due time, or at a request, while a run is going on."""

from datetime import timedelta

import pytest

from scrape_operator.core.runs.reasons import Reason
from scrape_operator.core.runs.run import RunStatus
from scrape_operator.core.runs.slot import format_slot
from scrape_operator.core.schedule.plan import ConcurrencyPolicy
from tests.scheduling.harness import Harness, schedule

FORBID, QUEUE, REPLACE = ConcurrencyPolicy.FORBID, ConcurrencyPolicy.QUEUE, ConcurrencyPolicy.REPLACE
LONG = timedelta(hours=1)


def skips(harness: Harness) -> list[tuple[str, Reason]]:
    return [
        (format_slot(skip.slot).removeprefix("2026-11-25T"), skip.reason)
        for _name, skip in harness.recorder.skipped_slots
    ]


def runs(harness: Harness) -> list[str]:
    return [slot.removeprefix("2026-11-25T") for slot in harness.slots]


def test_queue_lets_one_wait_and_start_when_the_run_before_it_ends(harness: Harness) -> None:
    harness.scheduler.applied(schedule(concurrency_policy=QUEUE, starting_deadline=LONG))
    harness.tick(60)
    assert harness.state().queued is not None
    assert (runs(harness), skips(harness)) == (["generation:1"], [])
    harness.tick(60)
    harness.tick(60)
    harness.end()
    assert runs(harness) == ["generation:1", "12:01:00.000Z"]
    assert skips(harness) == [(f"12:0{n}:00.000Z", Reason.SKIPPED_OVERLAP) for n in (2, 3)]
    assert harness.state().queued is None
    harness.end()
    harness.tick(60)
    assert runs(harness)[2:] == ["12:04:00.000Z"]


def test_a_slot_that_waited_beyond_its_starting_deadline_is_missed_and_the_next_one_waits(harness: Harness) -> None:
    harness.scheduler.applied(schedule(concurrency_policy=QUEUE, starting_deadline=timedelta(seconds=30)))
    harness.tick(60)
    harness.tick(30)
    assert skips(harness) == []
    harness.tick(0.001)
    assert skips(harness) == [("12:01:00.000Z", Reason.MISSED_DEADLINE)]
    harness.tick(29.999)
    harness.end()
    assert runs(harness) == ["generation:1", "12:02:00.000Z"]


def test_replace_cancels_and_starts_when_the_canceled_run_has_ended(harness: Harness) -> None:
    harness.scheduler.applied(schedule(concurrency_policy=REPLACE))
    harness.tick(60)
    assert harness.recorder.canceled == [("uid-quotes", Reason.REPLACED)]
    assert runs(harness) == ["generation:1"]
    harness.end(status=RunStatus.CANCELED)
    assert runs(harness) == ["generation:1", "12:01:00.000Z"]
    assert skips(harness) == []


def test_a_slot_that_waits_to_replace_gives_its_place_to_a_newer_one(harness: Harness) -> None:
    harness.scheduler.applied(schedule(concurrency_policy=REPLACE, starting_deadline=LONG))
    harness.tick(60)
    harness.tick(60)
    harness.end(status=RunStatus.CANCELED)
    assert skips(harness) == [("12:01:00.000Z", Reason.SKIPPED_OVERLAP)]
    assert runs(harness) == ["generation:1", "12:02:00.000Z"]


@pytest.mark.parametrize(
    ("policy", "run_after", "skipped", "canceled"),
    [
        pytest.param(FORBID, [], [("manual:t1", Reason.SKIPPED_OVERLAP)], 0, id="forbid"),
        pytest.param(QUEUE, ["manual:t1"], [], 0, id="queue"),
        pytest.param(REPLACE, ["manual:t1"], [], 1, id="replace"),
    ],
)
def test_a_run_by_hand_obeys_the_policy(
    harness: Harness, policy: ConcurrencyPolicy, run_after: list[str], skipped: list[object], canceled: int
) -> None:
    harness.scheduler.applied(schedule(concurrency_policy=policy, every=86_400))
    harness.scheduler.applied(schedule(concurrency_policy=policy, every=86_400, token="t1"))
    harness.clock.advance(600)
    harness.end()
    assert runs(harness)[1:] == run_after
    assert skips(harness) == skipped
    assert len(harness.recorder.canceled) == canceled


def test_a_second_request_while_one_waits_is_skipped_and_echoed(harness: Harness) -> None:
    for token in ("t1", "t2"):
        harness.scheduler.applied(schedule(concurrency_policy=QUEUE, token=token))
    harness.scheduler.applied(schedule(concurrency_policy=QUEUE, token="t3"))
    assert skips(harness) == [("manual:t3", Reason.SKIPPED_OVERLAP)]
    assert harness.state().last_handled_request == "t3"
    harness.end()
    assert runs(harness) == ["manual:t1", "manual:t2"]


def test_a_slot_that_waits_when_its_schedule_is_suspended_is_not_run(harness: Harness) -> None:
    harness.scheduler.applied(schedule(concurrency_policy=QUEUE, starting_deadline=LONG))
    harness.tick(60)
    harness.scheduler.applied(schedule(concurrency_policy=QUEUE, generation=2, suspend=True))
    assert skips(harness) == [("12:01:00.000Z", Reason.CANCELED)]
    harness.end()
    assert runs(harness) == ["generation:1"]


def test_a_request_waits_also_while_suspended(harness: Harness) -> None:
    harness.scheduler.applied(schedule(concurrency_policy=QUEUE, suspend=True, token="t1"))
    harness.scheduler.applied(schedule(concurrency_policy=QUEUE, suspend=True, token="t2"))
    harness.end()
    assert runs(harness) == ["manual:t1", "manual:t2"]


def test_a_slot_that_waits_survives_an_edit(harness: Harness) -> None:
    harness.scheduler.applied(schedule(concurrency_policy=QUEUE, starting_deadline=LONG))
    harness.tick(60)
    harness.scheduler.applied(schedule(concurrency_policy=QUEUE, starting_deadline=LONG, generation=2, every=3600))
    harness.end()
    assert runs(harness) == ["generation:1", "12:01:00.000Z"]
