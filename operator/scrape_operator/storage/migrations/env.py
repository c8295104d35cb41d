"""Run by alembic. `migrate` gives it an open connection; the alembic command gives none, so it opens the settings'."""

import asyncio
from typing import Literal

from alembic import context
from alembic.autogenerate.api import AutogenContext
from sqlalchemy import Connection

from scrape_operator.settings import Settings
from scrape_operator.storage.engine.address import address_of
from scrape_operator.storage.engine.factory import open_transactions
from scrape_operator.storage.engine.migrate import TIMEOUTS
from scrape_operator.storage.engine.transactions import WRITES
from scrape_operator.storage.schema import metadata

NEUTRAL = {
    "CleanText": "sa.Text()",
    "Exact": "sa.Numeric()",
    "StoredUuid": "sa.Uuid()",
    "UTCDateTime": "sa.DateTime(timezone=True)",
}
"""A version must mean the same for ever, so it names no type of this package."""


def render_type(kind: str, value: object, _context: AutogenContext) -> str | Literal[False]:
    """Write our column types as the plain ones that they are in the database."""
    return NEUTRAL.get(type(value).__name__, False) if kind == "type" else False


def run(connection: Connection) -> None:
    """Run what alembic was asked for inside the connection's transaction."""
    context.configure(connection=connection, target_metadata=metadata, render_item=render_type)
    with context.begin_transaction():
        context.run_migrations()


async def open_and_run() -> None:
    """Do so on the database that the environment names: for developers who write a new version."""
    transactions = open_transactions(address_of(Settings()), TIMEOUTS)
    try:
        await transactions.run(run, WRITES)
    finally:
        await transactions.close()


given = context.config.attributes.get("connection")
if given is None:
    asyncio.run(open_and_run())
else:
    run(given)
