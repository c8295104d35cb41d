"""The migrations make just the tables that the code means, on both databases."""

import subprocess
import sys
from dataclasses import replace

import pytest
from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, inspect, select

from scrape_operator.storage.engine import migrate
from scrape_operator.storage.engine.schema_version import HEAD, REVISIONS
from scrape_operator.storage.schema import metadata
from scrape_operator.storage.store import SQLRunStore
from scrape_operator.storage.tables import schedules
from tests.storage.runs.test_loading import Life
from tests.storage.values import claim_of, items_of, result_of, target_of
from tests.support.paths import ROOT


def check(connection: Connection) -> None:
    command.check(migrate.configuration(connection))


def down_and_up(connection: Connection) -> set[str]:
    command.downgrade(migrate.configuration(connection), "base")
    left = set(inspect(connection).get_table_names())
    command.upgrade(migrate.configuration(connection), "head")
    return left


def down_to_0002_and_up(connection: Connection) -> dict[str, int]:
    command.downgrade(migrate.configuration(connection), "0002")
    command.upgrade(migrate.configuration(connection), "head")
    return {row.uid: row.items_total for row in connection.execute(select(schedules))}


def down_to_0003_and_up(connection: Connection) -> None:
    command.downgrade(migrate.configuration(connection), "0003")
    command.upgrade(migrate.configuration(connection), "head")


def index_names(connection: Connection) -> set[str | None]:
    return {index["name"] for table in metadata.tables for index in inspect(connection).get_indexes(table)}


async def test_alembic_finds_nothing_to_change(store: SQLRunStore) -> None:
    await store._database.write(check)


async def test_all_versions_go_down_and_up_again(store: SQLRunStore) -> None:
    left = await store._database.write(down_and_up)
    assert left == {"alembic_version"}
    await store._database.write(check)


async def test_items_that_are_there_are_counted(store: SQLRunStore) -> None:
    for uid, seen in (("uid-1", items_of(a="1", b="2")), ("uid-2", items_of(a="1"))):
        claim = claim_of(uid=uid)
        await store.claim(claim)
        await store.finish(result_of(claim, target_of(seen)))
    assert await store._database.write(down_to_0002_and_up) == {"uid-1": 2, "uid-2": 1}


async def test_states_of_a_database_without_schedules_are_filled_in_from_its_runs(store: SQLRunStore) -> None:
    lives = [Life(f"uid-{number}", seed=9) for number in range(4)]
    for number in range(20):
        for life in lives:
            await life.step(store, number)
    await store.claim(claim_of(uid="uid-running"))
    before = await store.load_states()
    await store._database.write(down_to_0003_and_up)
    assert await store.load_states() == {uid: replace(state, handled_requests=()) for uid, state in before.items()}


async def test_every_table_exists_with_its_indexes(store: SQLRunStore) -> None:
    found = await store._database.read(index_names)
    assert {index.name for table in metadata.sorted_tables for index in table.indexes} <= found


def test_the_program_knows_the_versions_that_there_are() -> None:
    script = ScriptDirectory.from_config(Config(migrate.CONFIGURATION))
    assert [version.revision for version in reversed(list(script.walk_revisions()))] == list(REVISIONS)
    assert script.get_current_head() == HEAD


def test_versions_name_no_type_of_this_package() -> None:
    for version in (migrate.CONFIGURATION.parent / "versions").glob("*.py"):
        assert "scrape_operator" not in version.read_text(encoding="utf-8")


@pytest.mark.parametrize("module", ["store", "engine.database", "engine.schema_version"])
def test_a_running_operator_does_not_load_alembic(module: str) -> None:
    program = f"import sys, scrape_operator.storage.{module}; sys.exit('alembic' in sys.modules)"
    root = ROOT
    subprocess.run([sys.executable, "-c", program], check=True, cwd=root, env={"PYTHONPATH": "operator"})
