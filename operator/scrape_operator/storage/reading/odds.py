"""Reads odds for people: events, what bookmakers offer for them, how it changed, and what is missing."""

import unicodedata
from collections import defaultdict
from collections.abc import AsyncIterator, Collection, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from difflib import get_close_matches
from typing import Any

from sqlalchemy import BigInteger, ColumnElement, Executable, Row, Text, column, or_, select, table

from scrape_operator.core.nearest import MEANT_MAX
from scrape_operator.core.odds.comparison import MarketComparison, Offer, compare
from scrape_operator.core.odds.coverage import CoverageReport, ListedEvent, cover
from scrape_operator.core.odds.history import PriceHistory, PricePoint
from scrape_operator.core.odds.model import OddsMarket
from scrape_operator.settings import Settings
from scrape_operator.storage.engine.columns import Exact, UTCDateTime
from scrape_operator.storage.reading.connections import ReadOnlyDatabase, open_read_only
from scrape_operator.storage.tables import events, odds, odds_changes, odds_markets, platform_events

LONGEST_ID = 18
"""Digits: more do not fit into a column of numbers."""

event_odds = table(
    "event_odds",
    column("event_id", BigInteger),
    column("bookmaker", Text),
    column("market", Text),
    column("line", Exact),
    column("outcome", Text),
    column("price", Exact),
    column("confirmed_at", UTCDateTime),
    column("fresh_until", UTCDateTime),
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


class OddsReader:
    """Reads events and odds. Made by `open_odds`."""

    def __init__(self, database: ReadOnlyDatabase) -> None:
        self._database = database

    async def upcoming(self, now: datetime, limit: int) -> list[ComparedEvent]:
        """Return the events that begin next."""
        return await self._events(events.c.starts_at >= now, limit=limit)

    async def find(self, text: str, now: datetime, limit: int) -> list[ComparedEvent]:
        """Find events by their id, SportRadar's or Genius Sports', or by words of the teams' names without accents.

        Events that are to begin come first, in order of kick-offs; then past ones, the latest first.
        """
        digits = text.strip().removeprefix("sr:match:")
        if digits.isascii() and digits.isdigit() and len(digits) <= LONGEST_ID:
            ids = (events.c.id == int(digits), events.c.sportradar_id == digits, events.c.genius_id == digits)
            if of_id := await self._events(or_(*ids)):
                return _by_kickoff(of_id, now)[:limit]
        words = _fold(text).split()
        found = [event for event in await self._events() if all(word in _fold(_names(event)) for word in words)]
        return _by_kickoff(found, now)[:limit]

    async def similar_teams(self, text: str) -> list[str]:
        """Return the names of teams that a text may have meant, by the name or a word of it, the most similar first."""
        rows = await self._rows(select(events.c.home).union(select(events.c.away)))
        names = {part: str(name) for (name,) in rows for part in (_fold(name), *_fold(name).split())}
        meant = get_close_matches(_fold(text), names, n=MEANT_MAX)
        return list(dict.fromkeys(names[part] for part in meant))

    async def markets(self) -> dict[str, OddsMarket]:
        """Return the markets that were ever read, by name."""
        c = odds_markets.c
        rows = await self._rows(select(c.market, c.outcomes, c.winners).order_by(c.market))
        return {row.market: OddsMarket(row.market, tuple(row.outcomes), row.winners) for row in rows}

    async def compare(
        self, event: ComparedEvent, now: datetime, markets: Collection[str] = (), max_age: timedelta | None = None
    ) -> list[MarketComparison]:
        """Compare what is offered for an event, in all markets or in these, ordered by market and line.

        Prices that were confirmed more than `max_age` ago do not compete; the default is two intervals of the schedule.
        """
        c = event_odds.c
        columns = (c.bookmaker, c.market, c.line, c.outcome, c.price, c.confirmed_at, c.fresh_until)
        rows = await self._rows(select(*columns).where(c.event_id == event.id, *_in(c.market, markets)))
        return compare([Offer(*row) for row in rows], await self.markets(), now, max_age)

    async def history(self, event: ComparedEvent, markets: Collection[str] = ()) -> list[PriceHistory]:
        """Return every price of an event over time, in all markets or in these."""
        fits = (platform_events.c.event_id == event.id, *_in(odds.c.market, markets))
        joined = odds.join(platform_events, platform_events.c.id == odds.c.platform_event_id)
        bet = (platform_events.c.bookmaker, odds.c.market, odds.c.line, odds.c.outcome)
        opened = select(odds.c.id, *bet, odds.c.opening_price, odds.c.first_seen_at).select_from(joined).where(*fits)
        changed = select(odds_changes.c.odds_id, odds_changes.c.at, odds_changes.c.after).where(
            odds_changes.c.odds_id.in_(select(odds.c.id).select_from(joined).where(*fits))
        )
        points: dict[int, list[PricePoint]] = defaultdict(list)
        for row in await self._rows(changed.order_by(odds_changes.c.at, odds_changes.c.id)):
            points[row.odds_id].append(PricePoint(row.at, row.after))
        histories = [
            PriceHistory(
                row.bookmaker,
                row.market,
                Decimal(row.line) if row.line else None,
                row.outcome,
                [PricePoint(row.first_seen_at, row.opening_price), *points[row.id]],
            )
            for row in await self._rows(opened)
        ]
        return sorted(histories, key=_place)

    async def coverage(self, now: datetime) -> CoverageReport:
        """Report which bookmakers list the events that are to begin, and what they lack."""
        c = platform_events.c
        is_listed = (c.withdrawn_at.is_(None), c.starts_at >= now, c.event_id.is_not(None))
        offered = select(odds.c.platform_event_id, odds.c.market).join(
            platform_events, c.id == odds.c.platform_event_id
        )
        offered = offered.where(*is_listed, odds.c.withdrawn_at.is_(None)).distinct()
        markets: dict[int, set[str]] = defaultdict(set)
        for row in await self._rows(offered):
            markets[row.platform_event_id].add(row.market)
        identity = (c.event_id, c.bookmaker, c.bookmaker_event_id, c.home, c.away, c.starts_at)
        rows = await self._rows(select(c.id, *identity, c.match_kind, c.apart_reason).where(*is_listed))
        return cover(
            ListedEvent(
                row.event_id,
                row.bookmaker,
                row.bookmaker_event_id,
                row.home,
                row.away,
                row.starts_at,
                row.match_kind,
                row.apart_reason,
                frozenset(markets[row.id]),
            )
            for row in rows
        )

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
    """Return a text without case and accents."""
    return "".join(ch for ch in unicodedata.normalize("NFKD", text.casefold()) if not unicodedata.combining(ch))


def _in(name: ColumnElement[str], values: Collection[str]) -> Sequence[ColumnElement[bool]]:
    return [name.in_(values)] if values else []


def _place(history: PriceHistory) -> tuple[str, Decimal, str, str]:
    return history.market, history.line or Decimal(0), history.outcome, history.bookmaker
