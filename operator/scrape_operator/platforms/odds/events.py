"""One event with its odds, as a bookmaker offers it at one moment."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Any, NamedTuple

from scrape_operator.core.odds.model import OddsEvent, PriceKey, line_text
from scrape_operator.core.runs.items import JSONValue
from scrape_operator.core.times import rfc3339
from scrape_operator.platforms.odds.values import write_price

MAX_PRICES = 20_000
"""Per event, of canonical markets and again of all others: a bound against abuse. Captures hold up to 4,873 in all."""
EVENT_KEY = ("event_id",)


class RawPrice(NamedTuple):
    """A price of a market that has no canonical name: the platform's id and name of the market, its own words."""

    market: str
    name: str
    line: str
    outcome: str
    price: Decimal


@dataclass(slots=True)
class OddsSheet:
    """The offered prices of one event while they are read: the first one of a key counts, too many are dropped."""

    prices: dict[PriceKey, Decimal] = field(default_factory=dict)
    raw: list[RawPrice] = field(default_factory=list)
    dropped: int = 0

    def offer(self, key: PriceKey, price: Decimal) -> None:
        """Add a price of a canonical market."""
        if key in self.prices:
            return
        if len(self.prices) < MAX_PRICES:
            self.prices[key] = price
        else:
            self.dropped += 1

    def keep(self, raw: RawPrice) -> None:
        """Add a price without a canonical name."""
        if len(self.raw) < MAX_PRICES:
            self.raw.append(raw)
        else:
            self.dropped += 1


@dataclass(frozen=True, slots=True)
class BookEvent(OddsEvent):
    """An event as an adapter reads it: also with the prices that have no canonical name."""

    raw: tuple[RawPrice, ...] = ()

    def only(self, markets: Collection[str] | None) -> "BookEvent":
        """Keep the prices of these markets; None keeps all."""
        if markets is None:
            return self
        kept = {key: price for key, price in self.prices.items() if key.market in markets}
        return replace(self, prices=kept)

    def as_item(self) -> dict[str, JSONValue]:
        """Return the event as an item: odds by market, line where there is one, and outcome; prices are text.

        `other_odds` are prices without a canonical name: [market id, market name, line, outcome, price].
        """
        item: dict[str, JSONValue] = {
            "bookmaker": self.bookmaker,
            "event_id": self.event_id,
            "sportradar_id": self.sportradar_id,
            "genius_id": self.genius_id,
            "sport": self.sport,
            "country": self.country,
            "competition": self.competition,
            "competition_id": self.competition_id,
            "home": self.home,
            "away": self.away,
            "starts_at": rfc3339(self.starts_at),
            "odds": _nested(self.prices),
        }
        if self.raw:
            item["other_odds"] = [[*raw[:4], write_price(raw.price)] for raw in self.raw]
        if self.dropped:
            item["dropped_odds"] = self.dropped
        return item


def _nested(prices: Mapping[PriceKey, Decimal]) -> dict[str, JSONValue]:
    odds: dict[str, Any] = {}
    for (market, line, outcome), price in prices.items():
        part = odds.setdefault(market, {})
        if line is not None:
            part = part.setdefault(line_text(line), {})
        part[outcome] = write_price(price)
    return odds
