"""What bookmakers offer for an event, side by side: reads the views, and nothing else. Called by the CLI's `odds`."""

import unicodedata
from collections.abc import AsyncIterator, Collection, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from itertools import groupby
from typing import Any

from sqlalchemy import BigInteger, Boolean, ColumnElement, Executable, Row, Text, column, or_, select, table

from scrape_operator.settings import Settings
from scrape_operator.storage.engine.columns import Exact, UTCDateTime
from scrape_operator.storage.reading.connections import ReadOnlyDatabase, open_read_only
from scrape_operator.storage.tables import events, odds_markets

LONGEST_ID = 18
"""Digits; more are no id of ours, and too many for a column of numbers."""

odds_comparison = table(
    "odds_comparison",
    column("event_id", BigInteger),
    column("market", Text),
    column("line", Exact),
    column("outcome", Text),
    column("bookmaker", Text),
    column("price", Exact),
    column("is_best", Boolean),
    column("margin", Exact),
    column("changed_at", UTCDateTime),
    column("seen_at", UTCDateTime),
)


@dataclass(frozen=True, slots=True)
class ComparedEvent:
    """An event, whoever offers odds for it; `match_kind` as in `tables.events`."""

    id: int
    sportradar_id: str | None
    genius_id: str | None
    sport: str
    country: str
    competition: str
    home: str
    away: str
    starts_at: datetime
    match_kind: str


@dataclass(frozen=True, slots=True)
class BookOffer:
    """One bookmaker's prices of a market, by outcome; `best` are those that no other bookmaker beats.

    `margin` is what it keeps of bets on all outcomes (0.05 is 5 %); None unless it offers all of them.
    """

    bookmaker: str
    prices: Mapping[str, Decimal]
    best: frozenset[str]
    margin: Decimal | None
    seen_at: datetime


@dataclass(frozen=True, slots=True)
class MarketComparison:
    """A market on one line, if it has lines: its outcomes in the order in which people write them, and the books."""

    market: str
    line: Decimal | None
    outcomes: Sequence[str]
    books: Sequence[BookOffer]


class OddsReader:
    """Reads the views. Made by `open_odds`."""

    def __init__(self, database: ReadOnlyDatabase) -> None:
        self._database = database

    async def upcoming(self, now: datetime, limit: int) -> list[ComparedEvent]:
        """Give the events that begin next."""
        return await self._events(events.c.starts_at >= now, limit=limit)

    async def find(self, text: str, now: datetime, limit: int) -> list[ComparedEvent]:
        """Find events by our id, SportRadar's or Genius Sports', or by words of the teams' names, accents left out.

        What is to come is given first, in order of kick-offs; then what was, the latest first.
        """
        digits = text.strip().removeprefix("sr:match:")
        if digits.isascii() and digits.isdigit() and len(digits) <= LONGEST_ID:
            ids = (events.c.id == int(digits), events.c.sportradar_id == digits, events.c.genius_id == digits)
            if of_id := await self._events(or_(*ids)):
                return _by_kickoff(of_id, now)[:limit]
        words = _fold(text).split()
        found = [event for event in await self._events() if all(word in _fold(_names(event)) for word in words)]
        return _by_kickoff(found, now)[:limit]

    async def compare(self, event: ComparedEvent, markets: Collection[str] = ()) -> list[MarketComparison]:
        """Compare what is offered for an event, in all markets or in these, ordered by market and line."""
        view = odds_comparison.c
        wanted = (view.event_id == event.id, *([view.market.in_(markets)] if markets else ()))
        rows = await self._rows(select(odds_comparison).where(*wanted))
        defined = await self._rows(select(odds_markets.c.market, odds_markets.c.outcomes))
        order: dict[str, list[str]] = {row.market: row.outcomes for row in defined}
        by_bet = groupby(sorted(rows, key=_bet), key=lambda row: (row.market, row.line))
        return [_market(market, line, list(group), order.get(market, [])) for (market, line), group in by_bet]

    async def _events(self, *conditions: ColumnElement[bool], limit: int | None = None) -> list[ComparedEvent]:
        columns = (events.c[name] for name in ComparedEvent.__dataclass_fields__)
        asked = select(*columns).where(*conditions).order_by(events.c.starts_at, events.c.id).limit(limit)
        return [ComparedEvent(*row) for row in await self._rows(asked)]

    async def _rows(self, statement: Executable) -> Sequence[Row[*tuple[Any, ...]]]:
        return await self._database.rows(statement)


@asynccontextmanager
async def open_odds(settings: Settings) -> AsyncIterator[OddsReader]:
    """Open the database that the settings name, to read only; an operator may be at work on it.

    Raises:
        InvalidValue: the settings name no usable database.
        SchemaMismatch: the tables are not of this version.
        StoreUnavailable: it can't be reached.

    """
    async with open_read_only(settings) as database:
        await database.check()
        yield OddsReader(database)


def _by_kickoff(found: Iterable[ComparedEvent], now: datetime) -> list[ComparedEvent]:
    return sorted(found, key=lambda event: (event.starts_at < now, abs(event.starts_at - now), event.id))


def _names(event: ComparedEvent) -> str:
    return f"{event.home} {event.away}"


def _fold(text: str) -> str:
    """Write a text without case and accents."""
    return "".join(ch for ch in unicodedata.normalize("NFKD", text.casefold()) if not unicodedata.combining(ch))


def _bet(row: Row[Any]) -> tuple[str, Decimal, str]:
    return row.market, Decimal(0) if row.line is None else row.line, row.bookmaker


def _market(market: str, line: Decimal | None, rows: Sequence[Row[Any]], order: Sequence[str]) -> MarketComparison:
    offered = {row.outcome for row in rows}
    known = [outcome for outcome in order if outcome in offered]
    books = [_book(name, list(group)) for name, group in groupby(rows, key=lambda row: row.bookmaker)]
    return MarketComparison(market, line, (*known, *sorted(offered.difference(known))), books)


def _book(bookmaker: str, rows: Sequence[Row[Any]]) -> BookOffer:
    return BookOffer(
        bookmaker,
        {row.outcome: row.price for row in rows},
        frozenset(row.outcome for row in rows if row.is_best),
        rows[0].margin,
        max(row.seen_at for row in rows),
    )
