"""What targets leave for their next run: how often fields were found, and validators.

Revision ID: 0005
Revises: 0004
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

JSON = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")


def upgrade() -> None:
    op.add_column("scrape_target_runs", sa.Column("found", JSON, nullable=True))
    op.create_table(
        "validators",
        sa.Column("schedule_uid", sa.Text(), nullable=False),
        sa.Column("target", sa.Text(), nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("etag", sa.Text(), nullable=False),
        sa.Column("last_modified", sa.Text(), nullable=False),
        sa.Column("body_hash", sa.Text(), nullable=False),
        sa.Column("fingerprint", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("schedule_uid", "target", name="pk_validators"),
    )


def downgrade() -> None:
    op.drop_table("validators")
    op.drop_column("scrape_target_runs", "found")
