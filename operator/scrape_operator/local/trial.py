"""One run of a schedule that writes nothing: what the verb `test` shows."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from time import perf_counter
from typing import Any

from scrape_operator.api.kinds.registry import SCRAPE_SCHEDULE, kind_of
from scrape_operator.clock import SystemClock
from scrape_operator.core.extraction import Document, PageExtraction
from scrape_operator.core.ids import uuid7
from scrape_operator.core.ports import Clock, SecretReader
from scrape_operator.core.runs.outcome import Outcome
from scrape_operator.core.runs.run import RunClaim, RunResult, RunStatus, clip
from scrape_operator.core.runs.slot import Manual
from scrape_operator.core.schedule.plan import SchedulePlan
from scrape_operator.extraction.extractor import CompiledExtract
from scrape_operator.extraction.workers.pool import ExtractionPool
from scrape_operator.fetching.traced import RequestTrace, note_extraction, open_traced_fetcher
from scrape_operator.running.opening import open_runner
from scrape_operator.running.runner import Runner
from scrape_operator.settings import Settings

OWNER = "test"


@dataclass(frozen=True, slots=True)
class Tried:
    """One run, and the requests of each of its targets in their order; none where a saved body was read."""

    result: RunResult
    traces: Sequence[Sequence[RequestTrace]] = ()


class TimedExtraction(ExtractionPool):
    """Notes how long each document took, beside the request that it is the answer to."""

    async def extract(self, compiled: CompiledExtract, document: Document, requester: str = "") -> PageExtraction:
        """Read the items and links of a document. Raises ScrapeFailed."""
        began = perf_counter()
        try:
            return await super().extract(compiled, document, requester)
        finally:
            note_extraction(perf_counter() - began)


async def try_plans(settings: Settings, plans: Sequence[SchedulePlan], secrets: SecretReader | None) -> list[Tried]:
    """Run plans once, one after the other, and note their requests."""
    clock = SystemClock()
    async with (
        open_traced_fetcher(settings, secrets=secrets) as fetcher,
        open_runner(fetcher, clock, TimedExtraction) as runner,
    ):
        return [Tried(await try_schedule(runner, plan, clock, clock.now()), fetcher.take_traces()) for plan in plans]


async def try_schedule(runner: Runner, plan: SchedulePlan, clock: Clock, scheduled_for: datetime) -> RunResult:
    """Run all targets of a plan once. A refused plan gives a failed run with its findings as the message."""
    claim = _claim(plan, scheduled_for)
    refused = refusal_of(plan)
    if refused is not None:
        return RunResult(claim, *refused, clock.now())
    return await runner.run(plan, claim, asyncio.get_running_loop().create_future())


def refusal_of(plan: SchedulePlan) -> Outcome | None:
    """Return how a run of a refused plan ends: it fails with the findings as the message. None: the plan can run."""
    if plan.stall_reason is None:
        return None
    return Outcome(RunStatus.FAILED, plan.stall_reason, clip("; ".join(map(str, plan.findings))))


def with_url(obj: Mapping[str, Any], url: str) -> Mapping[str, Any]:
    """Return a schedule with the URL of its first HTTP target replaced; any other object as it is."""
    targets = [*_targets(obj)]
    for index, target in enumerate(targets):
        if isinstance(target, Mapping) and isinstance(target.get("http"), Mapping):
            targets[index] = {**target, "http": {**target["http"], "url": url}}
            return {**obj, "spec": {**obj["spec"], "targets": targets}}
    return obj


def _targets(obj: Mapping[str, Any]) -> Sequence[Any]:
    spec = obj.get("spec") if kind_of(obj) is SCRAPE_SCHEDULE else None
    targets = spec.get("targets") if isinstance(spec, Mapping) else None
    return targets if isinstance(targets, Sequence) else ()


def _claim(plan: SchedulePlan, scheduled_for: datetime) -> RunClaim:
    return RunClaim(
        id=uuid7(scheduled_for),
        schedule_uid=plan.key.uid,
        namespace=plan.key.namespace,
        name=plan.key.name,
        generation=plan.generation,
        slot=Manual(OWNER),
        scheduled_for=scheduled_for,
        started_at=scheduled_for,
        owner=OWNER,
        lease_expires_at=scheduled_for + timedelta(days=1),
    )
