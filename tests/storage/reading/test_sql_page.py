"""docs/sql.md describes tables and views as they are, and its queries run on both databases."""

import re
from collections.abc import Sequence
from typing import Any

import pytest
from sqlalchemy import Connection, Row, inspect, text

from scrape_operator.core.runs.items import Item
from scrape_operator.core.runs.reasons import Reason
from scrape_operator.core.runs.run import RunStatus
from scrape_operator.storage.engine.transactions import AsyncTransactions
from scrape_operator.storage.store import SQLRunStore
from scrape_operator.storage.tables import metadata
from tests.storage.values import claim_of, failed_of, result_of, target_of
from tests.support.paths import ROOT

PAGE = (ROOT / "docs" / "sql.md").read_text(encoding="utf-8")

QUERIES = re.findall(r"^```sql\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
SECTIONS = {
    name: re.findall(r"^\| `(\w+)` \| (\w+) \|", body, re.MULTILINE)
    for name, body in re.findall(r"^### `(\w+)`\n(.*?)(?=^##)", PAGE, re.MULTILINE | re.DOTALL)
}
NOT_DESCRIBED = re.compile(r"odds|market|events")
"""Tables of bookmakers: people read their views."""

TYPES = {
    "TEXT": "text",
    "BIGINT": "integer",
    "INTEGER": "integer",
    "DOUBLE PRECISION": "number",
    "NUMERIC": "number",
    "TIMESTAMP": "time",
    "JSONB": "JSON",
    "UUID": "UUID",
    "BYTEA": "bytes",
    "BOOLEAN": "boolean",
    "DATE": "date",
}


@pytest.fixture
async def filled(store: SQLRunStore) -> SQLRunStore:
    """Let a good and a failed run have rows in all tables that queries read."""
    for number, price in enumerate(("1", "2")):
        claim = claim_of(number, name="quotes")
        await store.claim(claim)
        await store.finish(result_of(claim, target_of([Item.of({"name": "a", "price": price}, ["name"])])))
    claim = claim_of(2)
    await store.claim(claim)
    await store.finish(failed_of(claim, target_of(status=RunStatus.FAILED, reason=Reason.TIMEOUT)))
    return store


def test_every_table_is_described() -> None:
    assert {name for name in metadata.tables if not NOT_DESCRIBED.search(name)} <= SECTIONS.keys()
    assert {"runs", "current_items", "changes"} <= SECTIONS.keys()


async def test_columns_and_types_are_those_of_the_database(store: SQLRunStore) -> None:
    def columns(connection: Connection) -> dict[str, list[tuple[str, str]]]:
        found = inspect(connection)
        names = {name: found.get_columns(name) for name in SECTIONS}
        return {name: [(entry["name"], str(entry["type"])) for entry in of_name] for name, of_name in names.items()}

    found = await store._database.read(columns)
    for name, described in SECTIONS.items():
        assert sorted(column for column, _ in described) == sorted(column for column, _ in found[name]), name
        if isinstance(store._database.transactions, AsyncTransactions):
            kinds = {column: TYPES[kind.split("(")[0]] for column, kind in found[name]}
            assert dict(described) == kinds, name


@pytest.mark.parametrize("query", QUERIES)
async def test_every_query_runs(filled: SQLRunStore, query: str) -> None:
    def run(connection: Connection) -> Sequence[Row[Any]]:
        return connection.execute(text(query)).all()

    rows = await filled._database.read(run)
    assert rows or "odds" in query or "FAILED" in query
