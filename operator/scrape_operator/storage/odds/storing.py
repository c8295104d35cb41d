"""The odds of runs that end: events, prices, changes, matches. Called by `finishing`, in its transaction.

What did not change costs no write but one for each event, that it was seen again.
"""

from collections.abc import Sequence

from sqlalchemy import Connection, text

from scrape_operator.core.odds.model import OddsReading
from scrape_operator.core.runs.run import RunResult
from scrape_operator.storage.odds.listing import Source, list_events
from scrape_operator.storage.odds.markets import define_markets
from scrape_operator.storage.odds.matching import match_again
from scrape_operator.storage.odds.prices import store_prices
from scrape_operator.storage.odds.withdrawing import withdraw_missing

ONE_AT_A_TIME = text("SELECT pg_advisory_xact_lock(7234872346)")
"""Replicas store odds one after the other: which events are the same one depends on all of them."""


def store_odds(connection: Connection, results: Sequence[RunResult]) -> None:
    """Store what the good targets of these runs read of bookmakers."""
    readings = [
        (Source(result.claim.schedule_uid, target.target, result.completed_at), target.odds, target.complete)
        for result in results
        for target in result.targets
        if target.odds is not None and target.status.is_good
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


def _store(connection: Connection, source: Source, reading: OddsReading, *, complete: bool) -> bool:
    """Store one reading; give whether events have to be matched again."""
    define_markets(connection, reading.markets)
    listing = list_events(connection, source, reading)
    store_prices(connection, listing.to_price, listing.markets, source.at)
    if complete and reading.events and withdraw_missing(connection, source):
        listing.is_news = True
    return listing.is_news
