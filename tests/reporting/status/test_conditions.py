"""The table of conditions in docs/scrapeschedule.md, case by case."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from scrape_operator.core.findings import Finding
from scrape_operator.core.net.day_budgets import DayLimit, Unit, UsedUp, day_end
from scrape_operator.core.runs.items import ItemCounts
from scrape_operator.core.runs.reasons import Reason
from scrape_operator.core.runs.run import RunResult, RunStatus, TargetResult
from scrape_operator.core.runs.slot import Manual
from scrape_operator.core.schedule.bounds import BoundedDueTimes
from scrape_operator.core.schedule.due_times import IntervalDueTimes
from scrape_operator.core.schedule.plan import SchedulePlan
from scrape_operator.core.schedule.state import ActiveRun, ScheduleState
from scrape_operator.core.schedule.upcoming import upcoming
from scrape_operator.core.schedule.windows import Windows, parse_window
from scrape_operator.reporting.status.condition_types import Condition
from scrape_operator.reporting.status.conditions import evaluate_conditions
from tests.support import builders as make

HOUR = timedelta(hours=1)
NEVER_OPEN = Windows((parse_window("Deny", (), "00:00", "24:00"),), ZoneInfo("Etc/UTC"))
ONLY_AT_NIGHT = Windows((parse_window("Allow", (), "22:00", "06:00"),), ZoneInfo("Europe/Berlin"))
INVALID = (Finding("spec.interval", "5 is no duration: write 5s or 5m"), Finding("spec.timeZone", "no such zone"))


class NoDueTimes:
    def next_after(self, instant: object) -> None:
        return None

    latest_until = next_after

    def count_between(self, after: object, until: object) -> int:
        return 0


def ending_at(end: datetime) -> SchedulePlan:
    return make.plan(due_times=BoundedDueTimes(IntervalDueTimes(make.FIVE_MINUTES), None, end), end_time=end)


def conditions(plan: SchedulePlan, state: ScheduleState) -> dict[str, Condition]:
    return {str(condition.type): condition for condition in evaluate_conditions(plan, state, make.NOW)}


def status_and_reason(plan: SchedulePlan, state: ScheduleState, kind: str) -> tuple[str, str]:
    condition = conditions(plan, state)[kind]
    return condition.status, str(condition.reason)


def test_a_fresh_schedule_is_unknown_and_reconciling() -> None:
    plan, state = make.plan(), make.state()
    assert status_and_reason(plan, state, "Ready") == ("Unknown", "Progressing")
    assert status_and_reason(plan, state, "Reconciling") == ("True", "Progressing")
    assert status_and_reason(plan, state, "LastRunSucceeded") == ("Unknown", "Progressing")
    assert status_and_reason(plan, state, "TargetsHealthy") == ("Unknown", "Progressing")
    assert status_and_reason(plan, state, "DataHealthy") == ("Unknown", "Progressing")
    assert status_and_reason(plan, state, "Scheduled") == ("True", "Scheduled")


def test_after_a_good_run_all_is_true_and_neither_reconciling_nor_stalled_is_there() -> None:
    found = conditions(make.plan(), make.state(make.fine()))
    assert set(found) == {"Ready", "Scheduled", "LastRunSucceeded", "TargetsHealthy", "DataHealthy"}
    assert {condition.status for condition in found.values()} == {"True"}


def test_a_failed_run_gives_its_reason_to_ready_and_last_run() -> None:
    found = conditions(make.plan(), make.state(make.fine(1), make.broken(2)))
    for kind in ("Ready", "LastRunSucceeded", "TargetsHealthy"):
        assert (found[kind].status, found[kind].reason) == ("False", "HTTPStatus")
    assert found["Ready"].message == "target b: 500 from the site"
    assert found["TargetsHealthy"].message == "1 of 3 targets failed; b: 500 from the site"


def test_a_run_that_succeeded_in_part_is_ready_and_names_its_reason_as_last_run() -> None:
    partial = make.result(
        RunStatus.PARTIALLY_SUCCEEDED,
        Reason.TIMEOUT,
        "target b: no answer",
        [make.good("a"), make.failed("b", Reason.TIMEOUT)],
    )
    plan, state = make.plan(), make.state(partial)
    assert status_and_reason(plan, state, "Ready") == ("True", "PartiallySucceeded")
    assert status_and_reason(plan, state, "LastRunSucceeded") == ("True", "Timeout")
    assert status_and_reason(plan, state, "TargetsHealthy") == ("False", "Timeout")


@pytest.mark.parametrize(
    ("before", "expected"),
    [
        pytest.param(make.fine(1), ("True", "Succeeded"), id="after a good run"),
        pytest.param(make.broken(1), ("False", "HTTPStatus"), id="after a failed run"),
        pytest.param(None, ("Unknown", "Replaced"), id="as the first run"),
    ],
)
def test_a_canceled_run_does_not_count_for_ready(before: RunResult | None, expected: tuple[str, str]) -> None:
    runs = [run for run in (before, make.canceled(2)) if run is not None]
    state = make.state(*runs)
    assert status_and_reason(make.plan(), state, "Ready") == expected
    assert status_and_reason(make.plan(), state, "LastRunSucceeded") == ("False", "Replaced")


@pytest.mark.parametrize(
    ("before", "expected"),
    [
        pytest.param(make.fine(1), ("True", "Succeeded"), id="after a good run"),
        pytest.param(make.broken(1, Reason.TIMEOUT), ("False", "Timeout"), id="after a failed run"),
    ],
)
def test_more_canceled_runs_than_history_holds_do_not_make_ready_forget(
    before: RunResult, expected: tuple[str, str]
) -> None:
    state = make.state(before, *(make.canceled(n, Reason.SHUTDOWN) for n in range(2, 9)))
    assert status_and_reason(make.plan(), state, "Ready") == expected


def test_a_failed_run_without_a_row_and_targets_has_a_reason_of_the_contract() -> None:
    state = make.state(*(make.canceled(n, Reason.SHUTDOWN) for n in range(1, 6)))
    state.consecutive_failures = 1
    assert status_and_reason(make.plan(), state, "Ready") == ("False", "Shutdown")
    state.history, state.last_run = [], None
    assert status_and_reason(make.plan(), state, "Ready") == ("False", "InternalError")


@pytest.mark.parametrize("before", [pytest.param((), id="never ran"), pytest.param((make.fine(1),), id="ran well")])
def test_three_replaced_runs_in_a_row_are_not_ready(before: Sequence[RunResult]) -> None:
    two = [make.canceled(number) for number in (2, 3)]
    assert status_and_reason(make.plan(), make.state(*before, *two), "Ready")[0] != "False"
    ready = conditions(make.plan(), make.state(*before, *two, make.canceled(4)))["Ready"]
    assert (ready.status, ready.reason) == ("False", "Replaced")
    assert ready.message.startswith("the last 3 runs were replaced before they ended: lengthen spec.interval")
    recovered = make.state(*before, *two, make.canceled(4), make.fine(5))
    assert status_and_reason(make.plan(), recovered, "Ready") == ("True", "Succeeded")


def test_a_schedule_whose_runs_were_all_canceled_says_so() -> None:
    state = make.state(*(make.canceled(number, Reason.CANCELED, "stopped by hand") for number in (1, 2, 3, 4)))
    ready = conditions(make.plan(), state)["Ready"]
    assert (ready.status, ready.reason) == ("Unknown", "Canceled")
    assert ready.message == "no run has ended with a result yet: the last one was canceled (stopped by hand)"
    assert "Reconciling" not in conditions(make.plan(), state)


@pytest.mark.parametrize(
    ("counts", "items", "expected"),
    [
        pytest.param(ItemCounts(8, new=8), 8, "8 items: 8 new", id="all new"),
        pytest.param(ItemCounts(8), 8, "8 items: no change", id="no change"),
        pytest.param(ItemCounts(9, 1, 2, 3), 1, "1 item: 1 new, 2 changed, 3 gone", id="one of each kind"),
    ],
)
def test_a_good_run_says_what_it_found(counts: ItemCounts, items: int, expected: str) -> None:
    state = make.state(make.result(targets=[make.good("a", items)]), counts=counts)
    found = conditions(make.plan(), state)
    assert found["Ready"].message == found["LastRunSucceeded"].message == expected


def test_a_run_that_was_not_modified_says_so() -> None:
    state = make.state(make.result(reason=Reason.NOT_MODIFIED, targets=make.fine().targets))
    assert conditions(make.plan(), state)["Ready"].message == "not modified since the run before"


def test_a_refused_spec_is_stalled_and_says_what_to_mend() -> None:
    found = conditions(make.plan(findings=INVALID, due_times=None), make.state(make.fine()))
    assert (found["Stalled"].status, found["Stalled"].reason) == ("True", "InvalidSpec")
    assert found["Stalled"].message == ("spec.interval: 5 is no duration: write 5s or 5m; spec.timeZone: no such zone")
    assert (found["Ready"].status, found["Ready"].reason) == ("False", "InvalidSpec")
    assert (found["Scheduled"].status, found["Scheduled"].reason) == ("False", "InvalidSpec")
    assert "Reconciling" not in found


def test_a_suspended_schedule_says_so_and_waits_for_nothing() -> None:
    plan = make.plan(suspend=True)
    assert status_and_reason(plan, make.state(), "Scheduled") == ("False", "Suspended")
    ready = conditions(plan, make.state())["Ready"]
    assert (ready.status, ready.reason) == ("True", "Scheduled")
    assert ready.message == "not scheduled: spec.suspend is true; the spec is accepted; no run is due yet"
    assert "Reconciling" not in conditions(plan, make.state())
    assert status_and_reason(plan, make.state(make.fine()), "Ready") == ("True", "Succeeded")


def test_a_request_of_of_a_suspended_schedule_is_progress() -> None:
    state = make.state()
    run_id = make.claim().id
    state.active[run_id] = ActiveRun(run_id, Manual("t"), make.NOW)
    assert status_and_reason(make.plan(suspend=True), state, "Reconciling") == ("True", "Progressing")


def test_a_schedule_outside_its_windows_says_when_it_runs_again() -> None:
    opening = make.NOW.replace(hour=21, minute=0, second=13)
    plan, state = make.plan(windows=ONLY_AT_NIGHT), make.state(make.fine(), next_due=opening, is_outside=True)
    found = conditions(plan, state)
    assert (found["Scheduled"].status, found["Scheduled"].reason) == ("False", "OutsideWindow")
    assert (
        found["Scheduled"].message == "the due times before Tue 2026-11-24 22:00 Europe/Berlin are outside spec.windows"
    )
    assert (found["Ready"].status, found["Ready"].reason) == ("True", "Succeeded")
    assert found["Ready"].message.startswith("not scheduled: the due times before Tue")


def test_a_budget_that_is_used_up_says_which_and_until_when() -> None:
    limit = DayLimit("ScrapePolicy/default/shop", "ScrapePolicy shop", Unit.REQUESTS, 1_000)
    used_up = UsedUp(limit, day_end(make.NOW))
    midnight = make.NOW.replace(day=25, hour=0, minute=0, second=13)
    found = conditions(
        make.plan(windows=ONLY_AT_NIGHT),
        make.state(make.fine(), next_due=midnight, is_outside=True, used_up=used_up),
    )
    assert (found["Scheduled"].status, found["Scheduled"].reason) == ("False", "BudgetExhausted")
    assert found["Scheduled"].message == (
        "the 1000 requests of a day of ScrapePolicy shop (ceilings.requestsPerDay) are used up until "
        "2026-11-25T00:00:00Z: wait, or raise the limit"
    )
    assert (found["Ready"].status, found["Ready"].reason) == ("True", "Succeeded")
    suspended = conditions(make.plan(suspend=True), make.state(make.fine(), used_up=used_up))
    assert suspended["Scheduled"].reason == "Suspended"


@pytest.mark.parametrize(
    ("plan", "reason"),
    [
        pytest.param(ending_at(make.NOW - HOUR), "Ended", id="endTime has passed"),
        pytest.param(make.plan(windows=NEVER_OPEN), "OutsideWindow", id="windows that never open"),
        pytest.param(ending_at(make.NOW + HOUR), "BudgetExhausted", id="endTime is today"),
    ],
)
def test_a_schedule_without_runs_does_not_wait_for_its_budget(plan: SchedulePlan, reason: str) -> None:
    limit = DayLimit("ScrapePolicy/default/shop", "ScrapePolicy shop", Unit.REQUESTS, 1_000)
    used_up = UsedUp(limit, day_end(make.NOW))
    state = make.state(make.fine(), used_up=used_up)
    assert status_and_reason(plan, state, "Scheduled") == ("False", reason)
    ahead = upcoming(plan, state, make.NOW)
    state.set_upcoming(ahead.run, is_outside=ahead.is_outside)
    assert status_and_reason(plan, state, "Scheduled") == ("False", reason)


@pytest.mark.parametrize(
    ("plan", "state"),
    [
        pytest.param(make.plan(windows=ONLY_AT_NIGHT), make.state(), id="a window"),
        pytest.param(
            make.plan(windows=ONLY_AT_NIGHT), make.state(next_due=make.NOW + HOUR, is_outside=True), id="a known window"
        ),
        pytest.param(make.plan(first_run_at_once=False), make.state(), id="cron"),
        pytest.param(make.plan(first_run_at_once=False), make.state(next_due=make.NOW + HOUR), id="cron with a timer"),
        pytest.param(make.plan(start_time=make.NOW + HOUR), make.state(), id="startTime"),
        pytest.param(make.plan(suspend=True), make.state(), id="suspend"),
        pytest.param(make.plan(due_times=NoDueTimes(), end_time=make.NOW - HOUR), make.state(), id="ended"),
    ],
)
def test_before_the_first_run_a_schedule_is_ready_where_nothing_is_due_at_once(
    plan: SchedulePlan, state: ScheduleState
) -> None:
    found = conditions(plan, state)
    assert (found["Ready"].status, found["Ready"].reason) == ("True", "Scheduled")
    assert "Reconciling" not in found


@pytest.mark.parametrize(
    "state",
    [
        pytest.param(make.state(), id="due at once"),
        pytest.param(make.state(next_due=make.NOW + HOUR), id="due at once after a claim that failed"),
        pytest.param(make.state(next_due=make.NOW), id="its timer has come"),
    ],
)
def test_before_the_first_run_ready_is_unknown_while_it_is_due(state: ScheduleState) -> None:
    assert status_and_reason(make.plan(), state, "Ready") == ("Unknown", "Progressing")
    assert status_and_reason(make.plan(), state, "Reconciling") == ("True", "Progressing")


def test_the_first_run_of_a_cron_schedule_is_progress_while_it_goes_on() -> None:
    state, claim = make.state(), make.claim()
    state.add_run(claim.id, claim.slot)
    assert status_and_reason(make.plan(first_run_at_once=False), state, "Ready") == ("Unknown", "Progressing")


def test_a_schedule_whose_due_times_never_meet_its_windows_says_so() -> None:
    plan, state = make.plan(windows=ONLY_AT_NIGHT), make.state(make.fine(), is_outside=True)
    assert "widen them" in conditions(plan, state)["Scheduled"].message


def test_a_schedule_that_failed_too_often_says_how_it_goes_on() -> None:
    plan, state = make.plan(suspend_after_failures=2), make.state(make.broken(1), make.broken(2))
    found = conditions(plan, state)
    assert (found["Scheduled"].status, found["Scheduled"].reason) == ("False", "SuspendedByFailures")
    assert found["Scheduled"].message.startswith("2 runs failed in a row (spec.suspendAfterFailures): change the spec")
    assert found["Ready"].message.endswith("; target b: 500 from the site")
    assert status_and_reason(make.plan(generation=4, suspend_after_failures=2), state, "Scheduled")[0] == "True"


def test_a_schedule_without_a_due_time_ahead_has_ended() -> None:
    plan = make.plan(due_times=NoDueTimes(), end_time=make.NOW - timedelta(hours=1))
    assert status_and_reason(plan, make.state(make.fine()), "Scheduled") == ("False", "Ended")
    assert "spec.endTime" in conditions(plan, make.state())["Scheduled"].message
    endless = make.plan(due_times=NoDueTimes())
    assert conditions(endless, make.state(make.fine()))["Scheduled"].message == "no due time lies ahead"
    assert "Reconciling" not in conditions(plan, make.state())


def test_a_spec_that_changed_after_a_failure_is_reconciling_until_its_run_ends() -> None:
    plan, state = make.plan(generation=4), make.state(make.broken(1))
    assert status_and_reason(plan, state, "Reconciling") == ("True", "Progressing")
    assert status_and_reason(plan, state, "Ready") == ("False", "HTTPStatus")
    state.record_finish(make.result(number=2, generation=4, targets=[make.good("a")]), make.NOTHING)
    assert "Reconciling" not in conditions(plan, state)


def test_a_cron_schedule_that_failed_is_not_reconciling_until_its_time() -> None:
    plan = make.plan(generation=4, first_run_at_once=False)
    assert "Reconciling" not in conditions(plan, make.state(make.broken(1)))


@pytest.mark.parametrize(
    ("target", "reason"),
    [
        pytest.param(make.breached("a"), "ExpectationFailed", id="expectation"),
        pytest.param(make.breached("a", Reason.SELECTOR_MISSED), "SelectorMissed", id="selector"),
        pytest.param(make.breached("a", Reason.TIMEOUT), "ExpectationFailed", id="a breach beside another reason"),
    ],
)
def test_a_breach_makes_the_data_unhealthy(target: TargetResult, reason: str) -> None:
    state = make.state(make.result(RunStatus.PARTIALLY_SUCCEEDED, target.reason, "x", [target, make.good("b")]))
    found = conditions(make.plan(), state)["DataHealthy"]
    assert (found.status, found.reason) == ("False", reason)
    assert found.message == "target a: 0 items, minItems is 10"


def test_a_run_that_brought_no_data_says_nothing_about_the_data() -> None:
    state = make.state(make.result(RunStatus.FAILED, Reason.DNS_ERROR, "x", [make.failed("a", Reason.DNS_ERROR)]))
    assert status_and_reason(make.plan(), state, "DataHealthy")[0] == "Unknown"


def test_a_target_that_the_spec_no_longer_has_is_forgotten() -> None:
    plan = make.plan(target_names=("a", "c"))
    assert status_and_reason(plan, make.state(make.broken()), "TargetsHealthy") == ("True", "Succeeded")


def test_the_next_due_time_of_the_timer_counts_before_that_of_the_plan() -> None:
    state = make.state(next_due=make.NOW + timedelta(hours=1))
    assert status_and_reason(make.plan(due_times=NoDueTimes()), state, "Scheduled") == ("True", "Scheduled")


SECRET = make.failed("a", Reason.SECRET_NOT_FOUND, "Secret default/shop does not exist: create it")


def test_secrets_are_a_condition_only_where_targets_refer_to_them() -> None:
    assert "SecretsResolved" not in conditions(make.plan(), make.state(make.fine()))
    plan = make.plan(has_secrets=True)
    assert status_and_reason(plan, make.state(), "SecretsResolved") == ("Unknown", "Progressing")
    assert status_and_reason(plan, make.state(make.fine()), "SecretsResolved") == ("True", "Succeeded")


def test_a_secret_that_is_missing_stalls_the_schedule_until_it_is_there() -> None:
    plan = make.plan(has_secrets=True)
    state = make.state(make.result(RunStatus.FAILED, Reason.SECRET_NOT_FOUND, "x", [SECRET]))
    found = conditions(plan, state)
    for kind, status in (("SecretsResolved", "False"), ("Stalled", "True"), ("Ready", "False")):
        assert (found[kind].status, found[kind].reason) == (status, "SecretNotFound")
        assert found[kind].message == "target a: Secret default/shop does not exist: create it"
    assert found["Scheduled"].status == "True"
    state.record_finish(make.fine(2), make.NOTHING)
    healed = conditions(plan, state)
    assert healed["SecretsResolved"].status == "True"
    assert "Stalled" not in healed


def test_a_secret_that_one_of_many_targets_lacks_stalls_nothing() -> None:
    partly = make.result(RunStatus.PARTIALLY_SUCCEEDED, Reason.SECRET_NOT_FOUND, "x", [SECRET, make.good("b")])
    found = conditions(make.plan(has_secrets=True), make.state(partly))
    assert found["SecretsResolved"].status == "False"
    assert "Stalled" not in found
