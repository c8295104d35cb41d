"""The writer against an API server in memory, in virtual time."""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from functools import partial
from itertools import pairwise
from typing import Any

import pytest

from scrape_operator.core.duetimes import IntervalDueTimes
from scrape_operator.core.errors import ClusterError
from scrape_operator.core.reasons import Reason
from scrape_operator.core.state import ScheduleState
from scrape_operator.reporting.status import build_status
from scrape_operator.reporting.writer import StatusWriter
from tests.reporting import builders as make
from tests.reporting import virtualtime
from tests.reporting.apiserver import FakeApiServer

UID = "uid-1"
AT_ONCE = 0.5
A_WHILE = 5.0


class Bench:
    """A writer at work, and all that it tells."""

    def __init__(self, rate: float) -> None:
        self.api = FakeApiServer()
        self.gone: list[str] = []
        self.fails = False
        self.results: list[str] = []
        self.transitions: list[tuple[str, dict[str, str]]] = []
        self.writer = StatusWriter(
            self.api,
            virtualtime.LoopClock(),
            owner="me",
            writes_per_second=rate,
            on_gone=self.lost,
            events=self,
            observer=self,
            random=lambda: 1.0,
        )

    def lost(self, uid: str) -> None:
        self._listen()
        self.gone.append(uid)

    def _listen(self) -> None:
        if self.fails:
            raise RuntimeError("broken listener")

    def transitioned(self, key: Any, before: Any, conditions: Any) -> None:
        self._listen()
        self.transitions.append((key.uid, dict(before)))

    def status_written(self, result: str, seconds: float) -> None:
        self._listen()
        assert seconds >= 0
        self.results.append(result)

    async def settle(self, seconds: float = A_WHILE) -> None:
        await asyncio.sleep(seconds)

    @property
    def writes(self) -> int:
        return len(self.api.writes)


@asynccontextmanager
async def working(rate: float) -> AsyncIterator[Bench]:
    bench = Bench(rate)
    task = asyncio.create_task(bench.writer.run())
    try:
        yield bench
        assert not task.done(), "nothing may end the writer"
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        await bench.writer.flush(0.0)


def at_work(test: Callable[[Bench], Awaitable[None]], rate: float = 20.0) -> None:
    async def main() -> None:
        async with working(rate) as bench:
            await test(bench)

    virtualtime.run(main())


def carried(plan: Any, state: ScheduleState, owner: str = "me") -> dict[str, object]:
    """The status that an object carries when a process starts."""
    return build_status(plan, state, now=virtualtime.START, owner=owner, previous=None)


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


@pytest.mark.parametrize("reason", [Reason.SUCCEEDED, Reason.NOT_MODIFIED])
def test_a_run_that_changed_nothing_is_seen_within_seconds_but_not_at_once(reason: Reason) -> None:
    async def test(bench: Bench) -> None:
        plan, state = make.plan(), make.state(make.fine())
        bench.writer.seed(plan, carried(plan, state))
        state.record_finish(make.result(reason=reason, number=2), make.NOTHING)
        bench.writer.changed(plan, state)
        await bench.settle(AT_ONCE)
        assert bench.writes == 0
        await bench.settle(A_WHILE)
        assert len(bench.api.statuses[UID]["history"]) == 2

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


@pytest.mark.parametrize(
    "error",
    [
        *(
            pytest.param(partial(ClusterError, "no", status=status), id=str(status))
            for status in (0, 401, 403, 409, 410, 422, 429, 500, 503)
        ),
        pytest.param(TimeoutError, id="time-out"),
        pytest.param(ValueError, id="a defect"),
    ],
)
def test_no_error_ends_the_writer_or_loses_the_last_state(
    error: Callable[[], Exception], caplog: pytest.LogCaptureFixture
) -> None:
    async def test(bench: Bench) -> None:
        bench.api.error = error
        for number in range(20):
            bench.writer.changed(make.plan(f"u{number}"), make.state())
        await bench.settle(300)
        assert bench.writer.pending == 20
        bench.api.error = None
        await bench.settle(60)
        assert bench.writer.pending == 0
        assert len(bench.api.statuses) == 20

    at_work(test)
    assert caplog.records


def test_retries_back_off_and_honour_retry_after() -> None:
    async def test(bench: Bench) -> None:
        bench.api.error = partial(ClusterError, "later", status=429, retry_after=7)
        bench.api.seconds = 0.0
        bench.writer.changed(make.plan(), make.state())
        await bench.settle(200)
        times = [at for at, _uid in bench.api.attempts]
        gaps = [round(after - before, 3) for before, after in pairwise(times)]
        assert gaps[:7] == [7.5, 8.0, 9.0, 11.0, 15.0, 23.0, 37.0]

    at_work(test)


def test_a_hanging_api_server_does_not_hold_a_slot_for_ever() -> None:
    async def test(bench: Bench) -> None:
        bench.api.hangs = True
        for number in range(20):
            bench.writer.changed(make.plan(f"u{number}"), make.state())
        await bench.settle(30)
        assert len(bench.api.in_flight) == 8
        bench.api.hangs = False
        await bench.settle(300)
        assert len(bench.api.statuses) == 20

    at_work(test)


