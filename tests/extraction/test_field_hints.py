"""A field that no item has is explained by what the first item has instead."""

from dataclasses import replace
from typing import Any

import pytest

from scrape_operator.api.kinds.extract import Extract
from scrape_operator.extraction.compiling import PageSpec, compile_page
from scrape_operator.extraction.hints import MAX_HINT_LENGTH
from scrape_operator.extraction.step_budget import StepBudget, StepBudgetExceeded
from scrape_operator.extraction.workers.frames import extraction_of, request_header, requested_document
from tests.extraction.conftest import Compile, Open, Read

BOOK = (
    "<li id=first><h3 class='title main'><a href=/{n} title=x>Book {n}</a></h3>"
    "<div class=box><p class=price_color>{n}.50</p><p class=stock><i> </i></p></div></li>"
)
BOOKS = f"<ul>{''.join(BOOK.replace('{n}', str(n)) for n in range(3))}</ul>"
ORDERS = '{"orders": [{"id": 1, "pricing": {"amount": 3, "currency": null}, "tags": [{"name": "a"}], "none": []}]}'

ALWAYS: dict[str, Any] = {"name": "always", "const": 1}


@pytest.fixture
def hint_of(compiled: Compile, document: Open):
    """Return a function that reads a document by one field, and returns the hint for it."""

    def hint_of(body: str, content_type: str, field: dict[str, Any], **extract: Any) -> str:
        asking = replace(document(body, content_type), wants_hints=True)
        found = compiled(ALWAYS, field, **extract).extract(asking)
        assert found.items
        return found.field_hints.get("f1", "")

    return hint_of


@pytest.mark.parametrize(
    ("field", "hint"),
    [
        (
            {"css": "p.price::text"},
            "`p` matches 2 nodes, and `.price` none of them: did you mean the class price_color?",
        ),
        ({"css": "p.Stock::text"}, "`.Stock` none of them: did you mean the class stock?"),
        (
            {"css": "a.main::attr(href)"},
            "`.main` none of them: another element has the class main",
        ),
        ({"css": "a.x::attr(href)"}, "`a` matches 1 node, and `.x` none of them: it has no classes"),
        ({"css": "i.price_colour"}, "and `.price_colour` none of them: did you mean the class price_color?"),
        ({"css": "p#y"}, "`p` matches 2 nodes, and `#y` none of them: it has no ids"),
        ({"css": "a[title=y]"}, "`a` matches 1 node, and `[title=y]` none of them: the first title of them is 'x'"),
        ({"css": "p:nth-child(9)"}, "`p` matches 2 nodes, and `:nth-child(9)` none of them"),
        ({"css": ".box > .cost"}, "`.box` matches 1 node, and `> .cost` none of them: there are the classes price_"),
        ({"css": "h3::text"}, "the text is in elements inside: `h3 ::text` reads it"),
        ({"css": "i::text", "type": "Decimal"}, "its selector gives blank text"),
        ({"css": ".box::text"}, "the text is in elements inside: `.box ::text` reads it"),
        ({"css": ".stock::text"}, "`.stock` matches 1 node, and `::text` none of them: it has no text"),
        ({"css": "a::attr(hreff)"}, "`::attr(hreff)` none of them: did you mean the attribute href?"),
        ({"css": "a::attr(rel)"}, "`::attr(rel)` none of them: there are the attributes href, title"),
        ({"css": "[data-price]"}, "`[data-price]` matches nothing: there are the attributes class, href, title"),
        ({"css": "h3 > b"}, "`h3` matches 1 node, and `> b` none of them: there are the elements a"),
        ({"css": "a > b"}, "`a` matches 1 node, and `> b` none of them: it has no elements"),
        ({"css": "h3.title:has(b)"}, "`h3.title` matches 1 node, and `:has(b)` none of them: there are the elements a"),
        ({"css": "h3 + em.x"}, "and `+ em` none of them: there are the elements h3, a, div, "),
        ({"xpath": ".//p[@class='price']/text()"}, "did you mean the class price_color?"),
        ({"xpath": ".//p[9]"}, "`.//p` matches 2 nodes, and `[9]` none of them"),
        ({"xpath": ".//tbody/p"}, "Browsers insert tbody: leave it out, `.//p` matches"),
        ({"xpath": ".//h3/text()"}, "the text is in elements inside: `.//h3//text()` reads it"),
        ({"xpath": ".//a/@hreff"}, "`/@hreff` none of them: did you mean the attribute href?"),
        ({"css": "p::text", "type": "DateTime"}, "its selector gives '0.50', and that can't be read as DateTime"),
        ({"css": "p::text", "regex": "EUR (.+)"}, "its selector gives '0.50', and its regex matches none of it"),
    ],
    ids=str,
)
def test_a_field_of_markup_is_explained(hint_of, field: dict[str, Any], hint: str):
    found = hint_of(BOOKS, "text/html", field, items={"css": "li"})
    assert found.startswith("in the first item ")
    assert hint in found


