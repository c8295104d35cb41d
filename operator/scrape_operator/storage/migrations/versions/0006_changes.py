"""Changes of items, and kept responses.

Revision ID: 0006
Revises: 0005
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

JSON = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")
INSTANT = sa.DateTime(timezone=True)
ROW_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")

CHANGES = """
CREATE VIEW changes AS
SELECT
    schedule.namespace,
    schedule.name AS schedule,
    change.target,
    change.key,
    change.change,
    change.before,
    change.after,
    change.at,
    change.run_id
FROM item_changes AS change
JOIN schedules AS schedule ON schedule.uid = change.schedule_uid
"""


def upgrade() -> None:
    op.create_table(
        "item_changes",
        sa.Column("id", ROW_ID, autoincrement=True, nullable=False),
        sa.Column("schedule_uid", sa.Text(), nullable=False),
        sa.Column("target", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("run_id", sa.Uuid(), nullable=False),
        sa.Column("change", sa.Text(), nullable=False),
        sa.Column("before", JSON, nullable=True),
        sa.Column("after", JSON, nullable=True),
        sa.Column("at", INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_item_changes"),
    )
    op.create_index("ix_item_changes_schedule", "item_changes", ["schedule_uid", "at"])
    op.create_table(
        "bodies",
        sa.Column("id", ROW_ID, autoincrement=True, nullable=False),
        sa.Column("run_id", sa.Uuid(), nullable=False),
        sa.Column("schedule_uid", sa.Text(), nullable=False),
        sa.Column("target", sa.Text(), nullable=False),
        sa.Column("page", sa.Integer(), nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("http_status", sa.Integer(), nullable=False),
        sa.Column("content_type", sa.Text(), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_bodies"),
        sa.ForeignKeyConstraint(["run_id"], ["scrape_runs.id"], name="fk_bodies_run_id", ondelete="CASCADE"),
    )
    op.create_index("ix_bodies_run_id", "bodies", ["run_id"])
    op.create_index("ix_bodies_schedule", "bodies", ["schedule_uid", "id"])
    op.create_index("ix_bodies_digest", "bodies", ["digest"])
    op.create_table(
        "body_contents",
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("stored_bytes", sa.BigInteger(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("digest", name="pk_body_contents"),
    )
    op.execute(CHANGES)


def downgrade() -> None:
    op.execute("DROP VIEW changes")
    op.drop_table("body_contents")
    op.drop_table("bodies")
    op.drop_table("item_changes")
