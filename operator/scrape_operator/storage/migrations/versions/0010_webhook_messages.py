"""Messages to webhooks.

Revision ID: 0010
Revises: 0009
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

JSON = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")
INSTANT = sa.DateTime(timezone=True)
ROW_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.add_column("schedules", sa.Column("webhooks", JSON, nullable=True))
    _create_webhooks()
    _create_messages()
    _create_indexes_of_messages()


def _create_webhooks() -> None:
    op.create_table(
        "webhooks",
        sa.Column("schedule_uid", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("run_failed", sa.Boolean(), nullable=False, server_default=sa.false()),
        sa.Column("data_unhealthy", sa.Boolean(), nullable=False, server_default=sa.false()),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("message", sa.Text(), nullable=True),
        sa.Column("disabled_generation", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("schedule_uid", "name", name="pk_webhooks"),
    )


def _create_messages() -> None:
    op.create_table(
        "webhook_messages",
        sa.Column("id", ROW_ID, autoincrement=True, nullable=False),
        sa.Column("message_id", sa.Text(), nullable=False),
        sa.Column("schedule_uid", sa.Text(), nullable=False),
        sa.Column("namespace", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("webhook", sa.Text(), nullable=False),
        sa.Column("event", sa.Text(), nullable=False),
        sa.Column("run_id", sa.Uuid(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("payload", sa.Text(), nullable=False),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False, server_default="0"),
        sa.Column("first_attempt_at", INSTANT, nullable=True),
        sa.Column("next_attempt_at", INSTANT, nullable=False),
        sa.Column("sent_at", INSTANT, nullable=True),
        sa.Column("ended_at", INSTANT, nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("error", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_webhook_messages"),
        sa.UniqueConstraint("message_id", name="uq_webhook_messages_message_id"),
    )


def _create_indexes_of_messages() -> None:
    op.create_index("ix_webhook_messages_schedule", "webhook_messages", ["schedule_uid", "webhook", "id"])
    for status in ("pending", "failed"):
        has_status = sa.text(f"status = '{status.upper()}'")
        op.create_index(
            f"ix_webhook_messages_{status}",
            "webhook_messages",
            ["schedule_uid", "webhook", "id"],
            postgresql_where=has_status,
            sqlite_where=has_status,
        )


def downgrade() -> None:
    op.drop_table("webhook_messages")
    op.drop_table("webhooks")
    op.drop_column("schedules", "webhooks")
