"""Numbers and dates of twenty locales, by the rules of docs/extraction.md not by what a library makes of them."""

from collections.abc import Callable
from html import escape
from typing import Any

import pytest

from scrape_operator.core.extraction import Document
from scrape_operator.extraction.extractor import CompiledExtract
from tests.extraction.conftest import Compile, Open

MISSING = None

# text, language of the page, expected
DECIMALS = [
    ("1,234.56", "en-US", "1234.56"),
    ("1.234,56", "de-DE", "1234.56"),
    ("1.234,56", "en", "1234.56"),
    ("1'234.50", "de-CH", "1234.50"),
    ("1\u2019234.50", "it-CH", "1234.50"),
    ("1 234,56", "fr-FR", "1234.56"),
    ("1\u202f234,56 \u20ac", "fr", "1234.56"),
    ("1\u00a0234\u00a0567", "sv", "1234567"),
    ("12,34,567.89", "en-IN", "1234567.89"),
    ("1,23,456", "hi", "123456"),
    ("12.5", "de", "12.5"),
    ("12,5", "en", "12.5"),
    ("0,123", "en", "0.123"),
    ("0.123", "de", "0.123"),
    ("1234,567", "en", "1234.567"),
    ("1.2345", "de", "1.2345"),
    (".5", "en", "0.5"),
    (",5", "de", "0.5"),
    ("1.234.567", "en", "1234567"),
    ("1,234,567", "de", "1234567"),
    ("1.234", "de", "1234"),
    ("1.234", "en", "1.234"),
    ("1,234", "pl", "1.234"),
    ("1,234", "ja", "1234"),
    ("1,234", "es-MX", "1234"),
    ("1,234", "es-ES", "1.234"),
    ("1.234", "pt-BR", "1234"),
    ("1.234", "tr", "1234"),
    ("1.234", "en-ZA", "1234"),
    ("1.234", "de_CH", "1.234"),
    ("1.234", "de-CH-1996", "1.234"),
    ("1.234", "de-Latn-CH", "1.234"),
    ("1.234", "de-CH-u-co-phonebk", "1.234"),
    ("1.234", "de-1996", "1234"),
    ("1,234", "es-Latn-MX", "1234"),
    ("27.633", "zh-CN", "27.633"),
    ("1.234", "es-419", "1.234"),
    ("1.234", "es-AR", "1234"),
    ("1,234 Ft", "hu", "1.234"),
    ("1.234 lei", "ro", "1234"),
    ("\u20b91,00,000.50", "en-IN", "100000.50"),
    ("\u0661\u066c\u0662\u0663\u0664\u066b\u0665", "ar-EG", "1234.5"),
    ("\u06f1\u06f2\u06f3", "fa", "123"),
    ("\u0967\u0968\u0969.\u0966\u096b", "hi", "123.05"),
    ("\uff11\uff12\uff13\uff0e\uff15", "ja", "123.5"),
    ("\uffe51,980", "ja", "1980"),
    ("R$ 1.299,90", "pt-BR", "1299.90"),
    ("99,90 z\u0142", "pl", "99.90"),
    ("12 990,- K\u010d", "cs", "12990"),
    ("kr. 1.299,-", "da", "1299"),
    ("CHF 45.\u2014", "de-CH", "45"),
    ("Fr. 12.-", "fr-CH", "12"),
    ("1.299,- \u20ac", "en", "1299"),
    ("1.299,--", "", "1299"),
    ("1.299,\u2014", "en-US", "1299"),
    ("1.299, -", "en", "1299"),
    ("CHF 1,299.\u2013", "de", "1299"),
    ("1,299.-", "fr", "1299"),
    ("1.299.-", "en", "1299"),
    ("12.345,- kr", "en", "12345"),
    ("12.345.678,-", "en", "12345678"),
    ("1 299:-", "sv", "1299"),
    ("5:-", "sv", "5"),
    ("-1.299,-", "en", "-1299"),
    ("(1.299,-)", "en", "-1299"),
    ("249,95,-", "nb", "249.95"),
    ("1,- 000", "de", MISSING),
    ("5,-3", "de", MISSING),
    ("Rs.500", "en-IN", "500"),
    ("Beginning at 1 099,00 \u20ac tax incl.", "en", "1099.00"),
    ("ab 4,99 \u20ac", "de", "4.99"),
    ("\u043e\u0442 1 500 \u0440\u0443\u0431.", "ru", "1500"),
    ("Only 5 left in stock!", "en", "5"),
    ("85 m\u00b2", "de", "85"),
    ("15%", "en", "15"),
    ("-5.10", "en", "-5.10"),
    ("\u22125,10", "de", "-5.10"),
    ("5.10-", "en", "-5.10"),
    ("5,10- \u20ac", "de", "-5.10"),
    ("5,10 \u20ac-", "de", "-5.10"),
    ("-$5.10", "en-US", "-5.10"),
    ("$-5.10", "en-US", "-5.10"),
    ("- 5", "en", "-5"),
    ("\u20135", "en", "-5"),
    ("(5.10)", "en", "-5.10"),
    ("$(1,234.50)", "en-US", "-1234.50"),
    ("(\u20ac 5,10)", "nl", "-5.10"),
    ("Balance: -12.00", "en", "-12.00"),
    ("+5", "en", "5"),
    ("Reviews (128)", "en", "128"),
    ("model A-5", "en", "5"),
    ("1e3", "en", "1000"),
    ("1.50 USD", "en", "1.50"),
    ("5.", "en", "5"),
    ("1,234.", "en", "1234"),
    ("-0", "en", "0"),
    ("1250 - 1500", "en", MISSING),
    ("10\u201320 \u20ac", "de", MISSING),
    ("2 for 5.00", "en", MISSING),
    ("2,99 \u20ac / 100 g", "de", MISSING),
    ("4.5/5", "en", MISSING),
    ("12:30", "en", MISSING),
    ("1 2 3", "en", MISSING),
    ("1.2.3", "en", MISSING),
    ("1,234.567,8", "en", MISSING),
    ("1.23.456,7", "de", MISSING),
    ("free", "en", MISSING),
    ("-", "en", MISSING),
    ("n/a", "en", MISSING),
    ("\u00bd", "en", MISSING),
]
NUMBERS = [
    ("27.633", "de", 27.633),
    ("1,234", "en", 1.234),
    ("12,5", "en", 12.5),
    ("12", "de", 12),
    ("1.5e3", "en", 1500.0),
    ("12 kWh", "de", 12),
    ("1.234,5", "de", MISSING),
    ("1 234", "fr", MISSING),
    ("1'234", "de-CH", MISSING),
    ("1.234.567", "de", MISSING),
    ("1.299,-", "de", MISSING),
    ("5,-", "de", 5),
]
STATED = [
    ("Decimal", "1.234", "Point", "1.234"),
    ("Decimal", "1.234", "Comma", "1234"),
    ("Decimal", "1,234", "Comma", "1.234"),
    ("Decimal", "1,234", "Point", "1234"),
    ("Decimal", "1.234.567", "Comma", "1234567"),
    ("Decimal", "12.5", "Comma", MISSING),
    ("Decimal", "12,5", "Point", MISSING),
    ("Decimal", "1 234,5", "Comma", "1234.5"),
    ("Decimal", "1.299,-", "Comma", "1299"),
    ("Decimal", "1.299,-", "Point", MISSING),
    ("Decimal", "1,299.-", "Comma", MISSING),
    ("Decimal", "45.-", "Comma", "45"),
    ("Number", "1,234", "Comma", 1.234),
    ("Number", "1.234", "Comma", MISSING),
    ("Number", "12", "Comma", 12),
    ("Integer", "1.234", "Comma", 1234),
    ("Integer", "1,5", "Comma", MISSING),
]
# the zone of the schedule is Europe/Berlin
DATES = [
    ("2026-11-24T10:05:13Z", "de", "2026-11-24T10:05:13Z"),
    ("2026-11-24", "en-US", "2026-11-23T23:00:00Z"),
    ("2026/11/24", "en-US", "2026-11-23T23:00:00Z"),
    ("2026.03.04", "hu", "2026-03-03T23:00:00Z"),
    ("2026/03/04 14:30", "ja", "2026-03-04T13:30:00Z"),
    ("01.11.2019", "de", "2019-10-31T23:00:00Z"),
    ("01.11.2019", "en-US", "2019-10-31T23:00:00Z"),
    ("1.3.2019 14:30", "fi", "2019-03-01T13:30:00Z"),
    ("01.11.19", "nb", "2019-10-31T23:00:00Z"),
    ("01.11.2019, 14:30 Uhr", "de", "2019-11-01T13:30:00Z"),
    ("13/01/2019", "en", "2019-01-12T23:00:00Z"),
    ("01/13/2019", "en", "2019-01-12T23:00:00Z"),
    ("05/05/2019", "en", "2019-05-04T22:00:00Z"),
    ("03/04/2019", "en-US", "2019-03-03T23:00:00Z"),
    ("03/04/2019", "en-GB", "2019-04-02T22:00:00Z"),
    ("03/04/2019", "en-Latn-US", "2019-03-03T23:00:00Z"),
    ("03/04/2019", "en-US-POSIX", "2019-03-03T23:00:00Z"),
    ("03/04/2019", "fr", "2019-04-02T22:00:00Z"),
    ("03/04/2019", "es", "2019-04-02T22:00:00Z"),
    ("03/04/2019", "it-IT", "2019-04-02T22:00:00Z"),
    ("03-04-2019", "nl", "2019-04-02T22:00:00Z"),
    ("03/04/2019", "pt-BR", "2019-04-02T22:00:00Z"),
    ("03/04/2019 2:30 PM", "en-US", "2019-03-04T13:30:00Z"),
    ("03/04/19", "en-AU", "2019-04-02T22:00:00Z"),
    ("03/04/99", "en-AU", "1999-04-02T22:00:00Z"),
    ("03/04/2019", "en", MISSING),
    ("03/04/2019", "", MISSING),
    ("03/04/2019", "en-CA", MISSING),
    ("03/04/2019", "ja", MISSING),
    ("31.02.2019", "de", MISSING),
    ("Tue, 24 Nov 2026 10:05:13 GMT", "de", "2026-11-24T10:05:13Z"),
    ("24 Nov 2026 10:05:13 -0500", "en", "2026-11-24T15:05:13Z"),
    ("Tue, 24 Nov 2026 10:05:13 EST", "en", "2026-11-24T15:05:13Z"),
    ("Mon, 29 Jul 2024 12:00:00 CEST", "en", "2024-07-29T10:00:00Z"),
    ("Sun Aug 31 00:29:15 +0000 2014", "en", "2014-08-31T00:29:15Z"),
    ("Sun Aug 31 00:29:15 2014", "en", "2014-08-30T22:29:15Z"),
    ("Sun Aug 31 00:29:15 UTC 2014", "en", "2014-08-31T00:29:15Z"),
    ("1574035200", "en", "2019-11-18T00:00:00Z"),
    ("1574035200000", "en", "2019-11-18T00:00:00Z"),
    ("24. Dezember 2025", "de", "2025-12-23T23:00:00Z"),
    ("December 24, 2025 5:00 PM", "en-US", "2025-12-24T16:00:00Z"),
    ("14 mars 1999", "fr-FR", "1999-03-13T23:00:00Z"),
    ("5 de marzo de 2020", "es", "2020-03-04T23:00:00Z"),
    ("5 marca 2020", "pl", "2020-03-04T23:00:00Z"),
    ("5 \u043c\u0430\u0440\u0442\u0430 2020", "ru", "2020-03-04T23:00:00Z"),
    ("2020\u5e743\u67085\u65e5", "ja", "2020-03-04T23:00:00Z"),
    ("5 maart 2020 10:00 CET", "nl", "2020-03-05T09:00:00Z"),
    ("March 5, 2020 10:00 AM PST", "en-US", "2020-03-05T18:00:00Z"),
    ("2 August 2017 18:15 AEST", "en", "2017-08-02T08:15:00Z"),
    ("2 August 2017 18:15 IST", "en", MISSING),
    ("2017-08-02 18:15 AST", "en", MISSING),
    ("3 hours ago", "en", "2026-11-25T06:30:00Z"),
    ("gestern", "de", "2026-11-24T09:30:00Z"),
    ("hier", "fr", "2026-11-24T09:30:00Z"),
    ("2026. 11. 24.", "ko", "2026-11-23T23:00:00Z"),
    ("2026. 11. 24.", "hu", "2026-11-23T23:00:00Z"),
    ("24.11.2026.", "hr", "2026-11-23T23:00:00Z"),
    ("24/Nov/2026:10:05:13 +0000", "en", "2026-11-24T10:05:13Z"),
    ("\u0662\u0660\u0662\u0666-\u0661\u0661-\u0662\u0664", "ar", "2026-11-23T23:00:00Z"),
    ("\u0662\u0664/\u0661\u0661/\u0662\u0660\u0662\u0666", "ar-EG", "2026-11-23T23:00:00Z"),
    ("November 2026", "en", "2026-10-31T23:00:00Z"),
    ("d\u00e9cembre 2026", "fr", "2026-11-30T23:00:00Z"),
    ("2026\u5e7412\u6708", "ja", "2026-11-30T23:00:00Z"),
    ("May", "en", MISSING),
    ("in 5", "en", MISSING),
    ("Q4 2026", "en", MISSING),
    ("29.02.2025", "de", MISSING),
    ("24 Nov 2026 \u2013 26 Nov 2026", "en", MISSING),
    ("05/03/2020 14h30", "fr", "2020-03-05T13:30:00Z"),
    ("2020-03-05t14:30:15z", "en", "2020-03-05T14:30:15Z"),
    ("2020-03-05T24:00:00Z", "en", "2020-03-06T00:00:00Z"),
    ("2016-12-31T23:59:60Z", "en", "2017-01-01T00:00:00Z"),
    ("2020-03-05T14:30:15\u221201:00", "en", "2020-03-05T15:30:15Z"),
    ("2020-03-05T14:30:15+01:00[Europe/Paris]", "en", "2020-03-05T13:30:15Z"),
    ("2024-05-03+02:00", "en", "2024-05-02T22:00:00Z"),
    ("2024-05-03-05:00", "en", "2024-05-03T05:00:00Z"),
    ("2024-05-03Z", "en", "2024-05-03T00:00:00Z"),
    ("2024-05-03+02", "en", "2024-05-02T22:00:00Z"),
    ("20240503+0200", "en", "2024-05-02T22:00:00Z"),
    ("2024-W18-5+02:00", "en", "2024-05-02T22:00:00Z"),
    ("2024-05-03T10:00:00 CET", "en", "2024-05-03T09:00:00Z"),
    ("2024-05-03T10:00:00GMT", "en", "2024-05-03T10:00:00Z"),
    ("2024-05-03T10:00:00.5 EST", "en", "2024-05-03T15:00:00.500Z"),
    ("2024-05-03T10:00:00UTC", "en", "2024-05-03T10:00:00Z"),
    ("2024-05-03T10:00:00+02:00 (CEST)", "en", "2024-05-03T08:00:00Z"),
    ("2024-05-03T24:00 CET", "en", "2024-05-03T23:00:00Z"),
    ("20240503T101500 JST", "ja", "2024-05-03T01:15:00Z"),
    ("20240503 101500", "en", "2024-05-03T08:15:00Z"),
    ("2024-05-03T10:00:00 IST", "en", MISSING),
    ("2024-05-01\u201303", "en", MISSING),
    ("2024-05-03/05", "en", MISSING),
    ("2024-05-03-12", "en", MISSING),
    ("2024-05-03-1000", "en", MISSING),
    ("20240501-03", "en", MISSING),
    ("20240501-0300", "en", MISSING),
    ("2024-05-01 03", "en", MISSING),
    ("2024-05-03 2024", "en", MISSING),
    ("2024-W18-5 10", "en", MISSING),
    ("\u200f5\u200f/3\u200f/2020", "ar", "2020-03-04T23:00:00Z"),
    ("03.2020", "de", MISSING),
    ("12.05", "de", MISSING),
    ("05/03/2020 \u00e0s 14h30", "pt-BR", "2020-03-05T13:30:00Z"),
    ("05/03/2020 ore 14:30", "it", "2020-03-05T13:30:00Z"),
    ("5 marzo 2020, ore 14.30", "it", "2020-03-05T13:30:00Z"),
    ("05.03.2020 o 14:30", "pl", "2020-03-05T13:30:00Z"),
    ("5 mars 2020 kl. 14.30", "sv", "2020-03-05T13:30:00Z"),
    ("05/03/20 14h30", "fr", "2020-03-05T13:30:00Z"),
    ("14:30, 05.03.2020", "de", "2020-03-05T13:30:00Z"),
    ("17/1/20 14.05.09", "id", "2020-01-17T13:05:09Z"),
    ("5-6 March 2020", "en", MISSING),
    ("5.\u20136. M\u00e4rz 2020", "de", MISSING),
    ("05.03.2020 14:30 - 15:30", "de", MISSING),
    ("05.03.2020 - 06.03.2020", "de", MISSING),
    ("soon", "en", MISSING),
    ("in stock", "en", MISSING),
]


