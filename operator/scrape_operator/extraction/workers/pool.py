"""Runs compiled extracts: small documents on the event loop, all others in worker processes.

Made by `wiring`, called by targets. A document that hangs or crashes the parser takes its process along and nothing
else. Workers have two lanes: the quick lane has a short limit of time and memory, so that the documents of one
schedule never hold up those of others for long. A document that exceeds it is read again in the slow lane.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Final

from scrape_operator.core.errors import ScrapeFailed
from scrape_operator.core.extraction import Document, PageExtraction
from scrape_operator.core.runs.reasons import Reason
from scrape_operator.extraction.extractor import CompiledExtract
from scrape_operator.extraction.step_budget import StepBudget, StepBudgetExceeded
from scrape_operator.extraction.workers.costs import TRIAL_SECONDS, KnownCosts
from scrape_operator.extraction.workers.process import OutOfMemory, WorkerProcess
from scrape_operator.extraction.workers.turns import FairTurns

INLINE_BYTES: Final = 16_384
"""Bigger documents are read in worker processes: libxml2 takes seconds for an element with 50,000 attributes."""

QUICK_BYTES: Final = 2 * 2**20
"""Bigger documents go straight to the slow lane."""

_LOOK_SECONDS: Final = 0.02
"""How often the CPU time of a document is looked at."""

_MIB: Final = 2**20


@dataclass(frozen=True, slots=True)
class LaneLimits:
    """The limits of one lane: its worker processes, and what a document may take in one.

    `cpu_seconds` is the limit of CPU time, which a busy machine does not use up; None means that there is none.
    `niceness` lowers the priority of its processes, so that costly documents do not slow down the rest.
    """

    workers: int
    seconds: float
    memory_bytes: int
    cpu_seconds: int | None = None
    niceness: int = 0


QUICK: Final = LaneLimits(workers=1, seconds=10.0, memory_bytes=51 * _MIB, cpu_seconds=2)
SLOW: Final = LaneLimits(workers=1, seconds=60.0, memory_bytes=169 * _MIB, cpu_seconds=20, niceness=10)


def is_read_inline(compiled: CompiledExtract, document: Document) -> bool:
    """Return whether a document is read in the event loop, unless that turns out to take too much work."""
    return len(document.body) <= INLINE_BYTES and compiled.is_bounded(document)


class ExtractionPool:
    """Reads documents. Worker processes are started when they are first needed."""

    def __init__(self, *, quick: LaneLimits = QUICK, slow: LaneLimits = SLOW) -> None:
        self._quick, self._slow = quick, slow
        self._costs = KnownCosts()
        self._quick_turns = FairTurns(quick.workers, is_first=self._costs.is_quick)
        self._slow_turns = FairTurns(slow.workers)
        self._idle: list[WorkerProcess] = []
        self._busy: set[WorkerProcess] = set()
        self._ending: set[asyncio.Task[None]] = set()
        self._starting: list[asyncio.Task[WorkerProcess]] = []
        self._closed = False

    async def extract(self, compiled: CompiledExtract, document: Document, requester: str = "") -> PageExtraction:
        """Read the items and links of a document on behalf of a schedule, whose UID is `requester`.

        A worker that reads it is ended when the caller is canceled.

        Raises:
            ScrapeFailed: DecodeError, ExtractionError, or Timeout in the slow lane.

        """
        if is_read_inline(compiled, document):
            try:
                return compiled.extract_within(document, StepBudget.for_event_loop())
            except StepBudgetExceeded:
                pass
        if len(document.body) <= QUICK_BYTES and not self._is_slow(requester):
            async with self._quick_turns.turn(requester):
                try:
                    return await self._extract_quickly(compiled, document, requester)
                except (OutOfMemory, TimeoutError):
                    self._costs.exceeded(requester, self._now())
        async with self._slow_turns.turn(requester):
            return await self._extract_slowly(compiled, document)

    async def aclose(self) -> None:
        """End all processes; extractions that go on in them fail."""
        self._closed = True
        started = await asyncio.gather(*self._starting, return_exceptions=True)
        for worker in [*self._idle, *(one for one in started if isinstance(one, WorkerProcess))]:
            self._end(worker)
        self._idle.clear()
        for worker in list(self._busy):
            # Whoever waits for its reply sees the pipe end, and clears up.
            await worker.kill()
        while self._ending:
            await asyncio.gather(*self._ending)

    def _is_slow(self, requester: str) -> bool:
        return self._costs.is_slow(requester, self._now())

    @staticmethod
    def _now() -> float:
        return asyncio.get_running_loop().time()

    async def _extract_quickly(self, compiled: CompiledExtract, document: Document, requester: str) -> PageExtraction:
        async with self._worker(self._quick) as worker, self._giving_way(worker, requester):
            try:
                found = await worker.extract(compiled.spec, document)
            except asyncio.CancelledError:
                self._costs.cut_off(requester, worker.cpu_seconds(), self._now())
                raise
            except ScrapeFailed:
                self._keep(worker, requester)
                raise
            self._keep(worker, requester)
            return found

    def _keep(self, worker: WorkerProcess, requester: str) -> None:
        """Let a worker read further documents after one that it has read or refused."""
        self._costs.finished(requester)
        if worker.is_fit and not self._closed:
            self._idle.append(worker)
            self._busy.discard(worker)

    @asynccontextmanager
    async def _giving_way(self, worker: WorkerProcess, requester: str) -> AsyncIterator[None]:
        """Raise TimeoutError once a document of a schedule that is not known to be quick holds up others."""
        if self._costs.is_quick(requester):
            yield
            return
        async with asyncio.timeout(None) as timer:
            watch = asyncio.create_task(self._end_trial(timer, worker, requester))
            try:
                yield
            finally:
                watch.cancel()

    async def _end_trial(self, timer: asyncio.Timeout, worker: WorkerProcess, requester: str) -> None:
        while True:
            await asyncio.sleep(_LOOK_SECONDS)
            if self._quick_turns.others_wait(requester) and worker.cpu_seconds() >= TRIAL_SECONDS:
                timer.reschedule(asyncio.get_running_loop().time())
                return

    async def _extract_slowly(self, compiled: CompiledExtract, document: Document) -> PageExtraction:
        try:
            async with self._worker(self._slow) as worker:
                return await worker.extract(compiled.spec, document)
        except TimeoutError:
            raise ScrapeFailed(
                Reason.TIMEOUT,
                f"reading the document took more than {self._slow.cpu_seconds or self._slow.seconds:g} s: "
                "use fewer or simpler selectors",
            ) from None
        except OutOfMemory:
            raise ScrapeFailed(
                Reason.EXTRACTION_ERROR, "reading the document broke the parser, or took too much memory"
            ) from None

    @asynccontextmanager
    async def _worker(self, limits: LaneLimits) -> AsyncIterator[WorkerProcess]:
        """Take a worker of a lane; one that is still busy at the end of the context is ended."""
        worker = await self._take(limits)
        self._busy.add(worker)
        try:
            yield worker
        finally:
            if worker in self._busy:
                self._busy.discard(worker)
                self._end(worker)

    async def _take(self, limits: LaneLimits) -> WorkerProcess:
        if limits is not self._quick:
            return await self._start(limits)
        while self._idle:
            worker = self._idle.pop()
            if worker.is_fit:
                return worker
            self._end(worker)
        # A start outlives a caller that is canceled: the next one takes the worker.
        start = self._starting.pop() if self._starting else asyncio.create_task(self._start(limits))
        try:
            return await asyncio.shield(start)
        except asyncio.CancelledError:
            self._starting.append(start)
            raise

    async def _start(self, limits: LaneLimits) -> WorkerProcess:
        if self._closed:
            raise ScrapeFailed(Reason.SHUTDOWN, "the process is shutting down")
        return await WorkerProcess.start(
            memory_bytes=limits.memory_bytes,
            seconds=limits.seconds,
            cpu_seconds=limits.cpu_seconds,
            niceness=limits.niceness,
        )

    def _end(self, worker: WorkerProcess) -> None:
        task = asyncio.get_running_loop().create_task(worker.end())
        self._ending.add(task)
        task.add_done_callback(self._ending.discard)