@pytest.mark.parametrize(
    ("path", "hint"),
    [
        ("price", "`price` matches nothing: did you mean the key pricing?"),
        ("sum", "`sum` matches nothing: there are the keys id, pricing, tags, none"),
        ("pricing.amout", "`pricing` matches 1 node, and `.amout` none of them: did you mean the key amount?"),
        ("pricing.currency", "`.currency` none of them: its value is null"),
        ("tags.name", "`.name` none of them: `tags[*].name` reads the members of the list"),
        ("tags[*].nam", "`tags[*]` matches 1 node, and `.nam` none of them: did you mean the key name?"),
        ("id.value", "`id` matches 1 node, and `.value` none of them: `id` is no object"),
        ("none[0].x", "`none` is an empty list"),
        ("to_number(sum)", "`to_number(sum)` matches nothing: there are the keys id, "),
    ],
)
def test_a_field_of_json_is_explained(hint_of, path: str, hint: str):
    found = hint_of(ORDERS, "application/json", {"jmespath": path}, items={"jmespath": "orders[*]"})
    assert found.startswith("in the first item ")
    assert hint in found


def test_a_step_that_only_browsers_have_is_said_of_a_field(hint_of):
    table = "<div><table><tr><td>1</td></tr></table></div>"
    hint = hint_of(table, "text/html", {"css": "table > tbody > tr > td::text"}, items={"css": "div"})
    assert hint == "in the first item Browsers insert tbody: leave it out, `table > tr > td::text` matches"


def test_a_document_that_is_the_item_is_named(hint_of):
    assert hint_of("<p>x", "text/html", {"css": "h1"}).startswith("in the document `h1` matches nothing: ")


@pytest.mark.parametrize(
    ("content_type", "body", "field", "hint"),
    [
        ("text/csv", "a,b\n1,\n", {"column": "c"}, "the header has no column 'c': it has 'a', 'b'"),
        ("text/csv", "price,b\n1,\n", {"column": "Prices"}, "the header has no column 'Prices': did you mean 'price'?"),
        ("text/csv", "a,b\n1,\n", {"column": "b"}, ""),
        ("text/plain", "a", {"regex": "b"}, ""),
    ],
)
def test_other_formats_have_a_hint_if_their_selector_fails(hint_of, content_type: str, body: str, field, hint: str):
    formats = {"text/csv": "CSV", "text/plain": "Text"}
    assert hint_of(body, content_type, field, format=formats[content_type]) == hint


def test_a_hint_is_bounded(hint_of):
    names = "".join(f"<p class={letter * 200}>" for letter in "abcdefg")
    hint = hint_of(f"<li>{names}</li>", "text/html", {"css": ".x"}, items={"css": "li"})
    assert MAX_HINT_LENGTH <= len(hint) <= MAX_HINT_LENGTH + 20


