"""Documents and selectors that want to crash, hang or flood. What a case costs is counted, and so no clock is read."""

import contextlib
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scrape_operator.api.kinds.extract import FieldType
from scrape_operator.core.errors import ScrapeFailed
from scrape_operator.core.extraction import Document, PageExtraction
from scrape_operator.core.runs.reasons import Reason
from scrape_operator.extraction.extractor import MAX_ITEMS, CompiledExtract
from scrape_operator.extraction.step_budget import StepBudget, StepBudgetExceeded

Read = Callable[..., PageExtraction]
Compile = Callable[..., CompiledExtract]
Open = Callable[..., Document]


def exceeds(compiled: CompiledExtract, document: Document) -> bool:
    """Whether a document is too costly to be read on the event loop."""
    if not compiled.is_bounded(document):
        return True
    try:
        compiled.extract_within(document, StepBudget.for_event_loop())
    except StepBudgetExceeded:
        return True
    return False


@pytest.mark.parametrize(
    "body",
    [
        pytest.param("<div>" * 100_000, id="nested elements"),
        pytest.param("<b><i>" * 1_100 + "x", id="nested inline elements"),
        pytest.param("</x>y" * 500 + "<div>" * 2_100, id="nested elements behind many other errors"),
    ],
)
def test_what_the_parser_would_cut_off_is_a_decode_error(read: Read, body: str):
    with pytest.raises(ScrapeFailed, match="nested deeper than 2048") as caught:
        read(body, {"css": "p"})
    assert caught.value.reason is Reason.DECODE_ERROR


@pytest.mark.parametrize(
    "body",
    [
        pytest.param("<div>" * 1_500 + "<h1>x</h1>" + "</div>" * 1_500, id="1500 elements deep"),
        pytest.param("<b>" * 300 + "<h1>x", id="unclosed elements"),
        pytest.param("<p>" + "y" * 11_000_000 + "</p><h1>x", id="a text of 11 MB"),
    ],
)
def test_a_deep_or_long_page_is_read_whole(read: Read, body: str):
    assert read(body, {"css": "h1::text"}).items == [{"f0": "x"}]


@pytest.mark.parametrize(
    "body",
    [
        *("<" * 50_000, "<a" * 50_000, "&" * 50_000, "<!--" * 20_000, '<a href="' * 10_000, "<script>" * 10_000),
        *("<table>" * 100, "&#x41;" * 20_000, "<p>" * 20_000, "<!DOCTYPE a [<!ENTITY b 'c'>]>&b;", "<?xml?>"),
    ],
    ids=lambda body: str(body)[:10],
)
def test_broken_markup_is_read_for_what_it_is(read: Read, body: str):
    assert len(read(body, {"css": "p::text"}).items) == 1


@pytest.mark.parametrize("end", ["</channel></rss>", "<p>"], ids=["whole", "broken"])
@pytest.mark.parametrize(
    "reference", ["&#0;", "&#xD800;", "&#x110000;", "&#X110000;", "&#57343;", "&#" + "9" * 5000 + ";"]
)
def test_a_reference_to_what_is_no_character_is_one_to_u_fffd_in_a_feed(read: Read, reference: str, end: str):
    body = f"<rss><channel><item><title>a{reference}b &#x1F600;</title></item>{end}"
    found = read(body, {"jmespath": "title"}, format="Feed", content_type="application/rss+xml")
    assert found.items == [{"f0": "a\ufffdb \U0001f600"}]


def test_a_feed_that_its_parser_can_not_read_is_a_decode_error(read: Read, monkeypatch: pytest.MonkeyPatch):
    def fail(*_: object, **__: object) -> None:
        raise AssertionError("unexpected call to parse_html_declaration()")

    monkeypatch.setattr("feedparser.parse", fail)
    with pytest.raises(ScrapeFailed, match="feed") as caught:
        read("<rss>", {"jmespath": "title"}, format="Feed", content_type="application/rss+xml")
    assert caught.value.reason is Reason.DECODE_ERROR


def test_an_external_entity_is_never_fetched_or_expanded(read: Read):
    page = "<!DOCTYPE html [<!ENTITY x SYSTEM 'file:///etc/passwd'>]><p>&x;</p>"
    assert "root:" not in str(read(page, {"xpath": "string(/)"}).items)


@pytest.mark.parametrize(
    ("field", "body"),
    [
        pytest.param({"css": "li:nth-child(2)"}, "<ul>" + "<li>" * 20_000, id="a position among very many"),
        pytest.param({"xpath": "//*[//*[//*]]"}, "<p>" * 1_000, id="nested predicates from the root"),
        pytest.param({"xpath": "count(//li/following::li)"}, "<li>" * 1_000, id="all that follow"),
        pytest.param(
            {"xpath": "(//div//a)[1]"}, "<div>" * 200 + "<a>x</a>" * 2_000, id="descendants of nested elements"
        ),
        pytest.param({"css": "p ~ p"}, "<p>" * 10_000, id="all neighbours"),
    ],
)
def test_a_selector_that_may_take_long_is_not_tried_beside_the_loop(
    compiled: Compile, document: Open, field: dict[str, Any], body: str
):
    assert exceeds(compiled(field), document(body))


