"""A wall clock that is set: no burst, no hole but for what was run already, no slot twice."""

import asyncio
import contextlib
from datetime import timedelta

import pytest

from scrape_operator.core.schedule.plan import ConcurrencyPolicy
from tests.scheduling.harness import Harness, schedule


def minutes_of_life(harness: Harness, count: int) -> None:
    for _ in range(count):
        harness.tick(60)
        harness.end()


async def look(harness: Harness) -> None:
    """Let the timer task wake up once, as it does every second."""
    task = asyncio.create_task(harness.scheduler.run())
    for _ in range(20):
        await asyncio.sleep(0)
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task


@pytest.mark.parametrize("hours", [1, 24], ids=["an hour", "a day"])
def test_a_jump_forward_is_one_run_that_counts_the_others(harness: Harness, hours: int) -> None:
    harness.scheduler.applied(schedule())
    harness.end()
    harness.clock.jump(3600 * hours)
    minutes_of_life(harness, 3)
    assert [start.missed for _name, start in harness.recorder.launched] == [0, 60 * hours, 0, 0]


async def test_after_a_jump_back_slots_that_never_were_run_are(harness: Harness) -> None:
    harness.scheduler.applied(schedule())
    harness.end()
    minutes_of_life(harness, 5)
    await look(harness)
    harness.clock.jump(-3600)
    await look(harness)
    before = len(harness.slots)
    minutes_of_life(harness, 5)
    assert harness.slots[before:] == [f"2026-11-25T11:{minute:02}:00.000Z" for minute in range(6, 11)]


async def test_after_a_jump_back_slots_that_were_run_are_not_run_again(harness: Harness) -> None:
    harness.scheduler.applied(schedule())
    harness.end()
    minutes_of_life(harness, 90)
    await look(harness)
    harness.clock.jump(-3600)
    await look(harness)
    assert harness.state().next_due == harness.clock.now() + timedelta(minutes=61)
    before = len(harness.slots)
    minutes_of_life(harness, 61)
    assert harness.slots[before:] == ["2026-11-25T13:31:00.000Z"]
    assert len(harness.slots) == len(set(harness.slots))


async def test_a_day_too_far_and_back_again_leaves_no_hole(harness: Harness) -> None:
    harness.scheduler.applied(schedule())
    harness.end()
    minutes_of_life(harness, 5)
    harness.clock.jump(86_400)
    minutes_of_life(harness, 5)
    await look(harness)
    harness.clock.jump(-86_400)
    await look(harness)
    before = len(harness.slots)
    minutes_of_life(harness, 3)
    assert harness.slots[before:] == [f"2026-11-25T12:{minute}:00.000Z" for minute in (11, 12, 13)]
    assert len(harness.slots) == len(set(harness.slots))


async def test_a_small_correction_changes_nothing(harness: Harness) -> None:
    harness.scheduler.applied(schedule())
    harness.end()
    harness.tick(60.0)
    harness.end()
    harness.clock.jump(-0.5)
    await look(harness)
    harness.tick(1)
    assert harness.slots == ["generation:1", "2026-11-25T12:01:00.000Z"]
    assert harness.state().next_due == harness.clock.now() + timedelta(seconds=59.5)


def test_a_machine_that_starts_with_a_clock_behind_its_rows_runs_all_the_same(harness: Harness) -> None:
    harness.scheduler.applied(schedule())
    harness.end()
    minutes_of_life(harness, 3)
    again = Harness()
    again.registry.add_states({"uid-quotes": harness.state()})
    harness.state().handled_since, harness.state().slot_generation = None, 1
    again.clock.jump(-7200)
    again.scheduler.applied(schedule(status={"observedGeneration": 1}))
    again.tick(60)
    assert again.slots == ["2026-11-25T10:01:00.000Z"]


async def test_what_waits_is_not_lost_by_a_jump_back(harness: Harness) -> None:
    harness.scheduler.applied(schedule(concurrency_policy=ConcurrencyPolicy.QUEUE))
    harness.tick(60)
    harness.clock.jump(-600)
    await look(harness)
    harness.end()
    assert harness.slots == ["generation:1", "2026-11-25T12:01:00.000Z"]
