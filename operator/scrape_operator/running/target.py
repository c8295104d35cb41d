"""One target in one run: fetch, extract, expect. A failure is a result, never an exception that travels."""

import asyncio
import logging
from datetime import datetime
from zoneinfo import ZoneInfo

from scrape_operator.core.documents import Document, Extraction, Response
from scrape_operator.core.errors import ScrapeFailed
from scrape_operator.core.expectations import OnBreach, find_breach
from scrape_operator.core.items import Item
from scrape_operator.core.ports import Clock, Fetcher
from scrape_operator.core.reasons import Reason
from scrape_operator.core.runs import RunStatus, TargetResult, clip
from scrape_operator.extraction.workers import ExtractionPool
from scrape_operator.fetching.retrying import fetch_with_retry
from scrape_operator.running.work import TargetWork

logger = logging.getLogger(__name__)

MAX_WARNINGS = 20


class TargetScraper:
    """Scrapes targets with the clients and workers that live as long as the process."""

    def __init__(self, fetcher: Fetcher, extraction: ExtractionPool, clock: Clock) -> None:
        self._fetcher = fetcher
        self._extraction = extraction
        self._clock = clock

    async def scrape(self, work: TargetWork, scheduled_for: datetime, zone: ZoneInfo) -> TargetResult:
        """Scrape one target; give what became of it, whatever happens. Only cancellation is raised."""
        began = self._clock.monotonic()
        try:
            return await self._scrape(work, scheduled_for, zone, began)
        except ScrapeFailed as failure:
            return TargetResult(
                work.name,
                RunStatus.FAILED,
                failure.reason,
                clip(failure.message),
                http_status=failure.http_status,
                duration=self._clock.monotonic() - began,
                requests=failure.requests,
                bytes=failure.bytes_read,
                complete=False,
            )
        except Exception as defect:
            logger.exception("target %s failed by a defect of scrape-operator", work.name)
            message = f"{type(defect).__name__}: please report it with the operator's log"
            spent = self._clock.monotonic() - began
            return TargetResult(
                work.name, RunStatus.FAILED, Reason.INTERNAL_ERROR, message, duration=spent, complete=False
            )

    async def _scrape(self, work: TargetWork, scheduled_for: datetime, zone: ZoneInfo, began: float) -> TargetResult:
        response = await fetch_with_retry(self._fetcher, work.request_for(scheduled_for, zone), work.retry)
        document = Document(
            body=response.body,
            url=response.url,
            content_type=response.headers.get("content-type", ""),
            scheduled_for=scheduled_for,
            fetched_at=self._clock.now(),
            time_zone=zone,
        )
        try:
            extraction = await self._extraction.extract(work.extract, document)
        except ScrapeFailed as failure:
            failure.http_status = response.status
            failure.requests, failure.bytes_read = response.requests, response.bytes
            raise
        return self._judge(work, response, extraction, self._clock.monotonic() - began)

    @staticmethod
    def _judge(work: TargetWork, response: Response, extraction: Extraction, duration: float) -> TargetResult:
        had_content = bool(response.body.strip())
        breach = find_breach(work.expectations, extraction.items, had_content=had_content, dropped=extraction.dropped)
        failed = breach is not None and work.expectations.on_breach is OnBreach.FAIL
        status = RunStatus.SUCCEEDED if breach is None else RunStatus.PARTIALLY_SUCCEEDED
        items = () if failed else [Item.of(data, work.key) for data in extraction.items]
        return TargetResult(
            work.name,
            RunStatus.FAILED if failed else status,
            Reason.SUCCEEDED if breach is None else breach.reason,
            "" if breach is None else clip(breach.message),
            http_status=response.status,
            duration=duration,
            requests=response.requests,
            bytes=response.bytes,
            pages=1,
            items=tuple(items),
            warnings=tuple(extraction.warnings[:MAX_WARNINGS]),
            breach=None if breach is None else clip(breach.message),
            complete=not failed and not extraction.dropped,
        )


class ScrapingOrchestrator:
    """Scrapes the targets of a schedule side by side: one's failure never ends another."""

    def __init__(self, scraper: TargetScraper) -> None:
        self._scraper = scraper

    def scrape_all(
        self, targets: tuple[TargetWork, ...], scheduled_for: datetime, zone: ZoneInfo
    ) -> list[asyncio.Task[TargetResult]]:
        """Begin all targets; the tasks stand in spec order and never raise but when cancelled."""
        return [
            asyncio.create_task(self._scraper.scrape(work, scheduled_for, zone), name=f"target {work.name}")
            for work in targets
        ]
