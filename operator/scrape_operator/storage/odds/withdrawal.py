"""Events that their bookmaker lists no more, and events that are history.

An event that has begun is not withdrawn: its last prices are the closing odds.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, Select, delete, insert, literal, select, update

from scrape_operator.core.odds.model import Coverage
from scrape_operator.storage.engine.cleaning import clean_text
from scrape_operator.storage.engine.columns import UTCDateTime
from scrape_operator.storage.odds.events import drop_unused
from scrape_operator.storage.odds.market_readings import forget_fingerprints
from scrape_operator.storage.odds.prepared import Source
from scrape_operator.storage.odds.state import lock_odds, mark_listed
from scrape_operator.storage.sinks import Age
from scrape_operator.storage.tables import market_readings, odds, odds_changes, platform_events

_c = platform_events.c

WITHDRAWN_AT_ONCE = 50
PRUNED_AT_ONCE = 50
"""Events of one transaction: some thousand prices, a tenth of a second or so."""


@dataclass(frozen=True, slots=True)
class CompleteReading:
    """A reading that holds every event that it covers."""

    source: Source
    coverage: Coverage


def withdraw_missing(connection: Connection, reading: CompleteReading) -> int:
    """Withdraw some of the events that a complete reading covers and lacks; return how many: 0 where there are none."""
    source = reading.source
    missing = connection.scalars(_missing(reading.coverage, source)).all()
    if missing:
        connection.execute(update(platform_events).where(_c.id.in_(missing)).values(withdrawn_at=source.at))
        offered = (odds.c.platform_event_id.in_(missing), odds.c.withdrawn_at.is_(None))
        changes = select(odds.c.id, odds.c.price, literal(source.at, UTCDateTime)).where(*offered)
        connection.execute(insert(odds_changes).from_select(["odds_id", "before", "at"], changes))
        connection.execute(update(odds).where(*offered).values(withdrawn_at=source.at))
        forget_fingerprints(connection, missing)
    return len(missing)


def _missing(coverage: Coverage, source: Source) -> Select[int]:
    covered = [_c.bookmaker == clean_text(coverage.bookmaker), _c.starts_at > source.at, _c.seen_at < source.at]
    if coverage.until is not None:
        covered.append(_c.starts_at <= coverage.until)
    if coverage.competitions is not None:
        covered.append(_c.competition_id.in_(sorted(map(clean_text, coverage.competitions))))
    return select(_c.id).where(*covered, _c.withdrawn_at.is_(None)).order_by(_c.id).limit(WITHDRAWN_AT_ONCE)


def prune_odds(connection: Connection, ages: Sequence[Age]) -> list[int]:
    """Delete events that began too long ago, with all their odds, a bounded number at a time; return how many.

    Where all events of a schedule go, the matches of those that stay are found again by the next run.
    """
    return [_prune(connection, age) for age in ages]


def _prune(connection: Connection, age: Age) -> int:
    of_schedule = select(_c.id, _c.event_id).where(_c.schedule_uid == age.schedule_uid).limit(PRUNED_AT_ONCE)
    if age.older_than is not None:
        return _delete(connection, of_schedule.where(_c.starts_at < age.older_than))
    lock_odds(connection)
    deleted = _delete(connection, of_schedule)
    if deleted:
        mark_listed(connection)
    return deleted


def _delete(connection: Connection, which: Select[int, int | None]) -> int:
    old = connection.execute(which).all()
    if old:
        ids = [row.id for row in old]
        of_price = odds_changes.c.odds_id.in_(select(odds.c.id).where(odds.c.platform_event_id.in_(ids)))
        connection.execute(delete(odds_changes).where(of_price))
        connection.execute(delete(odds).where(odds.c.platform_event_id.in_(ids)))
        connection.execute(delete(market_readings).where(market_readings.c.platform_event_id.in_(ids)))
        connection.execute(delete(platform_events).where(_c.id.in_(ids)))
        drop_unused(connection, {row.event_id for row in old if row.event_id is not None})
    return len(old)
