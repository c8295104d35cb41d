"""Migrations of the schema. Called by the CLI's `migrate`, and for a SQLite file by `database`.

Nothing else imports this module: alembic costs 45 MB and 0.7 s, which a running operator does not spend.
"""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, text

from scrape_operator.settings import Settings
from scrape_operator.storage.engine.address import SQLiteAddress, address_of
from scrape_operator.storage.engine.factory import open_transactions
from scrape_operator.storage.engine.faults import translated
from scrape_operator.storage.engine.lock import exclusive
from scrape_operator.storage.engine.schema_version import current_revision, needs_upgrade
from scrape_operator.storage.engine.transactions import WRITES, Timeouts, Transactions

CONFIGURATION = Path(__file__).parents[1] / "migrations" / "alembic.ini"

TIMEOUTS = Timeouts(connect=10.0, statement=3600.0, transaction=3600.0)
"""A migration may rewrite large tables. No probe waits for it."""

ONE_AT_A_TIME = text("SELECT pg_advisory_xact_lock(7234872345)")
"""Two migrations at once wait for each other. The number is arbitrary."""


async def upgrade(settings: Settings) -> None:
    """Migrate the database that the settings name to the schema of this program, if it has another one.

    Raises:
        SchemaMismatch: its schema is newer than this program.
        StoreLocked: a process has the SQLite file open.
        StoreUnavailable: it can't be reached.

    """
    async with _opened(settings) as transactions:
        await transactions.run(upgrade_tables, WRITES)


async def current(settings: Settings) -> str | None:
    """Return the version of the schema, or None if there are no tables."""
    async with _opened(settings) as transactions:
        return await transactions.run(current_revision)


def upgrade_tables(connection: Connection) -> None:
    """Migrate the tables to the schema of this program, in the transaction of a connection."""
    if connection.dialect.name == "postgresql":
        connection.execute(ONE_AT_A_TIME)
    if needs_upgrade(current_revision(connection)):
        command.upgrade(configuration(connection), "head")


def configuration(connection: Connection) -> Config:
    """Return alembic's configuration for a connection that is open; env.py reads it from there."""
    config = Config(CONFIGURATION)
    config.attributes["connection"] = connection
    return config


@asynccontextmanager
async def _opened(settings: Settings) -> AsyncIterator[Transactions]:
    address = address_of(settings)
    async with AsyncExitStack() as stack:
        if isinstance(address, SQLiteAddress):
            stack.enter_context(exclusive(address.path))
        transactions = open_transactions(address, TIMEOUTS)
        stack.push_async_callback(transactions.close)
        stack.enter_context(translated())
        yield transactions
