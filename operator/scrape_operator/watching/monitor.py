"""Monitors the API server and the watch: asks for a sign of life every few seconds, and acts on what it finds."""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Protocol, TypeVar

from scrape_operator.api.kinds.registry import Kind
from scrape_operator.core.errors import ClusterError
from scrape_operator.watching.reconciling import ObjectSource, Reconciler

logger = logging.getLogger(__name__)

T = TypeVar("T")

PROBE_SECONDS = 3.0
"""How often the API server is asked; a CRD that was installed again is found within this time."""

AWAY_SECONDS = 30.0
"""Not ready after the API server did not answer for so long."""

STALE_SECONDS = 30.0
"""A status write is an event of its object. A watch that has seen none for so long after a write is started again."""

RETRY_MAX_SECONDS = 3.0

LIST_SHARE = 0.002
"""The share of the time that lists may take: with few objects, what the watch missed is found within seconds."""


class Watch(Protocol):
    """The watch of all kinds: `bridge.WatchThread`. Times are those of `time.monotonic`."""

    last_event_at: float
    started_at: float

    @property
    def is_alive(self) -> bool:
        """Whether it goes on, or is being started again."""

    def restart(self) -> None:
        """Start it again."""


class WatchMonitor:
    """Primes the process from lists, then keeps lists and watch true. Needs `run` as a task."""

    def __init__(
        self,
        reconciler: Reconciler,
        source: ObjectSource,
        kinds: Sequence[Kind],
        namespaces: Sequence[str],
        watch: Watch,
        *,
        reconcile_seconds: float,
        last_written_at: Callable[[], float],
    ) -> None:
        self._reconciler = reconciler
        self._source = source
        self._kinds = kinds
        self._namespaces = namespaces
        self._watch = watch
        self._reconcile_seconds = reconcile_seconds
        self._last_written_at = last_written_at
        self._unserved: frozenset[Kind] = frozenset()
        self._problem = "not asked yet"
        self.primed = asyncio.Event()
        self.last_answer_at = time.monotonic()
        self.restarts = 0
        self._list_due_at = 0.0

    def problems(self) -> Sequence[str]:
        """Return what is wrong with the API server and the watch, one line each."""
        now, found = time.monotonic(), []
        if not self.primed.is_set():
            found.append(f"starting: the objects are not listed yet: {self._problem}")
        if now - self.last_answer_at > AWAY_SECONDS:
            found.append(f"API server: no answer for {now - self.last_answer_at:.0f} s: {self._problem}")
        found += [f"{kind.crd_name} is not served: install the CustomResourceDefinition" for kind in self._unserved]
        if self._is_stale(now):
            found.append("watch: no event of the last status write arrived; it is started again")
        if self.primed.is_set() and not self._watch.is_alive:
            found.append("watch: its thread has ended")
        return found

    def measurements(self) -> Mapping[str, float]:
        """Return what the metrics show of watch and API server; ages in seconds, -1 where there was none yet."""
        now = time.monotonic()
        listed_at = self._reconciler.last_list_at
        return {
            "last_event": now - self._watch.last_event_at,
            "last_list": -1.0 if listed_at is None else now - listed_at,
            "last_answer": now - self.last_answer_at,
            "problems": len(self.problems()),
            "restarts": self.restarts,
        }

    async def run(self) -> None:
        """Prime, then probe every few seconds, and compare with lists as often as they are cheap, and where needed.

        They are made every `reconcile_seconds` at least: kopf's watch begins anew every few minutes, and never reports
        what was deleted meanwhile.
        """
        await self._prime()
        while True:
            await asyncio.sleep(min(PROBE_SECONDS, self._reconcile_seconds))
            await self._reconcile(is_needed=await self._probe())

    async def _prime(self) -> None:
        pause = 0.2
        while not self.primed.is_set():
            try:
                count = await self._reconciler.prime()
            except ClusterError as error:
                self._problem = str(error)
                logger.warning("objects cannot be listed yet", extra={"error": str(error)})
                await asyncio.sleep(pause)
                pause = min(RETRY_MAX_SECONDS, pause * 2)
            else:
                self.last_answer_at = time.monotonic()
                self.primed.set()
                logger.info("objects listed", extra={"objects": count})

    async def _probe(self) -> bool:
        """Ask the API server, restart a watch that is stale; return whether to reconcile now."""
        try:
            unserved = [kind for kind in self._kinds if not await self._source.is_served(kind, self._namespaces)]
        except ClusterError as error:
            self._problem = str(error)
            return False
        now = time.monotonic()
        was_away = now - self.last_answer_at > AWAY_SECONDS
        is_back = not unserved and bool(self._unserved)
        self.last_answer_at = now
        self._note_unserved(frozenset(unserved))
        is_stale = self._is_stale(now)
        if is_back or is_stale:
            self._restart("served again" if is_back else "stale")
        return was_away or is_back or is_stale

    async def _reconcile(self, *, is_needed: bool) -> None:
        """Correct what the watch missed. A list is made if it is needed, or if the last one is old for its cost."""
        begun = time.monotonic()
        is_answered = begun - self.last_answer_at < PROBE_SECONDS
        if not is_answered:
            return
        if is_needed or begun >= self._list_due_at:
            await self._tried(self._reconciler.compare)
            ended = time.monotonic()
            self._list_due_at = ended + min(self._reconcile_seconds, (ended - begun) / LIST_SHARE)
        missed = await self._tried(self._reconciler.handle_missed)
        # A watch that only lags, in a burst of changes, must not be started again and again: lists bring them as well.
        if missed and time.monotonic() - self._watch.started_at >= max(STALE_SECONDS, self._reconcile_seconds):
            self._restart(f"missed {missed} changes")

    async def _tried(self, work: Callable[[], Awaitable[T]]) -> T | None:
        """Return the result, None if it failed: it is tried again later."""
        try:
            return await work()
        except ClusterError as error:
            logger.warning("reconcile failed and is retried", extra={"error": str(error)})
        except Exception:
            logger.exception("reconcile failed and is retried")
        return None

    def _note_unserved(self, unserved: frozenset[Kind]) -> None:
        for kind in unserved - self._unserved:
            logger.error("kind is not served: install its CustomResourceDefinition", extra={"crd": kind.crd_name})
        self._unserved = unserved

    def _is_stale(self, now: float) -> bool:
        heard_at, written_at = max(self._watch.last_event_at, self._watch.started_at), self._last_written_at()
        return written_at > heard_at and now - written_at > STALE_SECONDS

    def _restart(self, reason: str) -> None:
        self.restarts += 1
        logger.warning("watch is started again", extra={"reason": reason})
        self._watch.restart()
