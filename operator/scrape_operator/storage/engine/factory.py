"""The engine for an address: pool, pragmas, timeouts. Called by `database`, `migrate` and `reading`."""

from collections.abc import Sequence
from typing import Any
from urllib.parse import quote

from sqlalchemy import URL, Connection, create_engine, event

from scrape_operator.storage.engine.address import Address, SQLiteAddress
from scrape_operator.storage.engine.cleaning import dump_json
from scrape_operator.storage.engine.transactions import ThreadedTransactions, Timeouts, Transactions

POOL_SIZE = 4
"""Connections of the process that writes: one is the committer's, the others read."""

PRAGMAS = (
    "PRAGMA journal_mode=WAL",  # readers don't wait for the writer
    "PRAGMA synchronous=NORMAL",  # with WAL: power loss may cost the last commits, never consistency
    "PRAGMA busy_timeout=5000",
    "PRAGMA foreign_keys=ON",
)


def open_transactions(address: Address, timeouts: Timeouts, *, pool_size: int = POOL_SIZE) -> Transactions:
    """Create the engine and its transactions; nothing is contacted yet."""
    if isinstance(address, SQLiteAddress):
        return _sqlite(URL.create("sqlite", database=str(address.path.absolute())), timeouts, pool_size)
    from scrape_operator.storage.engine.postgres import open_postgres

    return open_postgres(address, timeouts, pool_size)


def open_sqlite_to_read(address: SQLiteAddress, timeouts: Timeouts, *, pool_size: int) -> Transactions:
    """Open a file that another process may be writing to."""
    path = f"file:{quote(str(address.path.absolute()))}"
    url = URL.create("sqlite", database=path, query={"mode": "ro", "uri": "true"})
    return _sqlite(url, timeouts, pool_size, pragmas=())


def _sqlite(url: URL, timeouts: Timeouts, pool_size: int, pragmas: Sequence[str] = PRAGMAS) -> Transactions:
    engine = create_engine(
        url, pool_size=pool_size, max_overflow=0, pool_use_lifo=True, json_serializer=dump_json, hide_parameters=True
    )

    @event.listens_for(engine, "connect")
    def _configure(connection: Any, _record: object) -> None:
        connection.isolation_level = None  # the driver opens no transactions of its own; `_begin` does
        cursor = connection.cursor()
        for pragma in pragmas:
            cursor.execute(pragma)
        cursor.close()

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        # A writer that began as a reader is refused at once, without waiting, if another wrote meanwhile.
        writes = connection.get_execution_options().get("writes")
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    return ThreadedTransactions(engine, threads=pool_size, timeout=timeouts.transaction)
