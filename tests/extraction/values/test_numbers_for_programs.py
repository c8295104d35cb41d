"""Ambiguous numbers in data that is written for programs have a decimal point; other text is read by its language."""

from collections.abc import Callable
from typing import Any

import pytest

from scrape_operator.core.extraction import PageExtraction

Read = Callable[..., PageExtraction]


@pytest.mark.parametrize("text", ["1.299,-", "Kr 1.299,-"])
@pytest.mark.parametrize(("type_", "expected"), [("Decimal", "1299"), ("Integer", 1299)])
def test_a_price_without_cents_is_read_in_its_one_way_in_data_for_programs(
    read: Read, text: str, type_: str, expected: Any
):
    for body, content_type, field in (
        (f'{{"a": "{text}"}}', "application/json", {"jmespath": "a"}),
        (f'a,b\n"{text}",2', "text/csv", {"column": "a"}),
        (f"<p data-a='{text}'>", "text/html", {"css": "p::attr(data-a)"}),
    ):
        found = read(body, {**field, "type": type_}, content_type=content_type)
        assert found.items == [{"f0": expected}]
        assert found.warnings == ()


@pytest.mark.parametrize(
    ("body", "content_type", "field"),
    [
        ('{"v": "27.633"}', "application/json", {"jmespath": "v"}),
        ("<p data-price='27.633'>", "text/html", {"css": "p::attr(data-price)"}),
        ("<meta content='27.633'>", "text/html", {"xpath": "//meta/@content"}),
        ("<input value='27.633'>", "text/html", {"css": "input::attr(value)"}),
        *(
            ("<p data-price='27.633'>", "text/html", {"xpath": path.format("//p/@data-price")})
            for path in (
                "string({})",
                "normalize-space({})",
                "({})[1]",
                "{}[1]",
                "string(({})[1])",
                "{} | //a/@content",
            )
        ),
        ("<p data-price='27.633'>", "text/html", {"xpath": "//p/attribute::data-price"}),
    ],
)
def test_numbers_for_programs_have_a_point(read: Read, body: str, content_type: str, field: dict[str, Any]):
    found = read(body, {**field, "type": "Decimal"}, content_type=content_type)
    assert found.items == [{"f0": "27.633"}]
    assert found.warnings == ()


META = '<div class=i><meta itemprop=price content="1.234" title="1.234"></div>'
TEXT = "<div class=i><span class=price>1.234</span></div>"
SELECTORS = [
    {"css": ".price::text, meta::attr(content)"},
    {"css": "meta::attr(content), .price::text"},
    {"xpath": ".//meta/@content | .//span/text()"},
    {"xpath": "(.//span | .//meta/@content)[1]"},
    {"css": "meta::attr(content), .price::text", "regex": "(.+)"},
]


@pytest.mark.parametrize("selector", SELECTORS)
@pytest.mark.parametrize("many", [False, True])
@pytest.mark.parametrize("format_", ["HTML", "XML"])
def test_each_text_of_a_selector_list_is_read_by_its_origin(
    read: Read, selector: dict[str, str], many: bool, format_: str
):
    page = f'<html lang="de" xml:lang="de">{META}{TEXT}</html>'
    if format_ == "XML":
        page = page.replace("class=i", 'class="i"').replace("class=price", 'class="price"')
        page = page.replace("itemprop=price", "").replace('title="1.234"', "/")
    found = read(page, {**selector, "type": "Decimal", "many": many}, items={"css": ".i"}, format=format_)
    expected = [["1.234"], ["1234"]] if many else ["1.234", "1234"]
    assert [item["f0"] for item in found.items] == expected
    assert found.warnings == ()


def test_each_attribute_of_all_is_read_by_its_name(read: Read):
    found = read(f"<html lang=de>{META}", {"xpath": "//meta/@*[. != 'price']", "type": "Decimal", "many": True})
    assert found.items == [{"f0": ["1.234", "1234"]}]


def test_numbers_for_programs_are_no_evidence_for_those_of_the_page(read: Read):
    page = "<p>1.234</p><meta content='12.50'>"
    found = read(page, {"css": "p::text, meta::attr(content)", "type": "Decimal", "many": True})
    assert found.items == [{"f0": ["1234", "12.50"]}]
    assert len(found.warnings) == 1


@pytest.mark.parametrize("type_", ["String", "Number", "Boolean", "DateTime", "URL", "JSON"])
def test_values_of_other_types_are_plain_texts(read: Read, type_: str):
    page = "<p> 1 </p><meta content=' 1 '>"
    for selector in ({"css": "p::text, meta::attr(content)"}, {"xpath": "string(//p | //meta/@content)"}):
        found = read(page, {**selector, "type": type_})
        same = read(page, {"css": "p::text", "type": type_})
        assert found.items == same.items
        assert type(found.items[0]["f0"]) is type(same.items[0]["f0"])
