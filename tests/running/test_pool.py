import asyncio
from collections.abc import Callable
from datetime import timedelta
from uuid import UUID

import pytest

from scrape_operator.core.runs.reasons import Reason
from scrape_operator.core.runs.run import RunStatus, RunSummary, Trigger
from scrape_operator.core.schedule.decision import Start, slot_of
from scrape_operator.core.schedule.plan import ObjectKey
from scrape_operator.core.schedule.state import ScheduleState
from scrape_operator.running import pool as pool_module
from scrape_operator.running.leases import LeaseKeeper
from tests.running.conftest import House, make_plan, settle


@pytest.fixture(autouse=True)
def retries_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pool_module, "STORE_RETRY_SECONDS", 0.0)


def start(house: House, **options: object) -> Start:
    due = house.clock.now()
    return Start(slot_of(due), due, **options)  # type: ignore[arg-type]


async def test_a_run_is_claimed_run_and_stored(house: House) -> None:
    begin = start(house)
    house.clock.advance(0.5)
    house.pool.launch(make_plan(), house.state, begin)
    assert len(house.state.active) == 1
    await settle()
    assert house.state.last_schedule_time == begin.scheduled_for
    house.scrapes.end()
    await settle()
    assert [result.status for result in house.store.results] == [RunStatus.SUCCEEDED]
    assert house.notes.started_skews == [0.5]
    assert house.state.active == {}
    assert house.state.last_run is not None
    assert house.notes.ended == [("uid", None)]


async def test_a_slot_that_somebody_else_has_is_not_run(house: House) -> None:
    plan, begin = make_plan(), start(house)
    house.pool.launch(plan, house.state, begin)
    house.pool.launch(plan, ScheduleState(), begin)
    await settle()
    assert house.pool.active == 1
    house.scrapes.end()
    await settle()
    assert len(house.store.results) == 1


async def test_no_more_runs_than_there_is_room_and_the_others_wait(house: House) -> None:
    for n in range(5):
        due = house.clock.advance(1)
        house.pool.launch(make_plan(), ScheduleState(), Start(f"slot-{n}", due))
    await settle()
    assert (house.pool.active, house.pool.waiting) == (2, 3)
    house.scrapes.end()
    await settle()
    assert len(house.store.results) == 5


async def test_a_claim_waits_for_a_database_that_comes_back(house: House) -> None:
    house.store.away = True
    house.pool.launch(make_plan(), house.state, start(house))
    await settle()
    house.store.away = False
    await house.scrapes.begun.wait()
    assert house.pool.active == 1


async def test_a_due_time_that_the_database_missed_is_skipped_with_its_reason(house: House) -> None:
    house.store.away = True
    house.pool.launch(make_plan(), house.state, start(house))
    await settle()
    house.clock.advance(61)
    await _until(lambda: bool(house.notes.skips))
    assert house.notes.skips[0].reason is Reason.STORE_UNAVAILABLE
    assert house.state.active == {}


async def test_a_due_time_that_waits_too_long_for_room_is_missed(house: House) -> None:
    for n in range(3):
        house.pool.launch(make_plan(), ScheduleState(), Start(f"slot-{n}", house.clock.now()))
    await settle()
    house.clock.advance(61)
    house.scrapes.end()
    await settle()
    assert [(skip.slot, skip.reason) for skip in house.notes.skips] == [("slot-2", Reason.MISSED_DEADLINE)]


async def test_a_replaced_run_that_waited_for_room_is_skipped_at_once(house: House) -> None:
    waiting = make_plan(uid="waiting")
    for n in range(2):
        house.pool.launch(make_plan(), ScheduleState(), Start(f"slot-{n}", house.clock.now()))
    house.pool.launch(waiting, house.state, start(house))
    await settle()
    house.pool.cancel("waiting", Reason.REPLACED)
    await _until(lambda: bool(house.notes.skips))
    assert [skip.reason for skip in house.notes.skips] == [Reason.SKIPPED_OVERLAP]
    assert house.state.active == {}
    assert house.pool.active == 2
    assert house.notes.ended == [("waiting", None)]


async def test_a_replaced_run_ends_as_canceled(house: House) -> None:
    house.pool.launch(make_plan(), house.state, start(house))
    await settle()
    house.pool.cancel("uid", Reason.REPLACED)
    await _until(lambda: bool(house.notes.ended))
    assert [(result.status, result.reason) for result in house.store.results] == [(RunStatus.CANCELED, Reason.REPLACED)]
    assert house.notes.skips == []


async def test_a_run_by_hand_is_echoed_once_it_is_claimed(house: House) -> None:
    house.store.away = True
    house.pool.launch(make_plan(), house.state, Start("manual:a:b", house.clock.now(), Trigger.MANUAL))
    await settle()
    assert house.state.last_handled_request is None
    house.store.away = False
    await house.scrapes.begun.wait()
    assert house.state.last_handled_request == "a:b"


