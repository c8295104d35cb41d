"""Reads the kept responses of an earlier run by the present plan, as a run would. It sends no request."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import cast

from scrape_operator.core.errors import InvalidValue, ScrapeFailed
from scrape_operator.core.ids import uuid7
from scrape_operator.core.net.deadline import Deadline
from scrape_operator.core.ports import Clock, TargetMemoryReader
from scrape_operator.core.runs.outcome import evaluate_run
from scrape_operator.core.runs.replay import KeptRun
from scrape_operator.core.runs.run import RunClaim, RunResult, TargetResult, clip
from scrape_operator.core.runs.slot import Replay
from scrape_operator.core.runs.target_memory import FORGOTTEN
from scrape_operator.core.schedule.plan import SchedulePlan
from scrape_operator.extraction.workers.pool import ExtractionPool
from scrape_operator.fetching.fetcher import HttpFetcher
from scrape_operator.fetching.hosts.gate import Requester
from scrape_operator.planning.plans import HTTPTargetPlan, RunPlan, TargetPlan
from scrape_operator.running.targets.replayed_target import KeptResponses, ReplayedTarget
from scrape_operator.running.targets.scraping import TargetScraper
from scrape_operator.running.targets.target_run import RunScope

TIMEOUT = timedelta(hours=24)
"""A replay has no deadline of its own: each document has the limits of the extraction workers."""


@dataclass(frozen=True, slots=True)
class Replayer:
    """Replays runs. `owner` is the process that the rows name."""

    fetcher: HttpFetcher
    extraction: ExtractionPool
    memories: TargetMemoryReader
    clock: Clock
    owner: str

    async def replay(self, plan: SchedulePlan, kept: KeptRun) -> RunResult:
        """Return the result of a run by this plan that gets the kept responses.

        Nothing is marked gone by an older run: later ones may have seen what it did not.

        Raises:
            InvalidValue: the spec is refused, or has no target whose responses are kept.

        """
        if plan.stall_reason is not None:
            raise InvalidValue("; ".join(map(str, plan.findings)))
        work, claim = cast("RunPlan", plan.work), self._claim(plan, kept)
        targets = list(_replayable(work, kept))
        results = [await self._read(plan, work, target, claim, kept) for target in targets]
        status, reason, message = evaluate_run(results, min(work.min_succeeded, len(results)))
        text = clip(f"replay of run {kept.id}{message and f': {message}'}")
        return RunResult(claim, status, reason, text, self.clock.now(), results)

    async def _read(
        self, plan: SchedulePlan, work: RunPlan, target: TargetPlan, claim: RunClaim, kept: KeptRun
    ) -> TargetResult:
        deadline = Deadline.after(TIMEOUT.total_seconds(), self.clock.monotonic)
        session = self.fetcher.open_session(Requester(claim.schedule_uid, deadline), target.retry)
        scope = RunScope(kept.scheduled_for, work.zone, deadline, TIMEOUT)
        responses = KeptResponses(kept.bodies[target.name], kept.started_at)
        run = ReplayedTarget(target.name, scope, session, self.clock, self.clock.monotonic(), responses=responses)
        run.fingerprint = target.fingerprint
        run.memory = await self.memories.load_target_memory(kept.schedule_uid, target.name, target.fingerprint)
        scraper = TargetScraper(self.extraction, self.fetcher.hosts)
        try:
            await scraper.read(target, run)
        except ScrapeFailed as failure:
            run.failure = failure.detached()
        result = scraper.conclude(target, run)
        complete = result.complete and not kept.later_runs
        # What is stored afterwards is no longer what validators describe, so the next run reads its documents anew.
        # A sink says what is offered now, which an earlier response does not.
        return replace(
            result,
            revalidation=FORGOTTEN,
            http_status=responses.http_status,
            complete=complete,
            sink_payload=None,
        )

    def _claim(self, plan: SchedulePlan, kept: KeptRun) -> RunClaim:
        now = self.clock.now()
        run_id = uuid7(now)
        return RunClaim(
            id=run_id,
            schedule_uid=kept.schedule_uid,
            namespace=kept.namespace,
            name=kept.name,
            generation=plan.generation,
            slot=Replay(kept.id, run_id),
            scheduled_for=kept.scheduled_for,
            started_at=now,
            owner=self.owner,
            lease_expires_at=now,
            policy=plan.policy,
            spec=plan.stored_spec,
        )


def _replayable(work: RunPlan, kept: KeptRun) -> Iterator[TargetPlan]:
    """Yield the targets whose responses are kept; all of their documents are read, whether or not they changed."""
    targets = [target for target in work.targets if target.name in kept.bodies]
    if not targets:
        raise InvalidValue(
            f"run {kept.id} keeps responses of {', '.join(kept.bodies)}, and the spec has no such target"
        )
    return (
        replace(target, is_conditional=False) if isinstance(target, HTTPTargetPlan) else target for target in targets
    )
