from dataclasses import replace

import pytest

from scrape_operator.core.findings import Finding
from scrape_operator.core.runs.run import RunStatus
from scrape_operator.core.schedule.immediate import immediate_slot
from scrape_operator.core.schedule.pauses import Pause, pause_of
from scrape_operator.core.schedule.plan import SchedulePlan
from scrape_operator.core.schedule.state import ScheduleState
from tests.support.schedule_plans import NOON, plan, ran, summary

FAILED, CANCELED = summary(RunStatus.FAILED), summary(RunStatus.CANCELED)
AFTER_TWO = plan(suspend_after_failures=2)


@pytest.mark.parametrize(
    ("schedule", "state", "pause"),
    [
        pytest.param(plan(), ran(FAILED, FAILED), None, id="failures alone"),
        pytest.param(plan(suspend=True), ScheduleState(defect="broken"), Pause.INTERNAL_ERROR, id="a defect"),
        pytest.param(plan(due_times=None), ran(), Pause.INVALID_SPEC, id="without due times"),
        pytest.param(plan(suspend_after_failures=1), ran(FAILED), Pause.SUSPENDED_BY_FAILURES, id="one failure"),
        pytest.param(plan(suspend_after_failures=1), ScheduleState(), None, id="no run"),
        pytest.param(plan(suspend=True), ran(), Pause.SUSPENDED, id="suspended"),
        pytest.param(plan(findings=(Finding("spec", "wrong"),)), ran(), Pause.INVALID_SPEC, id="refused"),
        pytest.param(AFTER_TWO, ran(FAILED), None, id="fewer failures"),
        pytest.param(AFTER_TWO, ran(FAILED, FAILED), Pause.SUSPENDED_BY_FAILURES, id="as many failures"),
        pytest.param(AFTER_TWO, ran(FAILED, summary(), FAILED), None, id="not in a row"),
        pytest.param(AFTER_TWO, ran(FAILED, FAILED, summary()), None, id="a run by hand has succeeded"),
        pytest.param(replace(AFTER_TWO, generation=2), ran(FAILED, FAILED), None, id="the spec has changed"),
        pytest.param(
            replace(AFTER_TWO, generation=2),
            ran(FAILED, FAILED, summary(RunStatus.FAILED, generation=2)),
            Pause.SUSPENDED_BY_FAILURES,
            id="the changed spec has failed, too",
        ),
    ],
)
def test_pause(schedule: SchedulePlan, state: ScheduleState, pause: Pause | None) -> None:
    assert pause_of(schedule, state) == pause


def test_more_canceled_runs_than_history_holds_do_not_end_the_pause() -> None:
    state = ran(FAILED, FAILED)
    state.history = [CANCELED] * 5
    assert pause_of(AFTER_TWO, state) is Pause.SUSPENDED_BY_FAILURES


def test_a_change_of_spec_ends_the_pause_also_where_the_failure_is_in_no_history() -> None:
    state = ran(FAILED, FAILED)
    state.history = [CANCELED] * 5
    assert state.last_run is not None
    assert pause_of(replace(AFTER_TWO, generation=2), state) is None


def test_the_pause_does_not_depend_on_the_runs_that_are_left() -> None:
    state = ScheduleState(consecutive_failures=2, slot_generation=3, last_schedule_time=NOON)
    assert pause_of(replace(AFTER_TWO, generation=3), state) is Pause.SUSPENDED_BY_FAILURES
    assert pause_of(replace(AFTER_TWO, generation=4), state) is None
    assert immediate_slot(replace(AFTER_TWO, generation=4), state)
    assert not immediate_slot(plan(generation=3), state)
    assert not immediate_slot(plan(generation=4), replace(state, consecutive_failures=0))


def test_a_canceled_run_of_a_changed_spec_does_not_use_up_the_run_that_the_change_allows() -> None:
    state = ran(FAILED, FAILED)
    state.add_to_history(summary(RunStatus.CANCELED, generation=2))
    assert pause_of(replace(AFTER_TWO, generation=2), state) is None
