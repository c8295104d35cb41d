"""The steps of an HTTP target: request, extract."""

from scrape_operator.core.extraction import Document
from scrape_operator.core.net.documents import Response
from scrape_operator.core.runs.run import TargetResult
from scrape_operator.extraction.workers.pool import ExtractionPool
from scrape_operator.planning.plans import HTTPTargetPlan
from scrape_operator.running.targets.target_run import TargetRun


class HTTPScraper:
    """Reads HTTP targets. The extraction workers live as long as the process."""

    def __init__(self, extraction: ExtractionPool) -> None:
        self._extraction = extraction

    async def read(self, plan: HTTPTargetPlan, run: TargetRun) -> None:
        """Read the items of a target into its run. Raises ScrapeFailed."""
        scope = run.scope
        response = await run.session.fetch(plan.request_for(scope.scheduled_for, scope.zone))
        await self._extract(plan, run, response)

    def conclude(self, plan: HTTPTargetPlan, run: TargetRun) -> TargetResult:
        """Return the result of what was read."""
        return run.evaluate(plan.expectations, plan.key)

    async def _extract(self, plan: HTTPTargetPlan, run: TargetRun, response: Response) -> None:
        run.had_content = run.had_content or (bool(response.body) and not response.body.isspace())
        extraction = await self._extraction.extract(plan.extract, _document(run, response))
        run.pages += 1
        run.items.extend(extraction.items)
        run.dropped += extraction.dropped
        run.warn(*extraction.warnings)


def _document(run: TargetRun, response: Response) -> Document:
    return Document(
        body=response.body,
        url=response.url,
        content_type=response.headers.get("content-type", ""),
        scheduled_for=run.scope.scheduled_for,
        fetched_at=run.clock.now(),
        time_zone=run.scope.zone,
    )
