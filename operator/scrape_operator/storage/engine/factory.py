"""The engine for an address: pool, pragmas, timeouts. Called by `database`, `migrate` and `reading`."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

import asyncpg
from sqlalchemy import URL, Connection, create_engine, event
from sqlalchemy.ext.asyncio import create_async_engine

from scrape_operator.core.errors import InvalidValue
from scrape_operator.storage.engine.address import Address, PostgresAddress, SQLiteAddress
from scrape_operator.storage.engine.cleaning import dump_json
from scrape_operator.storage.engine.transactions import AsyncTransactions, ThreadedTransactions, Transactions

POOL_SIZE = 4
"""Connections of the process that writes: one is the committer's, the others read."""

PRAGMAS = (
    "PRAGMA journal_mode=WAL",  # readers don't wait for the writer
    "PRAGMA synchronous=NORMAL",  # with WAL: power loss may cost the last commits, never consistency
    "PRAGMA busy_timeout=5000",
    "PRAGMA foreign_keys=ON",
)

IDLE_TRANSACTION_TIMEOUT = "15s"
"""After so long PostgreSQL ends a transaction whose client went silent (a node that lost power), which
would else keep its slots locked, and every claim of them waiting, until TCP gives up after two hours."""


@dataclass(frozen=True, slots=True)
class Timeouts:
    """The longest time, in seconds, of a connect, a statement and a transaction on PostgreSQL."""

    connect: float = 5.0
    statement: float = 5.0
    transaction: float = 60.0


def open_transactions(address: Address, timeouts: Timeouts, *, pool_size: int = POOL_SIZE) -> Transactions:
    """Create the engine and its transactions; nothing is contacted yet."""
    if isinstance(address, SQLiteAddress):
        return _sqlite(URL.create("sqlite", database=str(address.path.absolute())), timeouts, pool_size)
    return _postgres(address, timeouts, pool_size)


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


def _postgres(address: PostgresAddress, timeouts: Timeouts, pool_size: int) -> Transactions:
    engine = create_async_engine(
        "postgresql+asyncpg://",
        async_creator=connector(address, timeouts),
        pool_size=pool_size,
        max_overflow=0,
        pool_timeout=timeouts.statement,
        pool_pre_ping=True,  # after a restart of the server the pool is full of dead connections
        pool_use_lifo=True,
        json_serializer=dump_json,
        hide_parameters=True,
    )
    return AsyncTransactions(engine, timeout=timeouts.transaction)


def connector(address: PostgresAddress, timeouts: Timeouts) -> Callable[[], Awaitable[Any]]:
    """Return what opens a connection of asyncpg to an address."""

    async def connect() -> Any:
        try:
            return await asyncpg.connect(
                address.dsn,
                timeout=address.connect_timeout or timeouts.connect,
                command_timeout=timeouts.statement,
                server_settings={
                    "application_name": "scrape-operator",
                    "idle_in_transaction_session_timeout": IDLE_TRANSACTION_TIMEOUT,
                },
            )
        except ValueError as error:  # also asyncpg.ClientConfigurationError; its text may quote the password
            raise InvalidValue(
                "DATABASE_URL can't be read: it is postgresql://user:password@host:port/database, with special "
                "characters of user and password percent-encoded"
            ) from error

    return connect
