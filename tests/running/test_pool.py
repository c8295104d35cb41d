import asyncio
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from scrape_operator.core.runs.reasons import Reason
from scrape_operator.core.runs.run import RunStatus
from scrape_operator.core.runs.slot import Due, First, Manual, Slot
from scrape_operator.core.schedule.decision import Skip, Start
from scrape_operator.core.schedule.plan import SchedulePlan
from scrape_operator.core.schedule.state import ScheduleState
from scrape_operator.running import pool as pool_module
from tests.running.conftest import Harness, make_plan, settle


@pytest.fixture(autouse=True)
def retries_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pool_module, "STORE_RETRY_SECONDS", 0.0)


def start(harness: Harness, **options: int) -> Start:
    due = harness.clock.now()
    return Start(Due(due), due, **options)


def starts(harness: Harness, count: int) -> list[Start]:
    now = harness.clock.now()
    return [Start(Due(now - timedelta(milliseconds=number)), now) for number in range(count)]


def outcomes(harness: Harness) -> list[tuple[RunStatus, Reason]]:
    return [(result.status, result.reason) for result in harness.store.results]


async def test_a_run_is_claimed_run_and_stored(harness: Harness) -> None:
    begin = start(harness)
    harness.clock.advance(0.5)
    harness.pool.launch(make_plan(), harness.state, begin)
    assert len(harness.state.active) == 1
    await settle()
    assert harness.state.last_schedule_time == begin.scheduled_for
    harness.targets.end()
    await settle()
    assert [result.status for result in harness.store.results] == [RunStatus.SUCCEEDED]
    assert harness.recorder.skews == [0.5]
    assert harness.state.active == {}
    assert harness.state.last_run is not None
    assert harness.recorder.ended == [("uid", None)]


async def test_a_slot_that_somebody_else_has_is_not_run(harness: Harness) -> None:
    plan, begin = make_plan(), start(harness)
    harness.pool.launch(plan, harness.state, begin)
    harness.pool.launch(plan, ScheduleState(), begin)
    await settle()
    assert harness.pool.active == 1
    harness.targets.end()
    await settle()
    assert len(harness.store.results) == 1


async def test_no_more_runs_than_there_is_room_and_the_others_wait(harness: Harness) -> None:
    for n in range(5):
        due = harness.clock.advance(1)
        harness.pool.launch(make_plan(), ScheduleState(), Start(Manual(f"slot-{n}"), due))
    await settle()
    assert (harness.pool.active, harness.pool.waiting) == (2, 3)
    harness.targets.end()
    await settle()
    assert len(harness.store.results) == 5


async def test_a_claim_waits_for_a_database_that_comes_back(harness: Harness) -> None:
    harness.store.away = True
    harness.pool.launch(make_plan(), harness.state, start(harness))
    await settle()
    harness.store.away = False
    await harness.targets.begun.wait()
    assert harness.pool.active == 1


async def test_a_due_time_that_the_database_missed_is_skipped_with_its_reason(harness: Harness) -> None:
    harness.store.away = True
    harness.pool.launch(make_plan(), harness.state, start(harness))
    await settle()
    harness.clock.advance(61)
    await _until(lambda: bool(harness.recorder.skips))
    assert harness.recorder.skips[0].reason is Reason.STORE_UNAVAILABLE
    assert harness.state.active == {}


async def test_a_due_time_that_waits_too_long_for_room_is_missed(harness: Harness) -> None:
    begun = starts(harness, 3)
    for begin in begun:
        harness.pool.launch(make_plan(), ScheduleState(), begin)
    await settle()
    harness.clock.advance(61)
    harness.targets.end()
    await settle()
    assert [(skip.slot, skip.reason) for skip in harness.recorder.skips] == [(begun[2].slot, Reason.MISSED_DEADLINE)]


async def test_a_replaced_run_that_waited_for_room_is_skipped_at_once(harness: Harness) -> None:
    waiting = make_plan(uid="waiting")
    for begin in starts(harness, 2):
        harness.pool.launch(make_plan(), ScheduleState(), begin)
    harness.pool.launch(waiting, harness.state, start(harness))
    await settle()
    harness.pool.cancel("waiting", Reason.REPLACED)
    await _until(lambda: bool(harness.recorder.skips))
    assert [skip.reason for skip in harness.recorder.skips] == [Reason.SKIPPED_OVERLAP]
    assert harness.state.active == {}
    assert harness.pool.active == 2
    assert harness.recorder.ended == [("waiting", None)]


