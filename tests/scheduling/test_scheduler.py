from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from scrape_operator.core.findings import Finding
from scrape_operator.core.runs.reasons import Reason
from scrape_operator.core.runs.run import RunStatus, RunSummary, Trigger
from scrape_operator.core.runs.slot import Due, format_slot
from scrape_operator.core.schedule.due_times import IntervalDueTimes
from scrape_operator.core.schedule.plan import ConcurrencyPolicy, MissedRunPolicy
from scrape_operator.core.schedule.state import ScheduleState
from scrape_operator.core.schedule.windows import Windows, parse_window
from tests.scheduling.harness import Harness, schedule
from tests.support.fakes import RUN_ID


def test_a_new_schedule_runs_at_once_and_then_keeps_to_its_phase(harness: Harness) -> None:
    harness.clock.advance(7)
    harness.scheduler.applied(schedule())
    harness.end()
    harness.tick(52)
    assert harness.slots == ["generation:1"]
    harness.tick(1)
    assert harness.slots == ["generation:1", "2026-11-25T12:01:00.000Z"]


def test_applying_the_same_object_again_changes_nothing(harness: Harness) -> None:
    for _ in range(3):
        harness.scheduler.applied(schedule())
    assert harness.slots == ["generation:1"]
    told = len(harness.recorder.status_changes)
    harness.scheduler.applied(schedule())
    assert harness.recorder.status_changes[told:] == []


def test_an_older_generation_that_comes_late_is_ignored(harness: Harness) -> None:
    harness.scheduler.applied(schedule(generation=3, every=60))
    harness.scheduler.applied(schedule(generation=2, every=5))
    entry = harness.registry.get("uid-quotes")
    assert entry is not None
    assert entry.plan.generation == 3


def test_a_wrong_object_disturbs_no_other(harness: Harness) -> None:
    harness.scheduler.applied(schedule("bad", wrong=True))
    harness.scheduler.applied(schedule("good"))
    assert [name for name, _start in harness.recorder.launched] == ["good"]
    assert set(harness.recorder.status_changes) == {"bad", "good"}


def test_a_resume_never_back_fills(harness: Harness) -> None:
    harness.scheduler.applied(schedule())
    harness.end()
    harness.scheduler.applied(schedule(generation=2, suspend=True))
    harness.tick(600)
    harness.scheduler.applied(schedule(generation=3))
    assert harness.slots == ["generation:1"]
    harness.tick(60)
    assert harness.slots[1:] == ["2026-11-25T12:11:00.000Z"]


def test_an_edit_never_back_fills(harness: Harness) -> None:
    harness.scheduler.applied(schedule(every=3600))
    harness.end()
    harness.clock.advance(1800)
    harness.scheduler.applied(schedule(generation=2, every=60))
    assert harness.slots == ["generation:1"]


def test_an_edit_during_a_failing_run_is_tried_when_that_run_ends(harness: Harness) -> None:
    harness.scheduler.applied(schedule())
    harness.clock.advance(5)
    harness.scheduler.applied(schedule(generation=2))
    assert harness.slots == ["generation:1"]
    harness.end(status=RunStatus.FAILED)
    assert harness.slots == ["generation:1", "generation:2"]


def test_a_failed_run_of_the_present_spec_waits_for_its_phase(harness: Harness) -> None:
    harness.scheduler.applied(schedule())
    harness.end(status=RunStatus.FAILED)
    assert harness.slots == ["generation:1"]


def test_a_token_is_one_run(harness: Harness) -> None:
    harness.scheduler.applied(schedule())
    harness.end()
    harness.scheduler.applied(schedule(token="t1"))
    harness.end()
    harness.scheduler.applied(schedule(token="t1"))
    harness.tick(1)
    assert harness.slots == ["generation:1", "manual:t1"]


def test_a_token_on_a_new_schedule_is_its_first_run(harness: Harness) -> None:
    harness.scheduler.applied(schedule(token="t1"))
    harness.end()
    assert harness.slots == ["manual:t1"]


def test_a_token_that_the_status_echoes_is_not_run_again_after_a_restart(harness: Harness) -> None:
    harness.registry.add_states({"uid-quotes": ScheduleState(last_schedule_time=harness.clock.now())})
    status = {"lastHandledRequest": "t1", "observedGeneration": 1}
    harness.scheduler.applied(schedule(token="t1", status=status))
    assert harness.slots == []


def test_a_manual_run_that_could_not_be_claimed_is_tried_again(harness: Harness) -> None:
    harness.scheduler.applied(schedule(token="t1"))
    _name, start = harness.recorder.launched[0]
    entry = harness.registry.get("uid-quotes")
    assert entry is not None
    entry.state.active.clear()
    harness.scheduler.ended("uid-quotes", start)
    harness.tick(5)
    assert harness.slots == ["manual:t1", "manual:t1"]


def test_a_first_run_that_could_not_be_claimed_is_tried_again(harness: Harness) -> None:
    harness.scheduler.applied(schedule(every=86_400))
    entry = harness.registry.get("uid-quotes")
    assert entry is not None
    entry.state.active.clear()
    harness.scheduler.ended("uid-quotes", harness.recorder.launched[0][1])
    harness.tick(5)
    assert harness.slots == ["generation:1", "generation:1"]


