"""Compiles schedules again whose policies have changed. Needs `run` as a task."""

import asyncio
import logging

from scrape_operator.api.kinds.registry import SCRAPE_SCHEDULE
from scrape_operator.core.errors import ClusterError
from scrape_operator.watching.handlers import ScheduleHandler
from scrape_operator.watching.reconciling import Reconciler

logger = logging.getLogger(__name__)

JOIN_SECONDS = 0.5
"""How long a change waits for others, so that a list of schedules serves them all."""

RETRY_SECONDS = 3.0


class Recompiler:
    """Lists the schedules that a changed policy concerns, and has their plans compiled again."""

    def __init__(self, reconciler: Reconciler, schedules: ScheduleHandler) -> None:
        self._reconciler = reconciler
        self._schedules = schedules
        self._pending: set[str | None] = set()
        self._wake = asyncio.Event()

    def request(self, namespace: str | None) -> None:
        """Compile the schedules of a namespace again, or all of them (None)."""
        self._pending.add(namespace)
        self._wake.set()

    def forget(self) -> None:
        """Drop what was requested: all schedules are about to be compiled anyway."""
        self._pending.clear()

    async def run(self) -> None:
        """Recompile as requested, until this task is canceled."""
        while True:
            await self._wake.wait()
            await asyncio.sleep(JOIN_SECONDS)
            self._wake.clear()
            pending = {None} if None in self._pending else set(self._pending)
            self._pending.clear()
            for namespace in pending:
                await self._recompile(namespace)

    async def _recompile(self, namespace: str | None) -> None:
        try:
            count = await self._reconciler.recompile(SCRAPE_SCHEDULE, self._schedules.recompile, namespace)
        except ClusterError as error:
            logger.warning("schedules not compiled again yet", extra={"error": str(error)})
            await asyncio.sleep(RETRY_SECONDS)
            self.request(namespace)
        except Exception:
            logger.exception("schedules not compiled again", extra={"namespace": namespace})
        else:
            logger.info("schedules compiled again", extra={"schedules": count, "namespace": namespace or "all"})