def page(texts: list[str], language: str) -> str:
    rows = "".join(f"<p>{escape(text)}</p>" for text in texts)
    return f"<html lang='{language}'><body>{rows}</body></html>"


def read_first(compiled: Compile, document: Open, field: dict[str, Any], texts: list[str], language: str) -> Any:
    extract = compiled({"css": "::text", **field}, items={"css": "p"}, format="HTML")
    found = extract.extract(document(page(texts, language), zone="Europe/Berlin"))
    value = found.items[0]["f0"] if found.items else None
    if value is MISSING:
        assert found.warnings
    return value


def shown(value: object) -> str:
    return ascii(value)[:40]


@pytest.mark.parametrize(("text", "language", "expected"), DECIMALS, ids=shown)
def test_a_text_is_read_as_a_decimal(compiled: Compile, document: Open, text: str, language: str, expected: Any):
    assert read_first(compiled, document, {"type": "Decimal"}, [text], language) == expected


@pytest.mark.parametrize(("text", "language", "expected"), NUMBERS, ids=shown)
def test_a_text_is_read_as_a_number(compiled: Compile, document: Open, text: str, language: str, expected: Any):
    assert read_first(compiled, document, {"type": "Number"}, [text], language) == expected


@pytest.mark.parametrize(("type_", "text", "mark", "expected"), STATED, ids=shown)
def test_a_stated_decimal_mark_settles_the_convention(
    compiled: Compile, document: Open, type_: str, text: str, mark: str, expected: Any
):
    field = {"type": type_, "decimalMark": mark}
    assert read_first(compiled, document, field, [text], "en") == expected


