"""Only fresh prices compete; a margin needs every outcome."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from scrape_operator.core.odds.comparison import Offer, compare, margin
from scrape_operator.core.odds.model import OddsMarket

NOW = datetime(2026, 12, 25, 16, tzinfo=UTC)
MARKETS = {
    "1x2": OddsMarket("1x2", ("home", "draw", "away")),
    "double_chance": OddsMarket("double_chance", ("home_draw", "home_away", "draw_away"), winners=2),
    "correct_score": OddsMarket("correct_score"),
}


def offer(book: str, outcome: str, price: str, *, age: int = 1, market: str = "1x2", line: str | None = None) -> Offer:
    """Make an offer that was confirmed some minutes ago, and is fresh for ten."""
    confirmed_at = NOW - timedelta(minutes=age)
    number = None if line is None else Decimal(line)
    return Offer(book, market, number, outcome, Decimal(price), confirmed_at, confirmed_at + timedelta(minutes=10))


def test_the_best_price_is_the_highest_that_is_fresh() -> None:
    offers = [
        offer("A", "home", "2.0"),
        offer("B", "home", "2.2", age=10),
        offer("C", "home", "2.1"),
        offer("D", "home", "2.1"),
    ]
    (market,) = compare(offers, MARKETS, NOW)
    assert {book.bookmaker: sorted(book.best) for book in market.books} == {
        "A": [],
        "B": [],
        "C": ["home"],
        "D": ["home"],
    }
    assert [book.is_fresh for book in market.books] == [True, False, True, True]


@pytest.mark.parametrize(
    ("minutes", "best"),
    [
        pytest.param(10, {"A", "B"}, id="both are young enough"),
        pytest.param(9, {"A"}, id="one is too old"),
        pytest.param(0, set(), id="both are"),
    ],
)
def test_a_stated_age_replaces_the_default(minutes: int, best: set[str]) -> None:
    offers = [offer("A", "home", "2"), offer("B", "home", "2", age=10)]
    (market,) = compare(offers, MARKETS, NOW, timedelta(minutes=minutes))
    assert {book.bookmaker for book in market.books if book.best} == best


def test_a_price_that_no_reading_is_known_of_is_not_fresh() -> None:
    bare = Offer("A", "1x2", None, "home", Decimal(2), NOW)
    assert not bare.is_fresh(NOW, None)
    assert bare.is_fresh(NOW, timedelta(0))


def test_a_book_is_as_old_as_its_oldest_price_and_fresh_if_all_are() -> None:
    (market,) = compare([offer("A", "home", "2", age=3), offer("A", "away", "4", age=12)], MARKETS, NOW)
    (book,) = market.books
    assert (book.confirmed_at, book.is_fresh) == (NOW - timedelta(minutes=12), False)
    assert book.best == {"home"}


def test_markets_lines_outcomes_and_books_have_an_order() -> None:
    offers = [
        offer("A", "under", "2", market="over_under", line="10"),
        offer("B", "x", "2", market="over_under", line="2.5"),
        offer("A", "x", "2", market="over_under", line="0.5"),
        offer("B", "x", "2", market="over_under"),
        offer("B", "away", "2"),
        offer("A", "strange", "2"),
        offer("A", "home", "2"),
    ]
    found = compare(offers, MARKETS, NOW)
    assert [(one.market, one.line) for one in found] == [
        ("1x2", None),
        ("over_under", None),
        ("over_under", Decimal("0.5")),
        ("over_under", Decimal("2.5")),
        ("over_under", 10),
    ]
    assert found[0].outcomes == ("home", "away", "strange")
    assert [book.bookmaker for book in found[0].books] == ["A", "B"]
    assert found[0].books[0].prices == {"home": 2, "strange": 2}


@pytest.mark.parametrize(
    ("market", "prices", "expected"),
    [
        pytest.param("1x2", ("2.10", "3.50", "4.00"), "0.011905", id="three outcomes"),
        pytest.param("1x2", ("2", "4", "4"), "0.000000", id="a fair book"),
        pytest.param("1x2", ("2", "4"), None, id="an outcome is missing"),
        pytest.param("double_chance", ("1.25", "1.25", "2"), "0.050000", id="two of three win"),
        pytest.param("correct_score", ("9", "8"), None, id="an open list"),
        pytest.param("correct_score", (), None, id="nothing of an open list"),
    ],
)
def test_a_margin_is_what_is_kept_of_bets_on_everything(
    market: str, prices: tuple[str, ...], expected: str | None
) -> None:
    outcomes = MARKETS[market].outcomes or ("1:0", "0:1")
    found = margin(dict(zip(outcomes, map(Decimal, prices), strict=False)), MARKETS[market])
    assert (None if found is None else str(found)) == expected
