"""When each price was confirmed and withdrawn, which events were not matched and why, and views that judge by age.

Revision ID: 0007
Revises: 0006
"""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

INSTANT = sa.DateTime(timezone=True)

COLUMNS = """
    event.id AS event_id,
    event.sportradar_id,
    event.genius_id,
    event.sport,
    event.country,
    event.competition,
    event.home,
    event.away,
    event.starts_at,
    event.match_kind,
    book.bookmaker,
    book.bookmaker_event_id,
    odds.market,
    CAST(NULLIF(odds.line, '') AS NUMERIC) AS line,
    odds.outcome,
    odds.price,
    odds.opening_price,
    odds.first_seen_at,
    odds.changed_at,
    CASE WHEN reading.confirmed_at > odds.changed_at THEN reading.confirmed_at ELSE odds.changed_at END
        AS confirmed_at,
    reading.fresh_until
"""

TABLES = """
FROM events AS event
JOIN platform_events AS book ON book.event_id = event.id
JOIN odds ON odds.platform_event_id = book.id
LEFT JOIN market_readings AS reading ON reading.platform_event_id = book.id AND reading.market = odds.market
"""

# A price that was withdrawn is not shown: `odds` and `odds_changes` have it.
EVENT_ODDS = f"CREATE VIEW event_odds AS SELECT {COLUMNS} {TABLES} WHERE odds.withdrawn_at IS NULL"

# Only fresh prices compete. A book's margin is what it would keep of bets on all outcomes of a market: the sum of
# 1 / price, less what is paid back, which is 1 where one outcome wins and 2 in a double chance. Subqueries and no
# windows: both databases then read the rows of one event by index.
RIVALS = """
FROM platform_events AS other_book
JOIN odds AS other ON other.platform_event_id = other_book.id
JOIN market_readings AS other_reading
    ON other_reading.platform_event_id = other_book.id AND other_reading.market = other.market
WHERE other_book.event_id = offer.event_id AND other.market = offer.market AND other.line = offer.line_key
    AND other.outcome = offer.outcome AND other.withdrawn_at IS NULL AND other_reading.fresh_until > {now}
"""

ODDS_COMPARISON = f"""
CREATE VIEW odds_comparison AS
SELECT
    compared.event_id, compared.sportradar_id, compared.genius_id, compared.sport, compared.country,
    compared.competition, compared.home, compared.away, compared.starts_at, compared.match_kind, compared.market,
    compared.line, compared.outcome, compared.bookmaker, compared.price, compared.best_price, compared.best_bookmaker,
    compared.margin, compared.changed_at, compared.confirmed_at, compared.fresh_until, compared.age_seconds,
    compared.is_fresh,
    compared.is_fresh AND compared.price = compared.best_price AS is_best
FROM (
    SELECT
        offer.*,
        {{age}} AS age_seconds,
        COALESCE(offer.fresh_until > {{now}}, {{no}}) AS is_fresh,
        (SELECT MAX(other.price) {RIVALS}) AS best_price,
        (
            SELECT other_book.bookmaker {RIVALS} ORDER BY other.price DESC, other_book.bookmaker LIMIT 1
        ) AS best_bookmaker,
        (
            SELECT
                CASE
                    WHEN COUNT(*) = known.outcome_count
                    THEN ROUND(SUM(1.0 / sibling.price) / known.winners - 1, 6)
                END
            FROM odds AS sibling
            WHERE sibling.platform_event_id = offer.book_id AND sibling.market = offer.market
                AND sibling.line = offer.line_key AND sibling.withdrawn_at IS NULL
        ) AS margin
    FROM (
        SELECT {COLUMNS}, book.id AS book_id, odds.line AS line_key {TABLES} WHERE odds.withdrawn_at IS NULL
    ) AS offer
    LEFT JOIN odds_markets AS known ON known.market = offer.market
) AS compared
"""

SQLITE = {
    "now": "strftime('%Y-%m-%d %H:%M:%f', 'now')",
    "age": "CAST(ROUND((julianday('now') - julianday(offer.confirmed_at)) * 86400) AS INTEGER)",
    "no": "0",
}
POSTGRESQL = {
    "now": "now()",
    "age": "CAST(ROUND(EXTRACT(EPOCH FROM now() - offer.confirmed_at)) AS INTEGER)",
    "no": "false",
}

READ_BEFORE = """
INSERT INTO market_readings (platform_event_id, market, odds_hash, confirmed_at, fresh_until)
SELECT platform_event_id, market, '', MAX(changed_at), MAX(changed_at) FROM odds GROUP BY platform_event_id, market
"""

OLD_EVENT_ODDS = """
CREATE VIEW event_odds AS
SELECT
    event.id AS event_id, event.sportradar_id, event.genius_id, event.sport, event.country, event.competition,
    event.home, event.away, event.starts_at, event.match_kind, book.bookmaker, book.bookmaker_event_id, odds.market,
    CAST(NULLIF(odds.line, '') AS NUMERIC) AS line, odds.outcome, odds.price, odds.opening_price, odds.opened_at,
    odds.changed_at, book.seen_at
FROM events AS event
JOIN platform_events AS book ON book.event_id = event.id
JOIN odds ON odds.platform_event_id = book.id
WHERE odds.offered
"""

