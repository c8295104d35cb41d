from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scrape_operator.extraction.values.numbers import is_plain, parse_number


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("0", "0"),
        ("1234", "1234"),
        ("-5", "-5"),
        ("+5", "5"),
        ("\u2212 3", "-3"),
        ("12.5", "12.5"),
        ("12,5", "12.5"),
        ("12.50", "12.50"),
        (".5", "0.5"),
        ("5.", "5"),
        ("1,234.50", "1234.50"),
        ("1.234,50", "1234.50"),
        ("1 234,50", "1234.50"),
        ("1\u00a0234\u00a0567", "1234567"),
        ("1\u202f234,5", "1234.5"),
        ("1'234.50", "1234.50"),
        ("1\u2019234.50", "1234.50"),
        ("1,234,567", "1234567"),
        ("1.234.567", "1234567"),
        ("1,23,456.7", "123456.7"),
        ("12,34,567", "1234567"),
        ("0,123", "0.123"),
        ("1234,567", "1234.567"),
        ("1.2345", "1.2345"),
        ("$1,234.50", "1234.50"),
        ("-$5.10", "-5.10"),
        ("$-5.10", "-5.10"),
        ("\u20ac 1.234,50", "1234.50"),
        ("12,50 \u20ac", "12.50"),
        ("US$ 10", "10"),
        ("R$ 10,90", "10.90"),
        ("EUR 12.00", "12.00"),
        ("12.00 eur", "12.00"),
        ("CHF 1'234.50", "1234.50"),
        ("99,90 z\u0142", "99.90"),
        ("1.299 kr", "1299"),
        ("\u20b9 1,23,456", "123456"),
        ("12,- \u20ac", "12"),
        ("12.-", "12"),
        ("1e5", "100000"),
        ("1.5e-3", "0.0015"),
        ("\u0663\u066b\u0661\u0664", "3.14"),
    ],
)
def test_a_number_is_read_in_either_convention(text: str, expected: str):
    assert format(parse_number(text), "f") == expected


@pytest.mark.parametrize(
    "text",
    [
        *("", " ", "n/a", "-", ",", "1..2", "1.2.3", "1,2,3", "1 2 3", "--5", "5 apples", "5%", "1-2", "EUR 10 USD"),
        *("12 34", "1.234,567.8", "1,234.567,8", "NaN", "Infinity", "1e999999", "0x10", "1_000", "1 e5", "\u00b2"),
        "1" * 65,
    ],
)
def test_what_is_no_number_is_none(text: str):
    assert parse_number(text) is None


@pytest.mark.parametrize(
    ("text", "language", "expected"),
    [
        ("1,234", "", "1234"),
        ("1.234", "", "1234"),
        ("1,234", "en", "1234"),
        ("1.234", "en-US", "1.234"),
        ("1,234", "de", "1.234"),
        ("1.234", "de-DE", "1234"),
        ("1.234", "de_CH", "1.234"),
        ("1,234", "es-MX", "1234"),
        ("1.234 \u20ac", "FR", "1234"),
        ("1.234.567,89", "en", "1234567.89"),
    ],
)
def test_an_ambiguous_number_is_read_by_the_language_and_as_thousands_without(text: str, language: str, expected: str):
    assert format(parse_number(text, language), "f") == expected


@given(st.decimals(min_value=-(10**12), max_value=10**12, places=2))
def test_a_decimal_survives_being_written_in_either_convention(number: Decimal):
    english = f"{number:,.2f}"
    german = english.translate({ord(","): ".", ord("."): ","})
    assert parse_number(f"$ {english}") == parse_number(f"{german} \u20ac") == number


@given(st.integers(min_value=-(2**63), max_value=2**63))
def test_an_integer_survives_grouping(number: int):
    assert parse_number(str(number), "en") == number
    assert parse_number(f"{number:,}", "en") == number


@given(st.text(max_size=80))
def test_any_text_is_a_bounded_number_or_none(text: str):
    found = parse_number(text)
    assert found is None or (found.is_finite() and len(format(found, "f")) < 1000)


@given(st.text("0123456789.,-", min_size=1, max_size=14), st.sampled_from(["", "en", "de"]))
def test_the_sign_and_the_code_of_a_currency_mean_the_same(number: str, language: str):
    expected = parse_number(f"EUR {number}", language)
    assert parse_number(f"\u20ac{number}", language) == expected
    assert parse_number(f"\u20ac\u00a0{number}", language) == expected
    assert parse_number(number, language) == expected
    after = parse_number(f"{number} EUR", language)
    assert parse_number(f"{number}\u20ac", language) == after
    assert parse_number(f"{number} \u20ac", language) == after


@given(st.from_regex(r"-?[0-9]{1,5}(\.[0-9]{1,10})?", fullmatch=True), st.sampled_from(["", "en", "de"]))
def test_a_plain_number_is_the_decimal_that_was_written_in_every_language(number: str, language: str):
    found = parse_number(number, language)
    assert found is not None
    assert format(found, "f") == number or not is_plain(number)
