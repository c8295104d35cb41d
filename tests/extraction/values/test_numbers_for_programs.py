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
