"""Where extraction runs: small documents beside the event loop, big and costly ones in worker processes.

Made by `wiring`, called by the runner. A parser that hangs or crashes on a hostile document takes
its process along and nothing else: the process is replaced, and the target fails with a reason.
"""

import asyncio
import os
import sys
from asyncio.subprocess import DEVNULL, PIPE, Process
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Final
from weakref import WeakSet

import orjson

import scrape_operator
from scrape_operator.core.errors import ScrapeFailed
from scrape_operator.core.extraction import Document, PageExtraction
from scrape_operator.core.runs.reasons import Reason
from scrape_operator.extraction.extractor import CompiledExtract
from scrape_operator.extraction.step_budget import INLINE, StepBudget, StepBudgetExceeded
from scrape_operator.extraction.workers.worker import LENGTHS, request

WORKER_MODULE: Final = "scrape_operator.extraction.workers.worker"

INLINE_BYTES: Final = 200_000
"""Bigger documents are read in worker processes."""

_LOOP_BYTES: Final = 16_384
"""Bigger documents are parsed in a thread: libxml2 takes seconds for an element with 50,000 attributes."""

_MAX_SERVED: Final = 1000
"""Documents after which a worker is replaced, since its memory only grows."""


class ExtractionPool:
    """Runs compiled extracts. At most `max_workers` processes, started when they are first needed.

    `deadline` is in seconds for one document in a worker, `memory_bytes` the address space of a worker.
    """

    def __init__(self, *, max_workers: int = 2, deadline: float = 20.0, memory_bytes: int = 2**30) -> None:
        self._slots = asyncio.Semaphore(max_workers)
        self._deadline = deadline
        self._memory = memory_bytes
        self._idle: list[_Worker] = []
        self._busy: set[_Worker] = set()
        self._ending: set[asyncio.Task[None]] = set()
        self._costly: WeakSet[CompiledExtract] = WeakSet()
        self._threads = ThreadPoolExecutor(max_workers, thread_name_prefix="extraction")
        self._closed = False

    async def extract(self, compiled: CompiledExtract, document: Document) -> PageExtraction:
        """Read the items of a document; a worker that is at it ends when the caller is canceled.

        Raises:
            ScrapeFailed: DecodeError, ExtractionError, or Timeout after `deadline` seconds in a worker.

        """
        if len(document.body) <= INLINE_BYTES and compiled not in self._costly:
            page = await self._open(compiled, document)
            try:
                return compiled.read(page, document, StepBudget(INLINE, trusts_estimates=True))
            except StepBudgetExceeded:
                self._costly.add(compiled)
        async with self._slots:
            return await self._in_worker(compiled, document)

    async def aclose(self) -> None:
        """End all processes; extractions that go on in them fail."""
        self._closed = True
        for worker in self._idle:
            self._end(worker)
        self._idle.clear()
        for worker in list(self._busy):
            # Whoever waits for its reply sees the pipe end, and clears up.
            await worker.kill()
        while self._ending:
            await asyncio.gather(*self._ending)
        self._threads.shutdown(wait=False, cancel_futures=True)

    async def _open(self, compiled: CompiledExtract, document: Document) -> Any:
        if len(document.body) <= _LOOP_BYTES:
            return compiled.open(document)
        return await asyncio.get_running_loop().run_in_executor(self._threads, compiled.open, document)

    async def _in_worker(self, compiled: CompiledExtract, document: Document) -> PageExtraction:
        worker = await self._take()
        self._busy.add(worker)
        try:
            async with asyncio.timeout(self._deadline):
                reply = await worker.ask(request(compiled.spec, document))
        except TimeoutError:
            raise ScrapeFailed(
                Reason.TIMEOUT,
                f"reading the document took more than {self._deadline:g} s: use fewer or simpler selectors",
            ) from None
        except (OSError, asyncio.IncompleteReadError):
            raise ScrapeFailed(
                Reason.EXTRACTION_ERROR, "reading the document broke the parser, or took too much memory"
            ) from None
        else:
            self._busy.discard(worker)
            self._idle.append(worker)
        finally:
            if worker in self._busy:
                self._busy.discard(worker)
                self._end(worker)
        return _extraction(reply)

    async def _take(self) -> "_Worker":
        while self._idle:
            worker = self._idle.pop()
            if worker.is_fit:
                return worker
            self._end(worker)
        if self._closed:
            raise ScrapeFailed(Reason.SHUTDOWN, "the process is shutting down")
        return await _Worker.start(self._memory, self._deadline)

    def _end(self, worker: "_Worker") -> None:
        task = asyncio.get_running_loop().create_task(worker.end())
        self._ending.add(task)
        task.add_done_callback(self._ending.discard)


class _Worker:
    """One worker process."""

    def __init__(self, process: Process) -> None:
        self._process = process
        self._served = 0

    @classmethod
    async def start(cls, memory: int, deadline: float) -> "_Worker":
        """Start a process that has this one's code, and nothing of its environment: that holds secrets."""
        package = Path(scrape_operator.__file__).parents[1]
        path = os.pathsep.join([str(package), *filter(None, sys.path)])
        process = await asyncio.create_subprocess_exec(
            *(
                sys.executable,
                "-P",
                "-m",
                WORKER_MODULE,
                str(memory),
                str(int(deadline) + 2),
            ),
            stdin=PIPE,
            stdout=PIPE,
            stderr=DEVNULL,
            env={"PYTHONPATH": path},
            start_new_session=True,
        )
        return cls(process)

    @property
    def is_fit(self) -> bool:
        """Whether it lives and has not served too long."""
        return self._process.returncode is None and self._served < _MAX_SERVED

    async def ask(self, asked: bytes) -> dict[str, Any]:
        """Send a request and give the header of the reply. Raises OSError and IncompleteReadError where it dies."""
        stdin, stdout = self._process.stdin, self._process.stdout
        assert stdin is not None  # noqa: S101 -- both are pipes
        assert stdout is not None  # noqa: S101 -- it was asked for by PIPE
        self._served += 1
        stdin.write(asked)
        await stdin.drain()
        head, _ = LENGTHS.unpack(await stdout.readexactly(LENGTHS.size))
        reply: dict[str, Any] = orjson.loads(await stdout.readexactly(head))
        return reply

    async def kill(self) -> None:
        """Kill the process and wait until it is gone."""
        if self._process.returncode is None:
            self._process.kill()
        await self._process.wait()

    async def end(self) -> None:
        """Kill the process, wait until it is gone, and close its pipes; nobody may be asking it."""
        await self.kill()
        # Pipes are read to their end, or closing the transport would be put off for ever.
        await self._process.communicate()


def _extraction(reply: dict[str, Any]) -> PageExtraction:
    if "reason" in reply:
        raise ScrapeFailed(Reason(reply["reason"]), reply["message"])
    if "defect" in reply:
        raise RuntimeError(f"the extraction worker failed:\n{reply['defect']}")
    return PageExtraction(**{**reply, "warnings": tuple(reply["warnings"])})
