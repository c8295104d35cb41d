"""One suite for both databases: a test that asks for `url` or `store` runs on SQLite and on PostgreSQL."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from scrape_operator.storage.engine import migrate
from scrape_operator.storage.engine.schema_version import HEAD
from scrape_operator.storage.odds.sink import OddsSink
from scrape_operator.storage.schema import metadata
from scrape_operator.storage.store import SQLRunStore, open_store
from tests.dev.controlplane.postgres import Postgres
from tests.storage.values import settings_for
from tests.support.databases import make_sqlite

DATABASES = [pytest.param("sqlite", id="sqlite"), pytest.param("postgres", id="postgres", marks=pytest.mark.postgres)]


@pytest.fixture(scope="session")
def emptied_postgres(postgres: Postgres) -> str:
    """The URL of the database that the tests take in turn: a new one for each would cost more than the test."""
    url = postgres.create_database()
    asyncio.run(migrate.upgrade(settings_for(url)))
    return url


@pytest.fixture
def migrated_postgres_url(postgres: Postgres, emptied_postgres: str) -> Iterator[str]:
    """The URL of a database with tables and without rows; the server is up again for the next test."""
    tables = ", ".join(metadata.tables)
    oldest = "run_tombstones SELECT 0, '', gen_random_uuid(), '', '', '', '', NULL, 0, 0, now()"
    reset = f"TRUNCATE {tables}; UPDATE alembic_version SET version_num = '{HEAD}'; INSERT INTO {oldest}"
    postgres.execute(reset, emptied_postgres.rpartition("/")[2])
    yield emptied_postgres
    if not postgres.serves:
        postgres.start()


@pytest.fixture(params=DATABASES)
def url(request: pytest.FixtureRequest, tmp_path: Path, prompt_writes: None) -> str:
    """The URL of a database of the test's own, with tables; its operations do not wait for others."""
    if request.param == "postgres":
        found: str = request.getfixturevalue("migrated_postgres_url")
        return found
    return make_sqlite(tmp_path / "runs.db")


@pytest.fixture
async def store(url: str) -> AsyncIterator[SQLRunStore]:
    """An open store."""
    async with open_store(settings_for(url), [OddsSink()]) as opened:
        yield opened
