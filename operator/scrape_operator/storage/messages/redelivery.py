"""Makes dead letters wait for their delivery again. For the CLI, beside an operator that uses the database.

It is one short transaction. SQLite lets the writer of another process on the same machine wait for it, so the lock that
keeps a second operator away is not taken.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial

from sqlalchemy import ColumnElement, Connection, and_, select, update

from scrape_operator.core.errors import InvalidValue
from scrape_operator.core.notifications.delivery import MessageStatus
from scrape_operator.settings import Settings
from scrape_operator.storage.engine.address import SQLiteAddress, address_of
from scrape_operator.storage.engine.factory import open_transactions
from scrape_operator.storage.engine.faults import translated
from scrape_operator.storage.engine.schema_version import current_revision, demand_head
from scrape_operator.storage.engine.transactions import WRITES, Timeouts
from scrape_operator.storage.messages.tables import is_dead, webhook_messages, webhooks
from scrape_operator.storage.tables import schedules

_m, _w, _s = webhook_messages.c, webhooks.c, schedules.c


@dataclass(frozen=True, slots=True)
class DeadLetters:
    """Which dead letters are meant: those of a namespace, a schedule, a webhook, or the one with an ID."""

    namespace: str
    name: str | None = None
    webhook: str | None = None
    message_id: str | None = None


async def redeliver(settings: Settings, which: DeadLetters, now: datetime) -> int:
    """Make dead letters wait for their delivery again, and enable their webhooks. Return how many there were.

    Raises:
        InvalidValue: the settings name no database that exists.
        SchemaMismatch: the tables are not of this version.
        StoreUnavailable: the database is away, or busy.

    """
    address = address_of(settings)
    if isinstance(address, SQLiteAddress) and not address.path.exists():
        remedy = "set SCRAPE_OPERATOR_SQLITE_PATH or DATABASE_URL to the operator's database"
        raise InvalidValue(f"there is no SQLite file {address.path.absolute()}: {remedy}")
    transactions = open_transactions(address, Timeouts(), pool_size=1)
    try:
        with translated():
            return await transactions.run(partial(_redeliver, which=which, now=now), WRITES)
    finally:
        await transactions.close()


def _redeliver(connection: Connection, which: DeadLetters, now: datetime) -> int:
    demand_head(current_revision(connection))
    rows = connection.execute(
        select(_m.id, _m.schedule_uid, _m.webhook)
        .join_from(webhook_messages, schedules, _s.uid == _m.schedule_uid)
        .where(is_dead, _s.deleted_at.is_(None), *_conditions(which))
    ).all()
    if not rows:
        return 0
    waits = {
        "status": MessageStatus.PENDING.value,
        "attempts": 0,
        "first_attempt_at": None,
        "next_attempt_at": now,
        "ended_at": None,
    }
    connection.execute(update(webhook_messages).where(_m.id.in_([row.id for row in rows])).values(waits))
    for uid, webhook in sorted({(row.schedule_uid, row.webhook) for row in rows}):
        enabled = update(webhooks).where(and_(_w.schedule_uid == uid, _w.name == webhook))
        connection.execute(enabled.values(disabled_generation=None))
    return len(rows)


def _conditions(which: DeadLetters) -> Sequence[ColumnElement[bool]]:
    given = (
        (_m.namespace, which.namespace),
        (_m.name, which.name),
        (_m.webhook, which.webhook),
        (_m.message_id, which.message_id),
    )
    return [column == value for column, value in given if value is not None]
