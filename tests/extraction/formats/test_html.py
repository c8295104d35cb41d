from collections.abc import Callable
from typing import Any

import pytest

from scrape_operator.core.errors import ScrapeFailed
from scrape_operator.core.extraction import PageExtraction
from scrape_operator.core.runs.reasons import Reason

Read = Callable[..., PageExtraction]

QUOTES = """<!doctype html><html lang="en"><head><base href="/root/"></head><body>
<h1>Quotes</h1>
<div class="quote" id="q1"><span class="text"> \u201cOne\n two\u201d </span><small class="author">Ann</small>
  <a class="tag" href="/t/x">x</a><a class="tag"> </a><a class="tag">y</a><b class="price">EUR 1,234.50</b></div>
<div class="quote featured" id="q2"><span class="text">Three</span><a href="detail?id=2">more</a></div>
<div class="quote" id="q3"><small class="author">Nobody</small></div>
</body></html>"""


def values(read: Read, page: str, field: dict[str, Any], **extract: Any) -> list[Any]:
    return [item["f0"] for item in read(page, field, **extract).items]


def test_fields_are_read_from_each_item(read: Read):
    found = read(
        QUOTES,
        {"name": "text", "css": "span.text::text", "required": True},
        {"name": "author", "xpath": ".//small[@class='author']/text()"},
        {"name": "tags", "css": "a.tag::text", "many": True},
        {"name": "price", "css": ".price::text", "regex": "([0-9.,]+)", "type": "Decimal"},
        {"name": "link", "css": "a::attr(href)", "type": "URL"},
        {"name": "seen", "value": "ScheduledFor"},
        {"name": "fetched", "value": "FetchedAt"},
        {"name": "page", "value": "PageURL"},
        {"name": "shop", "const": "example"},
        items={"css": "div.quote"},
    )
    assert found.matched == 3
    assert found.dropped == 1
    known = {
        "seen": "2026-11-25T09:00:00Z",
        "fetched": "2026-11-25T09:30:00Z",
        "page": "https://shop.example/list/page?n=1",
        "shop": "example",
    }
    first = {"text": "\u201cOne\n two\u201d", "author": "Ann", "tags": ["x", "y"], "price": "1234.50"}
    second: dict[str, object] = {"text": "Three", "author": None, "tags": [], "price": None}
    assert found.items == [
        {**first, "link": "https://shop.example/t/x", **known},
        {**second, "link": "https://shop.example/root/detail?id=2", **known},
    ]
    assert found.missing == {"author": 1, "tags": 1, "price": 1}
    dropped = "a required value is missing, and so the item is dropped"
    assert found.warnings == (f"field text: {dropped}: correct the selector, or set required: false",)


def test_without_items_the_document_is_one_item(read: Read):
    assert read(QUOTES, {"css": "h1::text"}).items == [{"f0": "Quotes"}]
    assert read(QUOTES, {"css": ".text::text", "many": True}).items == [{"f0": ["\u201cOne\n two\u201d", "Three"]}]


@pytest.mark.parametrize(
    ("field", "expected"),
    [
        pytest.param({"css": "span.text"}, ["\u201cOne\n two\u201d", "Three", None], id="an element gives its text"),
        pytest.param({"css": "::attr(id)"}, ["q1", "q2", "q3"], id="the item's own attribute"),
        pytest.param({"css": "::attr(ID)"}, ["q1", "q2", "q3"], id="an attribute in any case"),
        pytest.param({"css": "div.quote::attr(id)"}, ["q1", "q2", "q3"], id="the item matches its own selector"),
        pytest.param({"css": "body span.text::text"}, [None, None, None], id="ancestors of the item do not"),
        pytest.param({"xpath": "count(.//a)", "type": "Integer"}, [3, 1, 0], id="a number"),
        pytest.param({"xpath": "count(.//a)"}, ["3", "1", "0"], id="a number as text"),
        pytest.param({"xpath": "number(small)"}, [None, None, None], id="NaN is no value"),
        pytest.param({"xpath": "boolean(.//small)", "type": "Boolean"}, [True, False, True], id="a boolean"),
        pytest.param({"xpath": "string(.//small)"}, ["Ann", "", "Nobody"], id="a string, even empty"),
        pytest.param({"xpath": "//h1/text()"}, ["Quotes"] * 3, id="a path from the root"),
        pytest.param({"xpath": "has-class('featured')", "type": "Boolean"}, [False, True, False], id="a class"),
        pytest.param({"xpath": "../h1/text()"}, ["Quotes"] * 3, id="the parent's"),
        pytest.param({"xpath": "following-sibling::div[1]/@id"}, ["q2", "q3", None], id="the next item's"),
        pytest.param({"css": "a:nth-child(3)::attr(href)"}, ["/t/x", None, None], id="a position"),
        pytest.param({"css": "small + a::text"}, ["x", None, None], id="a neighbour"),
        pytest.param(
            {"css": ".author, .text"}, ["\u201cOne\n two\u201d", "Three", "Nobody"], id="either, as they stand"
        ),
        pytest.param({"css": ".author::text", "regex": "^A(.)"}, ["n", None, None], id="group 1 of a regex"),
        pytest.param({"css": ".author::text", "regex": "n+"}, ["nn", None, None], id="the match of a regex"),
        pytest.param({"css": ".author::text", "default": "?"}, ["Ann", "?", "Nobody"], id="a default"),
        pytest.param(
            {"css": ".tag::text", "many": True, "default": ["none"]},
            [["x", "y"], ["none"], ["none"]],
            id="a default list",
        ),
        pytest.param({"css": ".tag::text", "many": True, "regex": "y"}, [["y"], [], []], id="a regex on each of many"),
        pytest.param({"const": [1, {"a": None}]}, [[1, {"a": None}]] * 3, id="a constant"),
        pytest.param({"const": 5, "type": "Integer"}, [5] * 3, id="a constant of a type"),
    ],
)
def test_a_selector_gives(read: Read, field: dict[str, Any], expected: list[Any]):
    assert values(read, QUOTES, field, items={"css": "div.quote"}) == expected


