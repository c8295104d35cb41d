"""A target that is an address: fetch, extract, expect."""

from scrape_operator.core.errors import ScrapeFailed
from scrape_operator.core.extraction import Document, PageExtraction
from scrape_operator.core.net.documents import Response, Traffic
from scrape_operator.core.ports import Clock
from scrape_operator.core.runs.run import TargetResult, clip
from scrape_operator.extraction.workers.pool import ExtractionPool
from scrape_operator.fetching.session import FetchSession
from scrape_operator.planning.plans import HTTPTargetPlan
from scrape_operator.running.targets.outcome import MAX_WARNINGS, RunScope, evaluate, failed


class HTTPScraper:
    """Scrapes addresses with the workers that live as long as the process."""

    def __init__(self, extraction: ExtractionPool, clock: Clock) -> None:
        self._extraction = extraction
        self._clock = clock

    async def scrape(self, work: HTTPTargetPlan, scope: RunScope) -> TargetResult:
        """Scrape one address."""
        began = self._clock.monotonic()
        session = scope.fetcher.open_session(scope.requester, work.retry)
        try:
            return await self._scrape(work, scope, session, began)
        except ScrapeFailed as failure:
            return failed(work.name, failure, session.traffic, self._clock.monotonic() - began)

    async def _scrape(self, work: HTTPTargetPlan, scope: RunScope, session: FetchSession, began: float) -> TargetResult:
        response = await session.fetch(work.request_for(scope.scheduled_for, scope.zone))
        extraction = await self._extract(work, scope, response)
        return self._result(work, response, extraction, session.traffic, self._clock.monotonic() - began)

    async def _extract(self, work: HTTPTargetPlan, scope: RunScope, response: Response) -> PageExtraction:
        document = Document(
            body=response.body,
            url=response.url,
            content_type=response.headers.get("content-type", ""),
            scheduled_for=scope.scheduled_for,
            fetched_at=self._clock.now(),
            time_zone=scope.zone,
        )
        try:
            return await self._extraction.extract(work.extract, document)
        except ScrapeFailed as failure:
            failure.http_status = response.status
            raise

    @staticmethod
    def _result(
        work: HTTPTargetPlan, response: Response, extraction: PageExtraction, traffic: Traffic, duration: float
    ) -> TargetResult:
        evaluation = evaluate(
            work.expectations,
            extraction.items,
            work.key,
            had_content=bool(response.body) and not response.body.isspace(),
            dropped=extraction.dropped,
        )
        return TargetResult(
            work.name,
            evaluation.status,
            evaluation.reason,
            evaluation.message,
            http_status=response.status,
            duration=duration,
            requests=traffic.requests,
            bytes=traffic.bytes,
            pages=1,
            items=evaluation.items,
            warnings=tuple(extraction.warnings[:MAX_WARNINGS]),
            breach=None if evaluation.breach is None else clip(evaluation.breach.message),
            complete=evaluation.status.is_good and not extraction.dropped,
        )
