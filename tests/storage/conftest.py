"""One suite for both databases: a test that asks for `url` or `store` runs on SQLite and on PostgreSQL."""

import asyncio
import shutil
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from scrape_operator.storage.engine import batching, migrate
from scrape_operator.storage.engine.schema_version import HEAD
from scrape_operator.storage.odds.sink import OddsSink
from scrape_operator.storage.store import SQLRunStore, open_store
from scrape_operator.storage.tables import metadata
from tests.dev.controlplane.postgres import Postgres
from tests.storage.values import settings_for

DATABASES = [pytest.param("sqlite", id="sqlite"), pytest.param("postgres", id="postgres", marks=pytest.mark.postgres)]


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file that has the tables, to be copied."""
    path = tmp_path_factory.mktemp("template") / "template.db"
    asyncio.run(migrate.upgrade(settings_for(f"sqlite:///{path}")))
    return path


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
    reset = f"TRUNCATE {tables}; UPDATE alembic_version SET version_num = '{HEAD}'"
    postgres.execute(reset, emptied_postgres.rpartition("/")[2])
    yield emptied_postgres
    if not postgres.serves:
        postgres.start()


@pytest.fixture(params=DATABASES)
def url(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """The URL of a database of the test's own, with tables; its operations do not wait for others."""
    monkeypatch.setattr(batching, "GATHER_SECONDS", 0.0)
    monkeypatch.setattr(batching, "PATIENT_SECONDS", 0.0)
    if request.param == "postgres":
        found: str = request.getfixturevalue("migrated_postgres_url")
        return found
    path = tmp_path / "runs.db"
    shutil.copy(request.getfixturevalue("sqlite_template"), path)
    return f"sqlite:///{path}"


@pytest.fixture
async def store(url: str) -> AsyncIterator[SQLRunStore]:
    """An open store."""
    async with open_store(settings_for(url), [OddsSink()]) as opened:
        yield opened
