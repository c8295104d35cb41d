"""The sink for odds: events, prices, their changes, and which events of several bookmakers are the same.

A reading is stored some events at a time, so that no other write waits for long. Every step compares what was read with
what is stored, by the time of the reading: it may be repeated, and an older reading never replaces a newer one.
"""

import asyncio
import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import partial

from sqlalchemy import Connection

from scrape_operator.core.odds.model import ODDS_SINK, OddsMarket, OddsReading
from scrape_operator.core.runs.run import RunResult, TargetResult
from scrape_operator.storage.odds.applying import apply_parts, parts_of
from scrape_operator.storage.odds.definitions import define_markets
from scrape_operator.storage.odds.market_readings import confirm_markets
from scrape_operator.storage.odds.matching import load_snapshot, plan_matches
from scrape_operator.storage.odds.platform_events import store_events
from scrape_operator.storage.odds.prepared import Preparation, PreparedEvent, Source, market_names
from scrape_operator.storage.odds.prices import store_prices
from scrape_operator.storage.odds.state import lock_odds, mark_listed
from scrape_operator.storage.odds.withdrawal import (
    PRUNED_AT_ONCE,
    WITHDRAWN_AT_ONCE,
    CompleteReading,
    prune_odds,
    withdraw_missing,
)
from scrape_operator.storage.sinks import Age, Sink, Transactions
from scrape_operator.storage.tables import platform_events

logger = logging.getLogger(__name__)

FRESH_FOR = timedelta(minutes=10)
"""So long a reading counts as fresh if its schedule has no second due time after it."""
ROWS_AT_ONCE = 2_500
MATCH_ATTEMPTS = 5
"""So often matches are found again while events keep changing; the next run does what is left."""


@dataclass(frozen=True, slots=True)
class Part:
    """Some events of a reading, with the markets that it covers."""

    source: Source
    definitions: Sequence[OddsMarket]
    markets: frozenset[str]
    events: Sequence[PreparedEvent]


class OddsSink(Sink):
    """Stores `OddsReading` payloads."""

    name = ODDS_SINK
    owned = (platform_events,)

    async def store(self, transactions: Transactions, result: RunResult) -> None:
        """Store what the good targets of a run read from bookmakers."""
        readings = [(target, reading) for target in result.targets if (reading := _reading(target)) is not None]
        for target, reading in readings:
            await _store(transactions, _source(result, target), reading, is_complete=target.complete)
        if readings:
            await _match(transactions, result)

    def prune(self, connection: Connection, ages: Sequence[Age]) -> list[bool]:
        """Delete events that began too long ago, or all events of a schedule, with their odds."""
        return [deleted >= PRUNED_AT_ONCE for deleted in prune_odds(connection, ages)]


def _reading(target: TargetResult) -> OddsReading | None:
    payload = target.sink_payload
    is_ours = payload is not None and payload.sink == ODDS_SINK and target.status.is_good
    return payload.content if payload and is_ours and isinstance(payload.content, OddsReading) else None


def _source(result: RunResult, target: TargetResult) -> Source:
    at, payload = result.completed_at, target.sink_payload
    fresh_until = payload.fresh_until if payload and payload.fresh_until else at + FRESH_FOR
    return Source(result.claim.schedule_uid, target.target, at, fresh_until)


async def _store(transactions: Transactions, source: Source, reading: OddsReading, *, is_complete: bool) -> None:
    """Store one reading, and withdraw the events that it covers and lacks if it is complete."""
    events = await asyncio.to_thread(Preparation().events, reading)
    markets = market_names(reading)
    for some in _parts(events):
        part = Part(source, reading.markets, markets, some)
        await transactions.write(_store_parts, part, weight=sum(event.size for event in some))
    if is_complete and events and reading.coverage is not None:
        complete = CompleteReading(source, reading.coverage)
        while await transactions.write(_withdraw, complete, weight=ROWS_AT_ONCE) >= WITHDRAWN_AT_ONCE:
            pass


def _parts(events: Sequence[PreparedEvent]) -> Iterator[Sequence[PreparedEvent]]:
    """Divide events so that a part has a bounded number of rows, or one event."""
    start = rows = 0
    for end, event in enumerate(events):
        if rows and rows + event.size > ROWS_AT_ONCE:
            yield events[start:end]
            start, rows = end, 0
        rows += event.size
    if start < len(events):
        yield events[start:]


def _store_parts(connection: Connection, parts: Sequence[Part]) -> list[None]:
    lock_odds(connection)
    for part in parts:
        define_markets(connection, part.definitions)
        stored = store_events(connection, part.source, part.events)
        different = confirm_markets(connection, part.source, stored.events, part.markets)
        store_prices(connection, different, part.source.at)
        if stored.needs_matching:
            mark_listed(connection)
    return [None] * len(parts)


def _withdraw(connection: Connection, readings: Sequence[CompleteReading]) -> list[int]:
    lock_odds(connection)
    withdrawn = [withdraw_missing(connection, reading) for reading in readings]
    if any(withdrawn):
        mark_listed(connection)
    return withdrawn


async def _match(transactions: Transactions, result: RunResult) -> None:
    """Find the matches again if the listed events changed. They are found beside the writer, and written in parts."""
    for _ in range(MATCH_ATTEMPTS):
        snapshot = await transactions.read(partial(load_snapshot, at=result.completed_at))
        if snapshot.versions.listed == snapshot.versions.matched:
            return
        for part in parts_of(await asyncio.to_thread(plan_matches, snapshot)):
            if not await transactions.write(apply_parts, part, weight=10 * len(part.groups)):
                break
        else:
            return
    logger.info("events kept changing while they were matched: the next run matches them")
