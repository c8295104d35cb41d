"""One worker process, seen from the event loop. Used by `pool`."""

import asyncio
import os
import signal
import sys
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

import orjson

import scrape_operator
from scrape_operator.core.errors import ScrapeFailed
from scrape_operator.core.extraction import Document, PageExtraction
from scrape_operator.core.runs.reasons import Reason
from scrape_operator.extraction.workers.frames import LENGTHS, extraction_of, frame_head, request_header

WORKER_MODULE: Final = "scrape_operator.extraction.workers.worker"

_SLICE: Final = 2**16
_MAX_SERVED: Final = 1000
"""Documents after which a worker is replaced."""

_MAX_RESIDENT_BYTES: Final = 96 * 2**20
"""A worker that keeps more than this after a document is replaced."""

_START_SECONDS: Final = 30
_GRACE_SECONDS: Final = 2
"""The kernel ends a worker so much later than the pool would."""

_TICKS: Final = os.sysconf("SC_CLK_TCK")


class OutOfMemory(Exception):
    """A document needs more memory than its worker has, or crashed the parser."""


class WorkerProcess:
    """A process that reads one document at a time."""

    def __init__(self, process: Process, seconds: float) -> None:
        self._process = process
        self._seconds = seconds
        self._served = 0
        self._resident = 0
        self._cpu_before = 0.0

    @classmethod
    async def start(
        cls, *, memory_bytes: int, seconds: float, cpu_seconds: int | None = None, niceness: int = 0
    ) -> "WorkerProcess":
        """Start a process that has this one's code, and nothing of its environment: that holds secrets.

        `memory_bytes` is what a document may take; `seconds` and `cpu_seconds` are the limits for reading it.
        `niceness` lowers its priority.

        Raises:
            OutOfMemory: the process did not start.
            ScrapeFailed: ExtractionError; the machine starts no more processes.

        """
        process = await _start_process(memory_bytes, seconds, cpu_seconds)
        with suppress(ProcessLookupError):
            os.setpriority(os.PRIO_PROCESS, process.pid, os.getpriority(os.PRIO_PROCESS, 0) + niceness)
        worker = cls(process, seconds)
        try:
            async with asyncio.timeout(_START_SECONDS):
                await worker._receive()
        except (OSError, asyncio.IncompleteReadError):
            await worker.end()
            raise OutOfMemory from None
        except asyncio.CancelledError:
            process.kill()
            raise
        return worker

    @property
    def is_fit(self) -> bool:
        """Whether it runs, has not served too long and has not kept too much memory."""
        fresh = self._served < _MAX_SERVED and self._resident < _MAX_RESIDENT_BYTES
        return fresh and self._process.returncode is None

    def cpu_seconds(self) -> float:
        """Return the CPU time that the present document has taken so far."""
        return self._total_cpu_seconds() - self._cpu_before

    def _total_cpu_seconds(self) -> float:
        with suppress(FileNotFoundError, ProcessLookupError):  # the process has ended
            fields = Path(f"/proc/{self._process.pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
            return (int(fields[11]) + int(fields[12])) / _TICKS
        return 0.0

    async def extract(self, spec: str, document: Document) -> PageExtraction:
        """Extract a document.

        Raises:
            ScrapeFailed: the document can't be read, or selectors take too much work.
            OutOfMemory: it needs more memory, or the process died.
            TimeoutError: it takes more time, or CPU time, than a document may.

        """
        self._served += 1
        self._cpu_before = self._total_cpu_seconds()
        try:
            async with asyncio.timeout(self._seconds):
                await self._send(frame_head(request_header(spec, document), len(document.body)), document.body)
                items, reply = await self._receive()
        except (OSError, asyncio.IncompleteReadError) as error:
            if isinstance(error, TimeoutError):
                raise
            if await self._process.wait() == -signal.SIGPROF:
                raise TimeoutError from None
            raise OutOfMemory from None
        return self._extraction(items, reply)

    async def _send(self, head: bytes, body: bytes) -> None:
        stdin = self._process.stdin
        if stdin is None:
            raise BrokenPipeError
        stdin.write(head)
        view = memoryview(body)
        for start in range(0, len(body), _SLICE):
            # What does not fit into the pipe is copied, and so it is handed over in slices.
            stdin.write(view[start : start + _SLICE])
            await stdin.drain()

    async def _receive(self) -> tuple[list[Any], Mapping[str, Any]]:
        stdout = self._process.stdout
        if stdout is None:
            raise BrokenPipeError
        items: list[Any] = []
        while True:
            head, body = LENGTHS.unpack(await stdout.readexactly(LENGTHS.size))
            header = orjson.loads(await stdout.readexactly(head))
            if not body:
                return items, header
            items += orjson.loads(await stdout.readexactly(body))
            await asyncio.sleep(0)

    def _extraction(self, items: list[Any], reply: Mapping[str, Any]) -> PageExtraction:
        self._resident = reply.get("resident", 0)
        if "reason" in reply:
            raise ScrapeFailed(Reason(reply["reason"]), reply["message"])
        if "out_of_memory" in reply:
            raise OutOfMemory
        if "defect" in reply:
            raise RuntimeError(f"the extraction worker failed:\n{reply['defect']}")
        return extraction_of(items, reply["facts"])

    async def kill(self) -> None:
        """Kill the process and wait until it is gone."""
        if self._process.returncode is None:
            self._process.kill()
        await self._process.wait()

    async def end(self) -> None:
        """Kill the process, wait until it is gone, and close its pipes; no one may be waiting for a reply."""
        await self.kill()
        # Pipes are read to their end, or closing the transport would be put off for ever.
        await self._process.communicate()


async def _start_process(memory_bytes: int, seconds: float, cpu_seconds: int | None) -> Process:
    package = Path(scrape_operator.__file__).parents[1]
    path = os.pathsep.join([str(package), *filter(None, sys.path)])
    limits = str(memory_bytes), str(int(seconds) + _GRACE_SECONDS), str(cpu_seconds or 0)
    try:
        return await asyncio.create_subprocess_exec(
            *(sys.executable, "-P", "-m", WORKER_MODULE, *limits),
            stdin=PIPE,
            stdout=PIPE,
            stderr=DEVNULL,
            # glibc would keep what the parser frees.
            env={"PYTHONPATH": path, "MALLOC_TRIM_THRESHOLD_": "131072", "MALLOC_ARENA_MAX": "1"},
            start_new_session=True,
        )
    except OSError as error:  # open connections may have used up the limits on memory, processes or files
        message = f"no process can be started to read the document: {error.strerror}: raise the operator's limits"
        raise ScrapeFailed(Reason.EXTRACTION_ERROR, message) from error
