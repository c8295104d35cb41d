"""Looks again for the Secrets that runs did not find, so that a schedule need not wait for its due time. A task."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from typing import NamedTuple

from scrape_operator.core.ports import Ownership, SecretCheck
from scrape_operator.core.runs.reasons import Reason
from scrape_operator.core.schedule.pauses import pause_of
from scrape_operator.scheduling.registry import Entry, Registry
from scrape_operator.scheduling.scheduler import SLICE, Scheduler

logger = logging.getLogger(__name__)

LOOK_SECONDS = 5.0
"""How long a pass begins after the one before has ended."""

MAX_LOOKS = 50
"""How many targets a pass looks at; a later pass looks at the others.

With one Secret each, that is at most ten requests a second to the API server.
"""


class _Missing(NamedTuple):
    """A target whose last run did not find a Secret."""

    entry: Entry
    target: str


class MissingSecrets:
    """Reports to the scheduler which Secrets can be read that were missing, and what is wrong with the others.

    It asks for each Secret by its name: the operator may have the right to get it, but not to watch Secrets.
    """

    def __init__(
        self,
        registry: Registry,
        scheduler: Scheduler,
        check: SecretCheck,
        ownership: Ownership,
        sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
    ) -> None:
        self._registry = registry
        self._scheduler = scheduler
        self._check = check
        self._ownership = ownership
        self._sleep = sleep
        self._looked = 0

    async def run(self) -> None:
        """Look for missing Secrets, until this task is canceled."""
        while True:
            await self._sleep(LOOK_SECONDS)
            await self.look()

    async def look(self) -> None:
        """Look at the next targets that miss a Secret, MAX_LOOKS of them at most."""
        for missing in self._next(await self._find_missing()):
            if self._is_waiting(missing.entry):
                await self._look_at(missing)

    async def _find_missing(self) -> Sequence[_Missing]:
        found: list[_Missing] = []
        for number, entry in enumerate(self._registry):
            if number % SLICE == SLICE - 1:
                await asyncio.sleep(0)
            if entry.plan.has_secrets:
                found += (_Missing(entry, name) for name in _targets_of(entry) if self._is_waiting(entry))
        return found

    def _next(self, missing: Sequence[_Missing]) -> Sequence[_Missing]:
        """Return those that are looked at now: they take turns."""
        if not missing:
            return ()
        first = self._looked % len(missing)
        chosen = [*missing[first:], *missing[:first]][:MAX_LOOKS]
        self._looked = first + len(chosen)
        return chosen

    def _is_waiting(self, entry: Entry) -> bool:
        """Return whether a schedule has nothing else to do than to wait for its due time, and need not wait for it."""
        plan, state, uid = entry.plan, entry.state, entry.plan.key.uid
        if not plan.first_run_at_once or pause_of(plan, state) is not None:
            return False
        if state.active or state.queued is not None or state.secrets_found is not None:
            return False
        return self._registry.get(uid) is entry and self._ownership.owns(uid)

    async def _look_at(self, missing: _Missing) -> None:
        """Look at one target. A defect does not keep the others from being looked at."""
        entry, last_run = missing.entry, missing.entry.state.last_run
        try:
            problem = await self._check.find_problem(entry.plan, missing.target)
        except Exception:
            logger.exception("missing Secret not looked for", extra={"schedule": str(entry.plan.key)})
            return
        if entry.state.last_run is last_run and self._is_waiting(entry):
            self._scheduler.secret_checked(entry, missing.target, problem)


def _targets_of(entry: Entry) -> Sequence[str]:
    """Return the targets of the plan that did not find a Secret when they were scraped last."""
    known = (health.name for health in entry.state.targets if health.reason is Reason.SECRET_NOT_FOUND)
    return [name for name in known if name in entry.plan.target_names]
