"""Transactions on a database that may be away, now or at the start. Used by the committer and the store."""

import asyncio
import logging
from collections.abc import Mapping
from contextlib import suppress
from typing import Any, TypeVar

from sqlalchemy import Connection

from scrape_operator.core.errors import StoreUnavailable
from scrape_operator.storage.engine.address import Address, SQLiteAddress
from scrape_operator.storage.engine.factory import open_transactions
from scrape_operator.storage.engine.faults import translated
from scrape_operator.storage.engine.schema_version import current_revision, demand_head, needs_upgrade
from scrape_operator.storage.engine.transactions import READS, WRITES, Timeouts, Work
from scrape_operator.storage.errors import SchemaMismatch

T = TypeVar("T")

logger = logging.getLogger(__name__)

DISPOSE_SECONDS = 5.0


class Database:
    """Transactions on tables whose version is checked at the first contact, whenever that comes."""

    def __init__(self, address: Address, timeouts: Timeouts) -> None:
        self.address = address
        self.transactions = open_transactions(address, timeouts)
        self._checked = False

    async def open(self) -> None:
        """Migrate a SQLite file; check the version of PostgreSQL's tables, if it is there.

        PostgreSQL that can't be reached is no error: the process comes up, is not ready, and recovers.

        Raises:
            SchemaMismatch: the tables are newer than this program, or PostgreSQL's are older.

        """
        try:
            with translated():
                revision = await self.transactions.run(current_revision)
        except StoreUnavailable as error:
            if isinstance(self.address, SQLiteAddress):
                raise
            logger.warning("starting without the database: %s", error)
            return
        if isinstance(self.address, SQLiteAddress) and needs_upgrade(revision):
            from scrape_operator.storage.engine.migrate import upgrade_tables  # noqa: PLC0415 -- alembic costs 45 MB

            await self._run(upgrade_tables, WRITES)
        else:
            demand_head(revision)
        self._checked = True

    async def close(self) -> None:
        """Close all connections; one that hangs is left to the kernel."""
        with suppress(TimeoutError):
            async with asyncio.timeout(DISPOSE_SECONDS):
                await self.transactions.close()

    async def write(self, work: Work[T]) -> T:
        """Execute a function in a transaction that is committed at the end, and rolled back by an error.

        Raises:
            StoreUnavailable: the database is away; whether a commit under way was done is not known.
            StoreRefused: a row can't be stored; nothing was.

        """
        return await self._run(lambda connection: self._checked_work(connection, work), WRITES)

    async def read(self, work: Work[T]) -> T:
        """Execute a function in a transaction that only reads.

        Raises:
            StoreUnavailable: the database is away, or did not answer in time.

        """
        return await self._run(lambda connection: self._checked_work(connection, work), READS)

    async def _run(self, work: Work[T], options: Mapping[str, Any]) -> T:
        with translated():
            return await self.transactions.run(work, options)

    def _checked_work(self, connection: Connection, work: Work[T]) -> T:
        if not self._checked:
            try:
                demand_head(current_revision(connection))
            except SchemaMismatch as error:  # found after the start, so a migration may yet come: ask again later
                raise StoreUnavailable(str(error)) from error
            self._checked = True
        return work(connection)
