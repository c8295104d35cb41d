"""From pages to the items of a scrape: each event once, within the horizon, with the markets that are wanted."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from scrape_operator.core.errors import ScrapeFailed
from scrape_operator.core.odds.model import ODDS_SINK, OddsReading
from scrape_operator.core.runs.items import JSONValue
from scrape_operator.core.runs.reasons import Reason
from scrape_operator.core.runs.run import SinkPayload
from scrape_operator.platforms.odds.choosing import OddsConfig
from scrape_operator.platforms.odds.events import MAX_PRICES, MAX_RAW_PRICES, BookEvent, odds_event_of
from scrape_operator.platforms.odds.markets import MARKETS
from scrape_operator.platforms.port import ScrapeContext
from scrape_operator.platforms.shapes import changed

MAX_EVENTS = 20_000
"""Of one scrape of one bookmaker; full listings hold 1,000 to 2,500."""

_BETWEEN_BREATHS = 10  # events of a quarter to half a millisecond each
_ENOUGH_UNREADABLE = 20

Entry = tuple[Mapping[str, Any], ...]
"""An event of a page as it was sent, and what stood around it."""
Parser = Callable[..., BookEvent | None]


def payload_of(config: OddsConfig, items: Sequence[Mapping[str, JSONValue]]) -> SinkPayload:
    """Return what a scrape's items mean for the tables of odds, with the markets that were asked for."""
    events = (odds_event_of(item) for item in items)
    names = MARKETS if config.wanted is None else sorted(config.wanted)
    markets = tuple(MARKETS[name].as_odds_market() for name in names)
    reading = OddsReading(tuple(event for event in events if event is not None), markets)
    return SinkPayload(ODDS_SINK, reading, sum(1 + len(event.prices) for event in reading.events))


class Gathering:
    """What one scrape has gathered so far."""

    def __init__(self, config: OddsConfig, context: ScrapeContext) -> None:
        self._config = config
        self._context = context
        self._seen: set[str] = set()
        self._now = context.now()
        self._read = self._unreadable = self._skipped = 0

    def __len__(self) -> int:
        return len(self._seen)

    async def read(self, page: Sequence[Entry], parse: Parser, where: str) -> list[BookEvent]:
        """Read the events of a page, without holding up the loop; those without id, teams or time are lost.

        Raises:
            ScrapeFailed: PlatformChanged where many events have come so far, and none could be read.

        """
        events = []
        for at, entry in enumerate(page):
            if at % _BETWEEN_BREATHS == 0:
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
        """Note entries that are no matches, such as bets on the winner of a league."""
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
        """Note an event that is listed. False: it was listed before, or there are too many."""
        if event.event_id in self._seen or len(self._seen) >= MAX_EVENTS:
            return False
        self._seen.add(event.event_id)
        return True

    def is_wanted(self, event: BookEvent) -> bool:
        """Whether the event begins when the config says."""
        return self._config.is_ahead(event.starts_at, self._now)

    def item(self, event: BookEvent) -> dict[str, JSONValue]:
        """Give the item of an event, and count it and what it holds beyond the vocabulary."""
        for market in {raw.market for raw in event.raw}:
            self._context.count_unknown(market)
        if event.dropped:
            failure = ScrapeFailed(
                Reason.TOO_LARGE, f"more than {MAX_PRICES} prices, or {MAX_RAW_PRICES} without a canonical name"
            )
            self._context.lose(f"{event.dropped} prices of event {event.event_id}", failure, event.dropped)
        kept = replace(event.only(self._config.wanted), bookmaker=self._config.bookmaker(event.bookmaker))
        self._context.count("events")
        self._context.count("prices", len(kept.prices))
        return kept.as_item()
