"""A run over a big page: how long the event loop is blocked, and how much memory the process and its workers take.

The operator's engine runs in a child process with the shares of a pod of 512 MiB, and stores to SQLite. The parent
serves the page and reads the memory of the child and its workers every few milliseconds.
"""

import asyncio
import gc
import json
import multiprocessing
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any
from unittest.mock import patch

from scrape_operator.local.objects import with_metadata
from scrape_operator.local.secrets import FileSecrets
from scrape_operator.scheduling.requests import REQUEST_ANNOTATION
from scrape_operator.settings import Settings
from scrape_operator.watching.interpreter import configure_interpreter
from scrape_operator.wiring import open_engine, policy_book
from tests.support.fakes import Recorder

MIB = 2**20
POD = 512 * MIB
FIELDS = 20
PAGES = (("HTML", 1_000, 2 * MIB), ("HTML", 10_000, 19 * MIB), ("JSON", 10_000, 19 * MIB))
"""Format, items and bytes of each page."""
RUNS = 3
"""Of each page: new items, the same items, changed items."""

TICK = 0.001


class LoopWatch:
    """Measures for how long the event loop does nothing else, also because another thread holds the interpreter.

    The time in which its thread could run and got no core does not count: it belongs to the machine.
    """

    def __init__(self) -> None:
        self.longest = 0.0
        self._before = (0.0, 0.0)

    def start(self) -> None:
        """Begin anew. Must be called in the thread of the event loop."""
        self.longest = 0.0
        self._before = self._now()
        self._tick()

    @staticmethod
    def _now() -> tuple[float, float]:
        """Return the time, and for how long this thread has waited for a core."""
        waited = Path("/proc/thread-self/schedstat").read_text().split()[1]
        return time.monotonic(), int(waited) / 1e9

    def _tick(self) -> None:
        (wall, waited), (wall_before, waited_before) = self._now(), self._before
        self.longest = max(self.longest, wall - wall_before - TICK - (waited - waited_before))
        self._before = wall, waited
        asyncio.get_running_loop().call_later(TICK, self._tick)


def page(form: str, count: int, size: int, edition: int) -> bytes:
    """Return a page of so many items with 20 fields, and about so many bytes; an edition changes a price in ten."""
    fill = "x" * max(0, size // count - 900)
    rows = [_row(number, edition, fill) for number in range(count)]
    if form == "JSON":
        return json.dumps({"data": rows}).encode()
    return f"<html lang=en><ul>{''.join(map(_item, rows))}</ul></html>".encode()


def _item(row: dict[str, Any]) -> str:
    fields = "".join(f"<b class=f{n}>{row[f'f{n}']}</b>" for n in range(1, FIELDS))
    return f"<li id={row['f0']}>{fields}<!--{row['fill']}--></li>"


def _row(number: int, edition: int, fill: str) -> dict[str, Any]:
    fields = {f"f{n}": f"text {number} of field {n}" for n in range(FIELDS)}
    price = number % 997 + (edition if number % 10 == 0 else 0)
    return {**fields, "f0": str(number), "f1": f"{price}.50", "fill": fill}


def spec(form: str, url: str) -> dict[str, Any]:
    """Return the schedule of a page."""
    if form == "JSON":
        fields = [{"name": f"f{n}", "jmespath": f"f{n}"} for n in range(FIELDS)]
        items = {"jmespath": "data"}
    else:
        rest = [{"name": f"f{n}", "css": f".f{n}::text"} for n in range(1, FIELDS)]
        fields, items = [{"name": "f0", "css": "::attr(id)"}, *rest], {"css": "li"}
    fields[1]["type"] = "Decimal"
    extract = {"format": form, "items": items, "fields": fields, "key": ["f0"], "mode": "Snapshot"}
    http = {"url": url, "maxBodyBytes": "24Mi"}
    return {"interval": "1h", "suspend": True, "targets": [{"name": "page", "http": http, "extract": extract}]}


async def measure(form: str, url: str, pipe: Connection, folder: Path) -> None:
    """Run the schedule some times, and send what became of each run."""
    recorder, watch = Recorder(), LoopWatch()
    settings = Settings(sqlite_path=folder / "bench.db", allow_cidrs="127.0.0.0/8")
    async with open_engine(settings, recorder, [recorder], policy_book(settings), FileSecrets()) as engine:
        gc.collect()
        gc.freeze()
        for number in range(RUNS):
            annotations = {REQUEST_ANNOTATION: f"run-{number}"}
            metadata = {"name": "page", "annotations": annotations}
            kind = {"apiVersion": "scrape-operator.dev/v1alpha1", "kind": "ScrapeSchedule"}
            began = time.monotonic()
            watch.start()
            engine.scheduler.applied(with_metadata({**kind, "metadata": metadata, "spec": spec(form, url)}))
            while len(recorder.finished_runs) <= number:
                await asyncio.sleep(0.01)
            result = recorder.finished_runs[-1]
            items = sum(len(target.items) for target in result.targets)
            pipe.send((str(result.status), items, time.monotonic() - began, watch.longest))
        await engine.drain()


def child(form: str, url: str, pipe: Connection, folder: Path) -> None:
    """Be the operator in a pod of 512 MiB, with the settings of its interpreter."""
    configure_interpreter()
    with patch("scrape_operator.wiring.memory_limit", return_value=POD):
        asyncio.run(measure(form, url, pipe, folder))
    pipe.close()


def resident(pid: int) -> int:
    """Return the resident bytes of a process and of its children; what several share counts once."""
    total = 0
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
        total += sum(int(line.split()[1]) for line in lines if line.startswith("Pss:")) * 1024
        for thread in Path(f"/proc/{pid}/task").iterdir():
            total += sum(resident(int(each)) for each in (thread / "children").read_text().split())
    except (FileNotFoundError, ProcessLookupError):
        return total
    return total


@contextmanager
def serving(form: str, count: int, size: int) -> Iterator[str]:
    """Serve a page: the first two answers are the same, the third one is another edition."""
    editions = [page(form, count, size, edition) for edition in (0, 0, 1)]

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = b"" if self.path == "/robots.txt" or not editions else editions.pop(0)
            self.send_response(200 if body else 404)
            self.send_header("Content-Type", "text/html" if form == "HTML" else "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/"
    server.shutdown()
    server.server_close()


def measured(form: str, count: int, size: int) -> Iterator[str]:
    """Yield a line for each run of a page, and one for the memory."""
    context = multiprocessing.get_context("spawn")
    with serving(form, count, size) as url, tempfile.TemporaryDirectory() as folder:
        ours, theirs = context.Pipe(duplex=False)
        process = context.Process(target=child, args=(form, url, theirs, Path(folder)))
        process.start()
        theirs.close()
        peak, rows = 0, []
        while process.is_alive() or ours.poll():
            peak = max(peak, resident(process.pid or 0))
            try:
                while ours.poll(0.02):
                    rows.append(ours.recv())
            except EOFError:
                break
        process.join()
    yield f"{form}, {size / MIB:.0f} MiB, {count} items x {FIELDS} fields: peak of the memory {peak / MIB:.0f} MiB"
    for what, (status, items, seconds, longest) in zip(("new", "the same", "changed"), rows, strict=True):
        blocked = f"event loop blocked for at most {longest * 1000:.0f} ms"
        yield f"  {what}: {status}, {items} items in {seconds:.1f} s, {blocked}"


def run() -> Sequence[str]:
    """Measure, and return the lines to print."""
    return [line for case in PAGES for line in measured(*case)]
