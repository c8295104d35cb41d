"""The step that differs by kind of target: how it is read, and what its result is."""

from scrape_operator.core.runs.run import TargetResult
from scrape_operator.extraction.workers.pool import ExtractionPool
from scrape_operator.fetching.hosts.budgets import HostBudgets
from scrape_operator.planning.plans import PlatformTargetPlan, TargetPlan
from scrape_operator.running.targets.http import HTTPScraper
from scrape_operator.running.targets.platform import PlatformScraper
from scrape_operator.running.targets.target_run import TargetRun


class TargetScraper:
    """Reads targets of every kind. What it uses exists as long as the process."""

    def __init__(self, extraction: ExtractionPool, hosts: HostBudgets) -> None:
        self._http = HTTPScraper(extraction)
        self._platforms = PlatformScraper(hosts)

    async def read(self, plan: TargetPlan, run: TargetRun) -> None:
        """Read the documents of a target into its run. Raises ScrapeFailed."""
        if isinstance(plan, PlatformTargetPlan):
            await self._platforms.read(plan, run)
        else:
            await self._http.read(plan, run)

    def conclude(self, plan: TargetPlan, run: TargetRun) -> TargetResult:
        """Return the result of the target from what `read` has added to `run`."""
        if isinstance(plan, PlatformTargetPlan):
            return self._platforms.conclude(plan, run)
        return self._http.conclude(plan, run)