def test_a_restart_takes_up_the_latest_missed_slot_and_counts_the_others(harness: Harness) -> None:
    last = harness.clock.now()
    summary = RunSummary(RUN_ID, Trigger.SCHEDULED, 1, last, RunStatus.SUCCEEDED, Reason.SUCCEEDED, "", last, last)
    state = ScheduleState(last_slot=last, slot_generation=1, last_schedule_time=last, last_run=summary)
    harness.registry.add_states({"uid-quotes": state})
    harness.clock.advance(190)
    harness.scheduler.applied(schedule())
    assert [(format_slot(start.slot), start.missed) for _n, start in harness.recorder.launched] == [
        ("2026-11-25T12:03:00.000Z", 2)
    ]


def test_a_restart_does_not_back_fill_a_spec_that_was_edited_meanwhile(harness: Harness) -> None:
    last = harness.clock.now()
    summary = RunSummary(RUN_ID, Trigger.SCHEDULED, 1, last, RunStatus.SUCCEEDED, Reason.SUCCEEDED, "", last, last)
    harness.registry.add_states(
        {"uid-quotes": ScheduleState(last_slot=last, last_schedule_time=last, last_run=summary)}
    )
    harness.clock.advance(190)
    harness.scheduler.applied(schedule(generation=2, status={"observedGeneration": 1}))
    assert harness.slots == []


def test_one_of_many_is_looked_at_when_the_timer_task_has_its_turn(harness: Harness) -> None:
    harness.scheduler.applied(schedule(), at_once=False)
    assert harness.slots == []
    harness.tick(0)
    assert harness.slots == ["generation:1"]


def test_a_schedule_that_is_gone_is_told_of_once(harness: Harness) -> None:
    gone: list[str] = []
    harness.scheduler.on_removed = gone.append
    harness.scheduler.applied(schedule())
    harness.scheduler.removed("uid-quotes")
    harness.scheduler.removed("uid-quotes")
    assert gone == ["uid-quotes"]


def test_an_edit_is_told_of_also_where_no_process_saw_it(harness: Harness) -> None:
    edited: list[int] = []
    harness.scheduler.on_edited = lambda plan: edited.append(plan.generation)
    harness.scheduler.applied(schedule())
    harness.scheduler.applied(schedule(), is_recompiled=True)
    assert edited == []
    harness.scheduler.applied(schedule(generation=2))
    assert edited == [2]
    now = harness.clock.now()
    ran = ScheduleState(last_slot=now, slot_generation=2, last_schedule_time=now)
    harness.registry.add_states({"uid-other": ran, "uid-same": replace(ran, slot_generation=3)})
    harness.scheduler.applied(schedule("other", generation=3))
    harness.scheduler.applied(schedule("same", generation=3))
    assert edited == [2, 3]


def test_a_deleted_schedule_stops_and_its_run_is_canceled(harness: Harness) -> None:
    harness.scheduler.applied(schedule())
    harness.scheduler.removed("uid-quotes")
    assert harness.recorder.canceled == [("uid-quotes", Reason.CANCELED)]
    harness.tick(600)
    assert harness.slots == ["generation:1"]


def test_a_slot_that_waits_when_its_schedule_is_deleted_is_a_recorded_skip(harness: Harness) -> None:
    harness.scheduler.applied(schedule(concurrency_policy=ConcurrencyPolicy.QUEUE))
    harness.tick(60)
    harness.scheduler.removed("uid-quotes")
    [(_number, skip)] = harness.recorder.skipped_slots
    assert (skip.slot, skip.reason) == (Due(harness.clock.now()), Reason.CANCELED)
    assert "deleted" in skip.message


NIGHT = Windows((parse_window("Allow", (), "08:00", "18:00"),), ZoneInfo("Etc/UTC"))
NOON = Windows((parse_window("Deny", (), "12:00", "12:45"),), ZoneInfo("Etc/UTC"))
OUTSIDE = ("12:30", "SkippedWindow")


