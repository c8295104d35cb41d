"""What a schedule remembers of its runs."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scrape_operator.core.notifications.webhooks import WebhookHealth
from scrape_operator.core.runs.items import Item, ItemCounts
from scrape_operator.core.runs.reasons import Reason
from scrape_operator.core.runs.run import RunClaim, RunResult, RunStatus, TargetResult, Trigger
from scrape_operator.core.runs.slot import Due, First, Manual
from scrape_operator.core.schedule.decision import Skip
from scrape_operator.core.schedule.state import ActiveRun, QueuedRun, ScheduleState
from tests.support.fakes import skipped_row
from tests.support.schedule_plans import plan

HISTORY_LENGTH = 5

START = datetime(2026, 11, 25, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
FINE = TargetResult("fine", RunStatus.SUCCEEDED, Reason.SUCCEEDED)
BROKEN = TargetResult("broken", RunStatus.FAILED, Reason.TIMEOUT, "no answer within 30s")
FINAL = [status for status in RunStatus if status not in {RunStatus.RUNNING, RunStatus.SKIPPED}]


def claim(number: int) -> RunClaim:
    due = START + number * MINUTE
    return RunClaim(
        id=UUID(int=number),
        schedule_uid="uid",
        namespace="default",
        name="quotes",
        generation=3,
        slot=Due(due),
        scheduled_for=due,
        started_at=due,
        owner="replica-1",
        lease_expires_at=due + MINUTE,
    )


def result(number: int, status: RunStatus, targets: tuple[TargetResult, ...] = (FINE,)) -> RunResult:
    reason = Reason.SUCCEEDED if status.is_good else Reason.TIMEOUT
    return RunResult(claim(number), status, reason, "", START + number * MINUTE + timedelta(seconds=2), targets)


def test_a_good_run_ends_a_streak_and_its_items_are_the_schedules() -> None:
    state = ScheduleState(consecutive_failures=4)
    summary = state.record_finish(result(1, RunStatus.PARTIALLY_SUCCEEDED), ItemCounts(total=10, new=1))
    assert state.consecutive_failures == 0
    assert state.items == ItemCounts(total=10, new=1)
    assert state.last_successful_time == state.last_change_time == summary.completed_at
    assert state.last_failure_time is None
    assert state.last_run is summary


def test_a_failed_run_prolongs_a_streak() -> None:
    state = ScheduleState(consecutive_failures=1)
    summary = state.record_finish(result(1, RunStatus.FAILED, (BROKEN,)), ItemCounts(total=11))
    assert (state.runs, state.consecutive_failures) == (1, 2)
    assert state.last_failure_time == summary.completed_at
    assert state.last_successful_time is None
    assert state.last_change_time is None


@pytest.mark.parametrize("status", FINAL)
@pytest.mark.parametrize("counts", [ItemCounts(total=11), ItemCounts(total=11, new=1)], ids=["nothing", "in part"])
def test_items_are_counted_of_the_last_run_whatever_its_status(status: RunStatus, counts: ItemCounts) -> None:
    state = ScheduleState(items=ItemCounts(total=10, new=3, changed=2, gone=1))
    summary = state.record_finish(result(1, status), counts)
    assert state.items == summary.counts == counts


def test_a_canceled_run_is_neither_a_success_nor_a_failure() -> None:
    state = ScheduleState(consecutive_failures=2)
    state.record_finish(result(1, RunStatus.CANCELED), ItemCounts())
    assert state.consecutive_failures == 2
    assert state.last_successful_time is None
    assert state.last_failure_time is None


@pytest.mark.parametrize(
    ("counts", "changed"),
    [
        (ItemCounts(total=5), False),
        (ItemCounts(total=5, new=1), True),
        (ItemCounts(total=5, changed=1), True),
        (ItemCounts(total=5, gone=1), True),
    ],
    ids=["none", "new", "changed", "gone"],
)
def test_the_time_of_the_last_change_is_that_of_a_run_that_changed_items(counts: ItemCounts, *, changed: bool) -> None:
    state = ScheduleState(last_change_time=START - MINUTE)
    state.record_finish(result(1, RunStatus.SUCCEEDED), counts)
    assert (state.last_change_time != START - MINUTE) is changed


@given(st.lists(st.sampled_from(FINAL), max_size=12))
def test_history_is_the_last_runs_newest_first_and_the_streak_counts_failures(statuses: list[RunStatus]) -> None:
    state = ScheduleState()
    for number, status in enumerate(statuses):
        state.record_finish(result(number, status), ItemCounts())
    assert [run.status for run in state.history] == statuses[::-1][:HISTORY_LENGTH]
    streak = 0
    for status in statuses:
        streak = 0 if status.is_good else streak + (status is RunStatus.FAILED)
    assert state.consecutive_failures == streak


def test_a_run_that_ended_is_no_longer_active_and_others_are() -> None:
    state = ScheduleState()
    for number in (1, 2):
        state.active[UUID(int=number)] = ActiveRun(UUID(int=number), Due(START), START)
    state.record_finish(result(1, RunStatus.SUCCEEDED), ItemCounts())
    assert list(state.active) == [UUID(int=2)]


def test_a_summary_counts_the_items_of_all_targets() -> None:
    item = Item.of({"a": 1})
    both = tuple(TargetResult(name, RunStatus.SUCCEEDED, Reason.SUCCEEDED, items=[item, item]) for name in ("a", "b"))
    assert ScheduleState().record_finish(result(1, RunStatus.SUCCEEDED, both), ItemCounts()).items_scraped == 4


def test_a_target_fails_since_it_began_to_fail_with_its_reason() -> None:
    state = ScheduleState()
    refused = TargetResult("broken", RunStatus.FAILED, Reason.CONNECT_ERROR, "connection refused")
    since = []
    for number, target in enumerate([BROKEN, BROKEN, refused, BROKEN]):
        state.record_finish(result(number, RunStatus.FAILED, (target,)), ItemCounts())
        since.append(state.targets[0].since)
    ends = [START + number * MINUTE + timedelta(seconds=2) for number in range(4)]
    assert since == [ends[0], ends[0], ends[2], ends[3]]


def test_a_run_that_reached_no_target_leaves_their_health_as_it_was() -> None:
    state = ScheduleState()
    state.record_finish(result(1, RunStatus.FAILED, (BROKEN,)), ItemCounts())
    state.record_finish(result(2, RunStatus.FAILED, ()), ItemCounts())
    assert [target.name for target in state.targets] == ["broken"]


def test_skips_and_missed_due_times_are_counted_apart() -> None:
    state = ScheduleState()
    state.record_skip(skipped_row(plan(), Skip(Due(START), START, Reason.SKIPPED_OVERLAP, "", 0)))
    state.record_skip(skipped_row(plan(), Skip(Due(START), START, Reason.SKIPPED_WINDOW, "", 2)))
    state.record_skip(skipped_row(plan(), Skip(Due(START), START, Reason.MISSED_DEADLINE, "", 3)))
    assert (state.skipped, state.missed) == (2, 6)
    assert not state.history


def test_a_manual_run_that_is_skipped_is_in_the_history_and_is_not_the_last_run() -> None:
    state = ScheduleState()
    last = state.record_finish(result(1, RunStatus.FAILED, (BROKEN,)), ItemCounts())
    state.record_skip(skipped_row(plan(), Skip(Manual("t"), START, Reason.SKIPPED_OVERLAP, "one is going on", 0)))
    assert [(run.status, run.trigger) for run in state.history[:1]] == [(RunStatus.SKIPPED, Trigger.MANUAL)]
    assert state.last_run == last
    assert state.last_handled_request == "t"


@pytest.mark.parametrize(
    ("later", "failures"),
    [(RunStatus.FAILED, 2), (RunStatus.SUCCEEDED, 0)],
    ids=["a failure, and the orphan one more", "a good run, and the orphan is history"],
)
def test_an_orphan_takes_its_place_in_history(later: RunStatus, failures: int) -> None:
    state = ScheduleState()
    last = state.record_finish(result(2, later), ItemCounts(total=3, new=1))
    orphan = replace(last, id=UUID(int=1), status=RunStatus.FAILED, reason=Reason.ORPHANED)
    orphan = replace(orphan, scheduled_for=START + MINUTE, completed_at=START + 9 * MINUTE)
    state.record_orphan(orphan)
    assert state.history == [last, orphan]
    assert state.last_run is last
    assert state.items == ItemCounts(total=3, new=1 if later.is_good else 0)
    assert state.consecutive_failures == failures
    assert state.last_failure_time == orphan.completed_at


def test_an_orphan_for_the_same_time_as_a_good_run_counts_as_the_later_one() -> None:
    state = ScheduleState()
    before = state.record_finish(result(1, RunStatus.SUCCEEDED), ItemCounts())
    orphan = replace(before, id=UUID(int=2), status=RunStatus.FAILED)
    state.record_orphan(orphan)
    assert (state.history, state.last_run, state.consecutive_failures) == ([orphan, before], orphan, 1)


def test_an_orphan_of_the_latest_due_time_is_the_last_run() -> None:
    state = ScheduleState()
    before = state.record_finish(result(1, RunStatus.SUCCEEDED), ItemCounts(total=3, new=3))
    orphan = replace(before, id=UUID(int=2), status=RunStatus.FAILED, scheduled_for=START + 2 * MINUTE)
    state.active[orphan.id] = ActiveRun(orphan.id, Due(START), START)
    state.record_orphan(orphan)
    assert state.last_run is orphan
    assert state.items == ItemCounts(total=3)
    assert state.consecutive_failures == 1
    assert not state.active


def test_a_new_state_takes_its_memory_from_the_status_where_the_database_has_none() -> None:
    state = ScheduleState()
    state.adopt(START, "t")
    assert (state.last_slot, state.handled_since) == (START, START)
    assert (state.last_handled_request, state.is_handled("t")) == ("t", True)
    known = ScheduleState(last_slot=START, last_handled_request="u")
    known.adopt(START, "t")
    assert (known.last_slot, known.handled_since, known.last_handled_request) == (START, None, "u")
    assert not known.is_handled("t")


@pytest.mark.parametrize(
    ("before", "after", "differs"),
    [
        ((None, False), (None, False), False),
        ((START, False), (START + MINUTE, False), False),
        ((None, False), (START, False), True),
        ((START, False), (None, False), True),
        ((START, False), (START, True), True),
    ],
)
def test_what_is_next_differs_by_whether_and_not_by_when(
    before: tuple[datetime | None, bool], after: tuple[datetime | None, bool], *, differs: bool
) -> None:
    state = ScheduleState()
    assert state.set_upcoming(before[0], is_outside=before[1]) is (before != (None, False))
    assert state.set_upcoming(after[0], is_outside=after[1]) is differs
    assert (state.next_due, state.is_outside) == after


def test_a_first_run_that_an_edit_owes_is_remembered_with_its_time() -> None:
    state = ScheduleState()
    state.take_slot(First(1), START, 0)
    assert (state.first_generation, state.immediate_run_at) == (1, None)
    state.record_finish(result(1, RunStatus.FAILED, (BROKEN,)), ItemCounts())
    state.take_slot(First(2), START, 0)
    assert (state.first_generation, state.immediate_run_at) == (2, START)
    state.set_clock_back(START - MINUTE)
    assert state.immediate_run_at == START - MINUTE
    state.set_clock_back(START)
    assert state.immediate_run_at == START - MINUTE
    state.release_slot(Manual("t"))
    assert state.first_generation == 2
    state.release_slot(First(2))
    assert state == replace(state, first_generation=0, immediate_run_at=None)


def test_a_slot_is_pending_until_it_has_a_row() -> None:
    state, run = ScheduleState(), claim(1)
    state.add_run(run.id, run.slot)
    state.enqueue(QueuedRun(Manual("t"), START))
    assert [state.is_pending(slot) for slot in (run.slot, Manual("t"), Manual("u"))] == [True, True, False]
    assert state.slots_without_row() == {run.slot, Manual("t")}
    state.record_start(run, ends_by=START + MINUTE)
    assert state.active[run.id] == ActiveRun(run.id, run.slot, run.started_at, START + MINUTE)
    assert state.last_schedule_time == run.scheduled_for
    assert state.dequeue() == QueuedRun(Manual("t"), START)
    assert (state.dequeue(), state.slots_without_row()) == (None, frozenset())
    state.record_ending(run.id, START)
    assert state.active[run.id].ends_by == START
    state.remove_run(run.id)
    state.remove_run(run.id)
    assert state.active == {}


def test_a_run_that_stands_for_others_counts_them_as_missed() -> None:
    state = ScheduleState(missed=1)
    state.record_start(replace(claim(1), missed=3), ends_by=START)
    assert state.missed == 4


def test_a_queued_and_an_active_run_tell_what_asked_for_them() -> None:
    assert QueuedRun(Manual("t"), START).trigger is ActiveRun(UUID(int=1), Manual("t")).trigger is Trigger.MANUAL
    assert QueuedRun(Due(START), START).trigger is ActiveRun(UUID(int=1), First(1)).trigger is Trigger.SCHEDULED
    assert (QueuedRun(Due(START), START).missed, HISTORY_LENGTH) == (0, 5)


def test_a_defect_is_new_until_it_is_known() -> None:
    state = ScheduleState()
    assert [state.set_defect(defect) for defect in (None, "broken", "broken", None)] == [False, True, False, True]


def test_a_webhook_is_well_until_something_else_is_known() -> None:
    state = ScheduleState()
    well = WebhookHealth("ops", None, "", 0, is_disabled=False)
    gone = replace(well, is_disabled=True)
    assert [state.record_webhook(health) for health in (well, gone, gone, well)] == [False, True, False, True]
    assert state.webhooks == {"ops": well}


def test_every_finished_run_is_counted() -> None:
    state = ScheduleState()
    for number in range(3):
        state.record_finish(result(number, RunStatus.CANCELED), ItemCounts())
    state.record_orphan(state.history[0])
    assert state.runs == 4
