"""What is written and when."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

import pytest

from scrape_operator.core.findings import Finding
from scrape_operator.core.runs.items import ItemCounts
from scrape_operator.core.runs.reasons import Reason
from scrape_operator.core.runs.slot import Manual
from scrape_operator.core.schedule.due_times import IntervalDueTimes
from scrape_operator.core.schedule.state import ScheduleState
from scrape_operator.reporting.status.writer import QUIET_SECONDS
from tests.reporting.status.writing import A_WHILE, AT_ONCE, UID, Bench, at_work, carried
from tests.support import builders as make


def test_the_first_status_is_written_at_once() -> None:
    async def test(bench: Bench) -> None:
        bench.writer.changed(make.plan(), make.state())
        await bench.settle(AT_ONCE)
        assert bench.api.condition(UID, "Ready") == ("Unknown", "Progressing")

    at_work(test)


@pytest.mark.parametrize(
    "news",
    [
        pytest.param(lambda state: state.record_finish(make.broken(2), make.NOTHING), id="a run failed"),
        pytest.param(
            lambda state: state.record_finish(make.result(reason=Reason.TIMEOUT, number=2), make.NOTHING),
            id="the reason differs",
        ),
        pytest.param(lambda state: setattr(state, "last_handled_request", "now"), id="a request was handled"),
    ],
)
def test_what_a_reader_would_act_on_is_written_at_once(news: Callable[[ScheduleState], object]) -> None:
    async def test(bench: Bench) -> None:
        plan, state = make.plan(), make.state(make.fine())
        bench.writer.seed(plan, carried(plan, state))
        news(state)
        bench.writer.changed(plan, state)
        await bench.settle(AT_ONCE)
        assert bench.writes == 1

    at_work(test)


def test_a_new_generation_is_written_at_once() -> None:
    async def test(bench: Bench) -> None:
        state = make.state(make.fine())
        bench.writer.seed(make.plan(), carried(make.plan(), state))
        bench.writer.changed(make.plan(generation=4), state)
        await bench.settle(AT_ONCE)
        assert bench.api.statuses[UID]["observedGeneration"] == 4

    at_work(test)


def test_a_run_of_the_old_spec_that_ends_late_does_not_turn_the_status_back() -> None:
    async def test(bench: Bench) -> None:
        old, new, state = make.plan(), make.plan(generation=4, suspend=True), make.state(make.fine())
        bench.writer.seed(old, carried(old, state))
        bench.writer.changed(new, state)
        await bench.settle()
        state.record_finish(make.broken(2), make.NOTHING)
        bench.writer.changed(old, state)
        await bench.settle()
        assert bench.api.statuses[UID]["observedGeneration"] == 4
        assert bench.api.condition(UID, "Scheduled") == ("False", "Suspended")
        assert bench.api.condition(UID, "Ready") == ("False", "HTTPStatus")

    at_work(test)


def test_a_run_that_began_under_other_policies_does_not_turn_the_status_back() -> None:
    async def test(bench: Bench) -> None:
        old, new = replace(make.plan(), revision=1), replace(make.plan(suspend=True), revision=2)
        state = make.state(make.fine())
        bench.writer.seed(old, carried(old, state))
        bench.writer.changed(new, state)
        await bench.settle()
        state.record_finish(make.broken(2), make.NOTHING)
        bench.writer.changed(old, state)
        await bench.settle()
        assert bench.api.condition(UID, "Scheduled") == ("False", "Suspended")

    at_work(test)


def test_a_run_that_changed_nothing_is_seen_within_seconds_but_not_at_once() -> None:
    async def test(bench: Bench) -> None:
        plan, state = make.plan(), make.state(make.fine())
        bench.writer.seed(plan, carried(plan, state))
        state.record_finish(make.result(number=2), make.NOTHING)
        bench.writer.changed(plan, state)
        await bench.settle(AT_ONCE)
        assert bench.writes == 0
        await bench.settle(A_WHILE)
        assert len(bench.api.statuses[UID]["history"]) == 2

    at_work(test)


def unmodified(state: ScheduleState, number: int, counts: ItemCounts = make.NOTHING) -> None:
    """Record a run that found nothing modified, from its claim to its end."""
    state.record_start(make.claim(number), make.DUE)
    targets = [make.good(name) for name in "abc"]
    state.record_finish(make.result(reason=Reason.NOT_MODIFIED, targets=targets, number=number), counts)


def test_runs_that_were_not_modified_write_no_status_until_it_is_old() -> None:
    async def test(bench: Bench) -> None:
        plan, state = make.plan(), make.state(make.fine())
        bench.writer.changed(plan, state)
        unmodified(state, 2)
        bench.writer.changed(plan, state)
        await bench.settle(A_WHILE)
        before = bench.writes
        for number in range(3, 60):
            state.record_start(make.claim(number), make.DUE)
            bench.writer.refresh(plan, state)
            await bench.settle(2.0)
            unmodified(state, number)
            bench.writer.changed(plan, state)
            await bench.settle(8.0)
        assert bench.writes == before
        await bench.settle(QUIET_SECONDS)
        unmodified(state, 60)
        bench.writer.changed(plan, state)
        await bench.settle(A_WHILE)
        assert bench.writes == before + 1
        assert bench.api.statuses[UID]["counters"]["runs"] == 60

    at_work(test)


@pytest.mark.parametrize(
    "news",
    [
        pytest.param(lambda state: state._record_request(Manual("now")), id="a request"),
        pytest.param(lambda state: state.set_upcoming(None, is_outside=True), id="a condition"),
        pytest.param(lambda state: unmodified(state, 2, ItemCounts(total=7)), id="the number of items"),
        pytest.param(lambda state: state.record_finish(make.broken(2), make.NOTHING), id="a failure"),
    ],
)
def test_what_changed_beside_a_run_that_was_not_modified_is_written(news: Callable[[ScheduleState], object]) -> None:
    async def test(bench: Bench) -> None:
        plan, state = make.plan(), make.state(make.fine())
        unmodified(state, 1)
        bench.writer.changed(plan, state)
        await bench.settle(A_WHILE)
        before = bench.writes
        news(state)
        bench.writer.changed(plan, state)
        await bench.settle(A_WHILE)
        assert bench.writes == before + 1

    at_work(test)


def test_a_restart_rewrites_nothing_that_is_still_true() -> None:
    async def test(bench: Bench) -> None:
        for number in range(100):
            plan, state = make.plan(f"u{number}"), make.state(make.fine())
            bench.writer.seed(plan, carried(plan, state))
            bench.writer.changed(plan, state)
        await bench.settle(60)
        assert bench.writes == 0
        assert bench.results == ["unchanged"] * 100
        assert bench.writer.pending == 0

    at_work(test)


def test_transition_times_outlive_a_restart() -> None:
    async def test(bench: Bench) -> None:
        plan, state = make.plan(), make.state(make.fine())
        bench.writer.seed(plan, carried(plan, state))
        await bench.settle(600)
        state.record_finish(make.broken(2), make.NOTHING)
        bench.writer.changed(plan, state)
        await bench.settle()
        times = {one["type"]: one["lastTransitionTime"] for one in bench.api.statuses[UID]["conditions"]}
        assert times["Scheduled"] == "2026-11-24T10:00:00Z"
        assert times["Ready"] == "2026-11-24T10:10:00Z"

    at_work(test)


def test_a_status_from_elsewhere_that_makes_no_sense_is_written_anew() -> None:
    async def test(bench: Bench) -> None:
        for uid, status in (("a", {"conditions": [{"type": "\ud800"}]}), ("b", {"observedGeneration": -1}), ("c", {})):
            bench.writer.seed(make.plan(uid), status)
            bench.writer.changed(make.plan(uid), make.state())
        await bench.settle(AT_ONCE)
        assert set(bench.api.statuses) == {"a", "b", "c"}

    at_work(test)


def test_many_changes_of_one_object_are_one_write_of_the_latest() -> None:
    async def test(bench: Bench) -> None:
        state = make.state()
        for number in range(50):
            state.record_finish(make.broken(number), make.NOTHING)
            bench.writer.changed(make.plan(), state)
        await bench.settle()
        assert bench.writes == 1
        assert bench.api.statuses[UID]["counters"]["consecutiveFailures"] == 50

    at_work(test)


def test_news_during_a_write_are_written_after_it_and_not_together_with_it() -> None:
    async def test(bench: Bench) -> None:
        bench.api.seconds = 2.0
        state = make.state()
        bench.writer.changed(make.plan(), state)
        await bench.settle(1.0)
        state.record_finish(make.broken(), make.NOTHING)
        bench.writer.changed(make.plan(), state)
        await bench.settle(10)
        assert [at for at, _uid in bench.api.writes] == [0.0, 2.0]
        assert bench.api.condition(UID, "Ready") == ("False", "HTTPStatus")

    at_work(test)


def test_ten_thousand_runs_a_minute_keep_to_the_budget_and_failures_go_first() -> None:
    async def test(bench: Bench) -> None:
        states = {f"u{n}": make.state(make.fine()) for n in range(2000)}
        for uid, state in states.items():
            bench.writer.seed(make.plan(uid), carried(make.plan(uid), state))
            state.record_finish(make.fine(2), make.NOTHING)
            bench.writer.changed(make.plan(uid), state)
        await bench.settle(10.0)
        assert bench.writes <= 40 + 20 * 10
        for uid in ("u1990", "u1995"):
            states[uid].record_finish(make.broken(3), make.NOTHING)
            bench.writer.changed(make.plan(uid), states[uid])
        await bench.settle(AT_ONCE)
        assert {"u1990", "u1995"} <= set(bench.api.statuses)
        assert bench.api.most_in_flight <= 8

    at_work(test)


def test_a_start_is_a_refresh_that_evaluates_nothing() -> None:
    class Counted(IntervalDueTimes):
        looks = 0

        def next_after(self, instant: datetime) -> datetime | None:
            Counted.looks += 1
            return super().next_after(instant)

    async def test(bench: Bench) -> None:
        plan, state = make.plan(due_times=Counted(make.FIVE_MINUTES)), make.state(make.fine())
        bench.writer.seed(plan, carried(plan, state))
        Counted.looks = 0
        bench.writer.refresh(plan, state)
        assert Counted.looks == 0
        state.record_finish(make.fine(2), make.NOTHING)
        bench.writer.changed(plan, state)
        assert Counted.looks == 1
        await bench.settle()
        assert bench.writes == 1

    at_work(test)


def test_what_a_person_did_is_shown_before_what_happened_by_itself_whatever_the_budget() -> None:
    async def test(bench: Bench) -> None:
        for number in range(1000):
            plan, state = make.plan(f"u{number}"), make.state(make.fine())
            bench.writer.seed(plan, carried(plan, state))
            state.record_finish(make.broken(2), make.NOTHING)
            bench.writer.changed(plan, state)
        await bench.settle(10.0)
        refused = make.plan("refused", findings=(Finding("spec", "wrong"),), due_times=None)
        bench.writer.changed(refused, make.state())
        await bench.settle(1.0)
        assert bench.api.condition("refused", "Stalled") == ("True", "InvalidSpec")
        assert bench.writes <= 100 + 20 * 12

    at_work(test, rate=0.05)


def test_the_stalest_is_refreshed_first() -> None:
    async def test(bench: Bench) -> None:
        order = ["u3", "u1", "u4", "u0", "u2"]
        for age, uid in enumerate(order):
            plan, state = make.plan(uid), make.state(make.fine())
            status = carried(plan, state) | {"statusTime": f"2026-11-24T0{age}:00:00Z"}
            bench.writer.seed(plan, status)
        for uid in sorted(order):
            bench.writer.changed(make.plan(uid), make.state(make.fine(), make.fine(2)))
        await bench.settle()
        assert [uid for _at, uid in bench.api.attempts] == order

    at_work(test)
