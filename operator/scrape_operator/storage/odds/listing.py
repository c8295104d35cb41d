"""The events that a bookmaker lists: what is new of them, what differs, what was seen again. Called by `storing`."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, Connection, Row, bindparam, cast, insert, select, update

from scrape_operator.core.odds.model import OddsEvent, OddsReading
from scrape_operator.storage.engine.cleaning import clean_text
from scrape_operator.storage.engine.columns import CleanText, UTCDateTime
from scrape_operator.storage.engine.transactions import aside
from scrape_operator.storage.engine.upserts import unfold
from scrape_operator.storage.odds.offers import Offers, PriceBook
from scrape_operator.storage.tables import platform_events

UNMATCHED = "none"
"""The match kind of an event that is known by its bookmaker alone, at first or for good."""

_c = platform_events.c
_FACTS = ("sportradar_id", "genius_id", "sport", "country", "competition", "home", "away", "starts_at")

INSERTED_AT_ONCE = 100

Identity = tuple[str, str]
"""Bookmaker, and its id of the event."""
Known = Row[*tuple[Any, ...]]


@dataclass(frozen=True, slots=True)
class Source:
    """Whose reading it is, and when the run ended."""

    schedule_uid: str
    target: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Listed:
    """An event of a bookmaker whose prices differ from those of its last reading. `is_new`: none are stored."""

    id: int
    offers: Offers
    is_new: bool


@dataclass(slots=True)
class Listing:
    """What became of a reading's events; `is_news`: one is new, is back, or says something else of itself."""

    markets: frozenset[str]
    to_price: list[Listed] = field(default_factory=list)
    is_news: bool = False


@dataclass(frozen=True, slots=True)
class _Sighting:
    event: OddsEvent
    offers: Offers
    odds_hash: str


def list_events(connection: Connection, source: Source, reading: OddsReading) -> Listing:
    """Store the events of a reading without their prices. One that a later run has seen already is left alone."""
    book = PriceBook(reading.markets)
    listing = Listing(book.markets)
    sightings = aside(connection, _sightings, book, reading.events)
    known = _find(connection, list(sightings))
    new = [(identity, seen) for identity, seen in sightings.items() if identity not in known]
    for first in range(0, len(new), INSERTED_AT_ONCE):
        _insert(connection, source, listing, new[first : first + INSERTED_AT_ONCE])
    again = [(row, sightings[identity]) for identity, row in known.items() if _news_of(row) <= source.at]
    if again:
        _update(connection, source, listing, again)
    return listing


def _sightings(book: PriceBook, events: Sequence[OddsEvent]) -> dict[Identity, _Sighting]:
    """Prepare the events, of two with one identity the last, in an order that is the same for all."""
    sightings = {}
    for event in events:
        offers = book.offers_of(event)
        identity = (clean_text(event.bookmaker), clean_text(event.event_id))
        sightings[identity] = _Sighting(event, offers, book.fingerprint(offers))
    return dict(sorted(sightings.items(), key=lambda pair: pair[0]))


def _news_of(row: Known) -> datetime:
    seen_at: datetime = row.seen_at
    withdrawn_at: datetime | None = row.withdrawn_at
    return seen_at if withdrawn_at is None else max(seen_at, withdrawn_at)


def _find(connection: Connection, identities: Sequence[Identity]) -> dict[Identity, Known]:
    given = unfold(connection.dialect.name, "identities").c.value
    fits = (_c.bookmaker == given[0].as_string()) & (_c.bookmaker_event_id == given[1].as_string())
    facts = (_c[name] for name in _FACTS)
    columns = (_c.id, _c.bookmaker, _c.bookmaker_event_id, _c.seen_at, _c.withdrawn_at, _c.odds_hash, *facts)
    rows = connection.execute(
        select(*columns).select_from(given.table).join(platform_events, fits), {"identities": identities}
    )
    return {(row.bookmaker, row.bookmaker_event_id): row for row in rows}


def _insert(
    connection: Connection, source: Source, listing: Listing, new: Sequence[tuple[Identity, _Sighting]]
) -> None:
    rows = [
        {
            "bookmaker": identity[0],
            "bookmaker_event_id": identity[1],
            **_facts(seen.event),
            "schedule_uid": source.schedule_uid,
            "target": source.target,
            "match_kind": UNMATCHED,
            "first_seen_at": source.at,
            "seen_at": source.at,
            "odds_hash": seen.odds_hash,
        }
        for identity, seen in new
    ]
    statement = insert(platform_events).returning(_c.id, sort_by_parameter_order=True)
    ids = connection.scalars(statement, rows).all()
    listing.to_price += [Listed(row_id, seen.offers, is_new=True) for row_id, (_, seen) in zip(ids, new, strict=True)]
    listing.is_news = True


def _update(connection: Connection, source: Source, listing: Listing, again: Sequence[tuple[Known, _Sighting]]) -> None:
    told: list[dict[str, Any]] = []
    for before, seen in again:
        facts = _facts(seen.event)
        if before.odds_hash != seen.odds_hash:
            listing.to_price.append(Listed(before.id, seen.offers, is_new=False))
        if any(getattr(before, name) != facts[name] for name in _FACTS):
            told.append({"row": before.id, **{f"new_{name}": value for name, value in facts.items()}})
        listing.is_news |= before.withdrawn_at is not None
    if told:
        connection.execute(_TOLD, told)
        listing.is_news = True
    connection.execute(
        _seen(connection),
        {
            "seen": [(before.id, seen.odds_hash) for before, seen in again],
            "at": source.at,
            "uid": source.schedule_uid,
            "by": source.target,
        },
    )


_TOLD = (
    update(platform_events).where(_c.id == bindparam("row")).values({name: bindparam(f"new_{name}") for name in _FACTS})
)


def _seen(connection: Connection) -> Any:
    given = unfold(connection.dialect.name, "seen").c.value
    return (
        update(platform_events)
        .where(_c.id == cast(given[0].as_string(), BigInteger))
        .values(
            seen_at=bindparam("at", type_=UTCDateTime),
            schedule_uid=bindparam("uid", type_=CleanText),
            target=bindparam("by", type_=CleanText),
            withdrawn_at=None,
            odds_hash=given[1].as_string(),
        )
    )


def _facts(event: OddsEvent) -> Mapping[str, Any]:
    """Give what an event says about itself, as it is stored."""
    texts = {name: getattr(event, name) for name in _FACTS[:-1]}
    return {name: text and clean_text(text) for name, text in texts.items()} | {"starts_at": event.starts_at}
