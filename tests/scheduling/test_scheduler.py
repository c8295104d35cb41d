from scrape_operator.core.runs.reasons import Reason
from scrape_operator.core.runs.run import RunStatus, RunSummary, Trigger
from scrape_operator.core.schedule.state import ScheduleState
from tests.scheduling.house import RUN_ID, House, schedule


def test_a_new_schedule_runs_at_once_and_then_keeps_to_its_phase(house: House) -> None:
    house.clock.advance(7)
    house.scheduler.applied(schedule())
    house.end()
    house.tick(52)
    assert house.slots == ["generation:1"]
    house.tick(1)
    assert house.slots == ["generation:1", "2026-11-25T12:01:00.000Z"]


def test_applying_the_same_object_again_changes_nothing(house: House) -> None:
    for _ in range(3):
        house.scheduler.applied(schedule())
    assert house.slots == ["generation:1"]
    told = len(house.recorder.told)
    house.scheduler.applied(schedule())
    assert house.recorder.told[told:] == []


def test_an_older_generation_that_comes_late_is_ignored(house: House) -> None:
    house.scheduler.applied(schedule(generation=3, every=60))
    house.scheduler.applied(schedule(generation=2, every=5))
    entry = house.registry.get("uid-quotes")
    assert entry is not None
    assert entry.plan.generation == 3


def test_a_wrong_object_disturbs_no_other(house: House) -> None:
    house.scheduler.applied(schedule("bad", wrong=True))
    house.scheduler.applied(schedule("good"))
    assert [name for name, _start in house.recorder.started] == ["good"]
    assert set(house.recorder.told) == {"bad", "good"}


def test_a_resume_never_back_fills(house: House) -> None:
    house.scheduler.applied(schedule())
    house.end()
    house.scheduler.applied(schedule(generation=2, suspend=True))
    house.tick(600)
    house.scheduler.applied(schedule(generation=3))
    assert house.slots == ["generation:1"]
    house.tick(60)
    assert house.slots[1:] == ["2026-11-25T12:11:00.000Z"]


def test_an_edit_never_back_fills(house: House) -> None:
    house.scheduler.applied(schedule(every=3600))
    house.end()
    house.clock.advance(1800)
    house.scheduler.applied(schedule(generation=2, every=60))
    assert house.slots == ["generation:1"]


def test_an_edit_during_a_failing_run_is_tried_when_that_run_ends(house: House) -> None:
    house.scheduler.applied(schedule())
    house.clock.advance(5)
    house.scheduler.applied(schedule(generation=2))
    assert house.slots == ["generation:1"]
    house.end(status=RunStatus.FAILED)
    assert house.slots == ["generation:1", "generation:2"]


def test_a_failed_run_of_the_present_spec_waits_for_its_phase(house: House) -> None:
    house.scheduler.applied(schedule())
    house.end(status=RunStatus.FAILED)
    assert house.slots == ["generation:1"]


def test_a_token_is_one_run(house: House) -> None:
    house.scheduler.applied(schedule())
    house.end()
    house.scheduler.applied(schedule(token="t1"))
    house.end()
    house.scheduler.applied(schedule(token="t1"))
    house.tick(1)
    assert house.slots == ["generation:1", "manual:t1"]


def test_a_token_on_a_new_schedule_is_its_first_run(house: House) -> None:
    house.scheduler.applied(schedule(token="t1"))
    house.end()
    assert house.slots == ["manual:t1"]


def test_a_token_that_the_status_echoes_is_not_run_again_after_a_restart(house: House) -> None:
    house.registry.remember({"uid-quotes": ScheduleState(last_schedule_time=house.clock.now())})
    status = {"lastHandledRequest": "t1", "observedGeneration": 1}
    house.scheduler.applied(schedule(token="t1", status=status))
    assert house.slots == []


def test_a_manual_run_that_could_not_be_claimed_is_tried_again(house: House) -> None:
    house.scheduler.applied(schedule(token="t1"))
    _name, start = house.recorder.started[0]
    entry = house.registry.get("uid-quotes")
    assert entry is not None
    entry.state.active.clear()
    house.scheduler.ended("uid-quotes", start)
    house.tick(5)
    assert house.slots == ["manual:t1", "manual:t1"]


def test_a_first_run_that_could_not_be_claimed_is_tried_again(house: House) -> None:
    house.scheduler.applied(schedule(every=86_400))
    entry = house.registry.get("uid-quotes")
    assert entry is not None
    entry.state.active.clear()
    house.scheduler.ended("uid-quotes", house.recorder.started[0][1])
    house.tick(5)
    assert house.slots == ["generation:1", "generation:1"]


def test_a_restart_takes_up_the_latest_missed_slot_and_counts_the_others(house: House) -> None:
    last = house.clock.now()
    summary = RunSummary(RUN_ID, Trigger.SCHEDULED, 1, last, RunStatus.SUCCEEDED, Reason.SUCCEEDED, "", last, last)
    state = ScheduleState(last_slot=last, slot_generation=1, last_schedule_time=last, last_run=summary)
    house.registry.remember({"uid-quotes": state})
    house.clock.advance(190)
    house.scheduler.applied(schedule())
    assert [(start.slot, start.missed) for _n, start in house.recorder.started] == [("2026-11-25T12:03:00.000Z", 2)]


def test_a_restart_does_not_back_fill_a_spec_that_was_edited_meanwhile(house: House) -> None:
    last = house.clock.now()
    summary = RunSummary(RUN_ID, Trigger.SCHEDULED, 1, last, RunStatus.SUCCEEDED, Reason.SUCCEEDED, "", last, last)
    house.registry.remember({"uid-quotes": ScheduleState(last_slot=last, last_schedule_time=last, last_run=summary)})
    house.clock.advance(190)
    house.scheduler.applied(schedule(generation=2, status={"observedGeneration": 1}))
    assert house.slots == []


def test_one_of_many_is_looked_at_when_the_timer_task_has_its_turn(house: House) -> None:
    house.scheduler.applied(schedule(), at_once=False)
    assert house.slots == []
    house.tick(0)
    assert house.slots == ["generation:1"]


def test_a_schedule_that_is_gone_is_told_of_once(house: House) -> None:
    gone: list[str] = []
    house.scheduler.on_removed = gone.append
    house.scheduler.applied(schedule())
    house.scheduler.removed("uid-quotes")
    house.scheduler.removed("uid-quotes")
    assert gone == ["uid-quotes"]


def test_a_deleted_schedule_stops_and_its_run_is_canceled(house: House) -> None:
    house.scheduler.applied(schedule())
    house.scheduler.removed("uid-quotes")
    assert house.recorder.canceled == [("uid-quotes", Reason.CANCELED)]
    house.tick(600)
    assert house.slots == ["generation:1"]


def test_overlap_is_a_recorded_skip_and_the_next_due_time_is_kept(house: House) -> None:
    house.scheduler.applied(schedule())
    house.tick(60)
    house.tick(60)
    assert [skip.reason for _n, skip in house.recorder.skipped] == [Reason.SKIPPED_OVERLAP] * 2
    house.end()
    house.tick(60)
    assert house.slots[-1] == "2026-11-25T12:03:00.000Z"


def test_a_clock_that_jumps_forward_gives_one_run_not_a_burst(house: House) -> None:
    house.scheduler.applied(schedule(every=10))
    house.end()
    house.clock.jump(3600)
    house.tick(0)
    assert [(s.slot, s.missed) for _n, s in house.recorder.started[1:]] == [("2026-11-25T13:00:00.000Z", 359)]
