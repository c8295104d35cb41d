"""The SQL of docs/postgresql.md: the role that it creates can do what the operator needs, and readers can read."""

import os
import re
import subprocess
from collections.abc import Iterator

import pytest

from tests.dev.controlplane.postgres import Postgres
from tests.docs.reading import DOCS
from tests.support.preloaded import program

BLOCKS = re.findall(
    r"^```sql\n(.*?)^```", (DOCS / "postgresql.md").read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL
)


def statements(block: str) -> Iterator[str]:
    yield from (statement for statement in map(str.strip, block.split(";")) if statement)


@pytest.fixture
def server(postgres: Postgres) -> Iterator[Postgres]:
    yield postgres
    postgres.execute("DROP DATABASE IF EXISTS scrape WITH (FORCE)")
    postgres.execute("DROP ROLE IF EXISTS reader")
    postgres.execute("DROP ROLE IF EXISTS scrape")


def test_the_roles_of_the_page_suffice(server: Postgres) -> None:
    creation, grants = BLOCKS
    for statement in statements(creation):
        server.execute(statement)
    host = server.url_of("scrape").rpartition("@")[2]
    environment = {**os.environ, "DATABASE_URL": f"postgresql://scrape:replace-me@{host}"}
    subprocess.run([program(), "migrate"], env=environment, check=True, capture_output=True)
    for statement in statements(grants):
        server.execute(statement, "scrape")
    environment["DATABASE_URL"] = f"postgresql://reader:replace-me@{host}"
    done = subprocess.run([program(), "runs"], env=environment, check=True, capture_output=True, text=True)
    assert "no run" in done.stderr