@pytest.mark.parametrize("waits_for", ["a place", "the database"])
async def test_a_run_whose_schedule_is_deleted_before_it_begins_is_skipped(harness: Harness, waits_for: str) -> None:
    if waits_for == "a place":
        for begin in starts(harness, 2):
            harness.pool.launch(make_plan(uid="other"), ScheduleState(), begin)
    else:
        harness.store.away = True
    begin = start(harness)
    harness.pool.launch(make_plan(), harness.state, begin)
    await settle()
    harness.pool.cancel("uid", Reason.CANCELED)
    await _until(lambda: bool(harness.recorder.ended))
    assert [(skip.slot, skip.reason) for skip in harness.recorder.skips] == [(begin.slot, Reason.CANCELED)]
    assert harness.recorder.ended == [("uid", None)]
    assert harness.state.active == {}


@pytest.mark.parametrize("is_refused", [True, False])
async def test_a_run_that_waited_begins_under_the_spec_that_is_in_force_then(
    harness: Harness, is_refused: bool
) -> None:
    plan = make_plan()
    edited = replace(plan, generation=2)

    def recheck(_uid: str, begin: Start) -> tuple[SchedulePlan, Skip | None]:
        return edited, begin.skip(Reason.SKIPPED_WINDOW, "outside") if is_refused else None

    for begin in starts(harness, 2):
        harness.pool.launch(make_plan(uid="other"), ScheduleState(), begin)
    waiting = start(harness)
    harness.pool.launch(plan, harness.state, waiting)
    await settle()
    harness.pool.recheck = recheck
    harness.targets.end()
    await _until(lambda: bool(harness.recorder.skips if is_refused else harness.state.last_schedule_time))
    assert [skip.reason for skip in harness.recorder.skips] == [Reason.SKIPPED_WINDOW] * is_refused
    assert [claim.generation for claim in harness.store.claims.values() if claim.schedule_uid == "uid"] == (
        [] if is_refused else [2]
    )


async def test_a_replaced_run_ends_as_canceled(harness: Harness) -> None:
    harness.pool.launch(make_plan(), harness.state, start(harness))
    await settle()
    harness.pool.cancel("uid", Reason.REPLACED)
    await _until(lambda: bool(harness.recorder.ended))
    assert outcomes(harness) == [(RunStatus.CANCELED, Reason.REPLACED)]
    assert harness.recorder.skips == []


async def test_a_run_by_hand_is_echoed_once_it_is_claimed(harness: Harness) -> None:
    harness.store.away = True
    harness.pool.launch(make_plan(), harness.state, Start(Manual("a:b"), harness.clock.now()))
    await settle()
    assert harness.state.last_handled_request is None
    harness.store.away = False
    await harness.targets.begun.wait()
    assert harness.state.last_handled_request == "a:b"


async def test_a_claim_gives_up_when_the_next_due_time_comes(harness: Harness) -> None:
    harness.store.away = True
    harness.pool.launch(make_plan(interval=5), harness.state, start(harness))
    harness.clock.advance(5.1)
    await _until(lambda: bool(harness.recorder.skips))
    [skip] = harness.recorder.skips
    assert skip.reason is Reason.STORE_UNAVAILABLE
    assert skip.message == "the database was away, so the run could not be claimed: connection refused"


@pytest.mark.parametrize(
    "slot",
    [pytest.param(First(1), id="a first run"), pytest.param(Manual("now"), id="a manual run")],
)
async def test_a_slot_that_does_not_come_again_is_handed_back_when_it_cannot_be_claimed(
    harness: Harness, slot: Slot
) -> None:
    harness.store.away = True
    begin = Start(slot, harness.clock.now())
    harness.pool.launch(make_plan(), harness.state, begin)
    harness.clock.advance(61)
    await _until(lambda: bool(harness.recorder.ended))
    assert harness.recorder.ended == [("uid", begin)]
    assert harness.recorder.skips == []


async def test_a_result_waits_for_a_database_that_comes_back(harness: Harness) -> None:
    harness.pool.launch(make_plan(), harness.state, start(harness))
    await settle()
    harness.store.away = True
    harness.targets.end()
    await settle()
    assert harness.state.last_run is None
    harness.store.away = False
    await _until(lambda: bool(harness.store.results))


