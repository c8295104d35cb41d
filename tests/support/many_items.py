"""A database with many items, and the largest memory of a command that prints them. For tests and the bench."""

import asyncio
import json
import os
import re
import sqlite3
import subprocess
import sys
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from scrape_operator.core.runs.items import Item
from scrape_operator.storage.store import open_store
from tests.storage.values import claim_of, result_of, settings_for, target_of

PROGRAM = r"""
import atexit, re, sys, time
peak = lambda: int(re.search(r"VmHWM:\s+([0-9]+)", open("/proc/self/status").read())[1]) // 1024
atexit.register(lambda: print(f"peak={peak()} cpu={time.process_time():.2f}", file=sys.stderr))
from scrape_operator.cli import main
main(sys.argv[1:])
"""
"""Linux says in /proc the largest memory of a process; getrusage counts that of the parent before exec, too."""


@dataclass(frozen=True, slots=True)
class Printed:
    """What a command printed: lines, its largest memory in MiB, and its CPU time in seconds."""

    lines: int
    peak_mib: int
    cpu_seconds: float


def fill(path: Path, count: int) -> None:
    """Make a SQLite file with as many items of the schedule `quotes`: copies of one that the store has written."""
    asyncio.run(_store_one(f"sqlite:///{path}"))
    with closing(sqlite3.connect(path)) as database:
        names = [column[1] for column in database.execute("PRAGMA table_info(items)") if column[1] != "id"]
        row = dict(zip(names, database.execute(f"SELECT {','.join(names)} FROM items").fetchone(), strict=True))
        rows = (tuple((row | {"key": json.dumps([f"{number:07d}"])}).values()) for number in range(1, count))
        marks = ",".join("?" * len(names))
        database.executemany(f"INSERT INTO items ({','.join(names)}) VALUES ({marks})", rows)
        database.commit()


async def _store_one(url: str) -> None:
    async with open_store(settings_for(url)) as store:
        claim = claim_of()
        await store.claim(claim)
        item = Item.of({"sku": "0", "name": "A fine lamp of brass", "price": "12.50", "tags": ["a", "b"]}, ["sku"])
        await store.finish(result_of(claim, target_of([item])))


def print_items(path: Path, *arguments: str) -> Printed:
    """Run the command in a process of its own, and count what it prints."""
    environment = os.environ | {"DATABASE_URL": f"sqlite:///{path}"}
    command = [sys.executable, "-c", PROGRAM, *arguments]
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as done:
        assert done.stdout is not None
        assert done.stderr is not None
        lines = sum(1 for _ in done.stdout)
        errors = done.stderr.read()
    found = re.fullmatch(r"(?:only the first .*\n)?peak=(\d+) cpu=([0-9.]+)\n", errors)
    assert found, errors
    return Printed(lines, int(found[1]), float(found[2]))