def test_a_required_list_needs_a_member(read: Read):
    found = read(QUOTES, {"css": ".tag::text", "many": True, "required": True}, items={"css": "div.quote"})
    assert found.items == [{"f0": ["x", "y"]}]
    assert found.dropped == 2


def test_an_items_selector_without_match_gives_no_items(read: Read):
    found = read(QUOTES, {"css": "a"}, items={"css": "article"})
    assert found.items == []
    assert found.matched == 0


NESTED = "<div id=1><div id=2><p>a</p><div id=3><p>b</p></div></div><p>c</p></div><div id=4><p>d</p></div>"


@pytest.mark.parametrize(
    "field", [{"css": "div p::text"}, {"xpath": "//div//p/text()"}, {"css": "body div div p::text"}]
)
def test_values_below_nested_elements_are_given_once_and_in_order(read: Read, field: dict[str, Any]):
    expected = ["a", "b"] if "div div" in str(field) else ["a", "b", "c", "d"]
    assert values(read, NESTED, {**field, "many": True}) == [expected]


def test_nested_items_are_items(read: Read):
    assert values(read, NESTED, {"css": "::attr(id)"}, items={"css": "div"}) == ["1", "2", "3", "4"]


@pytest.mark.parametrize("items", ["//a/text()", "//a/@href"])
def test_an_items_selector_must_give_nodes(read: Read, items: str):
    with pytest.raises(AssertionError, match="an item is a node"):
        read(QUOTES, {"css": "a"}, items={"xpath": items})


def test_an_items_selector_that_turns_out_to_give_texts_is_an_extraction_error(read: Read):
    with pytest.raises(ScrapeFailed, match="gives texts and no nodes") as caught:
        read(QUOTES, {"css": "a"}, items={"xpath": "//a/text()[1]"})
    assert caught.value.reason is Reason.EXTRACTION_ERROR


def test_an_items_selector_that_gives_comments_is_an_extraction_error(read: Read):
    with pytest.raises(ScrapeFailed, match="comments") as caught:
        read("<!--x--><p>", {"css": "a"}, items={"xpath": "//comment()"})
    assert caught.value.reason is Reason.EXTRACTION_ERROR


@pytest.mark.parametrize(
    ("xpath", "expected"),
    [
        ("//comment()", " c "),
        ("//div/node()", " c "),
        ("//div/comment()/..", "t"),
    ],
)
def test_comments_and_instructions_are_texts(read: Read, xpath: str, expected: str):
    page = "<body><div><!-- c -->t</div><?pi x></body>"
    assert expected.strip() in str(values(read, page, {"xpath": xpath}))


@pytest.mark.parametrize(
    ("field", "expected"),
    [
        ({"css": "b::text", "regex": "([0-9]+) reviews"}, "12"),
        ({"css": "b::text", "regex": "[0-9]+", "many": True}, ["12", "7"]),
        ({"css": "b::text", "regex": "([a-z]*)[0-9]"}, ""),
        ({"css": "b::text", "regex": "nothing"}, None),
        ({"xpath": "string(//p)", "regex": "[0-9]+"}, "12"),
    ],
    ids=str,
)
def test_a_regex_takes_the_first_value_that_it_matches(read: Read, field: dict[str, Any], expected: Any):
    assert values(read, "<p><b>Brand</b><b>12 reviews</b><b> 7 </b></p>", field) == [expected]


