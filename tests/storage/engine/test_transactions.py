"""Work in transactions: what takes too long, what is cancelled, and calculations that don't hold up the loop."""

import asyncio
import threading
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, CursorResult, TextClause, text

from scrape_operator.storage.engine.address import SQLiteAddress
from scrape_operator.storage.engine.factory import open_transactions
from scrape_operator.storage.engine.transactions import WRITES, Timeouts, aside
from scrape_operator.storage.store import SQLRunStore

ENDLESS = text("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT max(i) FROM n")
CREATE = text("CREATE TABLE notes (n INTEGER PRIMARY KEY)")
INSERT = text("INSERT INTO notes VALUES (1)")
COUNT = text("SELECT count(*) FROM notes")


def write_endlessly(connection: Connection) -> None:
    connection.execute(INSERT)
    connection.execute(ENDLESS)


async def test_what_takes_too_long_on_sqlite_is_interrupted_and_undone(tmp_path: Path) -> None:
    address = SQLiteAddress(tmp_path / "notes.db")
    await do(address, CREATE)
    transactions = open_transactions(address, Timeouts(transaction=0.05))
    with pytest.raises(TimeoutError):
        await transactions.run(write_endlessly, WRITES)
    await transactions.close()  # comes to an end, so the endless statement has
    assert await do(address, COUNT) == 0


async def test_what_is_cancelled_on_sqlite_is_interrupted_and_undone(tmp_path: Path) -> None:
    address = SQLiteAddress(tmp_path / "notes.db")
    await do(address, CREATE)
    transactions = open_transactions(address, Timeouts())
    begun = threading.Event()

    def begin(connection: Connection) -> None:
        begun.set()
        write_endlessly(connection)

    task = asyncio.create_task(transactions.run(begin, WRITES))
    await asyncio.to_thread(begun.wait)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await transactions.close()
    assert await do(address, COUNT) == 0


async def do(address: SQLiteAddress, statement: TextClause) -> object:
    transactions = open_transactions(address, Timeouts())
    answer = await transactions.run(lambda connection: answer_of(connection.execute(statement)), WRITES)
    await transactions.close()
    return answer


def answer_of(result: CursorResult[Any]) -> object:
    return result.scalar() if result.returns_rows else None


async def test_a_long_calculation_is_never_the_event_loops(store: SQLRunStore) -> None:
    threads: list[int] = []
    await store._database.read(lambda connection: aside(connection, lambda: threads.append(threading.get_ident())))
    assert threads != [threading.get_ident()]


async def test_a_calculation_gives_its_result(store: SQLRunStore) -> None:
    assert await store._database.read(lambda connection: aside(connection, pow, 2, 10)) == 1024
