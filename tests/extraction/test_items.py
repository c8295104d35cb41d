"""What is an item and what is none, values of an item's parents, and what is said of a page without items."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from lxml import html

from scrape_operator.api.kinds.extract import Extract, Field
from scrape_operator.core.errors import ScrapeFailed
from scrape_operator.core.extraction import Document, PageExtraction
from scrape_operator.extraction.alternatives import names_of
from scrape_operator.extraction.compiling import PageSpec, compile_page
from tests.support.paths import ROOT

Open = Callable[..., Document]


def read(document: Document, *fields: dict[str, Any], **extract: Any) -> PageExtraction:
    named = [{"name": f"f{index}", **field} for index, field in enumerate(fields)]
    compiled, findings = compile_page(PageSpec(extract=Extract.model_validate({"fields": named, **extract})), "")
    assert compiled is not None, findings
    return compiled.extract(document)


ROWS = "<li><b>1</b><i>x</i></li><li><b>2</b></li><li></li><li><i></i></li>"


def test_a_node_without_any_selected_field_is_no_item(document: Open):
    fields = ({"css": "b::text"}, {"css": "i::text", "default": "?"}, {"const": "shop"}, {"value": "PageURL"})
    found = read(document(ROWS), *fields, items={"css": "li"})
    assert [(item["f0"], item["f1"]) for item in found.items] == [("1", "x"), ("2", "?")]
    assert (found.matched, found.dropped, found.missing) == (4, 0, {"f1": 1})
    assert found.warnings == ("2 of 4 nodes have none of the fields, and give no item",)


def test_a_node_without_a_required_field_is_dropped_and_counted(document: Open):
    found = read(document(ROWS), {"css": "b::text"}, {"css": "i::text", "required": True}, items={"css": "li"})
    assert [item["f0"] for item in found.items] == ["1"]
    assert found.dropped == 1


def test_an_item_of_constants_alone_is_an_item(document: Open):
    assert len(read(document(ROWS), {"const": 1}, {"value": "PageURL"}, items={"css": "li"}).items) == 4


SHOP = """{"currency": "EUR", "customers": [
 {"name": "Ann", "city": {"name": "Bonn"}, "orders": [{"id": 1, "lines": [{"sku": "a"}]}, {"id": 2}]},
 {"name": "Bob", "orders": [{"id": 3, "lines": [{"sku": "b"}, {"sku": "c"}]}]}]}"""


@pytest.mark.parametrize(
    ("items", "field", "expected"),
    [
        ("customers[].orders[]", {"jmespath": "name", "parent": 1}, ["Ann", "Ann", "Bob"]),
        ("customers[].orders[]", {"jmespath": "currency", "parent": 2}, ["EUR"] * 3),
        ("customers[].orders[]", {"jmespath": "city.name", "parent": 1}, ["Bonn", "Bonn", None]),
        ("customers[].orders[].lines[]", {"jmespath": "name", "parent": 2}, ["Ann", "Bob", "Bob"]),
        ("customers[].orders[].lines[]", {"jmespath": "id", "parent": 1, "type": "Integer"}, [1, 3, 3]),
        ("customers[].orders[]", {"jmespath": "name", "parent": 3}, [None] * 3),
        ("customers[].{n: name}", {"jmespath": "name", "parent": 1}, [None] * 2),
    ],
    ids=str,
)
def test_a_field_may_come_from_the_objects_around_its_item(
    document: Open, items: str, field: dict[str, Any], expected: list[Any]
):
    always = {"jmespath": "`1`"}
    found = read(document(SHOP, "application/json"), field, always, items={"jmespath": items})
    assert [item["f0"] for item in found.items] == expected


def test_a_field_may_come_from_the_elements_around_its_item(document: Open):
    page = "<section><h2>A</h2><ul><li>1<li>2</ul></section><section><h2>B</h2><ul><li>3</ul></section>"
    found = read(document(page), {"css": "h2::text", "parent": 2}, {"css": "::text"}, items={"css": "li"})
    assert [item["f0"] for item in found.items] == ["A", "A", "B"]


def test_a_parent_is_for_css_and_jmespath():
    field = Field.model_validate({"name": "a", "xpath": "b", "parent": 1})
    assert [rule.message for rule in Field.rules if not rule.holds(field)] == [
        "must be set beside css or jmespath: in xpath write ancestor::"
    ]


PAGE = """<div class=list><ul><li>1</li></ul><table><tr><td class=x>2</td></tr></table></div>"""
JSON_PAGE = f'<div id=root></div><script id=__NEXT_DATA__ type=application/json>{{"a": "{"x" * 300}"}}</script>'


@pytest.mark.parametrize(
    ("page", "items", "hint"),
    [
        (PAGE, {"css": "div.list > ul > li.item"}, "`div.list > ul > li` matches 1 node, and `.item` none of them"),
        (PAGE, {"css": "div.list a"}, "`div.list` matches 1 node, and `a` none of them"),
        (PAGE, {"css": "div.lists a"}, "`div` matches 1 node, and `.lists` none of them"),
        (PAGE, {"xpath": "//div/ul/li[@class='item']"}, "`//div/ul/li` matches 1 node, and `[@class='item']` none"),
        (
            PAGE,
            {"css": "div table > tbody > tr > td"},
            "Browsers insert tbody: leave it out, `div table > tr > td` matches",
        ),
        (PAGE, {"xpath": "//table/tbody/tr"}, "Browsers insert tbody: leave it out, `//table/tr` matches"),
        (JSON_PAGE, {"css": "div.quote"}, "The page has JSON in script#__NEXT_DATA__: extract.embedded with css"),
    ],
    ids=str,
)
def test_a_selector_that_matches_nothing_is_explained(document: Open, page: str, items: dict[str, Any], hint: str):
    found = read(document(page), {"css": "::text"}, items=items)
    assert found.items == []
    assert hint in found.hint


NEWS = (
    "<nav class=top><a>a</a></nav><main><h1>News</h1>"
    + "<article class='teaser big' id=x><h3>x</h3><p class=by>y</p></article>" * 8
    + "</main>"
)


@pytest.mark.parametrize(
    ("items", "hint"),
    [
        ({"css": "article.teasr"}, "`.teasr` none of them: did you mean `article.teaser` (8 of them)?"),
        ({"css": "main > article.teasr h3"}, "did you mean `main > article.teaser h3` (8 of them)?"),
        ({"css": ".Teaser"}, "`.Teaser` matches nothing: did you mean `.teaser` (8 of them)?"),
        ({"css": "nav.teaser"}, "`.teaser` none of them: did you mean `article.teaser` (8 of them)?"),
        ({"css": "h3.teasr"}, "`.teasr` none of them: did you mean `article.teaser` (8 of them)?"),
        ({"css": "h3.tease-x"}, "`.tease-x` none of them: the document has article.teaser (8), h3 (8), p.by (8)"),
        ({"css": "artcle.teaser"}, "`artcle` matches nothing: did you mean `article.teaser` (8 of them)?"),
        ({"css": "article#xx"}, "`#xx` none of them: "),
        ({"css": "div.post"}, "`div` matches nothing: the document has article.teaser (8), h3 (8), p.by (8)"),
        ({"css": "nav.post"}, "`.post` none of them: the document has article.teaser (8), h3 (8), p.by (8)"),
        (
            {"css": "main > div.list"},
            "and `> div` none of them: `main` has article.teaser (8), h1",
        ),
        ({"css": "main > h1 > div"}, "`main > h1` has no elements"),
        ({"xpath": "//article[has-class('teasr')]"}, "`//article` matches 8 nodes, and `[has-class('teasr')]` none of"),
        ({"xpath": "//p[@class='bye']"}, "did you mean `//p[@class='by']` (8 of them)?"),
        ({"xpath": "/html/body/main/div"}, "`/html/body/main` has article.teaser (8), h1"),
        ({"css": "h1 ~ div"}, "`~ div` none of them: the document has article.teaser (8), h3 (8), p.by (8)"),
        ({"xpath": "(//div)[1]"}, "`(//div)` matches nothing: the document has article.teaser (8), h3 (8), p.by (8)"),
        ({"xpath": "//main//div"}, "`//main` has article.teaser (8), h3 (8), p.by (8)"),
    ],
    ids=str,
)
def test_an_items_selector_is_compared_with_what_the_document_has(document: Open, items: dict[str, Any], hint: str):
    assert hint in read(document(NEWS), {"css": "::text"}, items=items).hint


def test_an_items_selector_that_is_similar_to_nothing_costs_few_trials(document: Open):
    classes = "".join(f"<p class=teaser{number}>x</p>" for number in range(99))
    hint = read(document(classes), {"css": "::text"}, items={"css": "p.teaser"}).hint
    assert hint.count("(1 of them)") == 2


def test_no_more_than_some_names_are_compared():
    elements = html.fromstring("".join(f"<p class='x{number}'>x</p>" for number in range(999))).iter("p")
    assert len(names_of("class", elements, 999)) == 500


@pytest.mark.parametrize(
    ("items", "hint"),
    [
        ("data.itms[*]", "`.itms` none of them: did you mean `data.items[*]` (3 of them)?"),
        ("Data.items[*]", "`Data` matches nothing: did you mean `data.items[*]` (3 of them)?"),
        ("rows[*]", "`rows` matches nothing: there are the keys data, total"),
        ("data.items.list", "`data.items` matches 3 nodes, and `.list` none of them: there are the keys id"),
        ("data.items.id", "`data.items[*].id` reads the members of the list"),
        ("total.items", "`total` is no object"),
    ],
)
def test_a_jmespath_of_items_is_compared_with_the_keys_there_are(document: Open, items: str, hint: str):
    page = document('{"data": {"items": [{"id": 1}, {"id": 2}, {"id": 3}]}, "total": 3}', "application/json")
    assert hint in read(page, {"jmespath": "id"}, items={"jmespath": items}).hint


@pytest.mark.parametrize(
    ("items", "hint"),
    [
        ("data.items", "`data` matches 1 node, and `.items` none of them"),
        ("data.rows[*].list[*]", "`data.rows[*]` matches 2 nodes, and `.list` none of them"),
        ("page", "`page` matches nothing"),
        ("data.none[*]", "`data.none` is an empty list"),
    ],
)
def test_a_jmespath_that_gives_nothing_is_explained(document: Open, items: str, hint: str):
    page = document('{"data": {"rows": [{"id": 1}, {"id": 2}], "none": []}}', "application/json")
    assert hint in read(page, {"jmespath": "id"}, items={"jmespath": items}).hint


@pytest.mark.parametrize(
    ("count", "text"), [(0, ""), (1, "Text 0 is long"), (3, "Text 0 is long Text 1 is long Text 2 is long")]
)
def test_paragraphs_are_joined_by_blanks_as_the_manual_says(document: Open, count: int, text: str):
    manual = (ROOT / "docs/selectors.md").read_text(encoding="utf-8")
    xpath = re.search(r'"(normalize-space\(concat\(.*?\)\))"', manual)
    assert xpath is not None
    page = f"<li><b>x</b>{''.join(f'<p>Text {number} <i>is</i> long</p>' for number in range(count))}</li>"
    found = read(document(page), {"xpath": xpath[1]}, {"css": "b"}, items={"css": "li"})
    assert [item["f0"] for item in found.items] == [text]


def test_a_list_at_the_top_is_named_where_a_key_is_asked_for(document: Open):
    found = read(document('[{"id": 1}]', "application/json"), {"jmespath": "id"}, items={"jmespath": "items[*]"})
    assert found.hint == "`items` matches nothing: the document is a list: `[*]` gives its members"


def test_without_items_the_first_field_is_explained(document: Open):
    assert "`h1` matches nothing" in read(document("<p>x"), {"css": "h1 > b"}).hint


def test_a_page_with_items_has_no_hint(document: Open):
    assert read(document(PAGE), {"css": "li::text"}).hint == ""


def test_more_nodes_than_items_may_be_are_refused(document: Open):
    with pytest.raises(ScrapeFailed, match="100001 nodes"):
        read(document(f"[{'1,' * 100_000}1]", "application/json"), {"jmespath": "@"}, items={"jmespath": "@"})
