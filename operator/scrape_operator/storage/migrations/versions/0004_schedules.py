"""A row for each schedule, with its counters, and views for people.

Revision ID: 0004
Revises: 0003
"""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

INSTANT = sa.DateTime(timezone=True)

FILLED = """
INSERT INTO schedules (
    uid, namespace, name, generation, runs, missed, skipped, consecutive_failures, items_total, items_new, items_changed,
    items_gone, last_slot, slot_generation, last_schedule_time, last_successful_time, last_failure_time,
    last_change_time, last_handled_request, created_at
)
WITH facts AS (
    SELECT
        schedule_uid,
        MAX(generation) AS generation,
        COUNT(*) FILTER (WHERE status NOT IN ('RUNNING', 'SKIPPED')) AS runs,
        SUM(missed) + COUNT(*) FILTER (WHERE status = 'SKIPPED' AND reason = 'MissedDeadline') AS missed,
        COUNT(*) FILTER (WHERE status = 'SKIPPED' AND reason <> 'MissedDeadline') AS skipped,
        MAX(scheduled_for) AS newest,
        MAX(scheduled_for) FILTER (WHERE trigger = 'scheduled') AS last_slot,
        COALESCE(MAX(generation) FILTER (WHERE trigger = 'scheduled'), 0) AS slot_generation,
        MAX(scheduled_for) FILTER (WHERE status <> 'SKIPPED') AS last_schedule_time,
        MAX(completed_at) FILTER (WHERE status IN ('SUCCEEDED', 'PARTIALLY_SUCCEEDED')) AS last_successful_time,
        MAX(completed_at) FILTER (WHERE status = 'FAILED') AS last_failure_time,
        MAX(completed_at) FILTER (WHERE items_new + items_changed + items_gone > 0) AS last_change_time,
        MIN(COALESCE(started_at, completed_at)) AS created_at
    FROM scrape_runs
    GROUP BY schedule_uid
)
SELECT
    facts.schedule_uid,
    (
        SELECT run.namespace FROM scrape_runs AS run
        WHERE run.schedule_uid = facts.schedule_uid AND run.scheduled_for = facts.newest LIMIT 1
    ),
    (
        SELECT run.name FROM scrape_runs AS run
        WHERE run.schedule_uid = facts.schedule_uid AND run.scheduled_for = facts.newest LIMIT 1
    ),
    facts.generation,
    facts.runs,
    facts.missed,
    facts.skipped,
    (
        SELECT COUNT(*) FROM scrape_runs AS run
        WHERE run.schedule_uid = facts.schedule_uid AND run.status = 'FAILED'
            AND (facts.last_successful_time IS NULL OR run.completed_at > facts.last_successful_time)
    ),
    COALESCE((SELECT total FROM item_totals WHERE item_totals.schedule_uid = facts.schedule_uid), 0),
    COALESCE(latest.items_new, 0),
    COALESCE(latest.items_changed, 0),
    COALESCE(latest.items_gone, 0),
    facts.last_slot,
    facts.slot_generation,
    facts.last_schedule_time,
    facts.last_successful_time,
    facts.last_failure_time,
    facts.last_change_time,
    (
        SELECT SUBSTR(run.slot, 8) FROM scrape_runs AS run
        WHERE run.schedule_uid = facts.schedule_uid AND run.trigger = 'manual'
        ORDER BY run.scheduled_for DESC LIMIT 1
    ),
    facts.created_at
FROM facts
LEFT JOIN scrape_runs AS latest ON latest.id = (
    SELECT run.id FROM scrape_runs AS run
    WHERE run.schedule_uid = facts.schedule_uid AND run.status NOT IN ('RUNNING', 'SKIPPED')
    ORDER BY run.scheduled_for DESC, run.id DESC LIMIT 1
)
"""

TOTALS = "INSERT INTO item_totals (schedule_uid, total) SELECT uid, items_total FROM schedules"

SECONDS = {
    "postgresql": "ROUND(EXTRACT(EPOCH FROM run.completed_at - run.started_at)::numeric, 3)",
    "sqlite": "ROUND((JULIANDAY(run.completed_at) - JULIANDAY(run.started_at)) * 86400.0, 3)",
}

RUNS = """
CREATE VIEW runs AS
SELECT
    run.namespace,
    run.name,
    run.id,
    run.trigger,
    run.scheduled_for,
    run.status,
    run.reason,
    run.message,
    run.started_at,
    run.completed_at,
    {seconds} AS duration,
    run.items_scraped,
    run.items_total,
    run.items_new,
    run.items_changed,
    run.items_gone,
    run.requests,
    run.bytes,
    run.missed,
    run.generation,
    run.slot,
    run.owner,
    run.policy,
    run.robots,
    run.schedule_uid
FROM scrape_runs AS run
"""

CURRENT_ITEMS = """
CREATE VIEW current_items AS
SELECT
    schedule.namespace,
    schedule.name AS schedule,
    item.target,
    item.key,
    item.data,
    item.first_seen_at,
    item.last_seen_at,
    item.changed_at
FROM items AS item
JOIN schedules AS schedule ON schedule.uid = item.schedule_uid
WHERE item.gone_at IS NULL AND schedule.deleted_at IS NULL
"""


def upgrade() -> None:
    _create_schedules()
    _create_indexes_of_schedules()
    op.execute(FILLED)
    op.drop_table("item_totals")
    op.execute(RUNS.format(seconds=SECONDS[op.get_bind().dialect.name]))
    op.execute(CURRENT_ITEMS)


def _create_schedules() -> None:
    op.create_table(
        "schedules",
        sa.Column("uid", sa.Text(), nullable=False),
        sa.Column("namespace", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("generation", sa.BigInteger(), nullable=False),
        sa.Column("runs", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("missed", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("skipped", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("consecutive_failures", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("items_total", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("items_new", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("items_changed", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("items_gone", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("last_slot", INSTANT, nullable=True),
        sa.Column("slot_generation", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("last_schedule_time", INSTANT, nullable=True),
        sa.Column("last_successful_time", INSTANT, nullable=True),
        sa.Column("last_failure_time", INSTANT, nullable=True),
        sa.Column("last_change_time", INSTANT, nullable=True),
        sa.Column("last_handled_request", sa.Text(), nullable=True),
        sa.Column("handled_requests", sa.Text(), server_default="", nullable=False),
        sa.Column("default_interval", sa.Float(), nullable=True),
        sa.Column("data_policy", sa.Text(), server_default="Retain", nullable=False),
        sa.Column("history_max_age", sa.Float(), server_default="2592000", nullable=False),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("deleted_at", INSTANT, nullable=True),
        sa.PrimaryKeyConstraint("uid", name="pk_schedules"),
    )


def _create_indexes_of_schedules() -> None:
    op.create_index("ix_schedules_name", "schedules", ["namespace", "name"])
    deleted = sa.text("deleted_at IS NOT NULL")
    op.create_index(
        "ix_schedules_deleted",
        "schedules",
        ["data_policy", "deleted_at"],
        postgresql_where=deleted,
        sqlite_where=deleted,
    )


def downgrade() -> None:
    op.execute("DROP VIEW current_items")
    op.execute("DROP VIEW runs")
    op.create_table(
        "item_totals",
        sa.Column("schedule_uid", sa.Text(), nullable=False),
        sa.Column("total", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("schedule_uid", name="pk_item_totals"),
    )
    op.execute(TOTALS)
    op.drop_table("schedules")
