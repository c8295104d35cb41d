"""Events on transitions only, and never more than anybody can read."""

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any

import pytest

from scrape_operator.core.errors import ClusterError
from scrape_operator.core.findings import Finding
from scrape_operator.core.runs.reasons import Reason
from scrape_operator.core.runs.run import RunStatus
from scrape_operator.core.schedule.plan import SchedulePlan
from scrape_operator.core.schedule.state import ScheduleState
from scrape_operator.reporting.events import QUEUE_LENGTH, EventReporter, Transition, transitions
from scrape_operator.reporting.status.build import build_status
from tests.support import builders as make
from tests.support import virtual_time
from tests.support.fake_api_server import FakeApiServer

REFUSED = make.plan(findings=(Finding("spec.interval", "is no duration"),), due_times=None)
FRESH, FINE, BROKEN = make.state(), make.state(make.fine()), make.state(make.broken())
BREACHED = make.state(
    make.result(RunStatus.PARTIALLY_SUCCEEDED, Reason.EXPECTATION_FAILED, "x", [make.breached("a"), make.good("b")])
)
BREACHED_AND_FAILED = make.state(
    make.result(RunStatus.FAILED, Reason.SELECTOR_MISSED, "x", [make.failed("a", Reason.SELECTOR_MISSED)])
)


def conditions(plan: SchedulePlan, state: ScheduleState) -> Any:
    return build_status(plan, state, now=make.NOW, owner="me", previous=None)["conditions"]


def statuses(state: ScheduleState, plan: SchedulePlan | None = None) -> dict[str, str]:
    return {one["type"]: one["status"] for one in conditions(plan or make.plan(), state)}


@pytest.mark.parametrize(
    ("before", "plan", "state", "expected"),
    [
        pytest.param({}, make.plan(), FRESH, [], id="a new object is no Event"),
        pytest.param({}, make.plan(), FINE, [("Normal", "Succeeded")], id="the first good run"),
        pytest.param(statuses(FINE), make.plan(), FINE, [], id="another good run"),
        pytest.param(statuses(FINE), make.plan(), BROKEN, [("Warning", "HTTPStatus")], id="a failure"),
        pytest.param(statuses(BROKEN), make.plan(), BROKEN, [], id="another failure"),
        pytest.param(statuses(BROKEN), make.plan(), FINE, [("Normal", "Succeeded")], id="recovery"),
        pytest.param(statuses(FINE), REFUSED, FINE, [("Warning", "InvalidSpec")], id="stalled is told once"),
        pytest.param(statuses(FINE, REFUSED), REFUSED, FINE, [], id="still stalled"),
        pytest.param(statuses(FINE, REFUSED), make.plan(), FINE, [("Normal", "Succeeded")], id="mended"),
        pytest.param(statuses(FINE), make.plan(), BREACHED, [("Warning", "ExpectationFailed")], id="a breach"),
        pytest.param(statuses(BREACHED), make.plan(), FINE, [("Normal", "Succeeded")], id="the data recovered"),
        pytest.param(
            statuses(FINE), make.plan(), BREACHED_AND_FAILED, [("Warning", "SelectorMissed")], id="one Event a reason"
        ),
    ],
)
def test_events_tell_transitions(
    before: dict[str, str], plan: SchedulePlan, state: ScheduleState, expected: list[tuple[str, str]]
) -> None:
    found = list(transitions(before, conditions(plan, state)))
    assert [(event.type_, event.reason) for event in found] == expected


def test_the_message_names_the_condition_and_the_remedy() -> None:
    [event] = transitions({}, conditions(REFUSED, FRESH))
    assert event == Transition("Warning", "InvalidSpec", "Stalled: spec.interval: is no duration")


class Bench:
    def __init__(self) -> None:
        self.api = FakeApiServer()
        self.reporter = EventReporter(self.api, virtual_time.LoopClock(), random=lambda: 1.0)

    def fail(self, uid: str = "uid-1") -> None:
        plan = make.plan(uid)
        self.reporter.transitioned(plan.key, statuses(FINE), conditions(plan, BROKEN))


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


def test_the_same_event_is_not_repeated_for_ten_minutes() -> None:
    async def test(bench: Bench) -> None:
        for _ in range(5):
            bench.fail()
            await asyncio.sleep(100)
        assert len(bench.api.events) == 1
        await asyncio.sleep(200)
        bench.fail()
        await asyncio.sleep(1)
        assert len(bench.api.events) == 2

    at_work(test)


def test_a_wave_of_failures_is_posted_at_a_bounded_rate_from_a_bounded_queue() -> None:
    async def test(bench: Bench) -> None:
        for number in range(QUEUE_LENGTH + 200):
            bench.fail(f"u{number}")
        await asyncio.sleep(10)
        assert len(bench.api.events) <= 25 + 5 * 10
        await asyncio.sleep(1000)
        assert len(bench.api.events) == QUEUE_LENGTH
        assert bench.reporter.dropped == 200

    at_work(test)


@pytest.mark.parametrize(
    ("error", "posted"),
    [
        pytest.param(partial(ClusterError, "away"), True, id="an outage is waited for"),
        pytest.param(partial(ClusterError, "slow", status=429, retry_after=2), True, id="so is 429"),
        pytest.param(partial(ClusterError, "no", status=403), False, id="a refusal is final"),
        pytest.param(partial(ClusterError, "no", status=404), False, id="so is a namespace that is gone"),
        pytest.param(ValueError, False, id="and a defect"),
    ],
)
def test_failures_disturb_nothing(
    error: Callable[[], Exception], *, posted: bool, caplog: pytest.LogCaptureFixture
) -> None:
    async def test(bench: Bench) -> None:
        bench.api.error = error
        bench.fail("u1")
        await asyncio.sleep(1)
        bench.api.error = None
        bench.fail("u2")
        await asyncio.sleep(60)
        assert [uid for uid, *_rest in bench.api.events] == (["u1", "u2"] if posted else ["u2"])
        assert bench.reporter.dropped == (0 if posted else 1)

    at_work(test)
    assert bool(caplog.records) is not posted


def test_an_event_that_nobody_takes_is_given_up() -> None:
    async def test(bench: Bench) -> None:
        bench.api.error = partial(ClusterError, "away")
        bench.fail()
        await asyncio.sleep(600)
        assert bench.reporter.dropped == 1

    at_work(test)
