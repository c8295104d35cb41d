import asyncio
from datetime import timedelta
from typing import Any, cast
from uuid import UUID

import pytest

from scrape_operator.core.runs.reasons import Reason
from scrape_operator.core.runs.run import RunClaim, RunResult, RunStatus
from scrape_operator.core.runs.slot import Due
from scrape_operator.running import runner
from scrape_operator.running.runner import Runner
from scrape_operator.running.targets.orchestrator import ScrapingOrchestrator
from tests.running.conftest import make_plan, settle
from tests.support.clock import ManualClock
from tests.support.fakes import ControlledTargets

NOW = ManualClock().now()
CLAIM = RunClaim(UUID(int=1), "uid", "default", "quotes", 1, Due(NOW), NOW, NOW, "me", NOW + timedelta(seconds=15))


class Running:
    """One run that goes on while a test looks at it."""

    def __init__(self, *names: str, **options: Any) -> None:
        self.scrapes = ControlledTargets()
        self.stop: asyncio.Future[Reason] = asyncio.get_running_loop().create_future()
        made = Runner(cast("ScrapingOrchestrator", self.scrapes), ManualClock())
        plan = make_plan(*names, **options)
        self.task: asyncio.Task[RunResult] = asyncio.create_task(made.run(plan, CLAIM, self.stop))


@pytest.mark.parametrize(
    ("ends", "expected"),
    [
        ({"a": RunStatus.SUCCEEDED, "b": RunStatus.SUCCEEDED}, (RunStatus.SUCCEEDED, Reason.SUCCEEDED)),
        ({"a": RunStatus.SUCCEEDED, "b": RunStatus.FAILED}, (RunStatus.PARTIALLY_SUCCEEDED, Reason.HTTP_STATUS)),
        ({"a": RunStatus.FAILED, "b": RunStatus.FAILED}, (RunStatus.FAILED, Reason.HTTP_STATUS)),
    ],
    ids=["all fine", "one failed", "all failed"],
)
async def test_the_verdict_follows_from_the_targets(
    ends: dict[str, RunStatus], expected: tuple[RunStatus, Reason]
) -> None:
    run = Running(*ends)
    for name, status in ends.items():
        run.scrapes.end(name, status)
    result = await run.task
    assert (result.status, result.reason) == expected
    assert [target.target for target in result.targets] == list(ends)


async def test_a_target_that_never_ends_is_timed_out_and_the_others_keep_their_results() -> None:
    run = Running("slow", "quick", timeout=0.05)
    run.scrapes.end("quick")
    result = await run.task
    assert (result.status, result.reason) == (RunStatus.PARTIALLY_SUCCEEDED, Reason.TIMEOUT)
    assert [target.status for target in result.targets] == [RunStatus.FAILED, RunStatus.SUCCEEDED]


async def test_at_the_deadline_a_target_that_was_read_may_still_be_evaluated(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runner, "DEADLINE_GRACE_SECONDS", 0.0)
    run = Running("slow", "read", timeout=0.01)
    run.scrapes.read.add("read")
    asyncio.get_running_loop().call_later(0.05, run.scrapes.end, "read")
    result = await run.task
    assert [target.status for target in result.targets] == [RunStatus.FAILED, RunStatus.SUCCEEDED]


async def test_a_stop_does_not_wait_for_an_evaluation(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runner, "DEADLINE_GRACE_SECONDS", 0.0)
    run = Running("read", timeout=0.01)
    run.scrapes.read.add("read")
    asyncio.get_running_loop().call_later(0.05, run.stop.set_result, Reason.SHUTDOWN)
    result = await run.task
    assert (result.status, result.reason) == (RunStatus.CANCELED, Reason.SHUTDOWN)


async def test_a_stop_cancels_what_goes_on_and_keeps_what_has_ended() -> None:
    run = Running("slow", "quick")
    run.scrapes.end("quick")
    await settle()
    run.stop.set_result(Reason.SHUTDOWN)
    result = await run.task
    assert (result.status, result.reason) == (RunStatus.CANCELED, Reason.SHUTDOWN)
    assert [target.status for target in result.targets] == [RunStatus.CANCELED, RunStatus.SUCCEEDED]


async def test_a_stop_that_comes_after_the_last_target_changes_nothing() -> None:
    run = Running("main")
    await settle()
    run.scrapes.end("main")
    run.stop.set_result(Reason.REPLACED)
    result = await run.task
    assert (result.status, result.reason) == (RunStatus.SUCCEEDED, Reason.SUCCEEDED)
