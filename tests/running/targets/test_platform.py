"""Platform targets as a run scrapes them: adapters over real sockets, against simulated bookmakers."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from uuid import UUID

import pytest
from aiohttp import web

from scrape_operator.clock import SystemClock
from scrape_operator.core.odds.model import OddsReading
from scrape_operator.core.runs.expectations import Expectations, OnBreach
from scrape_operator.core.runs.reasons import Reason
from scrape_operator.core.runs.retry import RetryPolicy
from scrape_operator.core.runs.run import RunClaim, RunStatus, SinkPayload, TargetResult
from scrape_operator.core.runs.slot import Due
from scrape_operator.core.schedule.plan import ObjectKey, SchedulePlan
from scrape_operator.core.schedule.time_zones import parse_time_zone
from scrape_operator.extraction.workers.pool import ExtractionPool
from scrape_operator.fetching.fetcher import open_fetcher
from scrape_operator.planning.plans import PlatformTargetPlan, RunPlan
from scrape_operator.planning.schedule import validate
from scrape_operator.running.targets.orchestrator import ScrapingOrchestrator
from scrape_operator.settings import Settings
from tests.api.building import PLATFORM, changed
from tests.dev.bookmakers.faults import Fault
from tests.dev.bookmakers.scene import Scene, open_scene
from tests.dev.bookmakers.world import BOOKS
from tests.support.fetching import session_of

NOTHING_SAID = Expectations()
NO_RETRY = RetryPolicy(1, timedelta(milliseconds=10), timedelta(milliseconds=10), ("GET",))


class Stage:
    """An orchestrator and three bookmakers."""

    def __init__(self, orchestrator: ScrapingOrchestrator, scene: Scene) -> None:
        self.orchestrator = orchestrator
        self.scene = scene

    async def run(self, seconds: float = 60.0, expectations: Expectations = NOTHING_SAID) -> dict[str, TargetResult]:
        now = self.scene.world.start
        targets = tuple(
            PlatformTargetPlan(book, self.scene.platforms[book], self.scene.config(book), NO_RETRY, expectations)
            for book in BOOKS
        )
        work = RunPlan(targets, 1, parse_time_zone("Etc/UTC"))
        plan = SchedulePlan(ObjectKey("uid", "default", "odds"), 1, now, timeout=timedelta(seconds=seconds))
        claim = RunClaim(UUID(int=1), "uid", "default", "odds", 1, Due(now), now, now, "me", now)
        results = await asyncio.gather(*(target.task for target in self.orchestrator.scrape_all(plan, work, claim)))
        return {result.target: result for result in results}


@pytest.fixture
async def stage() -> AsyncIterator[Stage]:
    clock, pool = SystemClock(), ExtractionPool()
    settings = Settings(allow_cidrs="127.0.0.0/8")
    async with open_fetcher(settings) as fetcher, open_scene(session_of(fetcher), leagues=3, events=9) as scene:
        yield Stage(ScrapingOrchestrator(fetcher, pool, clock), scene)
    await pool.aclose()


async def test_three_bookmakers_are_scraped_side_by_side(stage: Stage) -> None:
    results = await stage.run()
    for book, result in results.items():
        assert (result.status, result.reason, result.message) == (RunStatus.SUCCEEDED, Reason.SUCCEEDED, "")
        assert len(result.items) == len(stage.scene.truth(book, "1x2"))
        assert isinstance(result.sink_payload, SinkPayload)
        assert isinstance(result.sink_payload.content, OddsReading)
        assert len(result.sink_payload.content.events) == len(result.items)
        requests = stage.scene.sites[book].requests
        assert result.requests == requests.total() - requests["robots.txt"]
        assert set(result.phases) <= {"discovering", "scraping"}
        assert result.phases


@pytest.mark.parametrize(
    ("fault", "reason"),
    [(Fault.WAF_PAGE, Reason.BLOCKED), (Fault.RENAMED, Reason.PLATFORM_CHANGED), (Fault.FORBIDDEN, Reason.BLOCKED)],
    ids=["a firewall's page", "another envelope", "403"],
)
async def test_one_platforms_failure_never_ends_another(stage: Stage, fault: Fault, reason: Reason) -> None:
    stage.scene.sites["SportyBet"].fault = fault
    results = await stage.run()
    assert (results["SportyBet"].status, results["SportyBet"].reason) == (RunStatus.FAILED, reason)
    assert {results[book].status for book in ("BetPawa", "Bet9ja")} == {RunStatus.SUCCEEDED}


async def test_what_came_before_a_failure_is_kept_and_nothing_is_held_complete(stage: Stage) -> None:
    site = stage.scene.sites["Bet9ja"]
    site.fault, site.healthy_requests = Fault.FORBIDDEN, 7
    result = (await stage.run())["Bet9ja"]
    assert (result.status, result.reason) == (RunStatus.PARTIALLY_SUCCEEDED, Reason.BLOCKED)
    assert 0 < len(result.items) < len(stage.scene.truth("Bet9ja", "1x2"))
    assert not result.complete


async def test_a_blocked_platform_is_left_alone_until_its_breaker_closes(stage: Stage) -> None:
    site = stage.scene.sites["BetPawa"]
    site.fault = Fault.WAF_PAGE
    await stage.run()
    asked = site.requests.total()
    again = (await stage.run())["BetPawa"]
    assert (again.status, again.reason) == (RunStatus.FAILED, Reason.BLOCKED)
    assert site.requests.total() == asked


async def test_a_platform_that_hangs_half_way_keeps_what_it_brought(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    site = stage.scene.sites["Bet9ja"]
    answer = site.answer

    async def hang_after_seven(request: web.Request, fault: Fault) -> web.StreamResponse:
        if site.requests.total() > 7:
            await asyncio.Event().wait()
        return await answer(request, fault)

    monkeypatch.setattr(site, "answer", hang_after_seven)
    result = (await stage.run(seconds=3.0))["Bet9ja"]
    assert (result.status, result.reason) == (RunStatus.PARTIALLY_SUCCEEDED, Reason.TIMEOUT)
    assert result.items


async def test_an_expectation_can_fail_a_platform(stage: Stage) -> None:
    result = (await stage.run(expectations=Expectations(min_items=1000, on_breach=OnBreach.FAIL)))["SportyBet"]
    assert (result.status, result.reason) == (RunStatus.FAILED, Reason.EXPECTATION_FAILED)
    assert (result.items, result.sink_payload) == ((), None)


def test_an_unknown_platform_is_refused_with_the_known_ones() -> None:
    [finding] = validate(changed({**PLATFORM, "targets.0.platform": {"name": "Betfair"}}))
    assert finding.path == "spec.targets[0].platform.name"
    assert "Bet9ja, BetPawa, SportyBet" in finding.message


def test_a_config_is_checked_by_the_adapters_own_model() -> None:
    platform = {"name": "Bet9ja", "config": {"marketz": ["1x2"]}}
    findings = validate(changed({**PLATFORM, "targets.0.platform": platform}))
    assert [finding.path for finding in findings] == ["spec.targets[0].platform.config.marketz"]