async def test_a_claim_gives_up_when_the_next_due_time_comes(house: House) -> None:
    house.store.away = True
    house.pool.launch(make_plan(interval=5), house.state, start(house))
    house.clock.advance(5.1)
    await _until(lambda: bool(house.notes.skips))


@pytest.mark.parametrize(
    ("slot", "trigger"),
    [("generation:1", Trigger.SCHEDULED), ("manual:now", Trigger.MANUAL)],
    ids=["a first run", "a manual run"],
)
async def test_what_nobody_asks_for_again_is_handed_back_when_it_cannot_be_claimed(
    house: House, slot: str, trigger: Trigger
) -> None:
    house.store.away = True
    begin = Start(slot, house.clock.now(), trigger)
    house.pool.launch(make_plan(), house.state, begin)
    house.clock.advance(61)
    await _until(lambda: bool(house.notes.ended))
    assert house.notes.ended == [("uid", begin)]
    assert house.notes.skips == []


async def test_a_result_waits_for_a_database_that_comes_back(house: House) -> None:
    house.pool.launch(make_plan(), house.state, start(house))
    await settle()
    house.store.away = True
    house.scrapes.end()
    await settle()
    assert house.state.last_run is None
    house.store.away = False
    await _until(lambda: bool(house.store.results))


async def test_a_run_that_was_taken_over_changes_nothing(house: House) -> None:
    house.pool.launch(make_plan(), house.state, start(house))
    await settle()
    house.store.taken_over = set(house.pool.claimed_runs())
    house.scrapes.end()
    await settle()
    assert house.state.last_run is None
    assert house.notes.finished_runs == []


async def test_closing_lets_runs_end_within_the_grace(house: House) -> None:
    house.pool.launch(make_plan(), house.state, start(house))
    await settle()
    closing = asyncio.create_task(house.pool.close(timedelta(hours=1)))
    await settle()
    assert not closing.done()
    house.scrapes.end()
    await closing
    assert [result.status for result in house.store.results] == [RunStatus.SUCCEEDED]


async def test_closing_ends_what_outlasts_the_grace_as_shutdown(house: House) -> None:
    house.pool.launch(make_plan(), house.state, start(house))
    await settle()
    await house.pool.close(timedelta(0))
    assert [(result.status, result.reason) for result in house.store.results] == [(RunStatus.CANCELED, Reason.SHUTDOWN)]


async def test_nothing_is_claimed_once_closing(house: House) -> None:
    for n in range(4):
        house.pool.launch(make_plan(), ScheduleState(), Start(f"slot-{n}", house.clock.now()))
    await settle()
    await house.pool.close(timedelta(0))
    house.pool.launch(make_plan(), ScheduleState(), Start("late", house.clock.now()))
    await settle()
    assert {claim.slot for claim in house.store.claims.values()} == {"slot-0", "slot-1"}
    assert len(house.store.results) == 2


async def test_a_deleted_schedule_ends_its_run_as_canceled(house: House) -> None:
    house.pool.launch(make_plan(), house.state, start(house))
    await settle()
    house.pool.cancel("uid", Reason.CANCELED)
    await settle()
    assert [(result.status, result.reason) for result in house.store.results] == [(RunStatus.CANCELED, Reason.CANCELED)]


async def test_only_the_schedule_that_is_stopped_loses_its_runs(house: House) -> None:
    for uid in ("uid", "other"):
        house.pool.launch(make_plan(f"target of {uid}", uid=uid), ScheduleState(), start(house))
    await settle()
    house.pool.cancel("uid", Reason.CANCELED)
    house.pool.cancel("unknown", Reason.CANCELED)
    await settle()
    assert [(result.claim.schedule_uid, result.status) for result in house.store.results] == [
        ("uid", RunStatus.CANCELED)
    ]
    assert house.pool.active == 1


async def test_leases_are_renewed_before_orphans_are_reaped(house: House) -> None:
    told = []
    keeper = LeaseKeeper(
        house.pool,
        house.store,
        house.clock,
        owner="replica-1",
        lease=timedelta(seconds=15),
        on_orphan=lambda key, summary: told.append((key, summary)),
    )
    house.pool.launch(make_plan(), house.state, start(house))
    await settle()
    now = house.clock.now()
    key = ObjectKey("other", "default", "other")
    orphan = RunSummary(UUID(int=1), Trigger.SCHEDULED, 1, now, RunStatus.FAILED, Reason.ORPHANED, "nobody", now, now)
    house.store.orphans = [(key, orphan)]
    await keeper.beat()
    assert house.store.renewed == house.pool.claimed_runs()
    assert told == [(key, orphan)]
    house.scrapes.end()
    await settle()


async def _until(seen: Callable[[], bool]) -> None:
    async with asyncio.timeout(5):
        while not seen():  # noqa: ASYNC110 -- what is awaited has no event
            await asyncio.sleep(0)
