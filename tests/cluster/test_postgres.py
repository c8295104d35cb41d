"""The PostgreSQL server that other tests build on."""

import subprocess

import pytest

from tests.cluster.postgres import Postgres


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
