"""One suite for both databases: a test that asks for `url` or `store` runs on SQLite and on PostgreSQL."""

import asyncio
import shutil
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from uuid import uuid4

import pytest

from scrape_operator.storage import migrate
from scrape_operator.storage.store import SQLRunStore, open_store
from tests.cluster.postgres import Postgres
from tests.storage.values import settings_for

DATABASES = [pytest.param("sqlite", id="sqlite"), pytest.param("postgres", id="postgres", marks=pytest.mark.postgres)]


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file that has the tables, to be copied."""
    path = tmp_path_factory.mktemp("template") / "template.db"
    asyncio.run(migrate.upgrade(settings_for(f"sqlite:///{path}")))
    return path


@pytest.fixture(scope="session")
def postgres_template(postgres: Postgres) -> str:
    """The name of a database that has the tables, to be copied."""
    url = postgres.create_database()
    asyncio.run(migrate.upgrade(settings_for(url)))
    return url.rpartition("/")[2]


@pytest.fixture
def migrated_postgres_url(postgres: Postgres, postgres_template: str) -> Iterator[str]:
    """The URL of a database of the test's own, with tables; the server is up again for the next test.

    It is not dropped, which would cost a checkpoint: it goes with the server.
    """
    name = f"copy_{uuid4().hex[:12]}"
    postgres.execute(f"CREATE DATABASE {name} TEMPLATE {postgres_template}")
    yield postgres.url_of(name)
    if not postgres.serves:
        postgres.start()


@pytest.fixture(params=DATABASES)
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of a database of the test's own, with tables."""
    if request.param == "postgres":
        found: str = request.getfixturevalue("migrated_postgres_url")
        return found
    path = tmp_path / "runs.db"
    shutil.copy(request.getfixturevalue("sqlite_template"), path)
    return f"sqlite:///{path}"


@pytest.fixture
async def store(url: str) -> AsyncIterator[SQLRunStore]:
    """An open store."""
    async with open_store(settings_for(url)) as opened:
        yield opened
