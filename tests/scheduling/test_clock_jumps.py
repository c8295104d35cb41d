"""A wall clock that is set: no burst, no hole but for what was run already, no slot twice."""

import asyncio
import contextlib
from datetime import timedelta

import pytest

from scrape_operator.core.schedule.plan import ConcurrencyPolicy
from tests.scheduling.house import House, schedule


def minutes_of_life(house: House, count: int) -> None:
    for _ in range(count):
        house.tick(60)
        house.end()


async def look(house: House) -> None:
    """Let the timer task wake up once, as it does every second."""
    task = asyncio.create_task(house.scheduler.run())
    for _ in range(20):
        await asyncio.sleep(0)
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task


@pytest.mark.parametrize("hours", [1, 24], ids=["an hour", "a day"])
def test_a_jump_forward_is_one_run_that_counts_the_others(house: House, hours: int) -> None:
    house.scheduler.applied(schedule())
    house.end()
    house.clock.jump(3600 * hours)
    minutes_of_life(house, 3)
    assert [start.missed for _name, start in house.recorder.started] == [0, 60 * hours, 0, 0]


async def test_after_a_jump_back_slots_that_never_were_run_are(house: House) -> None:
    house.scheduler.applied(schedule())
    house.end()
    minutes_of_life(house, 5)
    await look(house)
    house.clock.jump(-3600)
    await look(house)
    before = len(house.slots)
    minutes_of_life(house, 5)
    assert house.slots[before:] == [f"2026-11-25T11:{minute:02}:00.000Z" for minute in range(6, 11)]


async def test_after_a_jump_back_slots_that_were_run_are_not_run_again(house: House) -> None:
    house.scheduler.applied(schedule())
    house.end()
    minutes_of_life(house, 90)
    await look(house)
    house.clock.jump(-3600)
    await look(house)
    assert house.state().next_due == house.clock.now() + timedelta(minutes=61)
    before = len(house.slots)
    minutes_of_life(house, 61)
    assert house.slots[before:] == ["2026-11-25T13:31:00.000Z"]
    assert len(house.slots) == len(set(house.slots))


async def test_a_day_too_far_and_back_again_leaves_no_hole(house: House) -> None:
    house.scheduler.applied(schedule())
    house.end()
    minutes_of_life(house, 5)
    house.clock.jump(86_400)
    minutes_of_life(house, 5)
    await look(house)
    house.clock.jump(-86_400)
    await look(house)
    before = len(house.slots)
    minutes_of_life(house, 3)
    assert house.slots[before:] == [f"2026-11-25T12:{minute}:00.000Z" for minute in (11, 12, 13)]
    assert len(house.slots) == len(set(house.slots))


async def test_a_small_correction_changes_nothing(house: House) -> None:
    house.scheduler.applied(schedule())
    house.end()
    house.tick(60.0)
    house.end()
    house.clock.jump(-0.5)
    await look(house)
    house.tick(1)
    assert house.slots == ["generation:1", "2026-11-25T12:01:00.000Z"]
    assert house.state().next_due == house.clock.now() + timedelta(seconds=59.5)


def test_a_machine_that_starts_with_a_clock_behind_its_rows_runs_all_the_same(house: House) -> None:
    house.scheduler.applied(schedule())
    house.end()
    minutes_of_life(house, 3)
    again = House()
    again.registry.remember({"uid-quotes": house.state()})
    house.state().settled_since, house.state().slot_generation = None, 1
    again.clock.jump(-7200)
    again.scheduler.applied(schedule(status={"observedGeneration": 1}))
    again.tick(60)
    assert again.slots == ["2026-11-25T10:01:00.000Z"]


async def test_what_waits_is_not_lost_by_a_jump_back(house: House) -> None:
    house.scheduler.applied(schedule(concurrency_policy=ConcurrencyPolicy.QUEUE))
    house.tick(60)
    house.clock.jump(-600)
    await look(house)
    house.end()
    assert house.slots == ["generation:1", "2026-11-25T12:01:00.000Z"]
