"""One claimed run, from its targets to its result: the deadline, and a stop that can come at any time."""

import asyncio
from collections.abc import Callable, Collection, Sequence
from functools import partial
from typing import Any, Protocol, cast

from scrape_operator.core.ports import Clock, RunPlace
from scrape_operator.core.runs.outcome import Outcome, evaluate_run
from scrape_operator.core.runs.reasons import Reason
from scrape_operator.core.runs.run import RunClaim, RunResult, RunStatus, TargetResult
from scrape_operator.core.schedule.plan import SchedulePlan
from scrape_operator.core.tracing import NO_TRACER, Tracer
from scrape_operator.planning.plans import RunPlan
from scrape_operator.running.run_places import LentPlace, RunPlaces
from scrape_operator.running.targets.orchestrator import TargetTask

DEADLINE_GRACE_SECONDS = 0.25
"""How long after the run's deadline targets may end by themselves, with the reason that they know."""

EVALUATION_SECONDS = 5.0
"""How long after that targets may take to evaluate what they have read: hundreds of thousands of items take seconds."""

CANCEL_PATIENCE_SECONDS = 0.5
"""A target that does not stop when it is canceled is left behind after this: a replaced run ends within a second."""

STOP_MESSAGES = {
    Reason.SHUTDOWN: "the operator was stopped before the run had ended",
    Reason.CANCELED: "the schedule was deleted while the run went on",
    Reason.REPLACED: "a newer run took its place (concurrencyPolicy Replace)",
}


class Orchestrator(Protocol):
    """Starts the targets of a run."""

    def scrape_all(
        self, plan: SchedulePlan, work: RunPlan, claim: RunClaim, place: RunPlace | None = None
    ) -> Sequence[TargetTask]:
        """Start all targets at the same time. Return their tasks in the order of the spec.

        `place` is lent to another run while all targets wait.
        """


class Runner:
    """Runs the targets of a claimed run within the schedule's timeout."""

    def __init__(self, orchestrator: Orchestrator, clock: Clock, tracer: Tracer = NO_TRACER) -> None:
        self._orchestrator = orchestrator
        self._clock = clock
        self._tracer = tracer

    async def run(
        self,
        plan: SchedulePlan,
        claim: RunClaim,
        stop: asyncio.Future[Reason],
        on_ending: Callable[[], None] = lambda: None,
        places: RunPlaces | None = None,
    ) -> RunResult:
        """Return the result when all targets have ended, at the deadline, or soon after `stop` is set.

        `on_ending` is called as soon as one of these has happened: what is left to do takes less than a second. The
        run's place among `places` is lent while all targets wait.
        """
        with self._tracer.run(claim) as span:
            result = await self._run(plan, claim, stop, on_ending, places)
            span.end(result)
            return result

    async def _run(
        self,
        plan: SchedulePlan,
        claim: RunClaim,
        stop: asyncio.Future[Reason],
        on_ending: Callable[[], None],
        places: RunPlaces | None,
    ) -> RunResult:
        work = cast("RunPlan", plan.work)
        place = None if places is None else LentPlace(places, len(work.targets))
        targets = self._orchestrator.scrape_all(plan, work, claim, place)
        tasks = [target.task for target in targets]
        try:
            await ended(tasks, stop, plan.timeout.total_seconds() + DEADLINE_GRACE_SECONDS)
            on_ending()
            if evaluated := [target.task for target in targets if target.run.is_read and not target.task.done()]:
                await ended(evaluated, stop, EVALUATION_SECONDS)
        finally:
            await self._cancel([task for task in tasks if not task.done()])
        stopped = _stopped(stop.result()) if stop.done() else None
        results = [target.result(stopped) for target in targets]
        outcome = evaluate_run(results, work.min_succeeded)
        if stopped is not None and any(result.status is RunStatus.CANCELED for result in results):
            outcome = stopped
        return RunResult(claim, *outcome, self._clock.now(), results)

    @staticmethod
    async def _cancel(tasks: Sequence[asyncio.Task[TargetResult]]) -> None:
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks, timeout=CANCEL_PATIENCE_SECONDS)


def _stopped(reason: Reason) -> Outcome:
    return Outcome(RunStatus.CANCELED, reason, STOP_MESSAGES[reason])


async def ended(tasks: Collection[asyncio.Future[Any]], stop: asyncio.Future[Any], seconds: float) -> None:
    """Wait until all tasks have ended, `stop` is set, or so many seconds are over. No task is canceled.

    One future does it: `asyncio.wait` around `asyncio.gather` costs each run several more.
    """
    loop = asyncio.get_running_loop()
    over: asyncio.Future[None] = loop.create_future()
    end = partial(_end, over)
    left = len(tasks)

    def count(_task: asyncio.Future[Any]) -> None:
        nonlocal left
        left -= 1
        if not left:
            end()

    for task in tasks:
        task.add_done_callback(count)
    stop.add_done_callback(end)
    timer = loop.call_later(seconds, end)
    try:
        await over
    finally:
        timer.cancel()
        stop.remove_done_callback(end)


def _end(over: asyncio.Future[None], _reason: object = None) -> None:
    if not over.done():
        over.set_result(None)