@pytest.mark.parametrize(
    ("policy", "windows", "minutes", "down", "up", "slots", "skips"),
    [
        pytest.param("Skip", NIGHT, 60, "17:30", "08:00:05", ["08:00"], [], id="a night outside the windows"),
        pytest.param("Skip", NIGHT, 60, "16:30", "08:00:05", [], [("08:00", "MissedDeadline")], id="one was inside"),
        pytest.param("RunOnce", NOON, 30, "09:31", "12:50", ["11:30"], [OUTSIDE], id="the latest inside"),
        pytest.param("RunOnce", NOON, 30, "09:31", "12:40", [], [OUTSIDE], id="now is outside, too"),
        pytest.param("RunOnce", NOON, 30, "07:31", "12:50", ["11:30"], [OUTSIDE], id="some are too late"),
        pytest.param("RunOnce", NOON, 30, "11:31", "12:50", [], [OUTSIDE], id="none was inside"),
    ],
)
def test_due_times_outside_the_windows_are_not_missed(
    harness: Harness,
    policy: str,
    windows: Windows,
    minutes: int,
    down: str,
    up: str,
    slots: Sequence[str],
    skips: Sequence[tuple[str, str]],
) -> None:
    today = harness.clock.now().date()
    begin, end = (datetime.combine(today, time.fromisoformat(text), UTC) for text in (down, up))
    harness.clock.jump((begin - harness.clock.now()).total_seconds())
    spec = schedule(
        every=60.0 * minutes,
        windows=windows,
        missed_run_policy=MissedRunPolicy(policy),
        starting_deadline=timedelta(hours=4),
        first_run_at_once=False,
    )
    harness.scheduler.applied(spec)
    harness.clock.jump((end - begin).total_seconds() + (86_400 if end < begin else 0))
    harness.tick(0)
    harness.end()  # then the due times that are left are decided
    assert [slot[11:16] for slot in harness.slots] == slots
    found = [(format_slot(skip.slot)[11:16], str(skip.reason)) for _name, skip in harness.recorder.skipped_slots]
    assert found == skips


DENIED = Windows((parse_window("Deny", (), "12:10", "12:50"),), ZoneInfo("Etc/UTC"))


@pytest.mark.parametrize(
    ("spec", "reason"),
    [
        pytest.param({}, None, id="nothing changed"),
        pytest.param({"suspend": True}, Reason.CANCELED, id="suspended"),
        pytest.param({"windows": DENIED}, Reason.SKIPPED_WINDOW, id="a window closed"),
        pytest.param({"findings": (Finding("spec", "is refused"),)}, Reason.CANCELED, id="an edit that is refused"),
    ],
)
def test_a_run_that_waited_is_checked_again_before_it_begins(
    harness: Harness, spec: dict[str, Any], reason: Reason | None
) -> None:
    harness.scheduler.applied(schedule(starting_deadline=timedelta(hours=1)))
    harness.end()
    harness.tick(60)
    [_first, (_name, waiting)] = harness.recorder.launched
    harness.clock.advance(15 * 60)
    harness.scheduler.applied(schedule(generation=2, starting_deadline=timedelta(hours=1), **spec))
    checked = harness.scheduler.recheck("uid-quotes", waiting)
    assert checked is not None
    plan, skip = checked
    assert plan.generation == 2
    assert (skip and skip.reason) == reason
    assert harness.scheduler.recheck("unknown", waiting) is None


def test_overlap_is_a_recorded_skip_and_the_next_due_time_is_kept(harness: Harness) -> None:
    harness.scheduler.applied(schedule())
    harness.tick(60)
    harness.tick(60)
    assert [skip.reason for _n, skip in harness.recorder.skipped_slots] == [Reason.SKIPPED_OVERLAP] * 2
    harness.end()
    harness.tick(60)
    assert harness.slots[-1] == "2026-11-25T12:03:00.000Z"


def test_a_clock_that_jumps_forward_gives_one_run_not_a_burst(harness: Harness) -> None:
    harness.scheduler.applied(schedule(every=10))
    harness.end()
    harness.clock.jump(3600)
    harness.tick(0)
    assert [(format_slot(s.slot), s.missed) for _n, s in harness.recorder.launched[1:]] == [
        ("2026-11-25T13:00:00.000Z", 359)
    ]


def test_only_the_schedules_that_a_replica_owns_are_run_by_it(harness: Harness) -> None:
    harness.foreign.add("uid-foreign")
    for name in ("own", "foreign"):
        harness.scheduler.applied(schedule(name))
    harness.tick(0)
    assert [name for name, _start in harness.recorder.launched] == ["own"]
    assert harness.scheduler.queue_depth == 1


class BrokenDueTimes(IntervalDueTimes):
    def latest_until(self, instant: datetime) -> datetime | None:
        raise OverflowError("date value out of range")


def test_a_schedule_that_cannot_be_evaluated_says_so_and_goes_on_when_it_can(
    harness: Harness, caplog: pytest.LogCaptureFixture
) -> None:
    harness.scheduler.applied(schedule())
    harness.scheduler.applied(schedule("other"))
    harness.end()
    due_times = harness.plan().due_times
    harness.set_plan(replace(harness.plan(), due_times=BrokenDueTimes(timedelta(minutes=1))))
    told = len(harness.recorder.status_changes)
    harness.tick(60)
    assert "defect of scrape-operator" in (harness.state().defect or "")
    assert "quotes" in harness.recorder.status_changes[told:]
    told = len(harness.recorder.status_changes)
    harness.tick(60)
    assert "quotes" not in harness.recorder.status_changes[told:]
    assert harness.registry.counts() == {"active": 1, "suspended": 0, "stalled": 1}
    assert harness.state("other").defect is None
    harness.set_plan(replace(harness.plan(), due_times=due_times))
    harness.tick(60)
    assert harness.state().defect is None
    assert harness.slots[-1] == "2026-11-25T12:03:00.000Z"
    assert [record.exc_info is not None for record in caplog.records] == [True, True]
