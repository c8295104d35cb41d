"""Connections that only read, apart from those of the writer. Used by the readers of this package.

Each statement has a transaction of its own, so that a reader never holds back PostgreSQL's vacuum or SQLite's
checkpoint. A SQLite file is read without its lock and may be in use: its writer does not wait for readers.
"""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any, TypeVar

from sqlalchemy import Connection, Executable, Row

from scrape_operator.core.errors import InvalidValue
from scrape_operator.settings import Settings
from scrape_operator.storage.engine.address import Address, SQLiteAddress, address_of
from scrape_operator.storage.engine.factory import open_sqlite_to_read, open_transactions
from scrape_operator.storage.engine.faults import translated
from scrape_operator.storage.engine.schema_version import current_revision, demand_head
from scrape_operator.storage.engine.transactions import Timeouts, Transactions, Work

READ_ONLY: Mapping[str, Any] = {"postgresql_readonly": True}

ONE_SNAPSHOT: Mapping[str, Any] = {**READ_ONLY, "isolation_level": "REPEATABLE READ"}
"""On PostgreSQL all statements of such a transaction see the same rows; on SQLite they always do."""

T = TypeVar("T")

POOL_SIZE = 2
"""Connections of one reader; those who ask while all are in use wait."""

Rows = Sequence[Row[*tuple[Any, ...]]]


class ReadOnlyDatabase:
    """Runs SELECT statements. Made by `open_read_only`."""

    def __init__(self, transactions: Transactions, snapshot: Mapping[str, Any] = READ_ONLY) -> None:
        self._transactions = transactions
        self._snapshot = snapshot
        self._is_checked = False

    async def rows(self, statement: Executable) -> Rows:
        """Return the rows of a statement.

        Raises:
            SchemaMismatch: the tables are not of this version.
            StoreUnavailable: the database is away, or did not answer in time.

        """
        with translated():
            return await self._transactions.run(lambda connection: self._read(connection, statement), READ_ONLY)

    async def snapshot(self, work: Work[T]) -> T:
        """Return the result of a function whose statements all see the same rows.

        Raises:
            SchemaMismatch: the tables are not of this version.
            StoreUnavailable: the database is away, or did not answer in time.

        """

        def checked(connection: Connection) -> T:
            self._check(connection)
            return work(connection)

        with translated():
            return await self._transactions.run(checked, self._snapshot)

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
async def open_read_only(
    settings: Settings, timeouts: Timeouts | None = None, *, may_come_later: bool = False
) -> AsyncIterator[ReadOnlyDatabase]:
    """Open the database that the settings name; nothing is contacted before the first statement.

    With `may_come_later` a SQLite file that does not exist is a database that is away.

    Raises:
        InvalidValue: the settings name no usable database.

    """
    address = address_of(settings)
    if isinstance(address, SQLiteAddress) and not may_come_later:
        _demand_file(address)
    transactions = _open(address, timeouts or Timeouts())
    try:
        yield ReadOnlyDatabase(transactions, READ_ONLY if isinstance(address, SQLiteAddress) else ONE_SNAPSHOT)
    finally:
        await transactions.close()


def _demand_file(address: SQLiteAddress) -> None:
    if not address.path.exists():
        remedy = "set SCRAPE_OPERATOR_SQLITE_PATH or DATABASE_URL to the operator's database"
        raise InvalidValue(f"there is no SQLite file {address.path.absolute()}: {remedy}")


def _open(address: Address, timeouts: Timeouts) -> Transactions:
    if isinstance(address, SQLiteAddress):
        return open_sqlite_to_read(address, timeouts, pool_size=POOL_SIZE)
    return open_transactions(address, timeouts, pool_size=POOL_SIZE)
