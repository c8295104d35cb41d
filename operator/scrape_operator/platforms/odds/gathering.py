"""From events to the items of a scrape: each event once, within the horizon, with the markets that are wanted."""

from scrape_operator.core.items import JSONValue
from scrape_operator.platforms.odds.choosing import OddsConfig
from scrape_operator.platforms.odds.events import BookEvent
from scrape_operator.platforms.port import ScrapeContext

MAX_EVENTS = 20_000
"""Of one scrape of one bookmaker; full listings hold 1,000 to 2,500."""


class Gathering:
    """What one scrape has gathered so far."""

    def __init__(self, config: OddsConfig, context: ScrapeContext) -> None:
        self._config = config
        self._context = context
        self._seen: set[str] = set()
        self._now = context.now()

    def __len__(self) -> int:
        return len(self._seen)

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
        kept = event.only(self._config.wanted)
        self._context.count("events")
        self._context.count("prices", len(kept.prices))
        return kept.as_item()
