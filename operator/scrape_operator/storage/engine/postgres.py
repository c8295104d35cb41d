"""The engine for PostgreSQL. Imported by `factory` when it is needed: SQLAlchemy's asyncio package imports its ORM."""

from collections.abc import Awaitable, Callable
from typing import Any

import asyncpg
from sqlalchemy.ext.asyncio import create_async_engine

from scrape_operator.core.errors import InvalidValue
from scrape_operator.storage.engine.address import PostgresAddress
from scrape_operator.storage.engine.cleaning import dump_json
from scrape_operator.storage.engine.transactions import AsyncTransactions, Timeouts, Transactions

IDLE_TRANSACTION_TIMEOUT = "15s"
"""After so long PostgreSQL ends a transaction whose client went silent (a node that lost power), which
would else keep its slots locked, and every claim of them waiting, until TCP gives up after two hours."""


def open_postgres(address: PostgresAddress, timeouts: Timeouts, pool_size: int) -> Transactions:
    """Create the engine and its transactions; nothing is contacted yet."""
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
        except (ValueError, OverflowError) as error:  # also asyncpg.ClientConfigurationError, which quotes the password
            raise InvalidValue(
                "DATABASE_URL can't be read: it is postgresql://user:password@host:port/database, with special "
                "characters of user and password percent-encoded"
            ) from error

    return connect