def test_many_fields_of_many_items_are_not_read_beside_the_loop(compiled: Compile, document: Open):
    fields = [{"css": "::text"} for _ in range(100)]
    assert exceeds(compiled(*fields, items={"css": "p"}), document("<p>" * 1_000))


def test_fields_of_nested_items_are_not_read_beside_the_loop(compiled: Compile, document: Open):
    body = "<div>" * 200 + "<p>" * 20_000
    fields = [{"css": "a::text"}] * 10
    assert exceeds(compiled(*fields, items={"css": "div"}), document(body))


@pytest.mark.parametrize(
    "field",
    [
        {"css": "div.list a.title::text", "many": True},
        {"css": "td > a[href^=x]::attr(href)"},
        {"xpath": ".//div//a[@href='x']/@href"},
        {"xpath": ".//td[1]/text()"},
    ],
    ids=str,
)
def test_an_ordinary_page_is_read_beside_the_loop(compiled: Compile, document: Open, field: dict[str, Any]):
    row = "<tr><td>a</td><td>b</td></tr><tr><td><div class=list><a class=title href=x>t</a></div></td></tr>"
    page = f"<table>{row * 100}</table>"
    assert not exceeds(compiled(field, items={"css": "tr"}), document(page))


def test_descendants_of_nested_elements_cost_no_more_than_the_document(compiled: Compile, document: Open):
    extract = compiled({"css": "div div a::text", "many": True})
    page = document("<div>" * 200 + "<a>x</a>" * 2_000)
    assert not exceeds(extract, page)
    assert extract.extract(page).items == [{"f0": ["x"] * 2_000}]


@pytest.mark.parametrize("path", ["a", "a[*]", "a[*].b"])
def test_lists_of_very_many_values_are_not_read_beside_the_loop(compiled: Compile, document: Open, path: str):
    few, many = (document(f'{{"a": [{",".join(["1"] * count)}]}}', "application/json") for count in (1_000, 100_001))
    extract = compiled({"jmespath": path, "type": "Integer", "many": True})
    assert not exceeds(extract, few)
    assert exceeds(extract, many)


@pytest.mark.parametrize(
    "expression",
    [
        pytest.param(" | ".join(["[@, @][]"] * 60), id="a list that doubles"),
        pytest.param(f"to_string({' | '.join(['[@, @]'] * 60)})", id="a text of a list that doubles"),
        pytest.param(f"({' | '.join(['[@, @]'] * 40)}) == ({' | '.join(['[@, @]'] * 40)})", id="a comparison of such"),
        pytest.param(f"contains([@], {' | '.join(['[@, @]'] * 60)})", id="a search for such"),
        pytest.param(" | ".join(["join('', [@, @])"] * 50), id="a text that doubles"),
    ],
)
def test_an_expression_that_builds_too_much_is_stopped(compiled: Compile, document: Open, expression: str):
    assert exceeds(compiled({"jmespath": expression}), document('"x"', "application/json"))


def test_a_value_that_would_be_too_big_as_json_is_missing(read: Read):
    doubling = " | ".join(["[@, @]"] * 60)
    found = read('"x"', {"jmespath": f"{{a: {doubling}}}", "type": "JSON"}, content_type="application/json")
    assert found.items == [{"f0": None}]
    assert found.warnings == ("field f0: can't be read as JSON, such as an object",)


def test_an_item_of_more_than_1_mib_is_an_extraction_error(read: Read):
    body = f"<p>{'x' * 600_000}</p>"
    assert read(body, {"css": "p"}).items
    with pytest.raises(ScrapeFailed, match="more than 1 MiB"):
        read(body, {"css": "p"}, {"xpath": "string(//p)"})


def test_all_items_together_are_bounded(read: Read):
    page = f"<h1>{'x' * 900_000}</h1>" + "<p>" * 200
    with pytest.raises(ScrapeFailed, match="too much work") as caught:
        read(page, {"xpath": "string(//h1)"}, items={"css": "p"})
    assert caught.value.reason is Reason.EXTRACTION_ERROR


def test_more_than_100_000_items_are_an_extraction_error(read: Read):
    body = f"[{'1,' * MAX_ITEMS}1]"
    with pytest.raises(ScrapeFailed, match="gives 100001 nodes"):
        read(body, {"jmespath": "@"}, items={"jmespath": "@"}, content_type="application/json")


def test_a_regex_takes_linear_time(read: Read):
    found = read(f"<p>{'a' * 50_000}</p>", {"css": "p::text", "regex": "^(a+)+$x?b"})
    assert found.items == [{"f0": None}]


