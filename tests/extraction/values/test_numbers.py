"""Properties of reading numbers; the rules by examples are in test_table_of_texts.py."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scrape_operator.extraction.values.numbers import (
    Mark,
    find_number,
    is_plain,
    mark_of_language,
    read_decimal,
    read_plain_number,
)
from scrape_operator.extraction.values.unreadable import Unreadable

MARKS: st.SearchStrategy[Mark | None] = st.sampled_from((".", ",", None))


def read(text: str, ambiguous: Mark | None = None) -> Decimal | None:
    try:
        return read_decimal(find_number(text), mark=None, ambiguous=ambiguous)
    except Unreadable:
        return None


@pytest.mark.parametrize("text", ["1" * 65, "1e999999", "5" + "x" * 1024, "1..2", "0x10", "1_000", "\u00b2"])
def test_what_is_beyond_a_number_is_unreadable(text: str):
    assert read(text) is None


@pytest.mark.parametrize(
    ("tag", "mark"),
    [("de", ","), ("de-CH", "."), ("de_AT", ","), ("en", "."), ("en-ZA", ","), ("es-MX", "."), ("ja", ".")]
    + [
        (tag, None)
        for tag in (
            "",
            "und",
            "zxx",
            "mul",
            "xx",
            "german",
            "x-de",
            "C",
            "d",
            "123",
            "de, en",
            "de;q=1",
            "\u0434\u0435",
        )
    ],
)
def test_a_language_has_a_decimal_mark(tag: str, mark: Mark | None):
    assert mark_of_language(tag) == mark


@given(st.decimals(min_value=-(10**12), max_value=10**12, places=2))
def test_a_decimal_survives_being_written_in_either_convention(number: Decimal):
    english = f"{number:,.2f}"
    german = english.translate({ord(","): ".", ord("."): ","})
    assert read(f"$ {english}") == read(f"{german} \u20ac") == number


@given(st.integers(min_value=-(2**63), max_value=2**63))
def test_an_integer_survives_grouping(number: int):
    assert read(str(number), ".") == number
    assert read(f"{number:,}", ".") == number


@given(
    st.integers(min_value=-(10**12), max_value=10**12),
    st.sampled_from([",.", ".,", "',", "'.", " :", " ,"]),
    st.sampled_from(["-", "--", "\u2013", "\u2014", "\u2212", "\u2015", "="]),
    MARKS,
)
def test_a_price_without_cents_is_whole_in_every_language(number: int, marks: str, dash: str, mark: Mark | None):
    text = f"{number:,}".replace(",", marks[0]) + marks[1] + dash
    assert read(text, mark) == read(f"{text} kr", mark) == read(f"EUR {text}", mark) == number


@given(st.text(max_size=80), MARKS)
def test_any_text_is_a_bounded_number_or_unreadable(text: str, mark: Mark | None):
    found = read(text, mark)
    assert found is None or (found.is_finite() and len(format(found, "f")) < 1000)


@given(st.text("0123456789.,-", min_size=1, max_size=14), MARKS)
def test_the_sign_of_a_currency_changes_nothing(number: str, mark: Mark | None):
    expected = read(number, mark)
    assert read(f"\u20ac{number}", mark) == expected
    assert read(f"\u20ac\u00a0{number}", mark) == expected
    assert read(f"{number} \u20ac", mark) == expected
    assert read(f"price: {number}", mark) == expected


@given(st.from_regex(r"-?[0-9]{1,5}(\.[0-9]{1,10})?", fullmatch=True), MARKS)
def test_a_plain_number_is_the_decimal_that_was_written_in_every_language(number: str, mark: Mark | None):
    found = read(number, mark)
    assert found is not None
    assert format(found, "f") == number or not is_plain(number)


@given(st.from_regex(r"[1-9][0-9]{0,2}[.,][0-9]{3}", fullmatch=True), MARKS)
def test_an_ambiguous_number_is_one_or_a_thousand_times_that(text: str, mark: Mark | None):
    number = find_number(text)
    assert number.is_ambiguous
    exact = read_plain_number(number, mark=None)
    assert read_decimal(number, mark=None, ambiguous=mark) == (exact if mark == text[-4] else exact * 1000)
