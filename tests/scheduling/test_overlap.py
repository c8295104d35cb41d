"""concurrencyPolicy: what happens at a due time, or at a request, while a run is going on."""

from datetime import timedelta

import pytest

from scrape_operator.core.runs.reasons import Reason
from scrape_operator.core.runs.run import RunStatus
from scrape_operator.core.schedule.plan import ConcurrencyPolicy
from tests.scheduling.house import House, schedule

FORBID, QUEUE, REPLACE = ConcurrencyPolicy.FORBID, ConcurrencyPolicy.QUEUE, ConcurrencyPolicy.REPLACE
LONG = timedelta(hours=1)


def skips(house: House) -> list[tuple[str, Reason]]:
    return [(skip.slot.removeprefix("2026-11-25T"), skip.reason) for _name, skip in house.recorder.skipped]


def runs(house: House) -> list[str]:
    return [slot.removeprefix("2026-11-25T") for slot in house.slots]


def test_queue_lets_one_wait_and_start_when_the_run_before_it_ends(house: House) -> None:
    house.scheduler.applied(schedule(concurrency_policy=QUEUE, starting_deadline=LONG))
    house.tick(60)
    assert house.state().queued is not None
    assert (runs(house), skips(house)) == (["generation:1"], [])
    house.tick(60)
    house.tick(60)
    house.end()
    assert runs(house) == ["generation:1", "12:01:00.000Z"]
    assert skips(house) == [(f"12:0{n}:00.000Z", Reason.SKIPPED_OVERLAP) for n in (2, 3)]
    assert house.state().queued is None
    house.end()
    house.tick(60)
    assert runs(house)[2:] == ["12:04:00.000Z"]


def test_a_slot_that_waited_beyond_its_starting_deadline_is_missed_and_the_next_one_waits(house: House) -> None:
    house.scheduler.applied(schedule(concurrency_policy=QUEUE, starting_deadline=timedelta(seconds=30)))
    house.tick(60)
    house.tick(30)
    assert skips(house) == []
    house.tick(0.001)
    assert skips(house) == [("12:01:00.000Z", Reason.MISSED_DEADLINE)]
    house.tick(29.999)
    house.end()
    assert runs(house) == ["generation:1", "12:02:00.000Z"]


def test_replace_cancels_and_starts_when_the_canceled_run_has_ended(house: House) -> None:
    house.scheduler.applied(schedule(concurrency_policy=REPLACE))
    house.tick(60)
    assert house.recorder.canceled == [("uid-quotes", Reason.REPLACED)]
    assert runs(house) == ["generation:1"]
    house.end(status=RunStatus.CANCELED)
    assert runs(house) == ["generation:1", "12:01:00.000Z"]
    assert skips(house) == []


def test_a_slot_that_waits_to_replace_gives_its_place_to_a_newer_one(house: House) -> None:
    house.scheduler.applied(schedule(concurrency_policy=REPLACE, starting_deadline=LONG))
    house.tick(60)
    house.tick(60)
    house.end(status=RunStatus.CANCELED)
    assert skips(house) == [("12:01:00.000Z", Reason.SKIPPED_OVERLAP)]
    assert runs(house) == ["generation:1", "12:02:00.000Z"]


@pytest.mark.parametrize(
    ("policy", "run_after", "skipped", "canceled"),
    [
        pytest.param(FORBID, [], [("manual:t1", Reason.SKIPPED_OVERLAP)], 0, id="forbid"),
        pytest.param(QUEUE, ["manual:t1"], [], 0, id="queue"),
        pytest.param(REPLACE, ["manual:t1"], [], 1, id="replace"),
    ],
)
def test_a_run_by_hand_obeys_the_policy(
    house: House, policy: ConcurrencyPolicy, run_after: list[str], skipped: list[object], canceled: int
) -> None:
    house.scheduler.applied(schedule(concurrency_policy=policy, every=86_400))
    house.scheduler.applied(schedule(concurrency_policy=policy, every=86_400, token="t1"))
    house.clock.advance(600)
    house.end()
    assert runs(house)[1:] == run_after
    assert skips(house) == skipped
    assert len(house.recorder.canceled) == canceled


def test_a_second_request_while_one_waits_is_skipped_and_echoed(house: House) -> None:
    for token in ("t1", "t2"):
        house.scheduler.applied(schedule(concurrency_policy=QUEUE, token=token))
    house.scheduler.applied(schedule(concurrency_policy=QUEUE, token="t3"))
    assert skips(house) == [("manual:t3", Reason.SKIPPED_OVERLAP)]
    assert house.state().last_handled_request == "t3"
    house.end()
    assert runs(house) == ["manual:t1", "manual:t2"]


def test_a_slot_that_waits_when_its_schedule_is_suspended_is_not_run(house: House) -> None:
    house.scheduler.applied(schedule(concurrency_policy=QUEUE, starting_deadline=LONG))
    house.tick(60)
    house.scheduler.applied(schedule(concurrency_policy=QUEUE, generation=2, suspend=True))
    assert skips(house) == [("12:01:00.000Z", Reason.CANCELED)]
    house.end()
    assert runs(house) == ["generation:1"]


def test_a_request_waits_also_while_suspended(house: House) -> None:
    house.scheduler.applied(schedule(concurrency_policy=QUEUE, suspend=True, token="t1"))
    house.scheduler.applied(schedule(concurrency_policy=QUEUE, suspend=True, token="t2"))
    house.end()
    assert runs(house) == ["manual:t1", "manual:t2"]


def test_a_slot_that_waits_survives_an_edit(house: House) -> None:
    house.scheduler.applied(schedule(concurrency_policy=QUEUE, starting_deadline=LONG))
    house.tick(60)
    house.scheduler.applied(schedule(concurrency_policy=QUEUE, starting_deadline=LONG, generation=2, every=3600))
    house.end()
    assert runs(house) == ["generation:1", "12:01:00.000Z"]
