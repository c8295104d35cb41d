"""A million items as CSV: the memory and CPU of the command that prints them, and what it does to a running operator.

The operator uses the same SQLite file, in two windows: alone, and while the command prints all items again and again.
ITEMS is another number of items.
"""

import os
import subprocess
import threading
import time
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.dev.bench.beside import beside
from tests.dev.bench.herd import create_in_batches, operator_for_bench, window
from tests.dev.bench.static import static_hosts
from tests.dev.controlplane.controlplane import open_cluster
from tests.support.many_items import fill, print_items
from tests.support.paths import COMMAND

COUNT = 1_000_000
SCHEDULES, WINDOW_SECONDS = 100, 30
INTERVAL = timedelta(seconds=2)
PRINT_ALL = ("items", "quotes", "-o", "csv", "--limit", "0")
CHUNK_BYTES = 2**16


def run() -> Sequence[str]:
    """Fill a SQLite file, print its items, and print them again beside an operator."""
    count = int(os.environ.get("ITEMS", COUNT))
    with TemporaryDirectory() as folder:
        file = Path(folder) / "runs.db"
        fill(file, count)
        return [*alone(file, count), *beside_an_operator(file)]


def alone(file: Path, count: int) -> Sequence[str]:
    """Return what the command needs for some of the items, and for all of them."""
    first = print_items(file, *PRINT_ALL[:-1], "1000")
    printed = print_items(file, *PRINT_ALL)
    if printed.lines != count + 1:
        raise RuntimeError(f"{printed.lines} lines for {count} items")
    return [
        f"{count} items: {printed.peak_mib} MiB, {printed.cpu_seconds:.1f} s of CPU",
        f"1000 items: {first.peak_mib} MiB, {first.cpu_seconds:.1f} s of CPU",
    ]


def beside_an_operator(file: Path) -> Sequence[str]:
    """Return how an operator with the same file does without the command, and beside it."""
    with open_cluster() as cluster, static_hosts() as urls, operator_for_bench(cluster, database=file) as operator:
        create_in_batches(operator, SCHEDULES, urls, f"{INTERVAL.seconds}s")
        time.sleep(5)
        quiet = window(operator, WINDOW_SECONDS, INTERVAL)
        printer = Printer(file)
        with beside(printer.print_items):
            busy = window(operator, WINDOW_SECONDS, INTERVAL)
    herd = f"{SCHEDULES} schedules every {INTERVAL.seconds} s"
    printed = f"{printer.lines} lines in {WINDOW_SECONDS} s, {printer.ended} whole tables"
    return [f"{herd}, without the command:", *quiet, f"{herd}, beside the command, {printed}:", *busy]


class Printer:
    """Prints all items of a file again and again, and cuts the last print off."""

    def __init__(self, file: Path) -> None:
        self._environment = os.environ | {"DATABASE_URL": f"sqlite:///{file}"}
        self.lines = 0
        self.ended = 0

    def print_items(self, ended: threading.Event) -> None:
        """Print until the event is set."""
        while not ended.is_set():
            with subprocess.Popen([COMMAND, *PRINT_ALL], env=self._environment, stdout=subprocess.PIPE) as command:
                assert command.stdout is not None
                while not ended.is_set() and (chunk := command.stdout.read(CHUNK_BYTES)):
                    self.lines += chunk.count(b"\n")
                command.stdout.close()
            self.ended += command.returncode == 0