async def test_a_run_that_was_taken_over_changes_nothing(harness: Harness) -> None:
    harness.pool.launch(make_plan(), harness.state, start(harness))
    await settle()
    harness.store.taken_over = set(harness.pool.claimed_runs())
    harness.targets.end()
    await settle()
    assert harness.state.last_run is None
    assert harness.recorder.finished_runs == []


async def test_closing_lets_runs_end_within_the_grace(harness: Harness) -> None:
    harness.pool.launch(make_plan(), harness.state, start(harness))
    await settle()
    closing = asyncio.create_task(harness.pool.close(timedelta(hours=1)))
    await settle()
    assert not closing.done()
    harness.targets.end()
    await closing
    assert [result.status for result in harness.store.results] == [RunStatus.SUCCEEDED]


async def test_closing_ends_what_outlasts_the_grace_as_shutdown(harness: Harness) -> None:
    harness.pool.launch(make_plan(), harness.state, start(harness))
    await settle()
    await harness.pool.close(timedelta(0))
    assert outcomes(harness) == [(RunStatus.CANCELED, Reason.SHUTDOWN)]


async def test_nothing_is_claimed_once_closing(harness: Harness) -> None:
    begun = starts(harness, 4)
    for begin in begun:
        harness.pool.launch(make_plan(), ScheduleState(), begin)
    await settle()
    await harness.pool.close(timedelta(0))
    harness.pool.launch(make_plan(), ScheduleState(), Start(Manual("late"), harness.clock.now()))
    await settle()
    assert {claim.slot for claim in harness.store.claims.values()} == {begin.slot for begin in begun[:2]}
    assert len(harness.store.results) == 2


async def test_a_deleted_schedule_ends_its_run_as_canceled(harness: Harness) -> None:
    harness.pool.launch(make_plan(), harness.state, start(harness))
    await settle()
    harness.pool.cancel("uid", Reason.CANCELED)
    await settle()
    assert outcomes(harness) == [(RunStatus.CANCELED, Reason.CANCELED)]


async def test_only_the_schedule_that_is_stopped_loses_its_runs(harness: Harness) -> None:
    for uid in ("uid", "other"):
        harness.pool.launch(make_plan(f"target of {uid}", uid=uid), ScheduleState(), start(harness))
    await settle()
    harness.pool.cancel("uid", Reason.CANCELED)
    harness.pool.cancel("unknown", Reason.CANCELED)
    await settle()
    assert [(result.claim.schedule_uid, result.status) for result in harness.store.results] == [
        ("uid", RunStatus.CANCELED)
    ]
    assert harness.pool.active == 1


async def test_a_stop_while_the_result_is_stored_changes_nothing(harness: Harness) -> None:
    harness.pool.launch(make_plan(), harness.state, start(harness))
    await settle()
    harness.store.away = True
    harness.targets.end()
    await settle()
    harness.pool.cancel("uid", Reason.REPLACED)
    harness.store.away = False
    await _until(lambda: bool(harness.store.results))
    assert outcomes(harness) == [(RunStatus.SUCCEEDED, Reason.SUCCEEDED)]


async def test_a_run_is_known_to_end_by_its_timeout_and_once_its_targets_have_ended(harness: Harness) -> None:
    harness.pool.launch(make_plan(timeout=60), harness.state, start(harness))
    await settle()
    [run] = harness.state.active.values()
    assert run.ends_by == harness.clock.now() + timedelta(seconds=60)
    harness.clock.advance(5)
    harness.store.away = True
    harness.targets.end()
    await settle()
    [run] = harness.state.active.values()
    assert run.ends_by == harness.clock.now()
    harness.store.away = False
    await _until(lambda: bool(harness.store.results))


async def test_a_token_whose_slot_is_taken_is_echoed(harness: Harness) -> None:
    for state in (ScheduleState(), harness.state):
        harness.pool.launch(make_plan(), state, Start(Manual("t"), harness.clock.now()))
        await settle()
    assert harness.state.last_handled_request == "t"
    assert harness.pool.active == 1
    harness.targets.end()
    await settle()


async def _until(seen: Callable[[], bool]) -> None:
    async with asyncio.timeout(5):
        while not seen():
            await asyncio.sleep(0)
