"""Events, odds and their changes, and the views that compare them.

Revision ID: 0002
Revises: 0001
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

JSON = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")
INSTANT = sa.DateTime(timezone=True)
ROW_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")

EVENT_ODDS = """
CREATE VIEW event_odds AS
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
    book.bookmaker,
    book.bookmaker_event_id,
    odds.market,
    CAST(NULLIF(odds.line, '') AS NUMERIC) AS line,
    odds.outcome,
    odds.price,
    odds.opening_price,
    odds.opened_at,
    odds.changed_at,
    book.seen_at
FROM events AS event
JOIN platform_events AS book ON book.event_id = event.id
JOIN odds ON odds.platform_event_id = book.id
WHERE odds.offered
"""

# A book's margin is what it would keep of bets on all outcomes of a market: the sum of 1 / price, less what is paid
# back, which is 1 where one outcome wins and 2 in a double chance. Subqueries and no windows: both databases then read
# the rows of one event by index, and SQLite does the whole view in half the time.
ODDS_COMPARISON = """
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
    _create_events()
    _create_platform_events()
    _create_odds()
    _create_odds_changes()
    _create_odds_markets()
    op.execute(EVENT_ODDS)
    op.execute(ODDS_COMPARISON)


def _create_events() -> None:
    op.create_table(
        "events",
        sa.Column("id", ROW_ID, autoincrement=True, nullable=False),
        sa.Column("sportradar_id", sa.Text(), nullable=True),
        sa.Column("genius_id", sa.Text(), nullable=True),
        sa.Column("sport", sa.Text(), nullable=False),
        sa.Column("country", sa.Text(), nullable=False),
        sa.Column("competition", sa.Text(), nullable=False),
        sa.Column("home", sa.Text(), nullable=False),
        sa.Column("away", sa.Text(), nullable=False),
        sa.Column("starts_at", INSTANT, nullable=False),
        sa.Column("match_kind", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_events"),
    )
    op.create_index("ix_events_starts_at", "events", ["starts_at"])


def _create_platform_events() -> None:
    op.create_table(
        "platform_events",
        sa.Column("id", ROW_ID, autoincrement=True, nullable=False),
        sa.Column("event_id", sa.BigInteger(), nullable=True),
        sa.Column("bookmaker", sa.Text(), nullable=False),
        sa.Column("bookmaker_event_id", sa.Text(), nullable=False),
        sa.Column("sportradar_id", sa.Text(), nullable=True),
        sa.Column("genius_id", sa.Text(), nullable=True),
        sa.Column("sport", sa.Text(), nullable=False),
        sa.Column("country", sa.Text(), nullable=False),
        sa.Column("competition", sa.Text(), nullable=False),
        sa.Column("home", sa.Text(), nullable=False),
        sa.Column("away", sa.Text(), nullable=False),
        sa.Column("starts_at", INSTANT, nullable=False),
        sa.Column("match_kind", sa.Text(), nullable=False),
        sa.Column("schedule_uid", sa.Text(), nullable=False),
        sa.Column("target", sa.Text(), nullable=False),
        sa.Column("first_seen_at", INSTANT, nullable=False),
        sa.Column("seen_at", INSTANT, nullable=False),
        sa.Column("withdrawn_at", INSTANT, nullable=True),
        sa.Column("odds_hash", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_platform_events"),
        sa.ForeignKeyConstraint(["event_id"], ["events.id"], name="fk_platform_events_event_id"),
        sa.UniqueConstraint(
            "bookmaker", "bookmaker_event_id", name="uq_platform_events_bookmaker_bookmaker_event_id"
        ),
    )
    op.create_index("ix_platform_events_event_id", "platform_events", ["event_id"])
    op.create_index("ix_platform_events_starts_at", "platform_events", ["starts_at"])
    op.create_index("ix_platform_events_schedule", "platform_events", ["schedule_uid", "starts_at"])


def _create_odds() -> None:
    op.create_table(
        "odds",
        sa.Column("id", ROW_ID, autoincrement=True, nullable=False),
        sa.Column("platform_event_id", sa.BigInteger(), nullable=False),
        sa.Column("market", sa.Text(), nullable=False),
        sa.Column("line", sa.Text(), nullable=False),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.Column("price", sa.Numeric(), nullable=False),
        sa.Column("offered", sa.Boolean(), nullable=False),
        sa.Column("opening_price", sa.Numeric(), nullable=False),
        sa.Column("opened_at", INSTANT, nullable=False),
        sa.Column("changed_at", INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_odds"),
        sa.UniqueConstraint(
            "platform_event_id", "market", "line", "outcome", name="uq_odds_platform_event_id_market_line_outcome"
        ),
    )


def _create_odds_changes() -> None:
    op.create_table(
        "odds_changes",
        sa.Column("id", ROW_ID, autoincrement=True, nullable=False),
        sa.Column("odds_id", sa.BigInteger(), nullable=False),
        sa.Column("before", sa.Numeric(), nullable=True),
        sa.Column("after", sa.Numeric(), nullable=True),
        sa.Column("at", INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_odds_changes"),
    )
    op.create_index("ix_odds_changes_odds_id", "odds_changes", ["odds_id"])


def _create_odds_markets() -> None:
    op.create_table(
        "odds_markets",
        sa.Column("market", sa.Text(), nullable=False),
        sa.Column("outcomes", JSON, nullable=False),
        sa.Column("outcome_count", sa.Integer(), nullable=False),
        sa.Column("winners", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("market", name="pk_odds_markets"),
    )


def downgrade() -> None:
    op.execute("DROP VIEW odds_comparison")
    op.execute("DROP VIEW event_odds")
    for table in ("odds_markets", "odds_changes", "odds", "platform_events", "events"):
        op.drop_table(table)
