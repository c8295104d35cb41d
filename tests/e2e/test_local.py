"""`local --once` over the samples stores the same items, and ends runs for the same reasons, as the operator."""

import json
import sqlite3
import subprocess
from collections.abc import Iterator
from contextlib import closing
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
SELECT scrape_runs.name, status, reason FROM scrape_runs JOIN schedules ON uid = schedule_uid
WHERE scrape_runs.namespace = ? AND deleted_at IS NULL AND status NOT IN ('RUNNING', 'SKIPPED') ORDER BY id DESC
"""
PRESENT_ITEMS = """
SELECT name, target, key, data FROM items JOIN schedules ON uid = schedule_uid
WHERE namespace = ? AND deleted_at IS NULL AND gone_at IS NULL
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


def outcomes(database: Path, namespace: str) -> dict[str, tuple[str, str]]:
    """Return status and reason of the first run of each schedule that is there: the rows end with it."""
    with closing(sqlite3.connect(database)) as connection:
        return {name: (status, reason) for name, status, reason in connection.execute(FIRST_RUNS, (namespace,))}


def items_of(database: Path, namespace: str) -> dict[str, Items]:
    found: dict[str, Items] = {}
    with closing(sqlite3.connect(database)) as connection:
        for name, target, key, data in connection.execute(PRESENT_ITEMS, (namespace,)):
            found.setdefault(name, set()).add((target, key, json.dumps(json.loads(data), sort_keys=True)))
    return found


def test_local_stores_what_the_operator_stores(
    operator: Operator, still_site: DemoSite, bookmakers: list[str], tmp_path: Path
) -> None:
    objects = load(still_site, bookmakers)
    file = tmp_path / "samples.yaml"
    file.write_text(yaml.safe_dump_all(objects))
    operator.apply(*objects)
    operator.request_run(MANUAL, "now")
    until("first runs", lambda: outcomes(operator.database, operator.namespace).keys() >= EXPECTED.keys(), within=60)

    environment = operator.environment() | {"SCRAPE_OPERATOR_SQLITE_PATH": str(tmp_path / "local.db")}
    command = [program(), "local", str(file), "--once", "--show", "0"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 1, done.stderr  # some samples show failures

    local = outcomes(tmp_path / "local.db", "default")
    assert local == {name: outcomes(operator.database, operator.namespace)[name] for name in local}
    assert local.keys() == EXPECTED.keys()
    by_operator, by_local = items_of(operator.database, operator.namespace), items_of(tmp_path / "local.db", "default")
    for name in EXPECTED.keys() - {PLATFORMS}:
        assert (name, by_local.get(name)) == (name, by_operator.get(name))
