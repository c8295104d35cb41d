from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scrape_operator.core.findings import Finding
from scrape_operator.core.runs.reasons import Reason
from scrape_operator.core.runs.run import RunStatus, RunSummary, Trigger
from scrape_operator.core.runs.slot import Due, First, Manual
from scrape_operator.core.schedule.decision import Decision, Enqueue, Skip, Start, Wait, decide, decide_request
from scrape_operator.core.schedule.due_times import IntervalDueTimes
from scrape_operator.core.schedule.plan import MissedRunPolicy, ObjectKey, SchedulePlan
from scrape_operator.core.schedule.state import ActiveRun, ScheduleState
from tests.support.schedule_plans import windows

NOON = datetime(2026, 11, 25, 12, tzinfo=UTC)
RUN_ID = UUID(int=7)
PLAN = SchedulePlan(
    ObjectKey("uid", "default", "quotes"), 1, NOON, due_times=IntervalDueTimes(timedelta(minutes=5)), work=object()
)


def at(**offset: float) -> datetime:
    return NOON + timedelta(**offset)


def ran(status: RunStatus = RunStatus.SUCCEEDED, generation: int = 1) -> ScheduleState:
    summary = RunSummary(RUN_ID, Trigger.SCHEDULED, generation, NOON, status, Reason.SUCCEEDED, "", NOON, NOON)
    state = ScheduleState(last_slot=NOON, last_schedule_time=NOON)
    state.adopt_history([summary])
    return state


def active(state: ScheduleState) -> ScheduleState:
    state.active[RUN_ID] = ActiveRun(RUN_ID, Due(NOON), NOON)
    return state


CASES: list[tuple[str, SchedulePlan, Callable[[], ScheduleState], datetime, Decision]] = [
    ("never ran", PLAN, ScheduleState, at(seconds=7), Start(First(1), at(seconds=7))),
    ("not yet due", PLAN, ran, at(minutes=4), Wait(at(minutes=5))),
    ("due", PLAN, ran, at(minutes=5, seconds=1), Start(Due(at(minutes=5)), at(minutes=5))),
    (
        "several missed give one run",
        PLAN,
        ran,
        at(minutes=15),
        Start(Due(at(minutes=15)), at(minutes=15), missed=2),
    ),
    ("suspended", replace(PLAN, suspend=True), ran, at(minutes=5), Wait(None)),
    ("suspended and never ran", replace(PLAN, suspend=True), ScheduleState, at(minutes=5), Wait(None)),
    ("stalled", replace(PLAN, findings=(Finding("spec", "wrong"),)), ran, at(minutes=5), Wait(None)),
    (
        "mended after a failure",
        replace(PLAN, generation=2),
        lambda: ran(RunStatus.FAILED),
        at(minutes=1),
        Start(First(2), at(minutes=1)),
    ),
    ("failed, not mended", PLAN, lambda: ran(RunStatus.FAILED), at(minutes=1), Wait(at(minutes=5))),
    ("edited after a success", replace(PLAN, generation=2), ran, at(minutes=1), Wait(at(minutes=5))),
    (
        "a cron schedule waits for its time",
        replace(PLAN, first_run_at_once=False),
        lambda: ScheduleState(last_slot=NOON),
        at(minutes=1),
        Wait(at(minutes=5)),
    ),
]


@pytest.mark.parametrize(("plan", "state", "now", "expected"), [case[1:] for case in CASES], ids=[c[0] for c in CASES])
def test_decision(plan: SchedulePlan, state: Callable[[], ScheduleState], now: datetime, expected: Decision) -> None:
    assert decide(plan, state(), now) == expected


def test_a_due_time_while_a_run_goes_on_is_skipped() -> None:
    decision = decide(PLAN, active(ran()), at(minutes=5))
    assert isinstance(decision, Skip)
    assert decision.reason is Reason.SKIPPED_OVERLAP
    assert str(RUN_ID) in decision.message


@pytest.mark.parametrize(("microseconds", "kind"), [(0, Enqueue), (1, Skip)])
def test_a_due_time_waits_for_a_run_that_will_have_ended_within_a_second(microseconds: int, kind: type) -> None:
    state = ran()
    ends_by = at(minutes=5, seconds=1, microseconds=microseconds)
    state.active[RUN_ID] = ActiveRun(RUN_ID, Due(NOON), NOON, ends_by)
    assert isinstance(decide(PLAN, state, at(minutes=5)), kind)


