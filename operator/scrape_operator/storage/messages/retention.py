"""Deletes old messages. The store prunes them beside the rows of sinks: of each schedule by age, of a deleted one all.

What is delivered and given up is bounded by number as well, when a delivery ends (see `delivering`).
"""

from collections.abc import Sequence
from datetime import timedelta

from sqlalchemy import Connection, Table, and_, delete, not_, or_, select

from scrape_operator.core.notifications.delivery import GIVE_UP_AFTER
from scrape_operator.core.runs.run import RunResult
from scrape_operator.storage.messages.tables import is_pending, webhook_messages
from scrape_operator.storage.sinks import Age, Sink, Transactions

ROWS_AT_ONCE = 1_000

PENDING_AGE = GIVE_UP_AFTER + timedelta(days=1)
"""How long a message waits beyond the age of other rows: longer than its retries, for a schedule that is stalled."""

_m = webhook_messages.c


class MessageRows(Sink):
    """The rows of messages. They are written with the end of a run, so there is nothing to store."""

    name = "webhook messages"
    owned: Sequence[Table] = (webhook_messages,)

    async def store(self, transactions: Transactions, result: RunResult) -> None:
        """Do nothing."""

    def prune(self, connection: Connection, ages: Sequence[Age]) -> list[bool]:
        """Delete some of the messages that are too old. Return for each age whether there are more."""
        return [_prune(connection, age) for age in ages]


def _prune(connection: Connection, age: Age) -> bool:
    is_of = _m.schedule_uid == age.schedule_uid
    if age.older_than is not None:
        is_unused = or_(not_(is_pending), _m.created_at < age.older_than - PENDING_AGE)
        is_of = and_(is_of, _m.created_at < age.older_than, is_unused)
    doomed = select(_m.id).where(is_of).limit(ROWS_AT_ONCE)
    return connection.execute(delete(webhook_messages).where(_m.id.in_(doomed))).rowcount >= ROWS_AT_ONCE
