"""Connections that only read, apart from those of the writer. Used by the readers of this package.

Each statement has a transaction of its own, so that a reader never holds back PostgreSQL's vacuum or SQLite's
checkpoint. A SQLite file is read without its lock and may be in use: its writer does not wait for readers.
"""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any

from sqlalchemy import Connection, Executable, Row

from scrape_operator.core.errors import InvalidValue
from scrape_operator.settings import Settings
from scrape_operator.storage.engine.address import Address, SQLiteAddress, address_of
from scrape_operator.storage.engine.factory import Timeouts, open_sqlite_to_read, open_transactions
from scrape_operator.storage.engine.faults import translated
from scrape_operator.storage.engine.schema_version import current_revision, demand_head
from scrape_operator.storage.engine.transactions import Transactions

READ_ONLY: Mapping[str, Any] = {"postgresql_readonly": True}

POOL_SIZE = 2
"""Connections of one reader; those who ask while all are in use wait."""

Rows = Sequence[Row[*tuple[Any, ...]]]


class ReadOnlyDatabase:
    """Runs SELECT statements. Made by `open_read_only`."""

    def __init__(self, transactions: Transactions) -> None:
        self._transactions = transactions
        self._is_checked = False

    async def rows(self, statement: Executable) -> Rows:
        """Return the rows of a statement.

        Raises:
            SchemaMismatch: the tables are not of this version.
            StoreUnavailable: the database is away, or did not answer in time.

        """
        with translated():
            return await self._transactions.run(lambda connection: self._read(connection, statement), READ_ONLY)

    async def check(self) -> None:
        """Raise what `rows` would raise."""
        with translated():
            await self._transactions.run(self._check, READ_ONLY)

    def _read(self, connection: Connection, statement: Executable) -> Rows:
        self._check(connection)
        return connection.execute(statement).all()

    def _check(self, connection: Connection) -> None:
        if not self._is_checked:
            demand_head(current_revision(connection))
            self._is_checked = True


@asynccontextmanager
async def open_read_only(settings: Settings, timeouts: Timeouts | None = None) -> AsyncIterator[ReadOnlyDatabase]:
    """Open the database that the settings name; nothing is contacted before the first statement.

    Raises:
        InvalidValue: the settings name no usable database.

    """
    transactions = _open(address_of(settings), timeouts or Timeouts())
    try:
        yield ReadOnlyDatabase(transactions)
    finally:
        await transactions.close()


def _open(address: Address, timeouts: Timeouts) -> Transactions:
    if not isinstance(address, SQLiteAddress):
        return open_transactions(address, timeouts, pool_size=POOL_SIZE)
    if not address.path.exists():
        remedy = "set SCRAPE_OPERATOR_SQLITE_PATH or DATABASE_URL to the operator's database"
        raise InvalidValue(f"there is no SQLite file {address.path.absolute()}: {remedy}")
    return open_sqlite_to_read(address, timeouts, pool_size=POOL_SIZE)
