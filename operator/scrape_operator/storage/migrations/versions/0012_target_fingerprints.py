"""The settings that a target was read with: only runs with the same ones tell what is usual.

Revision ID: 0012
Revises: 0011
"""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column. Runs that are there already have no fingerprint, and are compared with no later one."""
    op.add_column("scrape_target_runs", sa.Column("fingerprint", sa.Text(), nullable=False, server_default=""))


def downgrade() -> None:
    """Drop what this revision added."""
    op.drop_column("scrape_target_runs", "fingerprint")
