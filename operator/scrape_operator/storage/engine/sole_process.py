"""One operator at a time on a PostgreSQL database, as `lock` ensures it for a SQLite file.

Two operators would both run every schedule and write every status. The session that holds an advisory lock shows that
one is alive: PostgreSQL releases the lock when the process dies or its connection breaks.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from typing import Any

import asyncpg

from scrape_operator.settings import Settings
from scrape_operator.storage.engine.address import PostgresAddress, address_of
from scrape_operator.storage.engine.transactions import Timeouts
from scrape_operator.storage.errors import StoreLocked

logger = logging.getLogger(__name__)

LOCK_KEY = 7_234_872_346
KEEPALIVES = (
    "SET tcp_keepalives_idle = 10",
    "SET tcp_keepalives_interval = 5",
    "SET tcp_keepalives_count = 3",
)
"""PostgreSQL finds within 25 s that a node lost power, and releases its lock; with its defaults after two hours."""

CHECK_SECONDS = 5.0
AWAY = (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError)


class SoleProcess:
    """Holds the lock of this process. Needs `run` as a task, which ends with StoreLocked if another process has it."""

    def __init__(self, connect: Callable[[], Awaitable[Any]]) -> None:
        self._connect = connect
        self._connection: Any = None

    async def acquire(self) -> None:
        """Take the lock. A database that is away is no error: `run` takes the lock when it is back.

        Raises:
            StoreLocked: another process has it.

        """
        try:
            connection = await self._connect()
            for statement in KEEPALIVES:
                await connection.execute(statement)
            is_taken = await connection.fetchval("SELECT pg_try_advisory_lock($1)", LOCK_KEY)
        except AWAY as error:
            logger.warning("lock of the database not taken yet", extra={"error": str(error)})
            return
        if not is_taken:
            await connection.close()
            raise StoreLocked(
                "another scrape-operator uses this PostgreSQL database; one replica is supported: stop the other one, "
                "or set DATABASE_URL to another database"
            )
        self._connection = connection

    async def run(self) -> None:
        """Keep the lock until this task is canceled; take it again after the connection broke."""
        while True:
            await asyncio.sleep(CHECK_SECONDS)
            if self._connection is None:
                await self.acquire()
                continue
            try:
                await self._connection.fetchval("SELECT 1")
            except AWAY as error:
                logger.warning("lock of the database is lost and taken again", extra={"error": str(error)})
                await self.release()

    async def release(self) -> None:
        """Close the connection, which releases the lock."""
        connection, self._connection = self._connection, None
        if connection is not None:
            with suppress(*AWAY):
                await connection.close(timeout=CHECK_SECONDS)


@asynccontextmanager
async def sole_process(settings: Settings) -> AsyncIterator[SoleProcess | None]:
    """Lock the PostgreSQL database of the settings; None for SQLite, whose file is locked by `open_store`.

    Raises:
        StoreLocked: another process has it.

    """
    address = address_of(settings)
    if not isinstance(address, PostgresAddress):
        yield None
        return
    from scrape_operator.storage.engine.postgres import connector

    sole = SoleProcess(connector(address, Timeouts()))
    await sole.acquire()
    try:
        yield sole
    finally:
        await sole.release()