@pytest.mark.parametrize(("text", "language", "expected"), DATES, ids=shown)
def test_a_text_is_read_as_an_instant(compiled: Compile, document: Open, text: str, language: str, expected: Any):
    assert read_first(compiled, document, {"type": "DateTime"}, [text], language) == expected


@pytest.mark.parametrize(
    ("field", "texts", "language", "expected"),
    [
        ({"type": "Decimal"}, ["1.234", "12,50"], "en", "1234"),
        ({"type": "Decimal"}, ["1.234", "12.50"], "de", "1.234"),
        ({"type": "Decimal"}, ["1,234", "1,234,567"], "de", "1234"),
        ({"type": "Decimal"}, ["1,234", "1'000,50"], "en", "1.234"),
        ({"type": "Decimal"}, ["1.234", "12,50", "12.50"], "en", "1.234"),
        ({"type": "Decimal"}, ["1.234", "2.499,-"], "en", "1234"),
        ({"type": "Decimal"}, ["1.234", "5,-"], "en", "1234"),
        ({"type": "Decimal"}, ["1.234", "2,499.-"], "de", "1.234"),
        ({"type": "Decimal"}, ["1.234", "5.-"], "de", "1234"),
        ({"type": "Integer"}, ["1.234", "2.345.678"], "en", 1234),
        ({"type": "DateTime"}, ["03/04/2019", "13/04/2019"], "en-US", "2019-04-02T22:00:00Z"),
        ({"type": "DateTime"}, ["03/04/2019", "04/13/2019"], "fr", "2019-03-03T23:00:00Z"),
        ({"type": "DateTime"}, ["03/04/2019", "04/13/2019", "13/04/2019"], "fr", "2019-04-02T22:00:00Z"),
        ({"type": "DateTime", "dateOrder": "MDY"}, ["03/04/2019", "13/04/2019"], "fr", "2019-03-03T23:00:00Z"),
        ({"type": "DateTime", "dateOrder": "MDY"}, ["13/04/2019"], "fr", MISSING),
        ({"type": "DateTime", "dateOrder": "YMD"}, ["03/04/19"], "fr", "2003-04-18T22:00:00Z"),
    ],
    ids=shown,
)
def test_ambiguous_values_are_read_as_the_others_of_their_field(
    compiled: Compile, document: Open, field: dict[str, Any], texts: list[str], language: str, expected: Any
):
    assert read_first(compiled, document, field, texts, language) == expected


@pytest.mark.parametrize("language", ["", "und", "zxx", "mul", "xx", "deutsch", "x-de", "i-default", "C", "-", "1"])
def test_an_ambiguous_number_without_evidence_is_read_as_thousands_with_one_warning(
    compiled: Compile, document: Open, language: str
):
    extract = compiled({"css": "::text", "type": "Decimal"}, items={"css": "p"})
    found = extract.extract(document(page(["27.633", "28.001"], language)))
    assert [item["f0"] for item in found.items] == ["27633", "28001"]
    [warning] = found.warnings
    assert "decimalMark" in warning
    assert "27.633" in warning


def test_warnings_name_the_remedy_and_a_sample(
    compiled: Callable[..., CompiledExtract], document: Callable[..., Document]
):
    extract = compiled(
        {"css": ".price::text", "type": "Decimal"}, {"css": ".date::text", "type": "DateTime"}, items={"css": "li"}
    )
    found = extract.extract(document("<li><b class=price>2 for 5.00</b><i class=date>03/04/2019</i>" * 2))
    price, date = found.warnings
    assert "holds several numbers: choose one with regex (2 times), such as '2 for 5.00'" in price
    assert "dateOrder" in date
    assert "03/04/2019" in date
