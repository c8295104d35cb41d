"""The sink for odds: events, prices, their changes, and which events of several bookmakers are the same.

A price that did not change costs no write: only its event is marked as seen again.
"""

from collections.abc import Sequence

from sqlalchemy import Connection, text

from scrape_operator.core.odds.model import ODDS_SINK, OddsReading
from scrape_operator.core.runs.run import RunResult, TargetResult
from scrape_operator.storage.odds.listing import Source, list_events
from scrape_operator.storage.odds.markets import define_markets
from scrape_operator.storage.odds.matching import match_again
from scrape_operator.storage.odds.prices import store_prices
from scrape_operator.storage.odds.withdrawing import PRUNED_AT_ONCE, prune_odds, withdraw_missing
from scrape_operator.storage.sinks import Age, Sink

ONE_AT_A_TIME = text("SELECT pg_advisory_xact_lock(7234872346)")
"""Replicas store odds one after the other: which events are the same one depends on all of them."""


class OddsSink(Sink):
    """Stores `OddsReading` payloads."""

    name = ODDS_SINK

    def store(self, connection: Connection, results: Sequence[RunResult]) -> None:
        """Store what the good targets of these runs read from bookmakers."""
        store_odds(connection, results)

    def prune(self, connection: Connection, ages: Sequence[Age]) -> list[bool]:
        """Delete events that began too long ago, with their odds."""
        return [deleted >= PRUNED_AT_ONCE for deleted in prune_odds(connection, ages)]


def store_odds(connection: Connection, results: Sequence[RunResult]) -> None:
    """Store what the good targets of these runs read from bookmakers."""
    readings = [
        (Source(result.claim.schedule_uid, target.target, result.completed_at), reading, target.complete)
        for result in results
        for target in result.targets
        if (reading := _reading(target)) is not None and target.status.is_good
    ]
    if not readings:
        return
    if connection.dialect.name == "postgresql":
        connection.execute(ONE_AT_A_TIME)
    is_news = False
    for source, reading, complete in readings:
        is_news |= _store(connection, source, reading, complete=complete)
    if is_news:
        match_again(connection, max(source.at for source, _, _ in readings))


def _reading(target: TargetResult) -> OddsReading | None:
    content = target.sink_payload.content if target.sink_payload and target.sink_payload.sink == ODDS_SINK else None
    return content if isinstance(content, OddsReading) else None


def _store(connection: Connection, source: Source, reading: OddsReading, *, complete: bool) -> bool:
    """Store one reading; give whether events have to be matched again."""
    define_markets(connection, reading.markets)
    listing = list_events(connection, source, reading)
    store_prices(connection, listing.to_price, listing.markets, source.at)
    if complete and reading.events and withdraw_missing(connection, source):
        listing.is_news = True
    return listing.is_news