def test_a_run_that_starts_more_than_a_minute_late_must_be_inside_a_window_also_then() -> None:
    plan = replace(PLAN, starting_deadline=timedelta(minutes=4), windows=windows(("Allow", "12:00", "12:06")))
    assert decide(plan, ran(), at(minutes=6)) == Start(Due(at(minutes=5)), at(minutes=5))
    assert decide(plan, ran(), at(minutes=6, seconds=1)) == Skip(
        Due(at(minutes=5)),
        at(minutes=5),
        Reason.SKIPPED_WINDOW,
        "due at Wed 2026-11-25 12:05:00 Etc/UTC, but Wed 12:06, when it could start, is outside spec.windows",
        0,
    )


def test_a_due_time_later_than_the_starting_deadline_is_missed_with_those_before_it() -> None:
    decision = decide(PLAN, ran(), at(minutes=16, seconds=1))
    assert isinstance(decision, Skip)
    assert (decision.reason, decision.scheduled_for, decision.missed) == (Reason.MISSED_DEADLINE, at(minutes=15), 2)


def test_due_times_that_passed_are_counted_where_none_of_them_is_made_up_for() -> None:
    decision = decide(replace(PLAN, missed_run_policy=MissedRunPolicy.SKIP), ran(), at(minutes=15))
    message = "3 due times passed while nothing could run, and missedRunPolicy is Skip"
    assert decision == Skip(Due(at(minutes=15)), at(minutes=15), Reason.MISSED_DEADLINE, message, 2)


def test_the_starting_deadline_itself_is_still_in_time() -> None:
    assert isinstance(decide(PLAN, ran(), at(minutes=16)), Start)


def test_a_clock_that_went_back_gives_no_run_of_a_slot_that_is_done() -> None:
    assert decide(PLAN, ran(), at(hours=-1)) == Wait(at(minutes=5))


@pytest.mark.parametrize("suspend", [False, True], ids=["active", "suspended"])
def test_a_new_token_is_one_manual_run_even_while_suspended(suspend: bool) -> None:
    plan = replace(PLAN, suspend=suspend)
    assert decide_request(plan, ran(), "now!", NOON) == Start(Manual("now!"), NOON)


def test_a_handled_token_asks_for_nothing() -> None:
    state = ran()
    state.last_handled_request = "now!"
    assert decide_request(PLAN, state, "now!", NOON) == Wait(None)


def test_a_manual_run_obeys_the_concurrency_policy() -> None:
    decision = decide_request(PLAN, active(ran()), "now!", NOON)
    assert isinstance(decision, Skip)
    assert (decision.reason, decision.trigger) == (Reason.SKIPPED_OVERLAP, Trigger.MANUAL)


@given(
    period=st.integers(1_000, 10_000_000),
    steps=st.lists(st.integers(0, 30_000_000), min_size=1, max_size=40),
    deadline=st.integers(1, 600),
)
def test_every_due_time_is_run_skipped_or_missed_exactly_once(period: int, steps: list[int], deadline: int) -> None:
    times = IntervalDueTimes(timedelta(milliseconds=period), timedelta(milliseconds=period // 3))
    plan = replace(PLAN, due_times=times, starting_deadline=timedelta(seconds=deadline), first_run_at_once=False)
    state = ScheduleState(last_slot=NOON)
    now, accounted, slots = NOON, 0, set()
    for step in steps:
        now += timedelta(milliseconds=step)
        decision = decide(plan, state, now)
        if isinstance(decision, Start | Skip):
            assert decision.scheduled_for <= now
            assert decision.slot not in slots
            slots.add(decision.slot)
            accounted += 1 + decision.missed
            state.last_slot = decision.scheduled_for
        else:
            assert isinstance(decision, Wait)
            assert decision.until is not None
            assert decision.until > now
    assert state.last_slot is not None
    assert accounted == times.count_between(NOON, state.last_slot)
    following = times.next_after(state.last_slot)
    assert following is not None
    assert following > now
