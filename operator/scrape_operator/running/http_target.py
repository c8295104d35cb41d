"""A target that is an address: fetch, extract, expect."""

from scrape_operator.core.documents import Document, Extraction, Response
from scrape_operator.core.errors import ScrapeFailed
from scrape_operator.core.ports import Clock
from scrape_operator.core.runs import TargetResult, clip
from scrape_operator.extraction.workers import ExtractionPool
from scrape_operator.fetching.retrying import fetch_with_retry
from scrape_operator.running.target import MAX_WARNINGS, RunScope, judge
from scrape_operator.running.work import TargetWork


class HTTPScraper:
    """Scrapes addresses with the workers that live as long as the process."""

    def __init__(self, extraction: ExtractionPool, clock: Clock) -> None:
        self._extraction = extraction
        self._clock = clock

    async def scrape(self, work: TargetWork, scope: RunScope) -> TargetResult:
        """Scrape one address. Raises ScrapeFailed."""
        began = self._clock.monotonic()
        fetcher = scope.fetcher.on_behalf_of(scope.requester)
        response = await fetch_with_retry(fetcher, work.request_for(scope.scheduled_for, scope.zone), work.retry)
        extraction = await self._extract(work, scope, response)
        return self._result(work, response, extraction, self._clock.monotonic() - began)

    async def _extract(self, work: TargetWork, scope: RunScope, response: Response) -> Extraction:
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
            failure.requests, failure.bytes_read = response.requests, response.bytes
            raise

    @staticmethod
    def _result(work: TargetWork, response: Response, extraction: Extraction, duration: float) -> TargetResult:
        judged = judge(
            work.expectations,
            extraction.items,
            work.key,
            had_content=bool(response.body) and not response.body.isspace(),
            dropped=extraction.dropped,
        )
        return TargetResult(
            work.name,
            judged.status,
            judged.reason,
            judged.message,
            http_status=response.status,
            duration=duration,
            requests=response.requests,
            bytes=response.bytes,
            pages=1,
            items=judged.items,
            warnings=tuple(extraction.warnings[:MAX_WARNINGS]),
            breach=None if judged.breach is None else clip(judged.breach.message),
            complete=judged.status.is_good and not extraction.dropped,
        )
