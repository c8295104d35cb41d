"""Deletes old messages. The store prunes them beside the rows of sinks: of each schedule by age, of a deleted one all.

What is delivered and given up is bounded by number as well, when a delivery ends (see `delivering`).
"""

from collections.abc import Sequence
from datetime import timedelta

from sqlalchemy import ColumnElement, Connection, Delete, Table, bindparam, delete, not_, or_, select

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
    uid, older_than = age.schedule_uid, age.older_than
    if older_than is None:
        deleted = connection.execute(_ALL, {"uid": uid})
    else:
        deleted = connection.execute(
            _OLD, {"uid": uid, "older_than": older_than, "given_up_before": older_than - PENDING_AGE}
        )
    return deleted.rowcount >= ROWS_AT_ONCE


def _deletion(*conditions: ColumnElement[bool]) -> Delete:
    doomed = select(_m.id).where(_m.schedule_uid == bindparam("uid"), *conditions).limit(ROWS_AT_ONCE)
    return delete(webhook_messages).where(_m.id.in_(doomed))


_ALL = _deletion()
_OLD = _deletion(
    _m.created_at < bindparam("older_than"), or_(not_(is_pending), _m.created_at < bindparam("given_up_before"))
)
