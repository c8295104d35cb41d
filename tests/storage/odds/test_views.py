"""The views say the same on both databases: every current offer, the best price, and each book's margin."""

from dataclasses import replace
from decimal import Decimal
from typing import Any

from scrape_operator.storage.store import SQLRunStore
from tests.storage.odds.values import event_of, exact, prices_of, query, read_at, reading_of, store_at

COLUMNS = "market, line, outcome, bookmaker, price, best_price, best_bookmaker, is_best, margin"


async def read_books(store: SQLRunStore, **books: dict[str, str]) -> None:
    """Have a run read the match at these bookmakers."""
    targets = [reading_of(event_of(prices, bookmaker=book), name=book.lower()) for book, prices in books.items()]
    await store_at(store, 0, *targets)


async def compared(store: SQLRunStore) -> list[tuple[Any, ...]]:
    """Return the comparison, its numbers as decimals."""
    order = "ORDER BY market, line, outcome, bookmaker"
    rows = await query(store, f"SELECT {COLUMNS} FROM odds_comparison {order}")
    return [
        (
            market,
            None if line is None else exact(line),
            outcome,
            book,
            exact(price),
            exact(best),
            best_book,
            bool(is_best),
            None if margin is None else exact(margin),
        )
        for market, line, outcome, book, price, best, best_book, is_best, margin in rows
    ]


async def test_the_best_price_of_each_outcome_and_the_margin_of_each_book(store: SQLRunStore) -> None:
    await read_books(
        store,
        Bet9ja=prices_of(home="2.00", draw="4.00", away="4.00"),
        BetPawa=prices_of(home="2.10", draw="3.50", away="4.00"),
    )
    pawa = Decimal("0.011905")
    assert await compared(store) == [
        ("1x2", None, "away", "Bet9ja", 4, 4, "Bet9ja", True, 0),
        ("1x2", None, "away", "BetPawa", 4, 4, "Bet9ja", True, pawa),
        ("1x2", None, "draw", "Bet9ja", 4, 4, "Bet9ja", True, 0),
        ("1x2", None, "draw", "BetPawa", Decimal("3.5"), 4, "Bet9ja", False, pawa),
        ("1x2", None, "home", "Bet9ja", 2, Decimal("2.1"), "BetPawa", False, 0),
        ("1x2", None, "home", "BetPawa", Decimal("2.1"), Decimal("2.1"), "BetPawa", True, pawa),
    ]


async def test_lines_are_compared_each_by_itself(store: SQLRunStore) -> None:
    totals = {"over_under@2.5/over": "1.80", "over_under@2.5/under": "2.00", "over_under@10/over": "8"}
    await read_books(store, Bet9ja=totals, BetPawa={"over_under@2.5/over": "1.90"})
    assert [(row[1], *row[2:6], row[8]) for row in await compared(store)] == [
        (Decimal("2.5"), "over", "Bet9ja", Decimal("1.8"), Decimal("1.9"), Decimal("0.055556")),
        (Decimal("2.5"), "over", "BetPawa", Decimal("1.9"), Decimal("1.9"), None),
        (Decimal("2.5"), "under", "Bet9ja", 2, 2, Decimal("0.055556")),
        (10, "over", "Bet9ja", 8, 8, None),
    ]


async def test_a_margin_needs_every_outcome_and_a_market_that_is_known(store: SQLRunStore) -> None:
    await read_books(store, Bet9ja=prices_of(home="2", away="4") | {"correct_score/1:0": "9", "unheard/of": "3"})
    assert {row[8] for row in await compared(store)} == {None}


async def test_of_a_double_chance_two_outcomes_win(store: SQLRunStore) -> None:
    chances = {"home_draw": "1.25", "home_away": "1.25", "draw_away": "2"}
    await read_books(store, Bet9ja={f"double_chance/{name}": price for name, price in chances.items()})
    assert {row[8] for row in await compared(store)} == {Decimal("0.05")}


async def test_what_is_withdrawn_is_no_best_price(store: SQLRunStore) -> None:
    await read_books(store, Bet9ja=prices_of(home="2.00"), BetPawa=prices_of(home="2.10"))
    await read_at(store, 5, event_of(bookmaker="BetPawa"), name="betpawa")
    assert [row[3:8] for row in await compared(store)] == [("Bet9ja", 2, 2, "Bet9ja", True)]


async def test_a_view_names_the_event_and_how_it_was_matched(store: SQLRunStore) -> None:
    weak = replace(event_of(prices_of(home="2.2"), bookmaker="BetPawa"), sportradar_id=None)
    await store_at(store, 0, reading_of(event_of(prices_of(home="2"))), reading_of(weak, name="other"))
    for view in ("event_odds", "odds_comparison"):
        columns = "sportradar_id, genius_id, sport, country, competition, home, away, match_kind"
        rows = await query(store, f"SELECT DISTINCT {columns} FROM {view}")
        assert rows == [
            ("81000001", None, "football", "Savannaland", "Premier League", "Acacia Rovers", "Baobab United", "weak")
        ]
