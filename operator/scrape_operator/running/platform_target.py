"""A target that an adapter scrapes: the budgets of its hosts, what it yields, what was lost on the way."""

import asyncio
from collections.abc import Mapping
from contextlib import aclosing
from dataclasses import dataclass, field, replace

from scrape_operator.core.documents import Request, Response
from scrape_operator.core.errors import ScrapeFailed
from scrape_operator.core.items import JSONValue
from scrape_operator.core.ports import Clock, Fetcher
from scrape_operator.core.reasons import Reason
from scrape_operator.core.retrying import RetryPolicy
from scrape_operator.core.runs import RunStatus, TargetResult, clip
from scrape_operator.fetching.retrying import fetch_with_retry
from scrape_operator.platforms.port import ScrapeContext
from scrape_operator.running.target import MAX_WARNINGS, Judged, RunScope, judge
from scrape_operator.running.work import PlatformWork

LAST_SECONDS = 0.5
"""A platform stops so long before the run's deadline, so that what it brought is kept."""

REFUSALS = frozenset({Reason.BLOCKED, Reason.RATE_LIMITED})
READING_METHODS = ("GET", "HEAD", "POST")
"""Adapters only read, also where a platform wants its questions as POST: all of them may be asked again."""


class CountingFetcher:
    """Asks for an adapter: tries again by the target's policy, and counts what that costs."""

    def __init__(self, fetcher: Fetcher, policy: RetryPolicy) -> None:
        self._fetcher = fetcher
        self._policy = replace(policy, methods=READING_METHODS)
        self.requests = 0
        self.bytes = 0

    async def fetch(self, request: Request) -> Response:
        """Fetch, with retries. Raises ScrapeFailed."""
        try:
            response = await fetch_with_retry(self._fetcher, request, self._policy)
        except ScrapeFailed as failure:
            self.requests += failure.requests
            self.bytes += failure.bytes_read
            raise
        self.requests += response.requests
        self.bytes += response.bytes
        return response


@dataclass(slots=True)
class Harvest:
    """What an adapter brought, and what ended it before its time."""

    items: list[Mapping[str, JSONValue]] = field(default_factory=list)
    failure: ScrapeFailed | None = None


class PlatformScraper:
    """Scrapes platforms. What came before a failure is kept: then the target succeeded in part."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    async def scrape(self, work: PlatformWork, scope: RunScope) -> TargetResult:
        """Scrape one platform."""
        began = self._clock.monotonic()
        requester = replace(scope.requester, budgets=work.platform.budgets(work.config))
        fetcher = CountingFetcher(scope.fetcher.on_behalf_of(requester), work.retry)
        context = ScrapeContext(scope.scheduled_for, now=self._clock.now)
        harvest = await self._harvest(work, fetcher, context, scope)
        if harvest.failure is not None and harvest.failure.reason in REFUSALS:
            for host in requester.budgets:
                scope.fetcher.hosts.report(host, requester, harvest.failure)
        return self._result(work, fetcher, context, harvest, self._clock.monotonic() - began)

    async def _harvest(self, work: PlatformWork, fetcher: Fetcher, context: ScrapeContext, scope: RunScope) -> Harvest:
        harvest = Harvest()
        left = scope.deadline - self._clock.monotonic() - LAST_SECONDS
        try:
            async with asyncio.timeout(left), aclosing(work.platform.scrape(work.config, fetcher, context)) as items:
                async for item in items:
                    harvest.items.append(item)
        except ScrapeFailed as failure:
            harvest.failure = failure
        except TimeoutError:
            harvest.failure = ScrapeFailed(Reason.TIMEOUT, "not done within the run's timeout (spec.timeout)")
        return harvest

    def _result(
        self,
        work: PlatformWork,
        fetcher: CountingFetcher,
        context: ScrapeContext,
        harvest: Harvest,
        duration: float,
    ) -> TargetResult:
        judged = lessened(
            judge(work.expectations, harvest.items, work.platform.key, had_content=True), context, harvest
        )
        kept = judged.status.is_good
        return TargetResult(
            work.name,
            judged.status,
            judged.reason,
            judged.message,
            http_status=harvest.failure.http_status if harvest.failure else None,
            duration=duration,
            requests=fetcher.requests,
            bytes=fetcher.bytes,
            pages=context.counters.get("pages", 0),
            items=judged.items if kept else (),
            warnings=tuple(context.warnings()[:MAX_WARNINGS]),
            breach=None if judged.breach is None else clip(judged.breach.message),
            complete=kept and context.is_complete and harvest.failure is None,
            odds=work.platform.odds(work.config, harvest.items) if kept else None,
            phases={str(phase): seconds for phase, seconds in context.timings().items()},
        )


def lessened(judged: Judged, context: ScrapeContext, harvest: Harvest) -> Judged:
    """Take into account what ended the scrape, or was lost on the way (api.md, Outcomes)."""
    failure = harvest.failure or (context.losses[0].failure if context.losses else None)
    if failure is None or judged.status is RunStatus.FAILED:
        return judged
    nothing_came = harvest.failure is not None and not harvest.items
    status = RunStatus.FAILED if nothing_came else RunStatus.PARTIALLY_SUCCEEDED
    breach = None if nothing_came else judged.breach
    return replace(judged, status=status, reason=failure.reason, message=clip(failure.message), breach=breach)
