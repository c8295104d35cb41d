from collections.abc import Callable
from typing import Any

import pytest

from scrape_operator.api.kinds.extract import Format
from scrape_operator.core.errors import ScrapeFailed
from scrape_operator.core.extraction import PageExtraction
from scrape_operator.core.runs.reasons import Reason
from scrape_operator.extraction.formats.detection import format_of

Read = Callable[..., PageExtraction]


@pytest.mark.parametrize(
    ("content_type", "body", "expected"),
    [
        ("text/html; charset=utf-8", b"{}", "HTML"),
        ("TEXT/HTML", b"", "HTML"),
        ("application/xhtml+xml", b"", "HTML"),
        ("application/json", b"<p>", "JSON"),
        ("application/vnd.api+json;v=1", b"", "JSON"),
        ("application/ld+json", b"", "JSON"),
        ("application/geo+xml", b"", "XML"),
        ("text/xml", b"", "XML"),
        ("application/rss+xml", b"", "Feed"),
        ("application/feed+json", b"", "Feed"),
        ("application/x-ndjson", b"", "NDJSON"),
        ("text/csv", b"", "CSV"),
        ("text/markdown", b"{}", "Text"),
        ("text/html, text/html", b"", "HTML"),
        ("text/plain, application/json; charset=utf-8", b"", "JSON"),
        ('text/html; charset="a,b"', b"", "HTML"),
        ("application/json, */*", b"", "JSON"),
        ("*/*", b"{", "JSON"),
        ("", b" \n{", "JSON"),
        ("text/plain", b"[1]", "JSON"),
        ("text/plain;charset=utf-8", b'{"a": 1}\n{"a": 2}\n', "NDJSON"),
        ("text/plain", b'{\n"a": 1}', "JSON"),
        ("application/octet-stream", b"\xef\xbb\xbf<!DOCTYPE html>", "HTML"),
        ("", b"\xff\xfe<\0h\0t\0m\0l\0>\0", "HTML"),
        ("", b"<!-- x --><html>", "HTML"),
        ("", b"<?xml version='1.0'?><!DOCTYPE html PUBLIC ''>", "HTML"),
        ("", b"<div class='x'>", "HTML"),
        ("", b"<?xml version='1.0'?><a>", "XML"),
        ("", b"<catalog>", "XML"),
        ("", b"<?xml version='1.0'?><rss version='2.0'>", "Feed"),
        ("", b"<feed xmlns='http://www.w3.org/2005/Atom'>", "Feed"),
        ("", b"plain words", "Text"),
        ("", b"", "Text"),
    ],
)
def test_auto_goes_by_content_type_and_else_by_the_first_bytes(content_type: str, body: bytes, expected: str):
    assert format_of(content_type, body) is Format(expected)


@pytest.mark.parametrize(
    ("field", "extract", "content_type", "told"),
    [
        ({"css": "p"}, {}, "application/json", "extract.fields[0].css: JSON has no css selectors: use jmespath"),
        ({"jmespath": "a"}, {}, "text/html", "extract.fields[0].jmespath: HTML has no jmespath selectors: use css or"),
        ({"const": 1}, {"items": {"css": "p"}}, "application/json", "the document is JSON: extract.items.css: JSON"),
    ],
)
def test_a_document_of_another_format_is_an_extraction_error(
    read: Read, field: dict[str, Any], extract: dict[str, Any], content_type: str, told: str
):
    with pytest.raises(ScrapeFailed, match=r"set extract\.format") as caught:
        read("{}", field, content_type=content_type, **extract)
    assert caught.value.reason is Reason.EXTRACTION_ERROR
    assert told in caught.value.message


def test_a_fixed_format_wins_over_the_content_type(read: Read):
    assert read("<p>x</p>", {"css": "p::text"}, content_type="text/plain", format="HTML").items == [{"f0": "x"}]
    assert read('"x"', {"jmespath": "@"}, content_type="text/html", format="JSON").items == [{"f0": "x"}]
