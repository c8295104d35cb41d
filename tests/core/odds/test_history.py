"""The opening price is the first one; the closing price is the one at kick-off."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from scrape_operator.core.odds.history import PriceHistory, PricePoint

KICK_OFF = datetime(2026, 12, 25, 16, tzinfo=UTC)


def history(*prices: str | None) -> PriceHistory:
    """Make a price that changes each hour; the third point is at kick-off."""
    points = [
        PricePoint(KICK_OFF + timedelta(hours=at - 2), None if price is None else Decimal(price))
        for at, price in enumerate(prices)
    ]
    return PriceHistory("Bet9ja", "1x2", None, "home", points)


@pytest.mark.parametrize(
    ("prices", "closing"),
    [
        pytest.param(("2.0", "2.1"), "2.1", id="the last one so far"),
        pytest.param(("2.0", "2.1", "2.2", "9.9"), "2.2", id="what comes at kick-off counts, later ones do not"),
        pytest.param(("2.0", None), None, id="withdrawn before"),
        pytest.param(("2.0",), "2.0", id="never changed"),
    ],
)
def test_opening_and_closing(prices: tuple[str | None, ...], closing: str | None) -> None:
    found = history(*prices)
    assert found.opening == Decimal("2.0")
    assert found.closing(KICK_OFF) == (None if closing is None else Decimal(closing))


def test_a_price_that_was_seen_after_kick_off_alone_has_no_closing_price() -> None:
    assert history("2.0").closing(KICK_OFF - timedelta(days=1)) is None