OLD_ODDS_COMPARISON = """
CREATE VIEW odds_comparison AS
SELECT offer.*, offer.price = offer.best_price AS is_best
FROM (
    SELECT
        event.id AS event_id,
        event.sportradar_id,
        event.genius_id,
        event.sport,
        event.country,
        event.competition,
        event.home,
        event.away,
        event.starts_at,
        event.match_kind,
        odds.market,
        CAST(NULLIF(odds.line, '') AS NUMERIC) AS line,
        odds.outcome,
        book.bookmaker,
        odds.price,
        (
            SELECT MAX(other.price)
            FROM platform_events AS other_book
            JOIN odds AS other ON other.platform_event_id = other_book.id
            WHERE other_book.event_id = event.id AND other.market = odds.market AND other.line = odds.line
                AND other.outcome = odds.outcome AND other.offered
        ) AS best_price,
        (
            SELECT other_book.bookmaker
            FROM platform_events AS other_book
            JOIN odds AS other ON other.platform_event_id = other_book.id
            WHERE other_book.event_id = event.id AND other.market = odds.market AND other.line = odds.line
                AND other.outcome = odds.outcome AND other.offered
            ORDER BY other.price DESC, other_book.bookmaker
            LIMIT 1
        ) AS best_bookmaker,
        (
            SELECT
                CASE
                    WHEN COUNT(*) = known.outcome_count
                    THEN ROUND(SUM(1.0 / sibling.price) / known.winners - 1, 6)
                END
            FROM odds AS sibling
            WHERE sibling.platform_event_id = book.id AND sibling.market = odds.market AND sibling.line = odds.line
                AND sibling.offered
        ) AS margin,
        odds.changed_at,
        book.seen_at
    FROM events AS event
    JOIN platform_events AS book ON book.event_id = event.id
    JOIN odds ON odds.platform_event_id = book.id
    LEFT JOIN odds_markets AS known ON known.market = odds.market
    WHERE odds.offered
) AS offer
"""


def upgrade() -> None:
    """Keep, for each market of an event, when it was read; begin with what is known: the last change."""
    _drop_views()
    op.add_column("platform_events", sa.Column("competition_id", sa.Text(), nullable=False, server_default=""))
    op.add_column("platform_events", sa.Column("is_swapped", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.add_column("platform_events", sa.Column("apart_reason", sa.Text(), nullable=True))
    op.drop_column("platform_events", "odds_hash")
    op.execute("ALTER TABLE odds RENAME COLUMN opened_at TO first_seen_at")
    op.add_column("odds", sa.Column("withdrawn_at", INSTANT, nullable=True))
    op.execute(sa.text("UPDATE odds SET withdrawn_at = changed_at WHERE NOT offered"))
    op.drop_column("odds", "offered")
    op.create_table(
        "market_readings",
        sa.Column("platform_event_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("market", sa.Text(), nullable=False),
        sa.Column("odds_hash", sa.Text(), nullable=False),
        sa.Column("confirmed_at", INSTANT, nullable=False),
        sa.Column("fresh_until", INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("platform_event_id", "market", name="pk_market_readings"),
    )
    op.execute(READ_BEFORE)
    op.create_table(
        "odds_state",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("matched_version", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_odds_state"),
    )
    op.execute("INSERT INTO odds_state (id, version, matched_version) VALUES (1, 1, 0)")
    words = POSTGRESQL if op.get_bind().dialect.name == "postgresql" else SQLITE
    op.execute(sa.text(EVENT_ODDS.replace(":", "\\:")))
    op.execute(sa.text(ODDS_COMPARISON.format(**words).replace(":", "\\:")))


def downgrade() -> None:
    """Drop what this revision added."""
    _drop_views()
    op.drop_table("odds_state")
    op.drop_table("market_readings")
    op.add_column("odds", sa.Column("offered", sa.Boolean(), nullable=False, server_default=sa.true()))
    op.execute(sa.text("UPDATE odds SET offered = (withdrawn_at IS NULL)"))
    op.drop_column("odds", "withdrawn_at")
    op.execute("ALTER TABLE odds RENAME COLUMN first_seen_at TO opened_at")
    op.add_column("platform_events", sa.Column("odds_hash", sa.Text(), nullable=False, server_default=""))
    for name in ("apart_reason", "is_swapped", "competition_id"):
        op.drop_column("platform_events", name)
    op.execute(OLD_EVENT_ODDS)
    op.execute(OLD_ODDS_COMPARISON)


def _drop_views() -> None:
    op.execute("DROP VIEW odds_comparison")
    op.execute("DROP VIEW event_odds")
