from datetime import UTC, datetime
from decimal import Decimal

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from scrape_operator.core.odds.model import line_text
from scrape_operator.core.times import rfc3339
from scrape_operator.platforms.odds.markets import MARKETS, LineKind
from scrape_operator.platforms.odds.values import (
    read_epoch_ms,
    read_line,
    read_price,
    read_utc,
    write_price,
)

ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)
NO_NUMBERS = (float("nan"), float("inf"), float("-inf"))
PRICES = st.decimals("1.001", "99999.999", places=3)
QUARTERS = st.integers(-400, 400).map(lambda steps: Decimal(steps) / 4)


@given(PRICES)
def test_a_price_reads_the_same_as_text_as_number_and_back(price: Decimal) -> None:
    as_number = orjson.loads(f"[{price}]")[0]
    assert read_price(str(price)) == read_price(as_number) == price
    assert read_price(write_price(price)) == price


@given(PRICES, st.integers(0, 4))
def test_equal_prices_look_equal(price: Decimal, zeros: int) -> None:
    longer = Decimal(f"{price}{'0' * zeros}")
    assert write_price(price) == write_price(longer)
    assert len(write_price(price).partition(".")[2]) >= 2


@given(st.decimals("0", "1", places=4))
def test_odds_of_one_or_less_are_no_offer(price: Decimal) -> None:
    assert read_price(str(price)) is None
    assert read_price(float(price)) is None


@pytest.mark.parametrize(
    "value",
    ["", "-", "1", "1.0", "1e3", "NaN", "Infinity", " ", "2,5", "-3", "١٢", True, None, [], {}, 1e300, *NO_NUMBERS],
)
def test_what_is_no_price_gives_none(value: object) -> None:
    assert read_price(value) is None


@given(ANYTHING, st.sampled_from(LineKind))
def test_no_value_of_a_far_side_raises(value: object, kind: LineKind) -> None:
    price, line = read_price(value), read_line(value, kind)
    assert price is None or price > 1
    assert line is None or line.is_finite()
    for moment in (read_epoch_ms(value), read_utc(value)):
        assert moment is None or moment.tzinfo is UTC


@given(QUARTERS)
def test_a_handicap_reads_the_same_with_and_without_plus_and_zeros(line: Decimal) -> None:
    for text in (f"{line:f}", f"{line:+f}", f"{line:.3f}"):
        assert read_line(text, LineKind.HANDICAP) == line
    assert read_line(float(line), LineKind.HANDICAP) == line
    assert read_line(line_text(line), LineKind.HANDICAP) == line


@given(st.integers(0, 99), st.integers(0, 99))
def test_a_score_is_the_home_sides_line(home: int, away: int) -> None:
    assert read_line(f"{home}:{away}", LineKind.HANDICAP) == home - away
    assert read_line(f"{home}:{away}", LineKind.TOTAL) is None


@given(QUARTERS)
def test_a_total_is_never_negative_and_a_goals_number_is_whole(line: Decimal) -> None:
    assert read_line(str(line), LineKind.TOTAL) == (line if line >= 0 else None)
    assert read_line(str(line), LineKind.ORDINAL) == (line if line >= 1 and line % 1 == 0 else None)
    assert read_line(str(line), LineKind.NONE) is None


@pytest.mark.parametrize(
    ("text", "written"),
    [("-0", "0"), ("+0.50", "0.5"), ("3.0", "3"), ("10", "10"), ("-1.250", "-1.25")],
)
def test_a_line_is_written_in_its_shortest_form(text: str, written: str) -> None:
    line = read_line(text, LineKind.HANDICAP)
    assert line is not None
    assert line_text(line) == written


@pytest.mark.parametrize("value", ["0.3", "2.6", "1e1", "--1", "12345", "", "total=2.5", "2.5 ", "0x1", float("inf")])
def test_what_is_no_line_gives_none(value: object) -> None:
    assert read_line(value, LineKind.TOTAL) in ({None} if value != "2.5 " else {Decimal("2.5")})


@given(st.datetimes(datetime(2000, 1, 1), datetime(2099, 12, 31), timezones=st.just(UTC)))
def test_times_read_the_same_from_all_three_forms(moment: datetime) -> None:
    moment = moment.replace(microsecond=0)
    assert read_epoch_ms(int(moment.timestamp() * 1000)) == moment
    assert read_utc(moment.strftime("%Y-%m-%dT%H:%M:%SZ").rjust(20, "0")) == moment
    assert read_utc(moment.strftime("%Y-%m-%d %H:%M:%S").rjust(19, "0")) == moment
    assert read_utc(rfc3339(moment)) == moment


@pytest.mark.parametrize(
    "value",
    [
        "2026-13-01 00:00:00",
        "2026-12-25T16:00:00+15:00",
        "2026-12-25T16:00:00+01:60",
        "25.12.2026",
        "1970-01-01 00:00:00",
        0,
        -1,
        10**14,
    ],
)
def test_what_is_no_plausible_utc_time_gives_none(value: object) -> None:
    assert read_utc(value) is None
    assert read_epoch_ms(value) is None


def test_every_market_says_what_its_line_and_outcomes_are() -> None:
    assert len(MARKETS) == len(set(MARKETS))
    assert all(name == market.name and name == name.lower() for name, market in MARKETS.items())
    for name in ("1x2", "1x2_1up", "1x2_2up"):
        assert MARKETS[name].line is LineKind.NONE
