"""Transactions on a database that may be away, now or at the start. Used by the committer and the store."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from scrape_operator.core.errors import StoreUnavailable
from scrape_operator.storage.address import Address, SQLiteAddress
from scrape_operator.storage.engine import WRITES, Timeouts, create_engine
from scrape_operator.storage.errors import SchemaMismatch
from scrape_operator.storage.faults import translated
from scrape_operator.storage.schema import current_revision, demand_head, needs_upgrade

logger = logging.getLogger(__name__)

DISPOSE_SECONDS = 5.0


class Database:
    """An engine whose schema is checked at the first contact, whenever that comes."""

    def __init__(self, address: Address, timeouts: Timeouts) -> None:
        self.address = address
        self.engine: AsyncEngine = create_engine(address, timeouts)
        self._timeouts = timeouts
        self._checked = False

    async def open(self) -> None:
        """Bring a SQLite file up to date; look whether PostgreSQL is, if it is there.

        PostgreSQL that can't be reached is no error: the process comes up, is not ready, and recovers.

        Raises:
            SchemaMismatch: the tables are newer than this program, or PostgreSQL's are older.

        """
        try:
            async with self._connected() as connection:
                revision = await current_revision(connection)
        except StoreUnavailable as error:
            if isinstance(self.address, SQLiteAddress):
                raise
            logger.warning("starting without the database: %s", error)
            return
        if isinstance(self.address, SQLiteAddress) and needs_upgrade(revision):
            from scrape_operator.storage.migrate import upgrade_engine  # noqa: PLC0415 -- alembic costs 45 MB

            await upgrade_engine(self.engine)
        else:
            demand_head(revision)
        self._checked = True

    async def close(self) -> None:
        """Close all connections; one that hangs is left to the kernel."""
        with suppress(TimeoutError):
            async with asyncio.timeout(DISPOSE_SECONDS):
                await self.engine.dispose()

    @asynccontextmanager
    async def writing(self) -> AsyncIterator[AsyncConnection]:
        """Open a transaction that commits at the end, and is undone by an error.

        Raises:
            StoreUnavailable: the database is away; whether a commit under way was done is not known.
            StoreRefused: a row can't be stored; nothing was.

        """
        async with self._connected() as connection:
            await connection.execution_options(**WRITES)
            transaction = await connection.begin()
            await self._check(connection)
            yield connection
            await transaction.commit()

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[AsyncConnection]:
        """Open a transaction that only reads.

        Raises:
            StoreUnavailable: the database is away, or did not answer in time.

        """
        async with self._connected() as connection:
            await self._check(connection)
            yield connection

    @asynccontextmanager
    async def _connected(self) -> AsyncIterator[AsyncConnection]:
        """Take a connection, which is rolled back at the end if it did not commit."""
        with translated():
            async with asyncio.timeout(self._timeouts.transaction), self.engine.connect() as connection:
                try:
                    yield connection
                except TimeoutError:  # a rollback would wait in vain as well
                    await connection.invalidate()
                    raise

    async def _check(self, connection: AsyncConnection) -> None:
        if self._checked:
            return
        try:
            demand_head(await current_revision(connection))
        except SchemaMismatch as error:  # found after the start, so a migration may yet come: ask again later
            raise StoreUnavailable(str(error)) from error
        self._checked = True
