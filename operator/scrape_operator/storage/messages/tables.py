"""The tables of webhooks and of the messages to them. `migrations` creates them."""

from sqlalchemy import BigInteger, Boolean, Column, Index, Integer, Table, UniqueConstraint, false, literal_column

from scrape_operator.core.notifications.delivery import MessageStatus
from scrape_operator.storage.engine.columns import CleanText, RowId, StoredUuid, UTCDateTime
from scrape_operator.storage.tables import metadata

webhooks = Table(
    "webhooks",
    metadata,
    Column("schedule_uid", CleanText, primary_key=True),
    Column("name", CleanText, primary_key=True),
    Column("run_failed", Boolean, nullable=False, server_default=false()),
    Column("data_unhealthy", Boolean, nullable=False, server_default=false()),
    Column("reason", CleanText),
    Column("message", CleanText),
    Column("disabled_generation", BigInteger),
)
"""One row per webhook that had an event, or whose delivery failed. `run_failed` and `data_unhealthy` are what it has
been told last. `reason` and `message` say why the last attempts failed, NULL where they did not. Its receiver answered
410 Gone to the spec of `disabled_generation`."""

webhook_messages = Table(
    "webhook_messages",
    metadata,
    Column("id", RowId, primary_key=True, autoincrement=True),
    Column("message_id", CleanText, nullable=False),
    Column("schedule_uid", CleanText, nullable=False),
    Column("namespace", CleanText, nullable=False),
    Column("name", CleanText, nullable=False),
    Column("webhook", CleanText, nullable=False),
    Column("event", CleanText, nullable=False),
    Column("run_id", StoredUuid, nullable=False),
    Column("status", CleanText, nullable=False),
    Column("payload", CleanText, nullable=False),
    Column("created_at", UTCDateTime, nullable=False),
    Column("attempts", Integer, nullable=False, server_default="0"),
    Column("first_attempt_at", UTCDateTime),
    Column("next_attempt_at", UTCDateTime, nullable=False),
    Column("sent_at", UTCDateTime),
    Column("ended_at", UTCDateTime),
    Column("reason", CleanText),
    Column("error", CleanText),
    UniqueConstraint("message_id"),
    Index("ix_webhook_messages_schedule", "schedule_uid", "webhook", "id"),
)
"""One row per message to a webhook, in the order of the events. `message_id` is the header webhook-id. `run_id` is the
last run that the message is about. `attempts` and `first_attempt_at` are those since it was written or redelivered;
`sent_at` is its last attempt of all, and a message that has one keeps its payload. `ended_at` is when it was delivered
or given up; `reason` and `error` say why the last attempt failed."""

is_pending = webhook_messages.c.status == literal_column(f"'{MessageStatus.PENDING.value}'")

Index(
    "ix_webhook_messages_pending",
    webhook_messages.c.schedule_uid,
    webhook_messages.c.webhook,
    webhook_messages.c.id,
    postgresql_where=is_pending,
    sqlite_where=is_pending,
)

is_dead = webhook_messages.c.status == literal_column(f"'{MessageStatus.FAILED.value}'")

Index(
    "ix_webhook_messages_failed",
    webhook_messages.c.schedule_uid,
    webhook_messages.c.webhook,
    webhook_messages.c.id,
    postgresql_where=is_dead,
    sqlite_where=is_dead,
)
