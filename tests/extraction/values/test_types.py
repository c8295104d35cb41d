"""Every type by a table: what a text, or a value of JSON, is read as."""

import json
from collections.abc import Callable
from contextlib import suppress
from typing import Any
from urllib.parse import urljoin

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scrape_operator.api.kinds.extract import FieldType
from scrape_operator.core.extraction import Document, PageExtraction
from scrape_operator.extraction.extractor import CompiledExtract
from scrape_operator.extraction.values.types import CONVERTERS, Surroundings
from scrape_operator.extraction.values.unreadable import Unreadable

Read = Callable[..., PageExtraction]

FROM_TEXT = [
    ("String", "  a \n b ", "a \n b"),
    ("String", "", ""),
    ("Integer", "42", 42),
    ("Integer", "1,234,567", 1234567),
    ("Integer", "12.00", 12),
    ("Integer", "-9223372036854775808", -(2**63)),
    ("Decimal", "1.234,50 \u20ac", "1234.50"),
    ("Decimal", "2.90", "2.90"),
    ("Decimal", "1e3", "1000"),
    ("Number", "2.5", 2.5),
    ("Number", "12", 12),
    ("Number", "1.5e3", 1500.0),
    ("Boolean", "true", True),
    ("Boolean", "Yes", True),
    ("Boolean", "1", True),
    ("Boolean", "FALSE", False),
    ("Boolean", "no", False),
    ("Boolean", "0", False),
    ("DateTime", "2026-11-24T10:05:13+01:00", "2026-11-24T09:05:13Z"),
    ("DateTime", "2 hours ago", "2026-11-25T07:30:00Z"),
    ("URL", "/a/b", "https://shop.example/a/b"),
    ("URL", "c?x=1#y", "https://shop.example/list/c?x=1#y"),
    ("URL", "../c", "https://shop.example/c"),
    ("URL", "//cdn.example/x", "https://cdn.example/x"),
    ("URL", "http://other.example", "http://other.example"),
    ("URL", "", "https://shop.example/list/page?n=1"),
    ("URL", "/a\n\tb", "https://shop.example/ab"),
    ("URL", "/a b/c d?e f", "https://shop.example/a%20b/c%20d?e%20f"),
    ("URL", "javascript: void 0", "javascript: void 0"),
    ("URL", "/a%20b%2fc", "https://shop.example/a%20b%2fc"),
    ("URL", "mailto:a@b.example", "mailto:a@b.example"),
    ("JSON", '{"a": [1, 2.5, null, "x"]}', {"a": [1, 2.5, None, "x"]}),
    ("JSON", '"\\ud800\\u0000"', "\ufffd\ufffd"),
]
NOT_FROM_TEXT = [
    ("Integer", "12.5"),
    ("Integer", "many"),
    ("Integer", "18446744073709551616"),
    ("Decimal", "n/a"),
    ("Decimal", ""),
    ("Number", "NaN"),
    ("Boolean", "in stock"),
    ("Boolean", "on"),
    ("Boolean", "2"),
    ("DateTime", "in stock"),
    ("DateTime", "x" * 200),
    ("URL", "http://[broken"),
    ("JSON", "{a: 1}"),
    ("JSON", "NaN"),
    ("JSON", "[" * 200 + "]" * 200),
]
FROM_JSON = [
    ("String", "12", "12"),
    ("String", "true", "true"),
    ("String", '{"b": 1, "a": [null]}', '{"b":1,"a":[null]}'),
    ("String", '"a\\u0000b\\ud800"', "a\ufffdb\ufffd"),
    ("Integer", "12", 12),
    ("Integer", "12.0", 12),
    ("Integer", "1e2", 100),
    ("Integer", '"1,234"', 1234),
    ("Decimal", "2.9", "2.9"),
    ("Decimal", "2.90", "2.90"),
    ("Decimal", "0.1000000000000000055511151231257827", "0.1000000000000000055511151231257827"),
    ("Decimal", "1e2", "100"),
    ("Decimal", "5", "5"),
    ("Decimal", '"2,90"', "2.90"),
    ("Number", "2.5", 2.5),
    ("Number", "18446744073709551615", 2**64 - 1),
    ("Boolean", "true", True),
    ("Boolean", "0", False),
    ("Boolean", '"yes"', True),
    ("DateTime", "1795514713", "2026-11-24T10:05:13Z"),
    ("DateTime", "1795514713123", "2026-11-24T10:05:13.123Z"),
    ("DateTime", "2026", "1970-01-01T00:33:46Z"),
    ("DateTime", '"2026-11-24"', "2026-11-24T00:00:00Z"),
    ("URL", '"x"', "https://shop.example/list/x"),
    ("JSON", '{"a": 2.5}', {"a": 2.5}),
    ("JSON", "[1, [2], null]", [1, [2], None]),
    ("JSON", '"plain"', "plain"),
    ("JSON", '"{\\"a\\": 1}"', {"a": 1}),
]
NOT_FROM_JSON = [
    ("Integer", "12.5"),
    ("Integer", "true"),
    ("Decimal", "true"),
    ("Decimal", '{"a": 1}'),
    ("Decimal", "1e-500"),
    ("Boolean", "2"),
    ("Boolean", "1.5"),
    ("DateTime", "true"),
    ("DateTime", "1e18"),
    ("URL", "5"),
    ("JSON", '"{broken"'),
]