HTML_FIELDS = [
    {"css": "p::text", "many": True},
    {"css": "a::attr(href)", "type": "URL"},
    {"xpath": "//*", "type": "JSON"},
    {"xpath": "string(/)", "regex": "(.)$"},
    *({"css": "b", "type": type_, "many": True} for type_ in FieldType if type_ is not FieldType.DATE_TIME),
]
JSON_FIELDS = [
    {"jmespath": "@", "type": "JSON"},
    {"jmespath": "*", "many": True},
    {"jmespath": "a[?b > `1`] | sort_by(@, &b)", "many": True},
    *({"jmespath": "a || @", "type": type_} for type_ in FieldType if type_ is not FieldType.DATE_TIME),
]
PIECES = [
    "<p>",
    "<b>",
    "</b>",
    "<a href=",
    '"',
    "'",
    ">",
    "<!--",
    "&#",
    "&amp;",
    "<![CDATA[",
    "\0",
    "x",
    "1,5",
    "é",
    " ",
]
JSON_PIECES = [
    '{"a":',
    "[",
    "]",
    "}",
    ",",
    '"',
    "\\u",
    "d800",
    "1",
    "e9",
    "-",
    ".5",
    "null",
    "true",
    " ",
    "\0",
    "NaN",
    "é",
]


@given(st.binary(max_size=300) | st.lists(st.sampled_from(PIECES), max_size=40).map("".join), st.booleans())
def test_no_bytes_make_html_raise_anything_else(compiled: Compile, document: Open, body: Any, in_items: bool):
    extract = compiled(*HTML_FIELDS, format="HTML", **({"items": {"css": "*"}} if in_items else {}))
    with contextlib.suppress(ScrapeFailed):
        extract.extract(document(body, "text/html"))


@given(st.binary(max_size=300) | st.lists(st.sampled_from(JSON_PIECES), max_size=40).map("".join), st.booleans())
def test_no_bytes_make_json_raise_anything_else(compiled: Compile, document: Open, body: Any, in_items: bool):
    extract = compiled(*JSON_FIELDS, format="JSON", **({"items": {"jmespath": "@"}} if in_items else {}))
    with contextlib.suppress(ScrapeFailed):
        extract.extract(document(body, "application/json"))


MARKUP = ["<a>", "</a>", "<b c='1'>", "</b>", "<!DOCTYPE a [<!ENTITY x 'y'>]>", "&x;", "<![CDATA[", "]]>", "<!--", "x"]
LINKED = ["<div itemscope itemtype='http://schema.org/Thing'>", "<i itemprop=url>", "<a itemprop=url href='http://['>"]
LINKED += [
    "<div vocab='http://schema.org/' typeof=Thing>",
    "<b property=name>",
    "<script type='application/ld+json'>",
    "{}",
]
OF_FORMATS: dict[str, tuple[str, dict[str, Any], list[str]]] = {
    "XML": ("application/xml", {"css": "a, b::text"}, [*MARKUP, "<n:a xmlns:n='u'>", "\0", "\ud800"]),
    "NDJSON": ("application/x-ndjson", {"jmespath": "a || @"}, [*JSON_PIECES, "\n", "\ud800"]),
    "CSV": ("text/csv", {"column": "a"}, ["a", ",", ";", "\t", '"', "\n", "\r", "\0", "é"]),
    "Feed": (
        "application/rss+xml",
        {"jmespath": "@"},
        [*MARKUP, "<rss version='2.0'>", "<channel>", "<item>", "<title>"],
    ),
    "JSONLD": ("text/html", {"jmespath": "@"}, [*MARKUP, *LINKED]),
    "Text": ("text/plain", {"regex": "(?m)^.*$"}, ["a", "\n", "\0", "\ud800", "é"]),
}


@pytest.mark.parametrize("format_", OF_FORMATS)
@given(data=st.data())
def test_no_bytes_make_a_format_raise_anything_else(
    compiled: Compile, document: Open, format_: str, data: st.DataObject
):
    content_type, field, pieces = OF_FORMATS[format_]
    text = data.draw(st.lists(st.sampled_from(pieces), max_size=30).map("".join))
    encoding = data.draw(st.sampled_from(["utf-8", "utf-16", "latin-1"]))
    body = text.encode(encoding, "surrogatepass" if encoding.startswith("utf") else "replace")
    with contextlib.suppress(ScrapeFailed):
        compiled({**field, "many": True}, format=format_).extract(document(body, content_type))


@given(st.text(max_size=60), st.binary(max_size=60))
def test_no_content_type_makes_auto_raise_anything_else(compiled: Compile, document: Open, header: str, body: bytes):
    with contextlib.suppress(ScrapeFailed):
        compiled({"css": "p"}).extract(document(body, header))


@given(st.text(alphabet="abp*/@[](){}:.,|='\"<>$!?&`-+ 12ntex#~>é", min_size=1, max_size=40))
def test_no_selector_makes_compiling_raise(compiled: Compile, document: Open, text: str):
    for family in ("css", "xpath", "jmespath"):
        with contextlib.suppress(AssertionError):
            extract = compiled({family: text, "regex": text}, items={family: text})
            body, kind = (
                ('{"a": [1]}', "application/json") if family == "jmespath" else ("<a><b>x</b></a>", "text/html")
            )
            with contextlib.suppress(ScrapeFailed):
                extract.extract(document(body, kind))
