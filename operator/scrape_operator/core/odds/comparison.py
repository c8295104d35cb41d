"""Compares what bookmakers offer for one event: the best price of each outcome, and what each bookmaker keeps.

Only fresh prices compete: an old price may not be on offer any more.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import groupby

from scrape_operator.core.odds.model import OddsMarket

MARGIN_PLACES = Decimal("0.000001")


@dataclass(frozen=True, slots=True)
class Offer:
    """One price of a bookmaker, when it was confirmed last, and until when that counts as fresh."""

    bookmaker: str
    market: str
    line: Decimal | None
    outcome: str
    price: Decimal
    confirmed_at: datetime
    fresh_until: datetime | None = None

    def is_fresh(self, now: datetime, max_age: timedelta | None) -> bool:
        """Return whether the price is confirmed recently: within `max_age`, or else within two intervals."""
        if max_age is not None:
            return now - self.confirmed_at <= max_age
        return self.fresh_until is not None and now < self.fresh_until


@dataclass(frozen=True, slots=True)
class BookOffer:
    """One bookmaker's prices of a market, by outcome; `best` are the fresh ones that no fresh price beats.

    `margin` is what it keeps of bets on all outcomes (0.05 is 5 %); None unless it offers all of them. `confirmed_at`
    is that of the oldest price.
    """

    bookmaker: str
    prices: Mapping[str, Decimal]
    best: frozenset[str]
    margin: Decimal | None
    confirmed_at: datetime
    is_fresh: bool


@dataclass(frozen=True, slots=True)
class MarketComparison:
    """A market on one line, if it has lines: its outcomes in the order in which people write them, and the books."""

    market: str
    line: Decimal | None
    outcomes: Sequence[str]
    books: Sequence[BookOffer]


def compare(
    offers: Iterable[Offer], markets: Mapping[str, OddsMarket], now: datetime, max_age: timedelta | None = None
) -> list[MarketComparison]:
    """Compare the offers for one event by market and line, in their order."""
    ordered = sorted(offers, key=lambda offer: (offer.market, offer.line or Decimal(0), offer.bookmaker, offer.outcome))
    by_bet = groupby(ordered, key=lambda offer: (offer.market, offer.line))
    return [
        _market(list(group), markets.get(market, OddsMarket(market)), now, max_age) for (market, _line), group in by_bet
    ]


def _market(offers: Sequence[Offer], market: OddsMarket, now: datetime, max_age: timedelta | None) -> MarketComparison:
    fresh = [offer for offer in offers if offer.is_fresh(now, max_age)]
    best: dict[str, Decimal] = {}
    for offer in fresh:
        best[offer.outcome] = max(offer.price, best.get(offer.outcome, offer.price))
    winners = {(offer.bookmaker, offer.outcome) for offer in fresh if offer.price == best[offer.outcome]}
    offered = {offer.outcome for offer in offers}
    known = [outcome for outcome in market.outcomes if outcome in offered]
    books = []
    for bookmaker, group in groupby(offers, key=lambda offer: offer.bookmaker):
        own = list(group)
        prices = {offer.outcome: offer.price for offer in own}
        books.append(
            BookOffer(
                bookmaker,
                prices,
                frozenset(outcome for outcome in prices if (bookmaker, outcome) in winners),
                margin(prices, market),
                min(offer.confirmed_at for offer in own),
                all(offer in fresh for offer in own),
            )
        )
    return MarketComparison(market.name, offers[0].line, (*known, *sorted(offered.difference(known))), books)


def margin(prices: Mapping[str, Decimal], market: OddsMarket) -> Decimal | None:
    """Return what a bookmaker keeps of bets on all outcomes; None unless it offers all outcomes of a closed list."""
    if not market.outcomes or len(prices) != len(market.outcomes):
        return None
    paid = sum((1 / price for price in prices.values()), Decimal(0))
    return (paid / market.winners - 1).quantize(MARGIN_PLACES)
