"""The history of one price: every price that was seen, the first one, and the one at kick-off."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal


@dataclass(frozen=True, slots=True)
class PricePoint:
    """A price from a moment on; None: it was withdrawn."""

    at: datetime
    price: Decimal | None


@dataclass(frozen=True, slots=True)
class PriceHistory:
    """A price of a bookmaker over time. `points` are in order; the first is the opening price."""

    bookmaker: str
    market: str
    line: Decimal | None
    outcome: str
    points: Sequence[PricePoint]

    @property
    def opening(self) -> Decimal | None:
        """The first price that was seen."""
        return self.points[0].price

    def closing(self, starts_at: datetime) -> Decimal | None:
        """Return the price that was offered when the event began, or the last one so far; None if it was withdrawn."""
        before = [point for point in self.points if point.at <= starts_at]
        return before[-1].price if before else None
