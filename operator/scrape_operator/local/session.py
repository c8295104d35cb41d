"""The engine over files: apply schedules, follow edits, end after a time or after one run of each."""

import asyncio
import signal
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any, Protocol

from scrape_operator.core.nearest import shown
from scrape_operator.core.ports import RunObserver, StatusSink
from scrape_operator.core.runs.items import ItemCounts
from scrape_operator.core.runs.reasons import Reason
from scrape_operator.core.runs.run import RunClaim, RunResult, RunStatus
from scrape_operator.core.schedule.plan import SchedulePlan
from scrape_operator.local.files import ScheduleFiles
from scrape_operator.local.objects import absence
from scrape_operator.local.secrets import FileSecrets
from scrape_operator.planning.policy_book import PolicyBook
from scrape_operator.scheduling.requests import REQUEST_ANNOTATION
from scrape_operator.settings import Settings
from scrape_operator.wiring import Engine, open_engine, policy_book

RELOAD_SECONDS = 1.0

PROGRESS_SECONDS = 10.0
"""How often a session that waits for the last runs says so."""

MAX_NAMED = 3


class Reporter(StatusSink, RunObserver, Protocol):
    """Shows schedules and runs to a person."""

    def refused(self, plan: SchedulePlan) -> None:
        """Show why a schedule does not run."""

    def notice(self, text: str) -> None:
        """Show what is no failure, such as a file that seems to be being saved."""

    def problem(self, text: str) -> None:
        """Show what is wrong with a file."""


@dataclass(frozen=True, slots=True)
class Limits:
    """When a session ends: after one run of each schedule, after a time, or only when it is stopped."""

    is_once: bool = False
    duration: timedelta | None = None


async def run_session(settings: Settings, files: ScheduleFiles, reporter: Reporter, limits: Limits) -> bool:
    """Run the schedules of files until the limits are reached or SIGINT or SIGTERM comes.

    Returns:
        Whether every run succeeded and every schedule was accepted.

    """
    outcome = _Outcome()
    policies = policy_book(settings)
    secrets = FileSecrets()
    async with _open(settings, [reporter, outcome], reporter, policies, secrets) as engine:
        session = _Session(engine, files, reporter, outcome, limits, policies, secrets)
        await session.run()
    return outcome.is_good


@asynccontextmanager
async def _open(
    settings: Settings,
    observers: Sequence[RunObserver],
    status: StatusSink,
    policies: PolicyBook,
    secrets: FileSecrets,
) -> AsyncIterator[Engine]:
    async with AsyncExitStack() as stack:
        engine = await stack.enter_async_context(open_engine(settings, status, observers, policies, secrets))
        engine.registry.add_states(await engine.store.load_states())
        await engine.day_budgets.load()
        yield engine


class _Outcome:
    """Counts the runs that ended, and remembers whether one was not good."""

    def __init__(self) -> None:
        self.is_good = True
        self.ended: set[str] = set()
        self.change = asyncio.Event()

    def started(self, plan: SchedulePlan, claim: RunClaim, skew: float) -> None:
        """Do nothing."""

    def finished(self, plan: SchedulePlan, result: RunResult, counts: ItemCounts, duration: float) -> None:
        """Count a run."""
        self.end(plan.key.uid, is_good=result.status is RunStatus.SUCCEEDED)

    def skipped(self, plan: SchedulePlan, reason: Reason, missed: int) -> None:
        """Count a schedule that cannot run today. Any other skipped due time is no failure of a run."""
        if reason is Reason.BUDGET_EXHAUSTED:
            self.end(plan.key.uid, is_good=False)

    def end(self, uid: str, *, is_good: bool) -> None:
        """Count a schedule as done."""
        self.is_good = self.is_good and is_good
        self.ended.add(uid)
        self.change.set()


class _Session:
    def __init__(
        self,
        engine: Engine,
        files: ScheduleFiles,
        reporter: Reporter,
        outcome: _Outcome,
        limits: Limits,
        policies: PolicyBook,
        secrets: FileSecrets,
    ) -> None:
        self._engine = engine
        self._files = files
        self._reporter = reporter
        self._outcome = outcome
        self._limits = limits
        self._policies = policies
        self._secrets = secrets
        self._stop = asyncio.Event()

    async def run(self) -> None:
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._halt)
        tasks = [asyncio.create_task(run(), name=name) for name, run in self._engine.tasks()]
        try:
            self._refresh()
            self._check_that_there_is_one()
            if self._limits.is_once:
                await self._wait_for_each()
            else:
                tasks += [asyncio.create_task(run(), name=name) for name, run in self._engine.starting_tasks()]
                await self._follow()
        finally:
            await self._engine.drain()
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    def _check_that_there_is_one(self) -> None:
        if self._outcome.is_good and not any(True for _ in self._engine.registry):
            self._reporter.problem(absence(self._files.paths, is_empty=self._files.is_empty))
            self._outcome.is_good = False

    def _halt(self) -> None:
        self._stop.set()
        self._outcome.change.set()

    async def _wait_for_each(self) -> None:
        wanted = {entry.plan.key.uid: str(entry.plan.key) for entry in self._engine.registry}
        while (missing := wanted.keys() - self._outcome.ended) and not self._stop.is_set():
            self._outcome.change.clear()
            try:
                async with asyncio.timeout(PROGRESS_SECONDS):
                    await self._outcome.change.wait()
            except TimeoutError:
                self._reporter.notice(_waiting([name for uid, name in wanted.items() if uid in missing], len(wanted)))

    async def _follow(self) -> None:
        loop = asyncio.get_running_loop()
        duration = self._limits.duration
        end = None if duration is None else loop.time() + duration.total_seconds()
        while not self._stop.is_set() and (end is None or loop.time() < end):
            pause = RELOAD_SECONDS if end is None else min(RELOAD_SECONDS, max(0.0, end - loop.time()))
            try:
                async with asyncio.timeout(pause):
                    await self._stop.wait()
            except TimeoutError:
                self._refresh()

    def _refresh(self) -> None:
        changes = self._files.refresh()
        if changes.policies is not None:
            self._policies.replace(replace(changes.policies, networks=self._policies.policies.networks))
        if changes.secrets is not None:
            self._secrets.objects = changes.secrets
        for notice in changes.notices:
            self._reporter.notice(notice)
        for problem in changes.problems:
            self._reporter.problem(problem)
            self._outcome.is_good = False
        for uid in changes.removed:
            self._engine.scheduler.removed(uid)
        for obj in changes.applied:
            self._engine.scheduler.applied(self._requested(obj), is_recompiled=changes.policies is not None)
            self._check(obj["metadata"]["uid"])

    def _requested(self, obj: Mapping[str, Any]) -> Mapping[str, Any]:
        """Ask for one run by hand where each schedule is to run once: so it runs whatever its time is."""
        if not self._limits.is_once:
            return obj
        metadata = obj["metadata"]
        token = f"once-{self._engine.clock.now().isoformat()}"
        annotations = {**(metadata.get("annotations") or {}), REQUEST_ANNOTATION: token}
        spec = {**obj["spec"], "suspend": True}
        return {**obj, "spec": spec, "metadata": {**metadata, "annotations": annotations}}

    def _check(self, uid: str) -> None:
        entry = self._engine.registry.get(uid)
        if entry is not None and entry.plan.findings:
            self._reporter.refused(entry.plan)
            self._outcome.end(uid, is_good=False)


def _waiting(names: Sequence[str], total: int) -> str:
    """Return a line on the schedules whose runs have not ended."""
    return f"{len(names)} of {total} runs have not ended yet: {shown(names, MAX_NAMED)}"
