"""SQLite files with tables: copies of one that is migrated once, since each migration takes 0.1 s of CPU time."""

import asyncio
import tempfile
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from pathlib import Path

from scrape_operator.storage.engine import migrate
from tests.storage.values import settings_for


def make_sqlite(path: Path) -> str:
    """Write a file with tables and without rows, and return its URL."""
    path.write_bytes(_migrated())
    return url_of(path)


def url_of(path: Path) -> str:
    """Return the URL of a file."""
    return f"sqlite:///{path}"


@cache
def _migrated() -> bytes:
    with tempfile.TemporaryDirectory() as folder, ThreadPoolExecutor(1) as thread:  # a loop may run in this one
        path = Path(folder) / "template.db"
        thread.submit(asyncio.run, migrate.upgrade(settings_for(url_of(path)))).result()
        return path.read_bytes()
