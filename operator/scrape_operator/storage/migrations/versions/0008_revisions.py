"""Revisions of runs, and tombstones of those that were deleted: what a watch reads.

Revision ID: 0008
Revises: 0007
"""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

FIRST = "1"
NO_RUN = "00000000000000000000000000000000"

SQLITE_NEXT = """
MAX(COALESCE((SELECT MAX(revision) FROM scrape_runs), 0), COALESCE((SELECT MAX(revision) FROM run_tombstones), 0)) + 1
"""
SQLITE_NOW = "strftime('%Y-%m-%d %H:%M:%f', 'now')"

COLUMNS = """
revision, run_id, schedule_uid, namespace, name, trigger, status, reason, inserted_revision, run_revision, deleted_at
"""

# A new file never continues the numbers of one that was deleted, so that readers of that one notice.
SQLITE = (
    f"""
    INSERT INTO run_tombstones ({COLUMNS})
    VALUES (CAST(strftime('%s', 'now') AS INTEGER) * 1000, '{NO_RUN}', '', '', '', '', '', NULL, 0, 0, {SQLITE_NOW})
    """,
    f"""
    CREATE TRIGGER run_is_deleted AFTER DELETE ON scrape_runs FOR EACH ROW BEGIN
        INSERT INTO run_tombstones ({COLUMNS})
        VALUES (MAX(OLD.revision + 1, {SQLITE_NEXT}), OLD.id, OLD.schedule_uid, OLD.namespace, OLD.name, OLD.trigger, OLD.status, OLD.reason,
            OLD.inserted_revision, OLD.revision, {SQLITE_NOW});
    END
    """,
    f"""
    CREATE TRIGGER schedule_is_deleted AFTER UPDATE OF deleted_at ON schedules FOR EACH ROW
    WHEN OLD.deleted_at IS NULL AND NEW.deleted_at IS NOT NULL BEGIN
        INSERT INTO run_tombstones ({COLUMNS})
        VALUES ({SQLITE_NEXT}, '{NO_RUN}', NEW.uid, NEW.namespace, NEW.name, '', '', NULL, 0, 0, {SQLITE_NOW});
    END
    """,
)

POSTGRESQL_NEXT = "CAST(CAST(pg_current_xact_id() AS TEXT) AS BIGINT)"

POSTGRESQL = (
    f"""
    INSERT INTO run_tombstones ({COLUMNS})
    VALUES ({POSTGRESQL_NEXT}, CAST('{NO_RUN}' AS UUID), '', '', '', '', '', NULL, 0, 0, now())
    """,
    f"""
    CREATE FUNCTION bury_runs() RETURNS TRIGGER LANGUAGE plpgsql AS $$ BEGIN
        INSERT INTO run_tombstones ({COLUMNS})
        SELECT {POSTGRESQL_NEXT}, id, schedule_uid, namespace, name, trigger, status, reason, inserted_revision,
            revision, now()
        FROM deleted;
        RETURN NULL;
    END $$
    """,
    """
    CREATE TRIGGER run_is_deleted AFTER DELETE ON scrape_runs REFERENCING OLD TABLE AS deleted
    FOR EACH STATEMENT EXECUTE FUNCTION bury_runs()
    """,
    f"""
    CREATE FUNCTION bury_schedule() RETURNS TRIGGER LANGUAGE plpgsql AS $$ BEGIN
        INSERT INTO run_tombstones ({COLUMNS})
        VALUES ({POSTGRESQL_NEXT}, CAST('{NO_RUN}' AS UUID), NEW.uid, NEW.namespace, NEW.name, '', '', NULL, 0, 0, now())
        ON CONFLICT DO NOTHING;
        RETURN NULL;
    END $$
    """,
    """
    CREATE TRIGGER schedule_is_deleted AFTER UPDATE OF deleted_at ON schedules FOR EACH ROW
    WHEN (OLD.deleted_at IS NULL AND NEW.deleted_at IS NOT NULL) EXECUTE FUNCTION bury_schedule()
    """,
)


def upgrade() -> None:
    """Number the changes of runs from now on; what is there counts as the first."""
    for name in ("inserted_revision", "revision"):
        op.add_column("scrape_runs", sa.Column(name, sa.BigInteger(), nullable=False, server_default=FIRST))
    op.create_index("ix_scrape_runs_revision", "scrape_runs", ["revision"])
    op.create_index("ix_scrape_runs_namespace", "scrape_runs", ["namespace", "id"])
    op.create_table(
        "run_tombstones",
        sa.Column("revision", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("schedule_uid", sa.Text(), nullable=False),
        sa.Column("run_id", sa.Uuid(), nullable=False),
        sa.Column("namespace", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("trigger", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("inserted_revision", sa.BigInteger(), nullable=False),
        sa.Column("run_revision", sa.BigInteger(), nullable=False),
        sa.Column("deleted_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("revision", "schedule_uid", "run_id", name="pk_run_tombstones"),
    )
    for statement in POSTGRESQL if _is_postgresql() else SQLITE:
        op.get_bind().exec_driver_sql(statement)


def downgrade() -> None:
    """Drop what this revision added."""
    for trigger, table in (("run_is_deleted", "scrape_runs"), ("schedule_is_deleted", "schedules")):
        op.execute(f"DROP TRIGGER {trigger}" + (f" ON {table}" if _is_postgresql() else ""))
    if _is_postgresql():
        op.execute("DROP FUNCTION bury_runs")
        op.execute("DROP FUNCTION bury_schedule")
    op.drop_table("run_tombstones")
    op.drop_index("ix_scrape_runs_namespace", "scrape_runs")
    op.drop_index("ix_scrape_runs_revision", "scrape_runs")
    for name in ("inserted_revision", "revision"):
        op.drop_column("scrape_runs", name)


def _is_postgresql() -> bool:
    return op.get_bind().dialect.name == "postgresql"
