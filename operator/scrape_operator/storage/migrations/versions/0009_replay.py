"""What a replay needs to know of kept responses: detail documents, the Link header, and when they were received.

Revision ID: 0009
Revises: 0008
"""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

INSTANT = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Add the columns; responses that are there already are pages, with no time of their own."""
    op.add_column("bodies", sa.Column("link_header", sa.Text(), nullable=False, server_default=""))
    op.add_column("bodies", sa.Column("detail_of", sa.Text(), nullable=False, server_default=""))
    op.add_column("bodies", sa.Column("fetched_at", INSTANT, nullable=True))


def downgrade() -> None:
    """Drop what this revision added."""
    for name in ("fetched_at", "detail_of", "link_header"):
        op.drop_column("bodies", name)