def test_an_outage_does_not_fill_the_log(caplog: pytest.LogCaptureFixture) -> None:
    async def test(bench: Bench) -> None:
        bench.api.error = partial(ClusterError, "connection refused")
        for number in range(500):
            bench.writer.changed(make.plan(f"u{number}"), make.state())
        await bench.settle(60)
        assert len(bench.api.attempts) > 500

    at_work(test)
    assert len(caplog.records) <= 7


def test_a_defect_in_one_status_is_logged_and_spares_the_others(caplog: pytest.LogCaptureFixture) -> None:
    class Broken(IntervalDueTimes):
        def next_after(self, instant: object) -> Any:
            raise ZeroDivisionError

    async def test(bench: Bench) -> None:
        bench.writer.changed(make.plan("bad", due_times=Broken(make.FIVE_MINUTES)), make.state())
        bench.writer.changed(make.plan("good"), make.state())
        await bench.settle(60)
        assert set(bench.api.statuses) == {"good"}
        bench.writer.changed(make.plan("bad"), make.state())
        await bench.settle(60)
        assert set(bench.api.statuses) == {"good", "bad"}

    at_work(test)
    assert any(record.exc_info for record in caplog.records if record.levelno == logging.ERROR)


def test_an_object_that_is_gone_is_dropped_and_told() -> None:
    async def test(bench: Bench) -> None:
        bench.api.gone.add(UID)
        bench.writer.changed(make.plan(), make.state())
        await bench.settle(120)
        assert bench.gone == [UID]
        assert len(bench.api.attempts) == 1
        assert bench.writer.pending == 0

    at_work(test)


def test_what_is_forgotten_is_not_written() -> None:
    async def test(bench: Bench) -> None:
        bench.api.error = partial(ClusterError, "away")
        bench.writer.changed(make.plan(), make.state())
        await bench.settle(AT_ONCE)
        bench.writer.forget(UID)
        bench.writer.forget("never seen")
        bench.api.error = None
        await bench.settle(120)
        assert bench.writes == 0
        assert bench.gone == []

    at_work(test)


def test_an_object_forgotten_during_its_write_is_forgotten() -> None:
    async def test(bench: Bench) -> None:
        bench.api.seconds = 2.0
        bench.api.gone.add("u2")
        for uid in ("u1", "u2"):
            bench.writer.changed(make.plan(uid), make.state())
        await bench.settle(1.0)
        bench.writer.forget("u1")
        bench.writer.forget("u2")
        await bench.settle(60)
        assert bench.writer.pending == 0
        assert bench.gone == []
        assert bench.writer._written == {}
        assert bench.writer._plans == {}

    at_work(test)


def test_listeners_that_fail_disturb_nothing(caplog: pytest.LogCaptureFixture) -> None:
    async def test(bench: Bench) -> None:
        bench.fails = True
        bench.api.gone.add("gone")
        bench.writer.changed(make.plan("gone"), make.state())
        bench.writer.changed(make.plan(), make.state())
        await bench.settle(60)
        assert bench.writes == 1
        assert bench.writer.pending == 0

    at_work(test)
    assert len(caplog.records) == 4


def test_transitions_are_told_once_they_are_written() -> None:
    async def test(bench: Bench) -> None:
        plan, state = make.plan(), make.state(make.fine())
        bench.writer.seed(plan, carried(plan, state))
        bench.api.error = partial(ClusterError, "away")
        state.record_finish(make.broken(2), make.NOTHING)
        bench.writer.changed(plan, state)
        await bench.settle(60)
        assert bench.transitions == []
        bench.api.error = None
        await bench.settle(60)
        [(uid, before)] = bench.transitions
        assert uid == UID
        assert before["Ready"] == "True"

    at_work(test)


def test_flush_writes_what_is_urgent_beyond_the_budget_and_within_the_time() -> None:
    async def main() -> None:
        bench = Bench(rate=1.0)
        task = asyncio.create_task(bench.writer.run())
        for number in range(100):
            bench.writer.changed(make.plan(f"u{number}"), make.state())
        plan, state = make.plan("stale"), make.state(make.fine())
        bench.writer.seed(plan, carried(plan, state, owner="another"))
        bench.writer.changed(plan, state)
        await asyncio.sleep(0)
        task.cancel()
        assert await bench.writer.flush(5.0)
        assert len(bench.api.statuses) == 100
        assert "stale" not in bench.api.statuses
        assert asyncio.get_running_loop().time() < 1.0

    virtualtime.run(main())


def test_flush_ends_in_time_when_the_api_server_is_away(caplog: pytest.LogCaptureFixture) -> None:
    async def main() -> None:
        bench = Bench(rate=20.0)
        bench.api.hangs = True
        bench.writer.changed(make.plan(), make.state())
        assert not await bench.writer.flush(5.0)
        assert asyncio.get_running_loop().time() == pytest.approx(5.0)
        assert bench.api.in_flight == []

    virtualtime.run(main())
    assert len(caplog.records) == 1


def test_flush_beside_a_running_writer_does_no_harm() -> None:
    async def test(bench: Bench) -> None:
        for number in range(30):
            bench.writer.changed(make.plan(f"u{number}"), make.state())
        assert await bench.writer.flush(5.0)
        assert len(bench.api.statuses) == 30

    at_work(test)
