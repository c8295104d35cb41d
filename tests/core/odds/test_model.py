"""Prices and lines have one form each, so that equal ones are equal in a database."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scrape_operator.core.odds.model import OddsEvent, kept_price, line_text


@given(price=st.decimals(Decimal("1.00000001"), Decimal("9999999.99999999"), places=8))
def test_a_price_of_up_to_eight_places_is_kept_as_it_is(price: Decimal) -> None:
    assert kept_price(price) == price


@given(price=st.decimals(allow_nan=True, allow_infinity=True))
def test_whatever_is_kept_survives_a_float(price: Decimal) -> None:
    kept = kept_price(price)
    if kept is not None:
        assert Decimal(repr(float(kept))) == kept > 1


@pytest.mark.parametrize(
    "text", ["1", "0.99", "-2", "0", "NaN", "sNaN", "Infinity", "-Infinity", "1E+30", "1.000000001", "10000000"]
)
def test_what_is_no_offer_is_not_kept(text: str) -> None:
    assert kept_price(Decimal(text)) is None


def test_a_price_of_more_places_is_rounded() -> None:
    assert kept_price(Decimal("2.1234567891")) == Decimal("2.12345679")


@pytest.mark.parametrize(
    ("line", "text"),
    [
        pytest.param(None, "", id="no line"),
        pytest.param("2.50", "2.5", id="no zeros at the end"),
        pytest.param("-0.25", "-0.25", id="a sign"),
        pytest.param("3.0", "3", id="a whole number"),
        pytest.param("10", "10", id="a zero that counts"),
        pytest.param("1E+1", "10", id="an exponent"),
        pytest.param("-0.0", "0", id="no negative zero"),
    ],
)
def test_equal_lines_are_written_alike(line: str | None, text: str) -> None:
    assert line_text(None if line is None else Decimal(line)) == text


@given(line=st.decimals(-1000, 1000, places=3))
def test_a_line_reads_back_as_it_was(line: Decimal) -> None:
    assert Decimal(line_text(line)) == line


def test_an_event_is_whole_if_no_price_is_known_to_be_missing() -> None:
    facts = ("SportyBet", "1", "Acacia Rovers", "Baobab United", datetime(2026, 12, 25, 16, tzinfo=UTC))
    assert OddsEvent(*facts).is_whole is True
    assert OddsEvent(*facts, dropped=1).is_whole is False
