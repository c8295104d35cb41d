"""A bet seen from the other side is the same bet."""

from decimal import Decimal

import pytest

from scrape_operator.core.odds.model import PriceKey
from scrape_operator.core.odds.sides import other_market, other_side
from scrape_operator.platforms.odds.markets import MARKETS, LineKind


def key(market: str, outcome: str, line: str | None = None) -> PriceKey:
    return PriceKey(market, None if line is None else Decimal(line), outcome)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        pytest.param(key("1x2", "home"), key("1x2", "away"), id="a side"),
        pytest.param(key("1x2", "draw"), key("1x2", "draw"), id="a draw"),
        pytest.param(key("double_chance", "home_draw"), key("double_chance", "draw_away"), id="two of three"),
        pytest.param(key("double_chance", "home_away"), key("double_chance", "home_away"), id="either side"),
        pytest.param(key("asian_handicap", "home", "-0.5"), key("asian_handicap", "away", "0.5"), id="a handicap"),
        pytest.param(key("asian_handicap", "home", "1"), key("asian_handicap", "away", "-1"), id="a whole handicap"),
        pytest.param(key("asian_handicap", "home", "0"), key("asian_handicap", "away", "0"), id="no negative zero"),
        pytest.param(key("over_under", "over", "2.5"), key("over_under", "over", "2.5"), id="a total"),
        pytest.param(key("home_total", "over", "1.5"), key("away_total", "over", "1.5"), id="a team's total"),
        pytest.param(key("correct_score", "2:1"), key("correct_score", "1:2"), id="a score"),
        pytest.param(key("correct_score", "other"), key("correct_score", "other"), id="any other score"),
        pytest.param(key("ht_ft", "home/draw"), key("ht_ft", "away/draw"), id="half time and full time"),
        pytest.param(key("ht_ft", "draw/home"), key("ht_ft", "draw/away"), id="only the end"),
        pytest.param(key("next_goal", "none", "1"), key("next_goal", "none", "1"), id="no goal"),
    ],
)
def test_home_and_away_change_places(one: PriceKey, other: PriceKey) -> None:
    assert str(other_side(one).line) == str(other.line)
    assert other_side(one) == other
    assert other_side(other) == one


def test_every_market_has_another_side_that_exists() -> None:
    for name, market in MARKETS.items():
        assert other_market(other_market(name)) == name
        assert other_market(name) in MARKETS
        assert ("handicap" in name) == (market.line is LineKind.HANDICAP)


def test_a_market_that_only_begins_like_a_side_is_left_alone() -> None:
    assert other_market("home") == "home"
    assert other_market("homely_total") == "homely_total"
