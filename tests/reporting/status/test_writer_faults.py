"""What goes wrong, and what comes of it; how a process ends."""

import asyncio
import logging
from collections.abc import Callable
from functools import partial
from itertools import pairwise
from typing import Any

import pytest

from scrape_operator.core.errors import ClusterError
from scrape_operator.core.schedule.due_times import IntervalDueTimes
from tests.reporting.status.writing import AT_ONCE, UID, Bench, at_work, carried
from tests.support import builders as make
from tests.support import virtual_time


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

    virtual_time.run_virtual(main())


def test_flush_ends_in_time_when_the_api_server_is_away(caplog: pytest.LogCaptureFixture) -> None:
    async def main() -> None:
        bench = Bench(rate=20.0)
        bench.api.hangs = True
        bench.writer.changed(make.plan(), make.state())
        assert not await bench.writer.flush(5.0)
        assert asyncio.get_running_loop().time() == pytest.approx(5.0)
        assert bench.api.in_flight == []

    virtual_time.run_virtual(main())
    assert len(caplog.records) == 1


def test_flush_beside_a_running_writer_does_no_harm() -> None:
    async def test(bench: Bench) -> None:
        for number in range(30):
            bench.writer.changed(make.plan(f"u{number}"), make.state())
        assert await bench.writer.flush(5.0)
        assert len(bench.api.statuses) == 30

    at_work(test)
