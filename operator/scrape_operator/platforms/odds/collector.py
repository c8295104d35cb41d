"""Collects the items of a scrape from pages: each event once, within the horizon, with the markets that are wanted."""

import asyncio
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from typing import Any

from scrape_operator.core.errors import ScrapeFailed
from scrape_operator.core.odds.model import ODDS_SINK, Coverage, OddsEvent, OddsReading
from scrape_operator.core.runs.items import JSONValue
from scrape_operator.core.runs.reasons import Reason
from scrape_operator.core.runs.run import SinkPayload
from scrape_operator.platforms.json_values import changed
from scrape_operator.platforms.odds.config import OddsConfig
from scrape_operator.platforms.odds.events import MAX_PRICES, BookEvent
from scrape_operator.platforms.odds.markets import MARKETS
from scrape_operator.platforms.port import ScrapeContext

MAX_EVENTS = 20_000
"""Of one scrape of one bookmaker; full listings hold 1,000 to 2,500."""

_EVENTS_BETWEEN_YIELDS = 10
"""Events that are parsed before other tasks get their turn: each takes a quarter to half a millisecond."""
_ENOUGH_UNREADABLE = 20
_COVERAGE, _EVENTS = "coverage", "events"

Entry = tuple[Mapping[str, Any], ...]
"""An event of a page as it was sent, and what stood around it."""
Parser = Callable[..., BookEvent | None]


def payload_of(config: OddsConfig, items: Sequence[Mapping[str, JSONValue]], context: ScrapeContext) -> SinkPayload:
    """Return what a scrape's items mean for the tables of odds, with what the scrape covered."""
    read: Mapping[str, OddsEvent] = context.memo.get(_EVENTS, {})
    events = tuple(read[str(item["event_id"])] for item in items)
    names = MARKETS if config.wanted is None else sorted(config.wanted)
    markets = tuple(MARKETS[name].as_odds_market() for name in names)
    coverage: Coverage | None = context.memo.get(_COVERAGE)
    return SinkPayload(ODDS_SINK, OddsReading(events, markets, coverage))


class EventCollector:
    """The events of one scrape so far."""

    def __init__(self, config: OddsConfig, context: ScrapeContext, bookmaker: str) -> None:
        self._config = config
        self._context = context
        self._seen: set[str] = set()
        self._events: dict[str, OddsEvent] = context.memo.setdefault(_EVENTS, {})
        self._now = context.now()
        self._bookmaker = config.bookmaker(bookmaker)
        self._read = self._unreadable = self._skipped = 0

    def cover(self, competitions: Collection[str] | None) -> None:
        """Note which competitions the scrape reads, by their ids in items; None is all of them."""
        only = None if competitions is None else frozenset(competitions)
        self._context.memo[_COVERAGE] = Coverage(self._bookmaker, self._config.until(self._now), only)

    async def parse(self, page: Sequence[Entry], parse: Parser, where: str) -> list[BookEvent]:
        """Parse the events of a page without blocking the event loop; those without id, teams or time are losses.

        Raises:
            ScrapeFailed: PlatformChanged where many events have come so far, and none could be read.

        """
        events = []
        for at, entry in enumerate(page):
            if at % _EVENTS_BETWEEN_YIELDS == 0:
                await asyncio.sleep(0)
            event = parse(*entry)
            if event is not None:
                events.append(event)
        missing = len(page) - len(events)
        self._read += len(events)
        self._unreadable += missing
        if self._unreadable >= _ENOUGH_UNREADABLE:
            self.finish(where)
        if missing:
            failure = ScrapeFailed(Reason.PLATFORM_CHANGED, "they have no id, teams or time")
            self._context.lose(f"{missing} events of {where}", failure, missing)
        return events

    def skip(self, count: int) -> None:
        """Count entries that are no matches, such as bets on the winner of a league."""
        self._skipped += count
        if count:
            self._context.count("skipped", count)

    def finish(self, where: str) -> None:
        """Check at the end that something could be read, if anything came.

        Raises:
            ScrapeFailed: PlatformChanged.

        """
        if not self._read and self._unreadable + self._skipped:
            found = f"{self._unreadable + self._skipped} without"
            raise changed(where, "events with an id, two teams and a time", found)

    def is_new(self, event: BookEvent) -> bool:
        """Record an event that is listed; return False where it was listed before, or where there are too many."""
        if event.event_id in self._seen:
            return False
        if len(self._seen) >= MAX_EVENTS:
            failure = ScrapeFailed(Reason.TOO_LARGE, f"more than {MAX_EVENTS} events are listed")
            self._context.lose(f"event {event.event_id}", failure)
            return False
        self._seen.add(event.event_id)
        return True

    def is_wanted(self, event: BookEvent) -> bool:
        """Return whether the event begins when the config says."""
        return self._config.is_ahead(event.starts_at, self._now)

    def item(self, event: BookEvent) -> dict[str, JSONValue]:
        """Return the item of an event; count it, and the markets that have no canonical name."""
        for market, name in {(raw.market, raw.name) for raw in event.raw}:
            self._context.count_unknown(f"{market} {name}".strip())
        if event.dropped:
            self._context.note(f"event {event.event_id} has {event.dropped} prices beyond {MAX_PRICES}: not kept")
        kept = replace(event.only(self._config.wanted), bookmaker=self._bookmaker)
        self._context.count("events")
        self._context.count("prices", len(kept.prices))
        self._events[event.event_id] = replace(kept, raw=())
        return kept.as_item()