@pytest.mark.parametrize(("type_", "text", "expected"), FROM_TEXT, ids=lambda value: str(value)[:30])
def test_a_text_is_read_as_its_type(read: Read, type_: str, text: str, expected: Any):
    page = f"<p title='{text.replace(chr(39), '&#39;')}'></p>"
    found = read(page, {"css": "p::attr(title)", "type": type_})
    assert found.items == [{"f0": expected}]
    assert type(found.items[0]["f0"]) is type(expected)
    assert found.missing == {}
    assert found.warnings == ()


@pytest.mark.parametrize(("type_", "text"), NOT_FROM_TEXT, ids=lambda value: str(value)[:30])
def test_a_text_that_is_none_of_its_type_is_missing_and_named(read: Read, type_: str, text: str):
    found = read(f"<p title='{text}'></p>", {"css": "p::attr(title)", "type": type_})
    assert found.items == [{"f0": None}]
    assert found.missing == {"f0": 1}
    assert len(found.warnings) == 1
    assert found.warnings[0].startswith(f"field f0: can't be read as {type_}")


@pytest.mark.parametrize(("type_", "value", "expected"), FROM_JSON, ids=lambda value: str(value)[:30])
def test_a_json_value_is_read_as_its_type(read: Read, type_: str, value: str, expected: Any):
    found = read(f'{{"v": {value}}}', {"jmespath": "v", "type": type_}, content_type="application/json")
    assert found.items == [{"f0": expected}]
    assert type(found.items[0]["f0"]) is type(expected) or type_ == "JSON"
    assert found.warnings == ()


@pytest.mark.parametrize(("type_", "value"), NOT_FROM_JSON, ids=lambda value: str(value)[:30])
def test_a_json_value_that_is_none_of_its_type_is_missing_and_named(read: Read, type_: str, value: str):
    found = read(f'{{"v": {value}}}', {"jmespath": "v", "type": type_}, content_type="application/json")
    assert found.items == [{"f0": None}]
    assert len(found.warnings) == 1


def test_numbers_are_read_by_the_language_of_the_page(read: Read):
    field = {"css": "p::text", "type": "Decimal"}
    assert read("<html lang='de'><p>1.234</p>", field).items == [{"f0": "1234"}]
    assert read("<html lang='en'><p>1.234</p>", field).items == [{"f0": "1.234"}]
    assert read("<html><p>1.234</p>", field).items == [{"f0": "1234"}]


@pytest.mark.parametrize(
    "page",
    [
        "<html xml:lang='de'><p>1.234</p>",
        "<html><body lang='de'><p>1.234</p>",
        "<html><head><meta http-equiv='Content-Language' content='de'></head><p>1.234</p>",
    ],
)
def test_the_language_of_a_page_stands_in_several_places(read: Read, page: str):
    assert read(page, {"css": "p::text", "type": "Decimal"}).warnings == ()


def test_a_time_without_zone_is_in_the_zone_of_the_schedule(
    compiled: Callable[..., CompiledExtract], document: Callable[..., Document]
):
    extract = compiled({"css": "p::text", "type": "DateTime"})
    found = extract.extract(document("<p>2026-07-01 12:00</p>", zone="Europe/Berlin"))
    assert found.items == [{"f0": "2026-07-01T10:00:00Z"}]


@given(st.integers(-(2**63), 2**64 - 1))
def test_integers_round_trip(read: Read, number: int):
    found = read(json.dumps([number]), {"jmespath": "[0]", "type": "Integer"}, content_type="application/json")
    assert found.items == [{"f0": number}]


@given(st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**15), max_value=10**15, places=6))
def test_decimals_keep_the_digits_that_were_written(read: Read, number: Any):
    written = format(number, "f")
    found = read(f"[{written}]", {"jmespath": "[0]", "type": "Decimal"}, content_type="application/json")
    assert found.items == [{"f0": written}]


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_floats_round_trip(read: Read, number: float):
    for others in ((), ({"jmespath": "[1]", "type": "Decimal"},)):
        found = read(
            json.dumps([number]), {"jmespath": "[0]", "type": "JSON"}, *others, content_type="application/json"
        )
        assert found.items[0]["f0"] == number


@given(st.from_regex(r"(https?://[a-z]{1,3}|/{0,2}|[a-z]:)?([a-z.?#/;=&%]{0,12})", fullmatch=True))
def test_addresses_are_resolved_as_rfc_3986_says(text: str):
    base = "https://shop.example/a/b?c"
    try:
        found = CONVERTERS[FieldType.URL](text, Surroundings(base_url=base))
    except Unreadable:
        return
    assert found == urljoin(base, text)


@given(
    st.sampled_from(FieldType),
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    ),
)
def test_a_converter_gives_json_or_says_that_it_cannot(type_: FieldType, value: Any):
    with suppress(Unreadable):
        json.dumps(CONVERTERS[type_](value, Surroundings(base_url="https://x.example/")), allow_nan=False)
