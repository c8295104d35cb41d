"""How many items each schedule has, kept as they come and go.

Revision ID: 0003
Revises: 0002
"""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

COUNTED = """
INSERT INTO item_totals (schedule_uid, total)
SELECT schedule_uid, count(*) FROM items WHERE gone_at IS NULL GROUP BY schedule_uid
"""


def upgrade() -> None:
    """Make the table, and count what is there."""
    op.create_table(
        "item_totals",
        sa.Column("schedule_uid", sa.Text(), nullable=False),
        sa.Column("total", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("schedule_uid", name="pk_item_totals"),
    )
    op.execute(COUNTED)


def downgrade() -> None:
    """Drop the table."""
    op.drop_table("item_totals")
