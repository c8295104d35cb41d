"""An edit loses no due time: what was due before it was seen is decided by the spec that was in force."""

from datetime import timedelta
from itertools import pairwise
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scrape_operator.core.runs.run import RunStatus, StoredSpec
from scrape_operator.core.runs.slot import Due, format_slot
from scrape_operator.core.schedule.state import ScheduleState
from tests.scheduling.harness import Harness, compile_plan, schedule

IMMEDIATE_RUN_PACE = timedelta(seconds=30)

SECOND = timedelta(seconds=1)


def decided(harness: Harness) -> list[str]:
    """Return the due times that have or get a row, in order."""
    starts = [start.slot for _name, start in harness.recorder.launched]
    skips = [skip.slot for _name, skip in harness.recorder.skipped_slots]
    return sorted(format_slot(slot) for slot in (*starts, *skips) if isinstance(slot, Due))


@settings(max_examples=50, deadline=None)
@given(seed=st.integers(), edits_per_second=st.sampled_from([1, 4, 20, 50]), seconds=st.integers(5, 30))
def test_every_due_time_has_its_row_however_often_the_spec_is_edited(
    seed: int, edits_per_second: int, seconds: int
) -> None:
    harness, draw = Harness(), Random(seed)
    harness.scheduler.applied(schedule(every=1))
    harness.end()
    begin, generation = harness.clock.now(), 1
    while harness.clock.now() < begin + seconds * SECOND:
        harness.clock.advance(draw.expovariate(edits_per_second))
        if draw.random() < 0.1:
            harness.tick(0)
        if harness.state().active and draw.random() < 0.9:
            harness.end()
        generation += 1
        harness.scheduler.applied(schedule(every=1, generation=generation, successful_limit=generation % 7))
    rows, missed = decided(harness), sum(start.missed for _name, start in harness.recorder.launched)
    missed += sum(skip.missed for _name, skip in harness.recorder.skipped_slots)
    assert len(rows) == len(set(rows))
    assert len(rows) + missed == (harness.clock.now() - begin) // SECOND


@pytest.mark.parametrize(
    "change", [{"suspend": True}, {"every": 7}, {"wrong": True}], ids=["pause", "interval", "wrong"]
)
def test_a_due_time_that_passed_before_an_edit_was_seen_is_run(harness: Harness, change: dict[str, Any]) -> None:
    harness.scheduler.applied(schedule())
    harness.end()
    harness.clock.advance(60.001)
    harness.scheduler.applied(schedule(generation=2, **change))
    assert harness.slots == ["generation:1", "2026-11-25T12:01:00.000Z"]


def test_due_times_of_a_pause_are_not_run_after_it(harness: Harness) -> None:
    harness.scheduler.applied(schedule())
    harness.end()
    harness.scheduler.applied(schedule(generation=2, suspend=True))
    harness.clock.advance(90)
    harness.scheduler.applied(schedule(generation=3))
    harness.tick(30)
    assert harness.slots == ["generation:1", "2026-11-25T12:02:00.000Z"]


def test_a_token_that_comes_with_an_edit_is_run_with_the_new_spec(harness: Harness) -> None:
    harness.scheduler.applied(schedule())
    harness.end()
    harness.scheduler.applied(schedule(generation=2, token="t1", suspend=True))
    assert harness.slots == ["generation:1", "manual:t1"]


def test_edits_of_a_failing_schedule_are_first_runs_at_a_bounded_pace(harness: Harness) -> None:
    harness.scheduler.applied(schedule(every=2_592_000))
    begin, generation = harness.clock.now(), 1
    while harness.clock.now() < begin + 10 * IMMEDIATE_RUN_PACE:
        if harness.state().active:
            harness.end(status=RunStatus.FAILED, generation=generation)
        generation += 1
        harness.scheduler.applied(schedule(every=2_592_000, generation=generation))
        harness.tick(0.2)
    _first, *owed = [start.scheduled_for for _name, start in harness.recorder.launched]
    assert len(owed) in {10, 11}
    assert all(later - one >= IMMEDIATE_RUN_PACE for one, later in pairwise(owed))
    assert harness.state().next_due is not None
    harness.tick(30)
    assert harness.slots[-1] == f"generation:{generation}"


def test_a_clock_that_is_set_back_does_not_stretch_the_pace_of_first_runs(harness: Harness) -> None:
    for generation in (1, 2, 3):
        harness.scheduler.applied(schedule(every=2_592_000, generation=generation))
        if harness.state().active:
            harness.end(status=RunStatus.FAILED, generation=generation)
    assert len(harness.slots) == 2
    harness.clock.jump(-3600)
    harness.scheduler.act_on_due(harness.clock.now())
    harness.scheduler.applied(schedule(every=2_592_000, generation=4))
    harness.tick(30)
    assert harness.slots[2:] == ["generation:4"]


@pytest.mark.parametrize(
    ("before", "slots", "missed"),
    [
        pytest.param(43_200 * 60, [], [], id="no due time of a month"),
        pytest.param(60, ["2026-11-25T12:00:00.000Z"], [179], id="the same"),
        pytest.param(3600, ["2026-11-25T12:00:00.000Z"], [2], id="an hour"),
        pytest.param(None, ["2026-11-25T12:00:00.000Z"], [179], id="unknown"),
    ],
)
def test_due_times_before_a_restart_are_those_of_the_default_interval_then_in_force(
    harness: Harness, before: int | None, slots: list[str], missed: list[int]
) -> None:
    now = harness.clock.now()
    last = now - timedelta(hours=3)
    state = ScheduleState(last_slot=last, slot_generation=1, last_schedule_time=last)
    state.default_interval = None if before is None else timedelta(seconds=before)
    harness.registry.add_states({"uid-quotes": state})
    harness.default_interval(timedelta(minutes=1))
    harness.scheduler.applied(schedule(every=None))
    assert harness.slots == slots
    assert [start.missed for _name, start in harness.recorder.launched] == missed
    harness.recorder.launched.clear()
    state.active.clear()
    harness.tick(60)
    assert harness.slots == ["2026-11-25T12:01:00.000Z"]


def test_a_plan_with_the_default_interval_stores_it() -> None:
    plan = compile_plan(schedule(every=None), timedelta(minutes=7))
    assert plan.stored_spec == StoredSpec(default_interval=timedelta(minutes=7))
