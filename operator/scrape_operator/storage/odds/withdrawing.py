"""Events that their bookmaker lists no more, and events that are history. Called by `storing` and `storing`.

An event that has begun is not withdrawn: its last prices are the closing odds.
"""

from collections.abc import Sequence
from dataclasses import asdict

from sqlalchemy import Connection, bindparam, delete, insert, literal, select, update

from scrape_operator.storage.engine.columns import UTCDateTime
from scrape_operator.storage.odds.listing import Source
from scrape_operator.storage.odds.matching import drop_unused
from scrape_operator.storage.sinks import Age
from scrape_operator.storage.tables import odds, odds_changes, platform_events

_c = platform_events.c

PRUNED_AT_ONCE = 200
"""Some ten thousand prices and their changes: a second or so."""

NOT_READ = ""
"""The fingerprint of prices that no reading has: the next one is looked at closely."""


def withdraw_missing(connection: Connection, source: Source) -> bool:
    """Withdraw the events that a complete reading lacks, though the same target saw them last; give if there are any.

    What another target saw later is its to judge: it may look further ahead, or at other leagues.
    """
    of_source = (_c.schedule_uid == source.schedule_uid, _c.target == source.target)
    missing = (*of_source, _c.starts_at > source.at, _c.seen_at < source.at, _c.withdrawn_at.is_(None))
    withdrawn = connection.execute(
        update(platform_events).where(*missing).values(withdrawn_at=source.at, odds_hash=NOT_READ)
    )
    if not withdrawn.rowcount:
        return False
    just_now = select(_c.id).where(*of_source, _c.starts_at > source.at, _c.withdrawn_at == source.at)
    offered = (odds.c.platform_event_id.in_(just_now), odds.c.offered)
    changes = select(odds.c.id, odds.c.price, literal(source.at, UTCDateTime)).where(*offered)
    connection.execute(insert(odds_changes).from_select(["odds_id", "before", "at"], changes))
    connection.execute(update(odds).where(*offered).values(offered=False, changed_at=source.at))
    return True


def prune_odds(connection: Connection, ages: Sequence[Age]) -> list[int]:
    """Delete events that began too long ago, with all their odds, a bounded number at a time; give how many."""
    return [_prune(connection, age) for age in ages]


_OLD = (
    select(_c.id, _c.event_id)
    .where(_c.schedule_uid == bindparam("schedule_uid"), _c.starts_at < bindparam("older_than"))
    .limit(PRUNED_AT_ONCE)
)


def _prune(connection: Connection, age: Age) -> int:
    old = connection.execute(_OLD, asdict(age)).all()
    if old:
        of_event = odds.c.platform_event_id.in_([row.id for row in old])
        of_price = odds_changes.c.odds_id.in_(select(odds.c.id).where(of_event))
        connection.execute(delete(odds_changes).where(of_price))
        connection.execute(delete(odds).where(of_event))
        connection.execute(delete(platform_events).where(_c.id.in_([row.id for row in old])))
        drop_unused(connection, {row.event_id for row in old if row.event_id is not None})
    return len(old)
