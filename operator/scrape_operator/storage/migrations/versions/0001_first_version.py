"""Runs, what became of their targets, and items.

Revision ID: 0001
Revises:
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

JSON = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")
INSTANT = sa.DateTime(timezone=True)


def upgrade() -> None:
    _create_runs()
    _create_indexes_of_runs()
    _create_target_runs()
    _create_items()


def _create_runs() -> None:
    op.create_table(
        "scrape_runs",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("schedule_uid", sa.Text(), nullable=False),
        sa.Column("namespace", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("generation", sa.BigInteger(), nullable=False),
        sa.Column("trigger", sa.Text(), nullable=False),
        sa.Column("slot", sa.Text(), nullable=False),
        sa.Column("scheduled_for", INSTANT, nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("message", sa.Text(), nullable=True),
        sa.Column("started_at", INSTANT, nullable=True),
        sa.Column("completed_at", INSTANT, nullable=True),
        sa.Column("items_scraped", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("items_total", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("items_new", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("items_changed", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("items_gone", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("requests", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("bytes", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("missed", sa.BigInteger(), nullable=False),
        sa.Column("owner", sa.Text(), nullable=False),
        sa.Column("lease_expires_at", INSTANT, nullable=True),
        sa.Column("policy", sa.Text(), nullable=True),
        sa.Column("robots", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_scrape_runs"),
        sa.UniqueConstraint("schedule_uid", "slot", name="uq_scrape_runs_schedule_uid_slot"),
    )


def _create_indexes_of_runs() -> None:
    op.create_index("ix_scrape_runs_history", "scrape_runs", ["schedule_uid", sa.literal_column("scheduled_for DESC")])
    running = sa.text("status = 'RUNNING'")
    op.create_index(
        "ix_scrape_runs_running",
        "scrape_runs",
        ["lease_expires_at"],
        postgresql_where=running,
        sqlite_where=running,
    )


def _create_target_runs() -> None:
    op.create_table(
        "scrape_target_runs",
        sa.Column("run_id", sa.Uuid(), nullable=False),
        sa.Column("target", sa.Text(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("message", sa.Text(), nullable=False),
        sa.Column("http_status", sa.Integer(), nullable=True),
        sa.Column("duration", sa.Float(), nullable=False),
        sa.Column("requests", sa.BigInteger(), nullable=False),
        sa.Column("bytes", sa.BigInteger(), nullable=False),
        sa.Column("pages", sa.BigInteger(), nullable=False),
        sa.Column("items", sa.BigInteger(), nullable=False),
        sa.Column("warnings", JSON, nullable=False),
        sa.Column("phases", JSON, nullable=False),
        sa.Column("breach", sa.Text(), nullable=True),
        sa.Column("since", INSTANT, nullable=True),
        sa.PrimaryKeyConstraint("run_id", "target", name="pk_scrape_target_runs"),
        sa.ForeignKeyConstraint(
            ["run_id"], ["scrape_runs.id"], name="fk_scrape_target_runs_run_id", ondelete="CASCADE"
        ),
    )


def _create_items() -> None:
    op.create_table(
        "items",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("schedule_uid", sa.Text(), nullable=False),
        sa.Column("target", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("data", JSON, nullable=False),
        sa.Column("content_hash", sa.Text(), nullable=False),
        sa.Column("first_seen_at", INSTANT, nullable=False),
        sa.Column("last_seen_at", INSTANT, nullable=False),
        sa.Column("changed_at", INSTANT, nullable=False),
        sa.Column("gone_at", INSTANT, nullable=True),
        sa.Column("run_id", sa.Uuid(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_items"),
        sa.UniqueConstraint("schedule_uid", "target", "key", name="uq_items_schedule_uid_target_key"),
    )


def downgrade() -> None:
    op.drop_table("items")
    op.drop_table("scrape_target_runs")
    op.drop_table("scrape_runs")
