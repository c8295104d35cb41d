"""The monitor knows an API server that is away, a kind that is not served, and a watch that is stale."""

import time
from collections.abc import AsyncGenerator, Callable, Sequence
from typing import Any

import pytest

from scrape_operator.api.kinds.registry import SCRAPE_SCHEDULE, Kind
from scrape_operator.core.errors import ClusterError
from scrape_operator.watching.monitor import AWAY_SECONDS, LIST_SHARE, PROBE_SECONDS, STALE_SECONDS, WatchMonitor
from scrape_operator.watching.reconciling import SETTLE_SECONDS, Reconciler
from tests.watching.test_reconciling import Handler, Source

RECONCILE_SECONDS = 300


class FakeWatch:
    """A watch whose events and restarts a test sets and counts."""

    def __init__(self) -> None:
        self.last_event_at = self.started_at = time.monotonic()
        self.is_alive = True
        self.restarts = 0

    def restart(self) -> None:
        self.restarts += 1


class ServedSource(Source):
    """A source whose kinds are served, or not, and that may be away."""

    is_there = True
    is_away = False
    lists_made = 0

    def __init__(self, take_time: Callable[[], None]) -> None:
        super().__init__()
        self._take_time = take_time

    async def metadata(self, kind: Kind, namespaces: Sequence[str] = ()) -> AsyncGenerator[dict[str, Any]]:
        self.lists_made += 1
        self._take_time()
        async for metadata in super().metadata(kind, namespaces):
            yield metadata

    async def is_served(self, kind: Kind, namespaces: Sequence[str] = ()) -> bool:
        if self.is_away:
            raise ClusterError("connection refused")
        return self.is_there


class Bench:
    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = time.monotonic()
        monkeypatch.setattr(time, "monotonic", lambda: self.now)
        self.list_seconds = 0.0
        self.source, self.watch, self.written_at = ServedSource(self.pass_time), FakeWatch(), float("-inf")
        self.handler = Handler()
        self.monitor = WatchMonitor(
            Reconciler(self.source, (), {SCRAPE_SCHEDULE: self.handler}),
            self.source,
            [SCRAPE_SCHEDULE],
            (),
            self.watch,
            reconcile_seconds=RECONCILE_SECONDS,
            last_written_at=lambda: self.written_at,
        )
        self.monitor.primed.set()

    def pass_time(self) -> None:
        self.now += self.list_seconds


@pytest.fixture
def bench(monkeypatch: pytest.MonkeyPatch) -> Bench:
    return Bench(monkeypatch)


async def test_all_is_well_while_everything_answers(bench: Bench) -> None:
    assert not await bench.monitor._probe()
    assert bench.monitor.problems() == []
    assert bench.monitor.measurements()["problems"] == 0


async def test_an_api_server_that_is_away_is_a_problem_after_a_while_and_lists_are_compared_on_its_return(
    bench: Bench,
) -> None:
    bench.source.is_away = True
    assert not await bench.monitor._probe()
    assert bench.monitor.problems() == []
    bench.now += AWAY_SECONDS + 1
    assert not await bench.monitor._probe()
    [problem] = bench.monitor.problems()
    assert problem == "API server: no answer for 31 s: connection refused"
    bench.source.is_away = False
    assert await bench.monitor._probe()
    assert bench.monitor.problems() == []


async def test_a_kind_that_is_served_again_starts_the_watch_and_a_comparison(bench: Bench) -> None:
    bench.source.is_there = False
    assert not await bench.monitor._probe()
    assert bench.monitor.problems() == [
        "scrapeschedules.scrape-operator.dev is not served: install the CustomResourceDefinition"
    ]
    assert bench.watch.restarts == 0
    bench.source.is_there = True
    assert await bench.monitor._probe()
    assert bench.watch.restarts == 1
    assert bench.monitor.problems() == []


async def test_a_watch_without_an_event_after_a_write_is_stale(bench: Bench) -> None:
    bench.now += 10
    bench.written_at = bench.now
    await bench.monitor._probe()
    bench.now += STALE_SECONDS - 1
    assert not await bench.monitor._probe()
    bench.now += 2
    assert "watch: no event of the last status write arrived" in bench.monitor.problems()[0]
    assert await bench.monitor._probe()
    assert bench.watch.restarts == 1
    bench.watch.started_at = bench.now
    assert bench.monitor.problems() == []


async def test_a_watch_whose_thread_has_ended_is_a_problem(bench: Bench) -> None:
    bench.watch.is_alive = False
    assert bench.monitor.problems() == ["watch: its thread has ended"]


async def test_lists_are_compared_as_often_as_they_are_cheap(bench: Bench) -> None:
    bench.source.put(SCRAPE_SCHEDULE, "stays")
    bench.handler.objects = {"stays": 1, "gone": 1}
    bench.list_seconds = 0.02
    await bench.monitor._reconcile(is_needed=False)
    assert bench.handler.dropped == ["gone"]
    for later, lists_made in [(0.02 / LIST_SHARE - 0.1, 1), (0.2, 2)]:
        bench.now += later
        await bench.monitor._probe()
        await bench.monitor._reconcile(is_needed=False)
        assert bench.source.lists_made == lists_made


async def test_while_the_api_server_is_away_nothing_is_listed(bench: Bench) -> None:
    bench.source.is_away = True
    bench.now += PROBE_SECONDS
    await bench.monitor._probe()
    await bench.monitor._reconcile(is_needed=False)
    assert bench.source.lists_made == 0


async def test_a_list_that_fails_is_made_again(bench: Bench) -> None:
    bench.handler.objects = {"gone": 1}
    bench.source.error = ClusterError("connection refused")
    await bench.monitor._reconcile(is_needed=False)
    assert bench.handler.dropped == []
    bench.source.error = None
    bench.now += 1
    await bench.monitor._reconcile(is_needed=False)
    assert bench.handler.dropped == ["gone"]


async def test_dear_lists_are_made_every_reconcile_seconds_and_where_they_are_needed(bench: Bench) -> None:
    bench.list_seconds = 60.0
    await bench.monitor._reconcile(is_needed=False)
    for later, is_needed, lists_made in [(299, False, 1), (0, True, 2), (299, False, 2), (1, False, 3)]:
        bench.now += later
        bench.monitor.last_answer_at = bench.now
        await bench.monitor._reconcile(is_needed=is_needed)
        assert bench.source.lists_made == lists_made


async def test_a_watch_that_missed_a_change_is_started_again_once_it_had_time_to_report_it(bench: Bench) -> None:
    bench.source.put(SCRAPE_SCHEDULE, "new")
    for seconds, restarts in [(RECONCILE_SECONDS, 0), (SETTLE_SECONDS - 1, 0), (1, 1), (60, 1)]:
        bench.now += seconds
        await bench.monitor._probe()
        await bench.monitor._reconcile(is_needed=False)
        assert (bench.watch.restarts, bench.handler.objects) == (restarts, {"new": 1} if restarts else {})


async def test_a_watch_that_lags_soon_after_its_start_is_left_alone(bench: Bench) -> None:
    bench.source.put(SCRAPE_SCHEDULE, "new")
    for seconds in (STALE_SECONDS, SETTLE_SECONDS):
        bench.now += seconds
        await bench.monitor._probe()
        await bench.monitor._reconcile(is_needed=False)
    assert (bench.watch.restarts, bench.handler.objects) == (0, {"new": 1})