@pytest.mark.parametrize("body", ["", "   ", "<!-- nothing -->", "\0", "plain text"], ids=repr)
def test_a_page_without_elements_is_an_empty_page(read: Read, body: str):
    assert read(body, {"css": "h1::text"}).items == [{"f0": None}]


def test_nul_and_broken_characters_become_the_replacement_character(read: Read):
    assert values(read, "<p>a\0b&#0;&#xd800;</p>", {"css": "p::text"}) == ["a\ufffdb\ufffd\ufffd"]


def test_a_base_that_is_no_web_address_is_ignored(read: Read):
    for base in ("javascript:x", "http://[", "data:,x"):
        page = f"<base href='{base}'><a href='x'>x</a>"
        assert values(read, page, {"css": "a::attr(href)", "type": "URL"}) == ["https://shop.example/list/x"]


def test_warnings_are_counted_and_bounded(read: Read):
    fields = [{"css": "p::text", "type": "Integer"} for _ in range(30)]
    found = read(f"<p>{'no number ' * 100}</p>" * 3, *fields, items={"css": "p"})
    assert len(found.warnings) == 20
    assert all(len(warning) <= 256 for warning in found.warnings)
    assert "(3 times)" in found.warnings[0]


@pytest.mark.parametrize(
    ("page", "expected"),
    [
        ("<html><body><p>a</p></body></html>\n<p>b</p><p>c</p>", "abc"),
        ("<p>a</p></html>b<p>c</p>d</html>e", "abcde"),
        ("<html><body>a</body></html>b<!-- x --></html>c", "abc"),
        (
            "<html><body>a</body></html>\n<html><head>b<i>c</i></head>d<body>e<p>f</p>g</body>h</html>i<b>j</b>",
            "abcdefghij",
        ),
        ("<html><head><title>a</title></head></html><p>b</p>c", "abc"),
        ("<html></html><title>a</title>", "a"),
        ("<html><frameset></frameset></html><p>a</p>", "a"),
        ("a</html>" + "b</html><i>c</i></html>" * 20_000, "a" + "bc" * 20_000),
    ],
    ids=lambda text: str(text)[:40],
)
def test_what_stands_behind_the_end_of_html_is_in_the_body(read: Read, page: str, expected: str):
    text = {"xpath": "normalize-space(translate(string(/html), '\n', ''))"}
    found = read(page, text, {"xpath": "count(/html)"}, {"xpath": "count(//html)"}, {"xpath": "count(/html/body)"})
    assert found.items == [{"f0": expected, "f1": "1", "f2": "1", "f3": "1"}]


SCRIPT = '<script type="application/ld+json">{"n": "b"}</script>'
AFTER = "<html lang=de><body><p>a</p></body></html>\n"


@pytest.mark.parametrize(
    ("page", "field", "extract", "expected"),
    [
        (AFTER + "<ul><li>b</li><li>c</li></ul>", {"css": "::text"}, {"items": {"css": "li"}}, ["b", "c"]),
        (AFTER + "<ul><li>b</li><li>c</li></ul>", {"xpath": "text()"}, {"items": {"xpath": "//li"}}, ["b", "c"]),
        (AFTER + "<a href=x>", {"css": "body > a::attr(href)", "type": "URL"}, {}, ["https://shop.example/list/x"]),
        (AFTER + "<base href=/b/><a href=x>", {"css": "a::attr(href)", "type": "URL"}, {}, ["https://shop.example/b/x"]),
        (AFTER + "<i>1.234</i>", {"css": "i::text", "type": "Decimal"}, {}, ["1234"]),
        (AFTER + SCRIPT, {"jmespath": "n"}, {"format": "JSONLD"}, ["b"]),
        (AFTER + "<p itemscope><i itemprop=n>b</i>", {"jmespath": "n"}, {"format": "JSONLD"}, ["b"]),
        (AFTER + '<script id=d>{"n": "b"}</script>', {"jmespath": "n"}, {"embedded": {"css": "#d::text"}}, ["b"]),
    ],
    ids=["css", "xpath", "a child of body", "base", "language", "JSON-LD", "microdata", "embedded"],
)  # fmt: skip
def test_what_stands_behind_the_end_of_html_is_found(
    read: Read, page: str, field: dict[str, Any], extract: dict[str, Any], expected: list[Any]
):
    assert values(read, page, field, **extract) == expected
