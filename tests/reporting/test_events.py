"""Events on transitions only, and never more than anybody can read."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from datetime import timedelta
from functools import partial
from typing import Any

import pytest

from scrape_operator.core.errors import ClusterError
from scrape_operator.core.findings import Finding
from scrape_operator.core.runs.reasons import Reason
from scrape_operator.core.runs.run import RunStatus
from scrape_operator.core.schedule.plan import SchedulePlan
from scrape_operator.core.schedule.state import ScheduleState
from scrape_operator.reporting.events import (
    MAX_OBJECTS_WAITING,
    SERIES_DELAY_SECONDS,
    EventReporter,
    Transition,
    transitions,
)
from scrape_operator.reporting.status.build import build_status
from scrape_operator.reporting.status.written import Written, WrittenCondition
from tests.support import builders as make
from tests.support import virtual_time
from tests.support.fake_api_server import FakeApiServer

REFUSED = make.plan(findings=(Finding("spec.interval", "is not a duration"),), due_times=None)
REFUSED_AGAIN = make.plan(generation=4, findings=(Finding("spec.timeout", "is too long"),), due_times=None)
FRESH, FINE, BROKEN = make.state(), make.state(make.fine()), make.state(make.broken())
TIMED_OUT = make.state(make.broken(reason=Reason.TIMEOUT))
BREACHED = make.state(
    make.result(RunStatus.PARTIALLY_SUCCEEDED, Reason.EXPECTATION_FAILED, "x", [make.breached("a"), make.good("b")])
)
BREACHED_AND_FAILED = make.state(
    make.result(RunStatus.FAILED, Reason.SELECTOR_MISSED, "x", [make.failed("a", Reason.SELECTOR_MISSED)])
)


def conditions(plan: SchedulePlan, state: ScheduleState) -> Any:
    return build_status(plan, state, now=make.NOW, owner="me")["conditions"]


def written(state: ScheduleState, plan: SchedulePlan | None = None) -> Sequence[WrittenCondition]:
    return Written.of(build_status(plan or make.plan(), state, now=make.NOW, owner="me")).conditions


@pytest.mark.parametrize(
    ("before", "plan", "state", "expected"),
    [
        pytest.param((), make.plan(), FRESH, [], id="a new object is no Event"),
        pytest.param((), make.plan(), FINE, [], id="the first good run is no Event"),
        pytest.param(written(FRESH), make.plan(), FINE, [], id="nor is it after the first status"),
        pytest.param((), make.plan(), BROKEN, [("Warning", "HTTPStatus")], id="the first run fails"),
        pytest.param(written(FINE), make.plan(), FINE, [], id="another good run"),
        pytest.param(written(FINE), make.plan(), BROKEN, [("Warning", "HTTPStatus")], id="a failure"),
        pytest.param(written(BROKEN), make.plan(), BROKEN, [], id="another failure"),
        pytest.param(
            written(BROKEN), make.plan(), TIMED_OUT, [("Warning", "Timeout")], id="a failure for another reason"
        ),
        pytest.param(written(BROKEN), make.plan(), FINE, [("Normal", "Succeeded")], id="recovery"),
        pytest.param(written(FINE), REFUSED, FINE, [("Warning", "InvalidSpec")], id="stalled is told once"),
        pytest.param(written(FINE, REFUSED), REFUSED, FINE, [], id="still stalled"),
        pytest.param(
            written(FINE, REFUSED), REFUSED_AGAIN, FINE, [("Warning", "InvalidSpec")], id="stalled by something else"
        ),
        pytest.param(written(FINE, REFUSED), make.plan(), FINE, [("Normal", "Succeeded")], id="mended"),
        pytest.param(written(FINE), make.plan(), BREACHED, [("Warning", "ExpectationFailed")], id="a breach"),
        pytest.param(written(BREACHED), make.plan(), FINE, [("Normal", "Succeeded")], id="the data recovered"),
        pytest.param(
            written(FINE), make.plan(), BREACHED_AND_FAILED, [("Warning", "SelectorMissed")], id="one Event a reason"
        ),
    ],
)
def test_events_tell_transitions(
    before: Sequence[WrittenCondition], plan: SchedulePlan, state: ScheduleState, expected: list[tuple[str, str]]
) -> None:
    found = list(transitions(before, conditions(plan, state)))
    assert [(event.type_, event.reason) for event in found] == expected


def test_the_message_names_the_condition_and_the_remedy() -> None:
    [event] = transitions((), conditions(REFUSED, FRESH))
    assert event == Transition("Warning", "InvalidSpec", "Stalled: spec.interval: is not a duration")


class Bench:
    def __init__(self) -> None:
        self.api = FakeApiServer()
        self.reporter = EventReporter(self.api, virtual_time.LoopClock(), random=lambda: 1.0)

    def fail(self, uid: str = "uid-1") -> None:
        plan = make.plan(uid)
        self.reporter.transitioned(plan.key, written(FINE), conditions(plan, BROKEN))

    def recover(self, uid: str = "uid-1") -> None:
        plan = make.plan(uid)
        self.reporter.transitioned(plan.key, written(BROKEN), conditions(plan, FINE))

    def refuse(self, plan: SchedulePlan) -> None:
        self.reporter.transitioned(plan.key, (), conditions(plan, FRESH))


def at_work(test: Callable[[Bench], Awaitable[None]]) -> None:
    async def main() -> None:
        bench = Bench()
        task = asyncio.create_task(bench.reporter.run())
        await test(bench)
        assert not task.done(), "nothing may end the reporter"
        task.cancel()

    virtual_time.run_virtual(main())


def test_an_event_is_posted() -> None:
    async def test(bench: Bench) -> None:
        bench.fail()
        await asyncio.sleep(1)
        assert bench.api.events == [("uid-1", "Warning", "HTTPStatus", "Ready: target b: 500 from the site")]

    at_work(test)


def test_an_event_that_is_repeated_within_ten_minutes_counts_in_one_series() -> None:
    async def test(bench: Bench) -> None:
        for _ in range(5):
            bench.fail()
            await asyncio.sleep(100)
        assert len(bench.api.events) == 1
        assert bench.api.series == {"event-1": (5, virtual_time.START + timedelta(seconds=400))}
        await asyncio.sleep(700)
        bench.fail()
        await asyncio.sleep(1)
        assert len(bench.api.events) == 2

    at_work(test)


def test_a_second_refusal_with_another_message_is_an_event_of_its_own() -> None:
    async def test(bench: Bench) -> None:
        bench.refuse(REFUSED)
        bench.refuse(REFUSED_AGAIN)
        await asyncio.sleep(1)
        assert [message for *_rest, message in bench.api.events] == [
            "Stalled: spec.interval: is not a duration",
            "Stalled: spec.timeout: is too long",
        ]

    at_work(test)


def test_a_target_that_flaps_ends_with_the_event_of_its_last_state() -> None:
    async def test(bench: Bench) -> None:
        for _ in range(10):
            bench.fail()
            await asyncio.sleep(1)
            bench.recover()
            await asyncio.sleep(1)
        await asyncio.sleep(60)
        assert [type_ for _uid, type_, *_rest in bench.api.events] == ["Warning", "Normal"]
        (warnings, warned), (normals, recovered) = (bench.api.series[name] for name in ("event-1", "event-2"))
        assert (warnings, normals) == (10, 10)
        assert recovered > warned

    at_work(test)


def test_a_flapping_target_costs_few_requests() -> None:
    async def test(bench: Bench) -> None:
        bench.api.seconds = 0.0
        for _ in range(300):
            bench.fail()
            await asyncio.sleep(1)
        assert bench.api.event_requests <= 1 + 300 / SERIES_DELAY_SECONDS

    at_work(test)


def test_an_event_that_has_expired_is_created_again() -> None:
    async def test(bench: Bench) -> None:
        bench.fail()
        await asyncio.sleep(60)
        bench.api.expired.add("event-1")
        bench.fail()
        await asyncio.sleep(60)
        assert len(bench.api.events) == 2
        bench.fail()
        await asyncio.sleep(60)
        assert bench.api.series["event-2"][0] == 3

    at_work(test)


def test_a_normal_event_follows_a_warning_also_where_ready_was_unknown_in_between() -> None:
    async def test(bench: Bench) -> None:
        bench.refuse(REFUSED)
        mended = make.plan()
        bench.reporter.transitioned(mended.key, written(FRESH, REFUSED), conditions(mended, FRESH))
        bench.reporter.transitioned(mended.key, written(FRESH), conditions(mended, FINE))
        bench.reporter.transitioned(mended.key, written(FRESH), conditions(mended, FINE))
        await asyncio.sleep(1)
        assert [(type_, reason) for _uid, type_, reason, _message in bench.api.events] == [
            ("Warning", "InvalidSpec"),
            ("Normal", "Succeeded"),
        ]

    at_work(test)


def test_a_wave_of_failures_is_posted_at_a_bounded_rate_from_a_bounded_queue() -> None:
    async def test(bench: Bench) -> None:
        for number in range(MAX_OBJECTS_WAITING + 200):
            bench.fail(f"u{number}")
        await asyncio.sleep(10)
        assert len(bench.api.events) <= 25 + 5 * 10
        await asyncio.sleep(1000)
        assert len(bench.api.events) <= MAX_OBJECTS_WAITING + 25

    at_work(test)


@pytest.mark.parametrize(
    ("error", "posted"),
    [
        pytest.param(partial(ClusterError, "away"), True, id="an outage is waited for"),
        pytest.param(partial(ClusterError, "slow", status=429, retry_after=2), True, id="so is 429"),
        pytest.param(ValueError, True, id="a defect is tried again"),
        pytest.param(partial(ClusterError, "no", status=403), False, id="a refusal is final"),
        pytest.param(partial(ClusterError, "no", status=404), False, id="so is a namespace that is gone"),
    ],
)
def test_failures_disturb_nothing(
    error: Callable[[], Exception], *, posted: bool, caplog: pytest.LogCaptureFixture
) -> None:
    async def test(bench: Bench) -> None:
        bench.api.error = error
        bench.fail("u1")
        await asyncio.sleep(0.1)
        bench.api.error = None
        bench.fail("u2")
        await asyncio.sleep(60)
        assert sorted(uid for uid, *_rest in bench.api.events) == (["u1", "u2"] if posted else ["u2"])

    at_work(test)
    assert len(caplog.records) == 1


def test_an_event_that_nobody_takes_is_given_up(caplog: pytest.LogCaptureFixture) -> None:
    async def test(bench: Bench) -> None:
        bench.api.error = partial(ClusterError, "away")
        bench.fail()
        await asyncio.sleep(600)
        bench.api.error = None
        await asyncio.sleep(600)
        assert bench.api.events == []

    at_work(test)
    assert caplog.records[-1].message == "delivery given up"
