"""One run of a schedule that writes nothing: what the verb `test` shows."""

import asyncio
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from scrape_operator.core.ids import uuid7
from scrape_operator.core.ports import Clock
from scrape_operator.core.runs.outcome import Outcome
from scrape_operator.core.runs.run import RunClaim, RunResult, RunStatus, clip
from scrape_operator.core.runs.slot import Manual
from scrape_operator.core.schedule.plan import SchedulePlan
from scrape_operator.running.runner import Runner

OWNER = "test"


async def try_schedule(runner: Runner, plan: SchedulePlan, clock: Clock, scheduled_for: datetime) -> RunResult:
    """Run all targets of a plan once. A refused plan gives a failed run with its findings as the message."""
    claim = _claim(plan, scheduled_for)
    if plan.stall_reason is not None:
        message = clip("; ".join(map(str, plan.findings)))
        return RunResult(claim, *Outcome(RunStatus.FAILED, plan.stall_reason, message), clock.now())
    return await runner.run(plan, claim, asyncio.get_running_loop().create_future())


def with_url(obj: Mapping[str, Any], url: str) -> dict[str, Any]:
    """Return the object with the URL of its first HTTP target replaced."""
    spec = dict(obj["spec"])
    targets = [dict(target) for target in spec["targets"]]
    for target in targets:
        if "http" in target:
            target["http"] = {**target["http"], "url": url}
            break
    return {**obj, "spec": {**spec, "targets": targets}}


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