def test_only_what_is_asked_for_and_found_nowhere_is_explained(compiled: Compile, document: Open):
    body = "<li><b>1</b><li><u>2</u>"
    extract = compiled(ALWAYS, {"css": "b"}, {"css": "i"}, items={"css": "li"})
    assert extract.extract(document(body)).field_hints == {}
    assert list(extract.extract(replace(document(body), wants_hints=True)).field_hints) == ["f2"]


def test_no_more_than_three_fields_of_a_document_are_explained(compiled: Compile, document: Open):
    fields = [{"css": f".x{number}"} for number in range(9)]
    found = compiled(ALWAYS, *fields).extract(replace(document("<p>x"), wants_hints=True))
    assert list(found.field_hints) == ["f1", "f2", "f3"]


def test_a_hint_costs_no_document_its_items(compiled: Compile, document: Open):
    """The budget ends in the hint alone, and the items are there."""
    extract, body = compiled(ALWAYS, {"jmespath": "sum || a"}), document(ORDERS, "application/json")
    needed = next(limit for limit in range(1000) if _is_enough(extract, body, limit))
    found = extract.extract_within(replace(body, wants_hints=True), StepBudget(needed))
    assert (len(found.items), found.field_hints) == (1, {})


def test_without_items_a_required_field_that_all_lack_is_explained(compiled: Compile, document: Open):
    found = compiled(ALWAYS, {"css": ".price", "required": True}, items={"css": "li"}).extract(document(BOOKS))
    assert found.items == []
    assert found.hint == "field f1: in the first item `.price` matches nothing: did you mean the class price_color?"


@pytest.mark.parametrize(
    ("content_type", "body", "field", "hint"),
    [
        ("application/x-ndjson", '{"cost": 1}\n{"cost": 2}', {"jmespath": "costs"}, "did you mean the key cost?"),
        ("text/csv", "a,b\n1,2\n", {"column": "c"}, "the header has no column 'c': it has 'a', 'b'"),
    ],
)
def test_records_without_a_required_field_are_explained(read: Read, content_type: str, body: str, field, hint: str):
    found = read(body, ALWAYS, {**field, "required": True}, content_type=content_type)
    assert found.items == []
    assert found.hint.startswith("field f1: ")
    assert found.hint.endswith(hint)


def test_a_document_without_a_required_field_is_explained_by_it(read: Read):
    found = read("<b>x</b>", {"css": "b"}, {"css": "h1 > b", "required": True})
    assert (found.items, found.hint) == (
        [],
        "field f1: in the document `h1` matches nothing: there are the elements body, b",
    )


def test_nodes_without_any_field_are_explained_by_the_first_one(document: Open):
    fields = [{"name": "price", "css": ".price"}, {"name": "name", "css": ".name"}]
    extract = Extract.model_validate({"items": {"css": "li"}, "fields": fields})
    compiled, _ = compile_page(PageSpec(extract=extract), "")
    assert compiled is not None
    script = f"<script id=__NEXT_DATA__ type=application/json>{'x' * 300}</script>"
    found = compiled.extract(document(BOOKS + script))
    assert found.items == []
    assert found.hint.startswith(
        "field price: in the first item `.price` matches nothing: did you mean the class price_color?"
        " The page has JSON in script#__NEXT_DATA__: "
    )


def test_workers_are_asked_for_hints_and_give_them(document: Open):
    asking = replace(document("<p>x"), wants_hints=True)
    header = {**request_header("", asking), "scheduled_for": None, "fetched_at": None}
    assert requested_document(header, b"").wants_hints
    facts = {"matched": 0, "dropped": 0, "warnings": [], "field_hints": {"a": "b"}}
    assert extraction_of([], facts).field_hints == {"a": "b"}


def _is_enough(extract, document, limit: int) -> bool:
    try:
        extract.extract_within(document, StepBudget(limit))
    except StepBudgetExceeded:
        return False
    return True
