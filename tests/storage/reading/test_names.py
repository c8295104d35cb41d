"""A shell completes the names of schedules from each database."""

from pathlib import Path

import pytest

from scrape_operator.core.reading import ScheduleRow
from scrape_operator.storage.reading.history import open_history
from scrape_operator.storage.reading.names import names_in_sqlite, sqlite_file
from scrape_operator.storage.store import SQLRunStore
from tests.storage.values import claim_of, minute, settings_for


async def test_names_are_those_of_the_namespace(store: SQLRunStore, url: str) -> None:
    for number, name in enumerate(("shop", "quotes", "old")):
        await store.claim(claim_of(number, uid=f"uid-{number}", name=name))
    await store.mark_deleted(["uid-2"], minute(3))
    async with open_history(settings_for(url)) as history:
        assert await history.schedule_names("default") == ["quotes", "shop"]
        assert await history.schedule_names("default", limit=1) == ["quotes"]
        assert await history.schedule_names("elsewhere") == []
    file = sqlite_file({"DATABASE_URL": url})
    assert file is None or names_in_sqlite(file, "default") == ["quotes", "shop"]


async def test_a_name_is_looked_for_in_all_namespaces(store: SQLRunStore, url: str) -> None:
    for number, namespace in enumerate(("team", "default", "default")):
        await store.claim(claim_of(number, uid=f"uid-{number}", name="shop", namespace=namespace))
    await store.mark_deleted(["uid-1"], minute(3))
    async with open_history(settings_for(url)) as history:
        live = [ScheduleRow("default", "shop", None), ScheduleRow("team", "shop", None)]
        assert await history.schedules("shop") == [*live, ScheduleRow("default", "shop", minute(3))]
        assert await history.schedules("shop", limit=2) == live
        assert await history.schedules("shoe") == []


async def test_namespaces_are_those_with_schedules_that_are_not_deleted(store: SQLRunStore, url: str) -> None:
    for number, namespace in enumerate(("team", "default", "team", "left")):
        await store.claim(claim_of(number, uid=f"uid-{number}", namespace=namespace))
    await store.mark_deleted(["uid-3"], minute(3))
    async with open_history(settings_for(url)) as history:
        assert await history.namespaces() == ["default", "team"]
        assert await history.namespaces(limit=1) == ["default"]


@pytest.mark.parametrize(
    ("environment", "file"),
    [
        ({}, Path("scrape-operator.db")),
        ({"SCRAPE_OPERATOR_SQLITE_PATH": "/data/runs.db"}, Path("/data/runs.db")),
        ({"DATABASE_URL": "sqlite:////data/my%20runs.db"}, Path("/data/my runs.db")),
        ({"DATABASE_URL": "sqlite+aiosqlite:///runs.db", "SCRAPE_OPERATOR_SQLITE_PATH": "other.db"}, Path("runs.db")),
        ({"DATABASE_URL": "postgresql://db/scrape"}, None),
    ],
)
def test_the_file_is_the_one_of_the_settings(environment: dict[str, str], file: Path | None) -> None:
    assert sqlite_file(environment) == file
