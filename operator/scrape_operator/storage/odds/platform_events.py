"""The events that a bookmaker lists: new ones, ones that changed, ones that were seen again."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import BigInteger, Connection, Row, bindparam, cast, insert, select, update

from scrape_operator.core.odds.model import OddsEvent
from scrape_operator.storage.engine.cleaning import clean_text
from scrape_operator.storage.engine.columns import CleanText, UTCDateTime
from scrape_operator.storage.engine.upserts import unfold
from scrape_operator.storage.odds.prepared import Identity, PreparedEvent, Source
from scrape_operator.storage.tables import platform_events

UNMATCHED = "none"
"""The match kind of an event that one bookmaker alone lists, so far."""

_c = platform_events.c
_FACTS = (
    *("sportradar_id", "genius_id", "sport", "country", "competition", "competition_id", "home", "away"),
    "starts_at",
)

Known = Row[*tuple[Any, ...]]


@dataclass(frozen=True, slots=True)
class StoredEvent:
    """A prepared event and its row. `is_new`: no prices of it are stored."""

    id: int
    prepared: PreparedEvent
    is_new: bool
    is_swapped: bool


@dataclass(frozen=True, slots=True)
class StoredEvents:
    """The events of a reading that no later reading withdrew, and whether their matches have to be found again."""

    events: Sequence[StoredEvent]
    needs_matching: bool


def store_events(connection: Connection, source: Source, prepared: Sequence[PreparedEvent]) -> StoredEvents:
    """Store events without their prices."""
    known = _find(connection, [one.identity for one in prepared])
    new = [one for one in prepared if one.identity not in known]
    again = [(known[one.identity], one) for one in prepared if one.identity in known]
    listed = [(row, one) for row, one in again if not _is_later(row.withdrawn_at, source.at)]
    stored = [
        StoredEvent(row_id, one, is_new=True, is_swapped=False) for row_id, one in _insert(connection, source, new)
    ]
    stored += [StoredEvent(row.id, one, is_new=False, is_swapped=row.is_swapped) for row, one in listed]
    is_changed = _update(
        connection, source, [(row, one) for row, one in listed if not _is_later(row.seen_at, source.at)]
    )
    return StoredEvents(stored, needs_matching=bool(new) or is_changed)


def _is_later(stored: datetime | None, at: datetime) -> bool:
    return stored is not None and stored > at


def _find(connection: Connection, identities: Sequence[Identity]) -> dict[Identity, Known]:
    rows = connection.execute(_known(connection.dialect.name), {"identities": identities})
    return {(row.bookmaker, row.bookmaker_event_id): row for row in rows}


@cache
def _known(dialect: str) -> Any:
    given = unfold(dialect, "identities").c.value
    fits = (_c.bookmaker == given[0].as_string()) & (_c.bookmaker_event_id == given[1].as_string())
    facts = (_c[name] for name in _FACTS)
    columns = (_c.id, _c.bookmaker, _c.bookmaker_event_id, _c.seen_at, _c.withdrawn_at, _c.is_swapped, *facts)
    return select(*columns).select_from(given.table).join(platform_events, fits)


_INSERT = insert(platform_events).returning(_c.id, _c.bookmaker, _c.bookmaker_event_id)


def _insert(
    connection: Connection, source: Source, new: Sequence[PreparedEvent]
) -> Sequence[tuple[int, PreparedEvent]]:
    if not new:
        return []
    rows = [
        {
            "bookmaker": one.identity[0],
            "bookmaker_event_id": one.identity[1],
            **_facts(one.event),
            "schedule_uid": source.schedule_uid,
            "target": source.target,
            "match_kind": UNMATCHED,
            "is_swapped": False,
            "first_seen_at": source.at,
            "seen_at": source.at,
        }
        for one in new
    ]
    inserted = connection.execute(_INSERT, rows)  # in any order: SQLite would insert one by one to keep theirs
    ids = {(row.bookmaker, row.bookmaker_event_id): row.id for row in inserted}
    return [(ids[one.identity], one) for one in new]


def _update(connection: Connection, source: Source, seen: Sequence[tuple[Known, PreparedEvent]]) -> bool:
    """Write what an event says of itself, and that it was seen; return whether anything differs but the time."""
    if not seen:
        return False
    changed: list[dict[str, Any]] = []
    for row, one in seen:
        facts = _facts(one.event)
        if any(getattr(row, name) != facts[name] for name in _FACTS):
            changed.append({"row": row.id, **{f"new_{name}": value for name, value in facts.items()}})
    if changed:
        connection.execute(_CHANGED, changed)
    values = {"seen": [[row.id] for row, _ in seen], "at": source.at, "uid": source.schedule_uid, "by": source.target}
    connection.execute(_seen(connection.dialect.name), values)
    return bool(changed) or any(row.withdrawn_at is not None for row, _ in seen)


_CHANGED = (
    update(platform_events).where(_c.id == bindparam("row")).values({name: bindparam(f"new_{name}") for name in _FACTS})
)


@cache
def _seen(dialect: str) -> Any:
    given = unfold(dialect, "seen").c.value
    return (
        update(platform_events)
        .where(_c.id == cast(given[0].as_string(), BigInteger))
        .values(
            seen_at=bindparam("at", type_=UTCDateTime),
            schedule_uid=bindparam("uid", type_=CleanText),
            target=bindparam("by", type_=CleanText),
            withdrawn_at=None,
        )
    )


def _facts(event: OddsEvent) -> Mapping[str, Any]:
    """Return what an event says of itself, as it is stored."""
    texts = {name: getattr(event, name) for name in _FACTS[:-1]}
    return {name: text and clean_text(text) for name, text in texts.items()} | {"starts_at": event.starts_at}
