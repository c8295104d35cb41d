"""Numbers and prices as CLDR writes them in many languages are read back."""

from decimal import Decimal

import pytest
from babel import Locale, numbers

from scrape_operator.extraction.values.dates import order_of_language
from scrape_operator.extraction.values.numbers import find_number, mark_of_language, read_decimal

TAGS = """
af ar ar-EG bg bn br ca cs da de de-AT de-CH de-LI el en-GB en-IN en-US en-ZA es es-AR es-MX et fa fa-AF fi fil fr
fr-CA fr-CH gu he hi hr hu id is it it-CH ja ka kk ko ks lt lv mk mr ms my nb nl pl ps pt-BR pt-PT ro ru sk sl sq
sr sv sw ta te th tr uk ur uz vi zh-CN zh-TW zu
"""
VALUES = [Decimal(value) for value in ("1234567.89", "-1234.56", "12.5", "-0.5", "1234", "-98765")]


def written(value: Decimal, locale: Locale) -> list[str]:
    """Return a number and prices of it, with the digits of the language, and as accountants write them."""
    return [
        numbers.format_decimal(value, locale=locale),
        numbers.format_decimal(value, locale=locale, numbering_system="default"),
        *(
            numbers.format_currency(value, code, locale=locale, currency_digits=False, format_type=kind)
            for code in ("EUR", "USD", "CHF")
            for kind in ("standard", "accounting", "name")
        ),
    ]


@pytest.mark.parametrize("tag", TAGS.split())
def test_a_number_as_cldr_writes_it_is_read_back(tag: str):
    locale = Locale.parse(tag.replace("-", "_"))
    # CLDR rounds prices by its pattern to two digits.
    texts = [(value, text) for value in VALUES for text in written(value, locale)]
    read = [read_decimal(find_number(text), mark=None, ambiguous=mark_of_language(tag)) for _, text in texts]
    assert [(value, text) for (value, text), found in zip(texts, read, strict=True) if found != value] == []


@pytest.mark.parametrize("tag", TAGS.split())
def test_script_variants_and_extensions_change_neither_mark_nor_order(tag: str):
    language, hyphen, region = tag.partition("-")
    for other in (
        tag.lower(),
        tag.replace("-", "_"),
        f"{language}-Latn{hyphen}{region}",
        f"{language}-xyz-Latn{hyphen}{region}",
        f"{tag}-1996",
        f"{tag}-POSIX",
        f"{tag}-u-co-phonebk",
        f"{tag}-x-US-a",
    ):
        assert mark_of_language(other) == mark_of_language(tag) is not None
        assert order_of_language(other) == order_of_language(tag)


@pytest.mark.parametrize(
    ("code", "language"), [("deu", "de"), ("ger", "de"), ("iw", "he"), ("in", "id"), ("eng-US", "en-US"), ("sh", "sr")]
)
def test_other_codes_of_a_language_mean_the_same(code: str, language: str):
    assert mark_of_language(code) == mark_of_language(language) is not None
    assert order_of_language(code) == order_of_language(language)


@pytest.mark.parametrize("minus", "-\u2010\u2011\u2012\u2013\u2212\ufe63\uff0d")
@pytest.mark.parametrize(
    "form",
    ["{}5", "{} 5", "{}\u20ac5", "5{}", "5\u00a0{}", "CHF{}5", "{}5 \u20ac", "\u200e{}\u200e5", "{}Rs. 5", "{}5 kr."],
)
def test_every_minus_sign_before_or_after_the_number_makes_it_negative(minus: str, form: str):
    assert read_decimal(find_number(form.format(minus)), mark=None, ambiguous=None) == -5


@pytest.mark.parametrize(
    "form", ["(5)", "( 5 )", "(\u20ac5)", "(5 \u20ac)", "(5 US$)", "(5 K\u010d)", "(5 $US)", "$(5)"]
)
def test_parentheses_make_a_number_negative(form: str):
    assert read_decimal(find_number(form), mark=None, ambiguous=None) == -5


@pytest.mark.parametrize("mark", ["'", "\u2019", "\u02bc", "\u00b4", "`", "\u066c", " ", "\u2009", "\u202f", "\u3000"])
def test_every_apostrophe_and_space_divides_thousands(mark: str):
    assert read_decimal(find_number(f"12{mark}345.60"), mark=None, ambiguous=None) == Decimal("12345.60")


@pytest.mark.parametrize("text", ["model A-5", "SKU-5", "COVID-19", "10-15", "5-10 \u20ac"])
def test_a_hyphen_in_a_word_is_no_minus_sign(text: str):
    try:
        assert read_decimal(find_number(text), mark=None, ambiguous=None) > 0
    except ValueError:
        assert text[0].isdigit()  # a range
