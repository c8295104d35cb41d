"""Opening: the SQLite file is locked and brought up to date; PostgreSQL is looked at, if it is there."""

import asyncio
import logging
import subprocess
import sys
from pathlib import Path

import pytest
import sqlalchemy
from sqlalchemy import text

from scrape_operator.core.errors import InvalidValue, StoreUnavailable
from scrape_operator.storage.engine import migrate
from scrape_operator.storage.engine.lock import exclusive
from scrape_operator.storage.engine.schema_version import HEAD
from scrape_operator.storage.errors import SchemaMismatch, StoreLocked
from scrape_operator.storage.store import SQLRunStore, open_store
from tests.storage.values import claim_of, settings_for
from tests.support.paths import ROOT


async def set_revision(url: str, revision: str) -> None:
    other = text("UPDATE alembic_version SET version_num = :new")
    async with open_store(settings_for(url)) as store:
        await store._database.write(lambda connection: connection.execute(other, {"new": revision}))


async def test_a_new_sqlite_file_gets_its_tables(tmp_path: Path) -> None:
    settings = settings_for(f"sqlite:///{tmp_path}/new.db")
    async with open_store(settings) as store:
        assert await store.claim(claim_of())
    assert await migrate.current(settings) == HEAD


async def test_rows_outlive_the_process(url: str) -> None:
    async with open_store(settings_for(url)) as store:
        await store.claim(claim_of())
    async with open_store(settings_for(url)) as store:
        assert not await store.claim(claim_of())


async def test_a_sqlite_file_is_open_in_one_process_only(tmp_path: Path) -> None:
    settings = settings_for(f"sqlite:///{tmp_path}/runs.db")
    async with open_store(settings):
        with pytest.raises(StoreLocked, match=f"{tmp_path}/runs.db open; SQLite allows one replica"):
            async with open_store(settings):
                pass
        with pytest.raises(StoreLocked):
            await migrate.upgrade(settings)
    async with open_store(settings):
        pass


def test_the_lock_holds_against_another_process_and_ends_with_it(tmp_path: Path) -> None:
    path = tmp_path / "runs.db"
    program = (
        "import sys; from pathlib import Path; from scrape_operator.storage.engine.lock import exclusive\n"
        f"with exclusive(Path({str(path)!r})): print('held', flush=True); sys.stdin.read()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", program],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env={"PYTHONPATH": "operator"},
        cwd=ROOT,
    ) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == b"held\n"
        with pytest.raises(StoreLocked), exclusive(path):
            pass
        other.kill()
    with exclusive(path):
        pass


async def test_a_missing_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(InvalidValue, match=f"{tmp_path}/none/runs.db.*create its folder"):
        async with open_store(settings_for(f"sqlite:///{tmp_path}/none/runs.db")):
            pass


async def test_sqlite_waits_for_nothing_and_survives_a_crash(tmp_path: Path) -> None:
    names = ("journal_mode", "synchronous", "foreign_keys", "busy_timeout")
    async with open_store(settings_for(f"sqlite:///{tmp_path}/runs.db")) as store:
        pragmas = await store._database.read(lambda it: {name: it.scalar(text(f"PRAGMA {name}")) for name in names})
    assert pragmas == {"journal_mode": "wal", "synchronous": 1, "foreign_keys": 1, "busy_timeout": 5000}


async def test_a_newer_schema_is_refused(url: str) -> None:
    await set_revision(url, "9999")
    with pytest.raises(SchemaMismatch, match=r"schema 9999, which is newer than this program's"):
        async with open_store(settings_for(url)):
            pass
    with pytest.raises(SchemaMismatch):
        await migrate.upgrade(settings_for(url))


@pytest.mark.postgres
async def test_postgresql_without_tables_names_the_command(postgres_url: str) -> None:
    with pytest.raises(SchemaMismatch, match=r"no tables, this program needs .*; run `scrape-operator migrate`"):
        async with open_store(settings_for(postgres_url)):
            pass


@pytest.mark.postgres
async def test_two_migrations_at_once_wait_for_each_other(postgres_url: str) -> None:
    settings = settings_for(postgres_url)
    assert await migrate.current(settings) is None
    await asyncio.gather(*(migrate.upgrade(settings) for _ in range(3)))
    assert await migrate.current(settings) == HEAD


async def test_a_process_starts_without_postgresql_and_says_so(
    free_port: int, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING):
        async with open_store(settings_for(f"postgresql://me:secret@127.0.0.1:{free_port}/runs")) as store:
            with pytest.raises(StoreUnavailable, match="the database is away"):
                await store.ping()
            with pytest.raises(StoreUnavailable):
                await store.claim(claim_of())
            with pytest.raises(StoreUnavailable):
                await store.load_states()
    assert "starting without the database" in caplog.text
    assert "secret" not in caplog.text


@pytest.mark.postgres
async def test_a_wrong_password_is_not_shown(postgres_url: str) -> None:
    wrong = postgres_url.replace("postgres:", "postgres:wrongsecret", 1)
    async with open_store(settings_for(wrong)) as store:
        with pytest.raises(StoreUnavailable, match="InvalidPasswordError") as raised:
            await store.ping()
    assert "wrongsecret" not in str(raised.value)


async def test_a_url_that_can_not_be_read_is_refused_without_showing_it() -> None:
    with pytest.raises(InvalidValue, match="percent-encoded") as raised:
        async with open_store(settings_for("postgresql://me:pa/ss@db/runs")):
            pass
    assert "pa/ss" not in str(raised.value)


async def test_an_error_shows_neither_statement_nor_values(store: SQLRunStore) -> None:
    wrong = text("SELECT * FROM no_such_table WHERE a = :a")
    with pytest.raises(Exception, match="no_such_table") as raised:
        await store._database.write(lambda connection: connection.execute(wrong, {"a": "secret"}))
    assert isinstance(raised.value.__cause__, sqlalchemy.exc.DBAPIError)
    assert "secret" not in f"{raised.value} {raised.value.__cause__}"
