"""Kept responses of platforms: adapters read them again in a replay, and no request is sent."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import datetime, timedelta
from uuid import UUID

import pytest

from scrape_operator.api.kinds.schedule import KeepBodies
from scrape_operator.clock import SystemClock
from scrape_operator.core.net.documents import Request, Response
from scrape_operator.core.runs.bodies import KeptBody
from scrape_operator.core.runs.expectations import Expectations
from scrape_operator.core.runs.reasons import Reason
from scrape_operator.core.runs.replay import KeptRun
from scrape_operator.core.runs.retry import RetryPolicy
from scrape_operator.core.runs.run import RunClaim, RunStatus, TargetResult
from scrape_operator.core.runs.slot import Due
from scrape_operator.core.runs.target_memory import NO_MEMORY, TargetMemory
from scrape_operator.core.schedule.plan import ObjectKey, SchedulePlan
from scrape_operator.core.schedule.time_zones import parse_time_zone
from scrape_operator.extraction.workers.pool import ExtractionPool
from scrape_operator.fetching.fetcher import HttpFetcher, open_fetcher
from scrape_operator.planning.plans import PlatformTargetPlan, RunPlan
from scrape_operator.running.replay import Replayer
from scrape_operator.running.targets.orchestrator import ScrapingOrchestrator
from scrape_operator.running.targets.platform_responses import name_of
from scrape_operator.running.targets.replayed_target import KeptResponses
from scrape_operator.settings import Settings
from tests.dev.bookmakers.faults import Fault
from tests.dev.bookmakers.scene import Scene, open_scene
from tests.dev.bookmakers.world import BOOKS
from tests.support.fetching import session_of

ONE_TRY = RetryPolicy(1, timedelta(milliseconds=10), timedelta(milliseconds=10), ("GET",))
RUN = UUID(int=1)


class NoMemories:
    """Knows no earlier run."""

    async def load_target_memory(self, uid: str, target: str, fingerprint: str) -> TargetMemory:
        return NO_MEMORY


class Stage:
    """Three bookmakers, the runs that read them, and the replays of what these kept."""

    def __init__(self, fetcher: HttpFetcher, pool: ExtractionPool, scene: Scene) -> None:
        clock = SystemClock()
        self.scene = scene
        self._orchestrator = ScrapingOrchestrator(fetcher, pool, clock)
        self._replayer = Replayer(fetcher, pool, NoMemories(), clock, "replayer")

    def plan(self, book: str, keep: KeepBodies = KeepBodies.ALWAYS, **config: object) -> SchedulePlan:
        made = self.scene.config(book, **config)
        target = PlatformTargetPlan(book, self.scene.platforms[book], made, ONE_TRY, Expectations())
        work = RunPlan((target,), 1, parse_time_zone("Etc/UTC"), keep_bodies=keep)
        at, key = self.scene.world.start, ObjectKey("uid", "default", "odds")
        return SchedulePlan(key, 1, at, timeout=timedelta(seconds=60), work=work)

    async def run(self, plan: SchedulePlan) -> TargetResult:
        assert isinstance(plan.work, RunPlan)
        claim = RunClaim(RUN, "uid", "default", "odds", 1, Due(self.start), self.start, self.start, "me", self.start)
        [target] = self._orchestrator.scrape_all(plan, plan.work, claim)
        return await target.task

    async def replay(self, plan: SchedulePlan, ran: TargetResult) -> TargetResult:
        """Replay what a run kept, and hold that no request is sent."""
        kept = KeptRun(
            RUN, "uid", "default", "odds", 1, self.start, self.start, later_runs=0, bodies={ran.target: ran.bodies}
        )
        before = {book: site.requests.total() for book, site in self.scene.sites.items()}
        [result] = (await self._replayer.replay(plan, kept)).targets
        assert {book: site.requests.total() for book, site in self.scene.sites.items()} == before
        return result

    @property
    def start(self) -> datetime:
        return self.scene.world.start


@pytest.fixture
async def stage() -> AsyncIterator[Stage]:
    pool = ExtractionPool()
    async with (
        open_fetcher(Settings(allow_cidrs="127.0.0.0/8")) as fetcher,
        open_scene(session_of(fetcher), leagues=3, events=9) as scene,
    ):
        yield Stage(fetcher, pool, scene)
    await pool.aclose()


@pytest.mark.parametrize("book", BOOKS)
@pytest.mark.parametrize("markets", [["1x2"], []], ids=["listings", "events one by one"])
async def test_a_replay_gives_the_items_of_its_run_and_no_odds(stage: Stage, book: str, markets: list[str]) -> None:
    plan = stage.plan(book, markets=markets) if markets else stage.plan(book)
    ran = await stage.run(plan)
    assert ran.status is RunStatus.SUCCEEDED
    assert len(ran.bodies) == ran.requests
    replayed = await stage.replay(plan, ran)
    assert (replayed.status, replayed.message) == (RunStatus.SUCCEEDED, "")
    assert sorted(replayed.items, key=lambda item: item.key) == sorted(ran.items, key=lambda item: item.key)
    assert (replayed.requests, replayed.http_status, replayed.bodies) == (0, 200, ())
    assert ran.sink_payload is not None
    assert replayed.sink_payload is None


async def test_events_that_were_gone_are_gone_in_the_replay(stage: Stage) -> None:
    plan = stage.plan("BetPawa")
    stage.scene.sites["BetPawa"].vanished = {3}
    ran = await stage.run(plan)
    replayed = await stage.replay(plan, ran)
    assert (replayed.status, replayed.complete) == (ran.status, ran.complete)
    assert {item.key for item in replayed.items} == {item.key for item in ran.items}


@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        (Fault.RENAMED, Reason.PLATFORM_CHANGED),
        (Fault.CUT, Reason.PLATFORM_CHANGED),
        (Fault.WAF_PAGE, Reason.BLOCKED),
        (Fault.FORBIDDEN, Reason.BLOCKED),
        (Fault.UNAVAILABLE, Reason.HTTP_STATUS),
    ],
)
@pytest.mark.parametrize("book", BOOKS)
async def test_the_response_that_could_not_be_read_is_kept_of_a_failed_run(
    stage: Stage, book: str, fault: Fault, reason: Reason
) -> None:
    site = stage.scene.sites[book]
    site.fault, site.healthy_requests = fault, 1  # robots.txt
    plan = stage.plan(book, KeepBodies.ON_FAILURE)
    ran = await stage.run(plan)
    assert (ran.status, ran.reason) == (RunStatus.FAILED, reason)
    assert ran.bodies
    replayed = await stage.replay(plan, ran)
    assert (replayed.status, replayed.reason, replayed.message) == (ran.status, ran.reason, ran.message)


@pytest.mark.parametrize(("keep", "count"), [(KeepBodies.NEVER, 0), (KeepBodies.ON_FAILURE, 0)])
async def test_nothing_is_kept_that_is_not_wanted(stage: Stage, keep: KeepBodies, count: int) -> None:
    assert len((await stage.run(stage.plan("SportyBet", keep))).bodies) == count


async def test_what_is_not_kept_is_lost(stage: Stage) -> None:
    plan = stage.plan("Bet9ja")
    ran = await stage.run(plan)
    replayed = await stage.replay(plan, replace(ran, bodies=ran.bodies[:-1]))
    assert (replayed.status, replayed.reason) == (RunStatus.PARTIALLY_SUCCEEDED, Reason.STORE_UNAVAILABLE)
    assert "is kept, and a replay sends no request" in replayed.message
    assert not replayed.complete
    assert len(replayed.items) < len(ran.items)


async def test_responses_to_equal_requests_come_in_their_order_and_the_last_one_again(stage: Stage) -> None:
    request = Request("http://site.example/list", params=[("page", "1")])
    at = stage.start
    bodies = [KeptBody.pack(0, Response(request.url, 200, {}, text), at, name_of(request)) for text in (b"1", b"2")]
    responses = KeptResponses(bodies, at)
    assert [(await responses.answer(name_of(request))).body for _ in range(3)] == [b"1", b"2", b"2"]


def test_requests_are_told_apart_by_method_address_and_body() -> None:
    address = "http://site.example/list"
    requests = [
        Request(address),
        Request(address, params=[("page", "1")]),
        Request(address, method="POST"),
        Request(address, method="POST", body=b"{}"),
        Request(address, method="POST", body=b"[]"),
    ]
    assert len({name_of(request) for request in requests}) == len(requests)
