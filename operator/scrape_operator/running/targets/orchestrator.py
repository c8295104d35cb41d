"""Scrapes the targets of a schedule side by side: one's failure never ends another."""

import asyncio

from scrape_operator.core.net.deadline import Deadline
from scrape_operator.core.ports import Clock
from scrape_operator.core.runs.run import RunClaim, TargetResult
from scrape_operator.core.schedule.plan import SchedulePlan
from scrape_operator.extraction.workers.pool import ExtractionPool
from scrape_operator.fetching.fetcher import HttpFetcher
from scrape_operator.fetching.hosts.gate import Requester
from scrape_operator.planning.plans import PlatformTargetPlan, RunPlan, TargetPlan
from scrape_operator.running.targets.http import HTTPScraper
from scrape_operator.running.targets.outcome import RunScope, defective
from scrape_operator.running.targets.platform import PlatformScraper


class ScrapingOrchestrator:
    """Owns the scrapers, which share clients and workers that live as long as the process."""

    def __init__(self, fetcher: HttpFetcher, extraction: ExtractionPool, clock: Clock) -> None:
        self._fetcher = fetcher
        self._http = HTTPScraper(extraction, clock)
        self._platforms = PlatformScraper(clock)
        self._clock = clock

    def scrape_all(self, plan: SchedulePlan, work: RunPlan, claim: RunClaim) -> list[asyncio.Task[TargetResult]]:
        """Begin all targets; the tasks stand in spec order and never raise but when cancelled."""
        deadline = Deadline.after(plan.timeout.total_seconds(), self._clock.monotonic)
        scope = RunScope(claim.scheduled_for, work.zone, self._fetcher, Requester(claim.schedule_uid, deadline))
        return [
            asyncio.create_task(self._scrape(target, scope), name=f"target {target.name}") for target in work.targets
        ]

    async def _scrape(self, work: TargetPlan, scope: RunScope) -> TargetResult:
        began = self._clock.monotonic()
        try:
            if isinstance(work, PlatformTargetPlan):
                return await self._platforms.scrape(work, scope)
            return await self._http.scrape(work, scope)
        except Exception as defect:  # noqa: BLE001 -- logged there; a defect in one target must not end the others
            return defective(work.name, defect, self._clock.monotonic() - began)
