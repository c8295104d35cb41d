"""The prices of a reading as they are stored, and their fingerprint. Used by `listing` and `prices`."""

import hashlib
from collections.abc import Iterable
from decimal import Decimal

from scrape_operator.core.odds.model import OddsEvent, OddsMarket, PriceKey, kept_price, line_text
from scrape_operator.storage.engine.cleaning import clean_text

Key = tuple[str, str, str]
"""Market, line and outcome, as they are stored."""
Offers = dict[Key, Decimal]


class PriceBook:
    """Reads the prices of many events, which have their keys and most of their prices in common."""

    def __init__(self, markets: Iterable[OddsMarket]) -> None:
        self.markets = frozenset(clean_text(market.name) for market in markets)
        self._scope = "\n".join(sorted(self.markets))
        self._keys: dict[PriceKey, Key] = {}
        self._prices: dict[Decimal, Decimal | None] = {}

    def offers_of(self, event: OddsEvent) -> Offers:
        """Give the prices of an event; what is no offer is left out."""
        offers = {}
        for named, price in event.prices.items():
            key = self._keys.get(named) or self._key(named)
            kept = self._prices[price] if price in self._prices else self._price(price)
            if kept is not None:
                offers[key] = kept
        return offers

    def fingerprint(self, offers: Offers) -> str:
        """Give a text that differs where the prices do, or the markets that were read."""
        prices = sorted([(key, str(price)) for key, price in offers.items()])
        return hashlib.blake2b(repr((self._scope, prices)).encode("utf-8", "replace"), digest_size=16).hexdigest()

    def _key(self, named: PriceKey) -> Key:
        market, line, outcome = named
        key = self._keys[named] = (clean_text(market), line_text(line), clean_text(outcome))
        return key

    def _price(self, price: Decimal) -> Decimal | None:
        kept = self._prices[price] = kept_price(price)
        return kept
