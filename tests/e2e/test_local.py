"""`local --once` over the samples stores the same items, and ends runs for the same reasons, as the operator."""

import json
import sqlite3
import subprocess
from collections.abc import Collection, Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest
import yaml

from tests.dev.bookmakers.thread import BookmakersThread
from tests.dev.demo.samples import EXPECTED, MANUAL, PLATFORMS, load
from tests.dev.site.serving import SiteThread
from tests.dev.site.site import DemoSite
from tests.e2e.process import Operator, until
from tests.support.preloaded import program

pytestmark = pytest.mark.cluster

AT = datetime(2026, 11, 29, 12, tzinfo=UTC)

Items = set[tuple[str, str, str]]

FIRST_RUNS = """
SELECT schedule_uid, name, status, reason FROM scrape_runs
WHERE namespace = ? AND status NOT IN ('RUNNING', 'SKIPPED') ORDER BY id DESC
"""
PRESENT_ITEMS = """
SELECT uid, name, target, key, data FROM items JOIN schedules ON uid = schedule_uid
WHERE namespace = ? AND gone_at IS NULL
"""


@pytest.fixture
def still_site() -> Iterator[DemoSite]:
    """A site whose time stands still: it gives the same items at every request."""
    with SiteThread(DemoSite(now=lambda: AT)) as served:
        yield served


@pytest.fixture
def bookmakers() -> Iterator[list[str]]:
    with BookmakersThread() as books:
        yield [book.url for book in books.sites.values()]


@dataclass
class Stored:
    """What is stored of the schedules that are there. Another test may have left rows of the same names."""

    database: Path
    namespace: str
    uids: Collection[str] | None = None

    def outcomes(self) -> dict[str, tuple[str, str]]:
        """Return status and reason of the first run of each schedule: the rows end with it."""
        return {name: (status, reason) for name, status, reason in self._rows(FIRST_RUNS)}

    def items(self) -> dict[str, Items]:
        found: dict[str, Items] = {}
        for name, target, key, data in self._rows(PRESENT_ITEMS):
            found.setdefault(name, set()).add((target, key, json.dumps(json.loads(data), sort_keys=True)))
        return found

    def _rows(self, query: str) -> list[tuple[str, ...]]:
        with closing(sqlite3.connect(self.database)) as connection:
            rows = connection.execute(query, (self.namespace,)).fetchall()
        return [row for uid, *row in rows if self.uids is None or uid in self.uids]


def test_local_stores_what_the_operator_stores(
    operator: Operator, still_site: DemoSite, bookmakers: list[str], tmp_path: Path
) -> None:
    objects = load(still_site, bookmakers)
    file = tmp_path / "samples.yaml"
    file.write_text(yaml.safe_dump_all(objects))
    operator.apply(*objects)
    operator.request_run(MANUAL, "now")
    found = json.loads(operator.kubectl("get", "scs", "-o", "json"))["items"]
    by_operator = Stored(operator.database, operator.namespace, {obj["metadata"]["uid"] for obj in found})
    until("first runs", lambda: by_operator.outcomes().keys() >= EXPECTED.keys(), within=60)

    environment = operator.environment() | {"SCRAPE_OPERATOR_SQLITE_PATH": str(tmp_path / "local.db")}
    command = [program(), "local", str(file), "--once", "--show", "0"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 1, done.stderr  # some samples show failures

    by_local = Stored(tmp_path / "local.db", "default")
    ended, expected = by_local.outcomes(), by_operator.outcomes()
    assert ended == {name: expected[name] for name in ended}
    assert ended.keys() == EXPECTED.keys()
    ours, theirs = by_local.items(), by_operator.items()
    for name in sorted(EXPECTED.keys() - {PLATFORMS}):
        assert (name, sorted(ours.get(name, set()) ^ theirs.get(name, set()))) == (name, [])
