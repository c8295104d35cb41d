"""The steps of an HTTP target: its pages, then the detail documents of its items."""

from scrape_operator.core.runs.run import TargetResult
from scrape_operator.extraction.workers.pool import ExtractionPool
from scrape_operator.planning.plans import HTTPTargetPlan
from scrape_operator.running.targets.follow import DetailReader
from scrape_operator.running.targets.pages import PageReader
from scrape_operator.running.targets.target_run import TargetRun


class HTTPScraper:
    """Reads HTTP targets."""

    def __init__(self, extraction: ExtractionPool) -> None:
        self._pages = PageReader(extraction)
        self._details = DetailReader(extraction)

    async def read(self, plan: HTTPTargetPlan, run: TargetRun) -> None:
        """Read the pages and detail documents of a target, and add their items to `run`. Raises ScrapeFailed."""
        await self._pages.read(plan, run)
        if run.is_unmodified:
            return
        await self._details.read(plan, run)

    def conclude(self, plan: HTTPTargetPlan, run: TargetRun) -> TargetResult:
        """Return the result of the target from what `read` has added to `run`."""
        if run.is_unmodified:
            return run.unmodified()
        run.mode = plan.mode
        if run.repeated is not None:
            return run.repeat(run.repeated)
        return run.evaluate(plan.expectations, plan.key, plan.selected_fields)
