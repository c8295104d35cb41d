"""Finds what the watch missed: a metadata list every few minutes drops ghosts, adds the missed, and watches the watch.

kopf never tells of a deletion that it slept through, and its watch can die while it seems alive.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from typing import Any, Protocol

from scrape_operator.core.errors import ClusterError
from scrape_operator.scheduling.registry import Registry
from scrape_operator.scheduling.scheduler import Scheduler

logger = logging.getLogger(__name__)

SETTLE_SECONDS = 5.0
"""News younger than this may still be on its way through the watch."""

APPLIED_AT_ONCE = 20
"""Schedules taken up before runs get their turn."""


class ScheduleSource(Protocol):
    """Where schedules are listed: `cluster.client`."""

    def schedules(self, namespaces: Sequence[str]) -> AsyncIterator[dict[str, Any]]:
        """Give every schedule, whole."""

    def schedule_metadata(self, namespaces: Sequence[str]) -> AsyncIterator[dict[str, Any]]:
        """Give the metadata of every schedule."""

    async def get_schedule(self, namespace: str, name: str) -> dict[str, Any] | None:
        """Give one schedule, or None."""


class Reconciler:
    """Compares the registry with the API server's list."""

    def __init__(
        self, source: ScheduleSource, namespaces: Sequence[str], registry: Registry, scheduler: Scheduler
    ) -> None:
        self._source = source
        self._namespaces = namespaces
        self._registry = registry
        self._scheduler = scheduler
        self.primed = asyncio.Event()
        self.complaint = "starting: schedules are not listed yet"

    async def prime(self) -> int:
        """Take up every schedule from one paged list, and drop those that are gone; give how many there are.

        Raises ClusterError.
        """
        before = set(self._registry.uids())
        seen = set()
        async for obj in self._source.schedules(self._namespaces):
            seen.add(obj["metadata"]["uid"])
            self._scheduler.applied(obj, at_once=False)
            if len(seen) % APPLIED_AT_ONCE == 0:
                await asyncio.sleep(0)
        for uid in before - seen:
            self._scheduler.removed(uid)
        for uid in self._registry.forget_absent():
            self._scheduler.on_removed(uid)
        self.primed.set()
        return len(seen)

    async def reconcile(self) -> int:
        """Mend what the watch missed; give how many additions and changes it had missed. Raises ClusterError."""
        suspects = await self._drift()
        if not suspects:
            return 0
        await asyncio.sleep(SETTLE_SECONDS)
        missed = [metadata for metadata in suspects if not self._knows(metadata)]
        for metadata in missed:
            obj = await self._source.get_schedule(metadata["namespace"], metadata["name"])
            if obj is not None:
                self._scheduler.applied(obj)
        return len(missed)

    async def _drift(self) -> list[Mapping[str, Any]]:
        """Drop ghosts; give the metadata of what is not known, or not in this generation."""
        before = set(self._registry.uids())
        seen, suspects = set(), []
        async for obj in self._source.schedule_metadata(self._namespaces):
            metadata = obj["metadata"]
            seen.add(metadata["uid"])
            if not self._knows(metadata):
                suspects.append(metadata)
        for uid in before - seen:
            entry = self._registry.get(uid)
            logger.warning("%s was deleted unseen by the watch and is dropped", entry and entry.plan.key)
            self._scheduler.removed(uid)
        return suspects

    def _knows(self, metadata: Mapping[str, Any]) -> bool:
        return self._registry.is_known(metadata)

    async def run(self, interval: float, restart_watch: Callable[[], None]) -> None:
        """Prime, then reconcile every `interval` seconds, for ever; a watch that missed news is started again."""
        await self._prime_patiently()
        while True:
            await asyncio.sleep(interval)
            try:
                missed = await self.reconcile()
            except ClusterError as error:
                logger.warning("reconcile put off: %s", error)
                continue
            except Exception:
                logger.exception("reconcile put off")
                continue
            if missed:
                logger.error("the watch had missed %d changes; it is started again", missed)
                restart_watch()

    async def _prime_patiently(self) -> None:
        pause = 0.5
        while not self.primed.is_set():
            try:
                count = await self.prime()
                logger.info("%d schedules found", count)
            except ClusterError as error:
                self.complaint = f"starting: schedules can't be listed yet: {error}"
                logger.warning("schedules can't be listed yet: %s", error)
                await asyncio.sleep(pause)
                pause = min(15.0, pause * 2)
