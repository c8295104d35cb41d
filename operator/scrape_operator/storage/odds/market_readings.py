"""Which markets of which events a reading covered, and which of them differ from what is stored."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from typing import Any

from sqlalchemy import BigInteger, Connection, Row, bindparam, cast, insert, select, update

from scrape_operator.storage.engine.columns import UTCDateTime
from scrape_operator.storage.engine.upserts import unfold
from scrape_operator.storage.odds.platform_events import StoredEvent
from scrape_operator.storage.odds.prepared import NO_OFFERS, Bet, Source, fingerprint, other_markets
from scrape_operator.storage.tables import market_readings

NOT_READ = ""
"""The fingerprint of a market whose stored prices no reading has: the next one is compared price by price."""

_c = market_readings.c

Known = Mapping[tuple[int, str], Row[*tuple[Any, ...]]]


@dataclass(frozen=True, slots=True)
class ReadMarket:
    """A market of an event whose prices differ from the stored ones, or may. `is_new`: none are stored."""

    event_id: int
    market: str
    bets: Mapping[Bet, Decimal]
    is_new: bool


def confirm_markets(
    connection: Connection, source: Source, events: Sequence[StoredEvent], markets: Collection[str]
) -> list[ReadMarket]:
    """Record which markets were read, unless a later reading did; return those whose prices may differ."""
    known = _find(connection, [event.id for event in events if not event.is_new])
    seen_again: list[tuple[int, str, str]] = []
    seen_first: list[tuple[int, str, str]] = []
    different: list[ReadMarket] = []
    for event in events:
        for market, bets in _covered(event, markets):
            before = known.get((event.id, market))
            if (before is None and not bets) or (before is not None and before.confirmed_at > source.at):
                continue
            mark = fingerprint(bets)
            (seen_first if before is None else seen_again).append((event.id, market, mark))
            if before is None or before.odds_hash != mark:
                different.append(ReadMarket(event.id, market, bets, is_new=event.is_new))
    times = {"at": source.at, "fresh_until": source.fresh_until}
    if seen_first:
        connection.execute(_insert(connection.dialect.name), {"read": seen_first, **times})
    if seen_again:
        connection.execute(_update(connection.dialect.name), {"read": seen_again, **times})
    return different


def _covered(event: StoredEvent, markets: Collection[str]) -> Iterable[tuple[str, Mapping[Bet, Decimal]]]:
    """Return each market that the reading covers of an event with its prices: none if prices are known to miss."""
    if not event.prepared.event.is_whole:
        return []
    if event.is_swapped:
        offers, markets = event.prepared.other_way_round(), other_markets(markets)
    else:
        offers = event.prepared.offers
    return ((market, offers.get(market, NO_OFFERS)) for market in markets)


def _find(connection: Connection, ids: Sequence[int]) -> Known:
    if not ids:
        return {}
    rows = connection.execute(
        select(_c.platform_event_id, _c.market, _c.odds_hash, _c.confirmed_at).where(_c.platform_event_id.in_(ids))
    )
    return {(row.platform_event_id, row.market): row for row in rows}


_AT = bindparam("at", type_=UTCDateTime)
_FRESH_UNTIL = bindparam("fresh_until", type_=UTCDateTime)


@cache
def _insert(dialect: str) -> Any:
    given = unfold(dialect, "read").c.value
    event_id, market, mark = cast(given[0].as_string(), BigInteger), given[1].as_string(), given[2].as_string()
    names = ["platform_event_id", "market", "odds_hash", "confirmed_at", "fresh_until"]
    return insert(market_readings).from_select(names, select(event_id, market, mark, _AT, _FRESH_UNTIL))


@cache
def _update(dialect: str) -> Any:
    given = unfold(dialect, "read").c.value
    fits = (_c.platform_event_id == cast(given[0].as_string(), BigInteger), _c.market == given[1].as_string())
    values = {"odds_hash": given[2].as_string(), "confirmed_at": _AT, "fresh_until": _FRESH_UNTIL}
    return update(market_readings).where(*fits).values(values)


def forget_fingerprints(connection: Connection, event_ids: Sequence[int]) -> None:
    """Compare the next reading of these events price by price."""
    connection.execute(update(market_readings).where(_c.platform_event_id.in_(event_ids)).values(odds_hash=NOT_READ))
