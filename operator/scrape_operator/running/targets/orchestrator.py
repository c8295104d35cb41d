"""Runs the targets of a schedule side by side: one's failure never ends another."""

import asyncio
import logging
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial

from scrape_operator.core.errors import ScrapeFailed
from scrape_operator.core.net.deadline import Deadline
from scrape_operator.core.net.policy import FetchPolicy
from scrape_operator.core.ports import Clock, RunPlace
from scrape_operator.core.runs.outcome import Outcome
from scrape_operator.core.runs.reasons import Reason
from scrape_operator.core.runs.run import RunClaim, RunStatus, TargetResult
from scrape_operator.core.schedule.plan import SchedulePlan
from scrape_operator.core.tracing import NO_TRACER, Tracer
from scrape_operator.extraction.workers.pool import ExtractionPool
from scrape_operator.fetching.fetcher import HttpFetcher
from scrape_operator.fetching.hosts.gate import Requester
from scrape_operator.fetching.session import FetchSession
from scrape_operator.planning.plans import HTTPTargetPlan, PlatformTargetPlan, RunPlan, TargetPlan
from scrape_operator.running.targets.kept_bodies import KeptBodies
from scrape_operator.running.targets.memories import TargetMemories
from scrape_operator.running.targets.off_loop import MANY_ITEMS, off_loop
from scrape_operator.running.targets.repetition import last_document
from scrape_operator.running.targets.scraping import TargetScraper
from scrape_operator.running.targets.target_run import RunScope, TargetRun

logger = logging.getLogger(__name__)

OWN_REASON_SECONDS = 0.1
"""A request that fails at the deadline has a reason of its own: a target is ended so much later."""

READING_METHODS = ("GET", "HEAD", "POST")
"""Adapters only read, also where a platform takes its queries as POST: all of them may be tried again."""


@dataclass(frozen=True, slots=True)
class TargetTask:
    """A target that is being scraped. The task raises only if it is cancelled; `run` can be read at any time."""

    run: TargetRun
    task: asyncio.Task[TargetResult]

    def result(self, stopped: Outcome | None) -> TargetResult:
        """Return the result. One that has not ended was `stopped`, or else ran into the deadline."""
        if self.task.done() and not self.task.cancelled():
            return self.task.result()
        failure = self.run.timed_out()
        return self.run.interrupt(stopped or Outcome(RunStatus.FAILED, failure.reason, failure.message))


class ScrapingOrchestrator:
    """Runs targets with one scraper, whose clients and workers exist as long as the process."""

    def __init__(
        self,
        fetcher: HttpFetcher,
        extraction: ExtractionPool,
        clock: Clock,
        memories: TargetMemories | None = None,
        tracer: Tracer = NO_TRACER,
    ) -> None:
        self._fetcher = fetcher
        self._tracer = tracer
        self._memories = memories or TargetMemories()
        self._scraper = TargetScraper(extraction, fetcher.hosts)
        self._clock = clock

    def scrape_all(
        self, plan: SchedulePlan, work: RunPlan, claim: RunClaim, place: RunPlace | None = None
    ) -> list[TargetTask]:
        """Start all targets, in spec order. Each ends by itself at the deadline and keeps what was read."""
        deadline = Deadline.after(plan.timeout.total_seconds(), self._clock.monotonic)
        fresh_until = second_due_after(plan, claim.scheduled_for) if _has_platform(work) else None
        scope = RunScope(claim.scheduled_for, work.zone, deadline, plan.timeout, fresh_until)
        requester = Requester(claim.schedule_uid, deadline, namespace=claim.namespace, place=place)
        sessions = [self._session(target, requester, work.policy) for target in work.targets]
        now = self._clock.monotonic()
        runs = [
            TargetRun(
                target.name,
                scope,
                session,
                self._clock,
                now,
                fingerprint=target.fingerprint,
                kept=KeptBodies(work.keep_bodies),
            )
            for target, session in zip(work.targets, sessions, strict=True)
        ]
        return [
            TargetTask(run, asyncio.create_task(self._scrape(target, run, claim), name=f"target {target.name}"))
            for target, run in zip(work.targets, runs, strict=True)
        ]

    def _session(self, plan: TargetPlan, requester: Requester, policy: FetchPolicy) -> FetchSession:
        if isinstance(plan, PlatformTargetPlan):
            requester = replace(requester, budgets=plan.platform.budgets(plan.config))
            return self._fetcher.open_session(requester, replace(plan.retry, methods=READING_METHODS), policy=policy)
        return self._fetcher.open_session(requester, plan.retry, plan.request.access, policy)

    async def _scrape(self, plan: TargetPlan, run: TargetRun, claim: RunClaim) -> TargetResult:
        with self._tracer.target(run.name) as span:
            result = await self._read_and_conclude(plan, run, claim)
            span.end(result)
            return result

    async def _read_and_conclude(self, plan: TargetPlan, run: TargetRun, claim: RunClaim) -> TargetResult:
        try:
            await self._read_in_time(plan, run, claim)
            return await self._conclude(plan, run, claim)
        except Exception as defect:
            hide = run.session.mask.message
            logger.exception("target %s failed by a defect of scrape-operator", run.name, extra={"hide": hide})
            message = f"{type(defect).__name__}: please report it with the operator's log"
            return run.interrupt(Outcome(RunStatus.FAILED, Reason.INTERNAL_ERROR, message))

    async def _conclude(self, plan: TargetPlan, run: TargetRun, claim: RunClaim) -> TargetResult:
        run.is_read = True
        result = await off_loop(partial(self._scraper.conclude, plan, run), is_much=len(run.items) > MANY_ITEMS)
        document = last_document(plan, run, result, claim.id) if isinstance(plan, HTTPTargetPlan) else None
        self._memories.update(claim.schedule_uid, result, run.order, document)
        return result

    async def _read_in_time(self, plan: TargetPlan, run: TargetRun, claim: RunClaim) -> None:
        """Read until the end, a failure or the deadline; the cause of an early end is recorded."""
        try:
            async with asyncio.timeout(run.scope.deadline.remaining() + OWN_REASON_SECONDS) as timer:
                is_conditional = isinstance(plan, HTTPTargetPlan) and plan.is_conditional
                run.memory = await self._memories.get(
                    claim.schedule_uid, run.name, run.fingerprint, is_conditional=is_conditional
                )
                await self._scraper.read(plan, run)
        except ScrapeFailed as failure:
            run.failure = failure.detached()
        except TimeoutError:
            if not timer.expired():
                raise
            run.failure = run.timed_out()


def _has_platform(work: RunPlan) -> bool:
    return any(isinstance(target, PlatformTargetPlan) for target in work.targets)


def second_due_after(plan: SchedulePlan, scheduled_for: datetime) -> datetime | None:
    """Return the second due time after a run's own, or None if the schedule has none."""
    following = plan.due_times and plan.due_times.next_after(scheduled_for)
    return plan.due_times.next_after(following) if plan.due_times and following else None
