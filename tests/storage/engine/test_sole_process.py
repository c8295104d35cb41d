"""Two operators on one PostgreSQL database: the second one is refused, and takes over when the first is gone."""

import asyncio
from pathlib import Path

import pytest

from scrape_operator.settings import Settings
from scrape_operator.storage.engine import sole_process as module
from scrape_operator.storage.engine.sole_process import sole_process
from scrape_operator.storage.errors import StoreLocked


def settings(url: str) -> Settings:
    return Settings.model_validate({"DATABASE_URL": url})


@pytest.mark.postgres
async def test_a_second_process_on_the_database_is_refused_until_the_first_has_ended(postgres_url: str) -> None:
    async with sole_process(settings(postgres_url)):
        with pytest.raises(StoreLocked, match="another scrape-operator uses this PostgreSQL database"):
            async with sole_process(settings(postgres_url)):
                pass
    async with sole_process(settings(postgres_url)) as sole:
        assert sole is not None


@pytest.mark.postgres
async def test_a_lock_that_was_lost_is_taken_again(postgres_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "CHECK_SECONDS", 0.01)
    async with sole_process(settings(postgres_url)) as first:
        assert first is not None
        task = asyncio.create_task(first.run())
        await first._connection.close()
        for _ in range(1000):
            await asyncio.sleep(0.01)
            if first._connection is not None and not first._connection.is_closed():
                break
        with pytest.raises(StoreLocked):
            async with sole_process(settings(postgres_url)):
                pass
        assert not task.done()
        task.cancel()


@pytest.mark.postgres
async def test_a_process_that_lost_the_lock_to_another_one_ends(
    postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "CHECK_SECONDS", 0.01)
    async with sole_process(settings(postgres_url)) as first:
        assert first is not None
        await first.release()
        async with sole_process(settings(postgres_url)):
            with pytest.raises(StoreLocked):
                await first.run()


async def test_a_database_that_is_away_is_no_error(free_port: int) -> None:
    async with sole_process(settings(f"postgresql://u@127.0.0.1:{free_port}/d")) as sole:
        assert sole is not None


async def test_a_sqlite_file_has_a_lock_of_its_own(tmp_path: Path) -> None:
    async with sole_process(Settings(sqlite_path=tmp_path / "x.db")) as sole:
        assert sole is None
