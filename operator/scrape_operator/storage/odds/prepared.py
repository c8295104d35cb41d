"""Events as they are compared with the stored ones: prices by market, each market with a fingerprint."""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from scrape_operator.core.odds.model import OddsEvent, OddsReading, PriceKey, kept_price, line_text
from scrape_operator.core.odds.sides import other_market, other_side
from scrape_operator.storage.engine.cleaning import clean_text

Bet = tuple[str, str]
"""Line and outcome, as they are stored."""
Offers = Mapping[str, Mapping[Bet, Decimal]]
"""Prices by market and bet."""
Identity = tuple[str, str]
"""Bookmaker, and its id of the event."""

NO_OFFERS: Mapping[Bet, Decimal] = {}


@dataclass(frozen=True, slots=True)
class Source:
    """The target that a reading is of, when its run ended, and until when the reading counts as fresh."""

    schedule_uid: str
    target: str
    at: datetime
    fresh_until: datetime


@dataclass(frozen=True, slots=True)
class PreparedEvent:
    """An event with the prices that are offered, as the bookmaker sees its sides."""

    identity: Identity
    event: OddsEvent
    offers: Offers

    @property
    def size(self) -> int:
        """About the number of rows that it touches."""
        return 1 + sum(len(bets) for bets in self.offers.values())

    def other_way_round(self) -> Offers:
        """Return the prices as they are where home and away change places."""
        swapped = {other_side(key): price for key, price in self.event.prices.items()}
        return Preparation().offers(swapped)


class Preparation:
    """Prepares the events of a reading, which have their keys and most of their prices in common."""

    def __init__(self) -> None:
        self._keys: dict[PriceKey, tuple[str, Bet]] = {}
        self._prices: dict[Decimal, Decimal | None] = {}

    def events(self, reading: OddsReading) -> list[PreparedEvent]:
        """Return the events in an order that is the same for all readers; of two with one identity the last."""
        prepared: dict[Identity, PreparedEvent] = {}
        for event in reading.events:
            identity = (clean_text(event.bookmaker), clean_text(event.event_id))
            prepared[identity] = PreparedEvent(identity, event, self.offers(event.prices))
        return [prepared[identity] for identity in sorted(prepared)]

    def offers(self, prices: Mapping[PriceKey, Decimal]) -> Offers:
        """Return prices by market and bet; what is no offer is left out."""
        offers: dict[str, dict[Bet, Decimal]] = {}
        for named, price in prices.items():
            kept = self._prices[price] if price in self._prices else self._price(price)
            if kept is not None:
                market, bet = self._keys.get(named) or self._key(named)
                offers.setdefault(market, {})[bet] = kept
        return offers

    def _key(self, named: PriceKey) -> tuple[str, Bet]:
        market, line, outcome = named
        key = self._keys[named] = (clean_text(market), (line_text(line), clean_text(outcome)))
        return key

    def _price(self, price: Decimal) -> Decimal | None:
        kept = self._prices[price] = kept_price(price)
        return kept


def market_names(reading: OddsReading) -> frozenset[str]:
    """Return the names of the markets that a reading covers."""
    return frozenset(clean_text(market.name) for market in reading.markets)


def other_markets(markets: Iterable[str]) -> frozenset[str]:
    """Return the markets that these are where home and away change places."""
    return frozenset(map(other_market, markets))


def fingerprint(bets: Mapping[Bet, Decimal]) -> str:
    """Return a text that differs where the prices of a market do."""
    prices = sorted([(bet, str(price)) for bet, price in bets.items()])
    return hashlib.blake2b(repr(prices).encode("utf-8", "replace"), digest_size=12).hexdigest()
