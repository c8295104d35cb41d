"""Odds as adapters read them and storage keeps them.

An adapter's reading of one bookmaker comes with a target's result, as the payload for the sink `ODDS_SINK`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import NamedTuple

ODDS_SINK = "odds"
"""The sink that stores an `OddsReading`."""

PRICE_PLACES = Decimal("0.00000001")
"""Prices are kept to eight places; bookmakers use two or three."""

_NOTHING_OFFERED = Decimal(1)
_PRICE_LIMIT = Decimal(10_000_000)


class PriceKey(NamedTuple):
    """The bet that a price is for. `line` is None exactly where the market has none."""

    market: str
    line: Decimal | None
    outcome: str


@dataclass(frozen=True, slots=True)
class OddsMarket:
    """A market that was read, and what belongs to a complete offer of it.

    `outcomes` are the names of all outcomes, in the order in which people write them; empty where they are no closed
    list, such as scores: such a market has no margin. `winners` is how many of them win in every case: two of the three
    of a double chance.
    """

    name: str
    outcomes: tuple[str, ...] = ()
    winners: int = 1


@dataclass(frozen=True, slots=True)
class OddsEvent:
    """An event at one bookmaker, with the prices that it offers. Ids are bare digits; `starts_at` is aware.

    (bookmaker, event_id) is the identity, whichever schedule reads it: the sites of one brand in two countries, which
    have prices of their own, are two bookmakers. `dropped` counts prices that are known to be missing: where there are
    some, no price of the event is confirmed or withdrawn.
    """

    bookmaker: str
    event_id: str
    home: str
    away: str
    starts_at: datetime
    sport: str = "football"
    country: str = ""
    competition: str = ""
    competition_id: str = ""
    sportradar_id: str | None = None
    genius_id: str | None = None
    prices: Mapping[PriceKey, Decimal] = field(default_factory=dict)
    dropped: int = 0

    @property
    def is_whole(self) -> bool:
        """Whether no price is known to be missing."""
        return not self.dropped


@dataclass(frozen=True, slots=True)
class Coverage:
    """Which events of a bookmaker a complete reading holds: those that begin by `until`, in these competitions.

    None is no limit. An event that a complete reading covers and does not hold is not listed any more.
    """

    bookmaker: str
    until: datetime | None = None
    competitions: frozenset[str] | None = None


@dataclass(frozen=True, slots=True)
class OddsReading:
    """What a target read: events, and the markets and events that the reading covers.

    A price of these markets that an event had before and has no more was withdrawn. Other markets of the event, which
    another target reads, are neither confirmed nor withdrawn; if an event has prices of them, they are not stored.
    Without a coverage no event is withdrawn.
    """

    events: Sequence[OddsEvent] = ()
    markets: Sequence[OddsMarket] = ()
    coverage: Coverage | None = None


def kept_price(price: Decimal) -> Decimal | None:
    """Return a price as it is kept, to eight places; None for what is no offer: 1 and less, and what is no number."""
    if not price.is_finite() or not _NOTHING_OFFERED < price < _PRICE_LIMIT:
        return None
    rounded = price.quantize(PRICE_PLACES)
    kept = price if rounded == price else rounded
    return kept if kept > _NOTHING_OFFERED else None


def line_text(line: Decimal | None) -> str:
    """Return the text of a line, the same for equal lines: `-0.5`, `3`, `0`; empty where there is none."""
    if line is None:
        return ""
    text = f"{line:f}"
    text = text.rstrip("0").rstrip(".") if "." in text else text
    return "0" if text in {"", "-0"} else text
