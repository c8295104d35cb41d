"""A target that an adapter scrapes: the budgets of its hosts, what it yields, what was lost on the way."""

import asyncio
from collections.abc import Mapping
from contextlib import aclosing
from dataclasses import dataclass, field, replace

from scrape_operator.core.errors import ScrapeFailed
from scrape_operator.core.net.documents import Traffic
from scrape_operator.core.ports import Clock, Fetcher
from scrape_operator.core.runs.items import JSONValue
from scrape_operator.core.runs.reasons import Reason
from scrape_operator.core.runs.run import RunStatus, TargetResult, clip
from scrape_operator.planning.plans import PlatformTargetPlan
from scrape_operator.platforms.port import ScrapeContext
from scrape_operator.running.targets.outcome import MAX_WARNINGS, Evaluation, RunScope, evaluate

LAST_SECONDS = 0.5
"""A platform stops so long before the run's deadline, so that what it brought is kept."""

REFUSALS = frozenset({Reason.BLOCKED, Reason.RATE_LIMITED})
READING_METHODS = ("GET", "HEAD", "POST")
"""Adapters only read, also where a platform wants its questions as POST: all of them may be asked again."""


@dataclass(slots=True)
class ScrapeOutcome:
    """What an adapter brought, and what ended it before its time."""

    items: list[Mapping[str, JSONValue]] = field(default_factory=list)
    failure: ScrapeFailed | None = None


class PlatformScraper:
    """Scrapes platforms. What came before a failure is kept: then the target succeeded in part."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    async def scrape(self, work: PlatformTargetPlan, scope: RunScope) -> TargetResult:
        """Scrape one platform."""
        began = self._clock.monotonic()
        requester = replace(scope.requester, budgets=work.platform.budgets(work.config))
        session = scope.fetcher.open_session(requester, replace(work.retry, methods=READING_METHODS))
        context = ScrapeContext(scope.scheduled_for, now=self._clock.now)
        outcome = await self._scrape_platform(work, session, context, scope)
        if outcome.failure is not None and outcome.failure.reason in REFUSALS:
            for host in requester.budgets:
                scope.fetcher.hosts.report(host, requester, outcome.failure)
        return self._result(work, session.traffic, context, outcome, self._clock.monotonic() - began)

    async def _scrape_platform(
        self, work: PlatformTargetPlan, fetcher: Fetcher, context: ScrapeContext, scope: RunScope
    ) -> ScrapeOutcome:
        outcome = ScrapeOutcome()
        left = scope.requester.deadline.remaining() - LAST_SECONDS
        try:
            async with asyncio.timeout(left), aclosing(work.platform.scrape(work.config, fetcher, context)) as items:
                async for item in items:
                    outcome.items.append(item)
        except ScrapeFailed as failure:
            outcome.failure = failure
        except TimeoutError:
            outcome.failure = ScrapeFailed(Reason.TIMEOUT, "not done within the run's timeout (spec.timeout)")
        return outcome

    def _result(
        self,
        work: PlatformTargetPlan,
        traffic: Traffic,
        context: ScrapeContext,
        outcome: ScrapeOutcome,
        duration: float,
    ) -> TargetResult:
        evaluation = downgrade(
            evaluate(work.expectations, outcome.items, work.platform.key, had_content=True), context, outcome
        )
        kept = evaluation.status.is_good
        return TargetResult(
            work.name,
            evaluation.status,
            evaluation.reason,
            evaluation.message,
            http_status=outcome.failure.http_status if outcome.failure else None,
            duration=duration,
            requests=traffic.requests,
            bytes=traffic.bytes,
            pages=context.counters.get("pages", 0),
            items=evaluation.items if kept else (),
            warnings=tuple(context.warnings()[:MAX_WARNINGS]),
            breach=None if evaluation.breach is None else clip(evaluation.breach.message),
            complete=kept and context.is_complete and outcome.failure is None,
            sink_payload=work.platform.sink_payload(work.config, outcome.items) if kept else None,
            phases={str(phase): seconds for phase, seconds in context.timings().items()},
        )


def downgrade(evaluation: Evaluation, context: ScrapeContext, outcome: ScrapeOutcome) -> Evaluation:
    """Take into account what ended the scrape, or was lost on the way (api.md, Outcomes)."""
    failure = outcome.failure or (context.losses[0].failure if context.losses else None)
    if failure is None or evaluation.status is RunStatus.FAILED:
        return evaluation
    nothing_came = outcome.failure is not None and not outcome.items
    status = RunStatus.FAILED if nothing_came else RunStatus.PARTIALLY_SUCCEEDED
    breach = None if nothing_came else evaluation.breach
    return replace(evaluation, status=status, reason=failure.reason, message=clip(failure.message), breach=breach)
