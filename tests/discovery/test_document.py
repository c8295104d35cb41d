"""What `init` proposes for pages of several forms, and that the proposal reads them."""

import asyncio
import json
from collections.abc import Sequence
from typing import Any

import orjson
import pytest
import yaml

from scrape_operator.cli.init import _gives_items as gives_items
from scrape_operator.core.errors import NotFound
from scrape_operator.core.net.documents import Response
from scrape_operator.discovery.document import discover
from scrape_operator.discovery.manifest import name_of, write_manifest
from scrape_operator.planning.schedule import validate
from scrape_operator.settings import Settings

URL = "https://shop.example/list"

CARDS = "".join(
    f"<div class=card><h3><a href=/p/{n}>Lamp {n}</a></h3><span class=price>{n}.50 EUR</span>"
    f"<ul><li class=tag>a</li><li class=tag>b</li></ul></div>"
    for n in range(1, 6)
)
ROWS = "".join(f"<tr><td>Town {n}</td><td>{n * 1000}</td><td>2026-01-0{n}</td></tr>" for n in range(1, 6))
NAVIGATION = "<nav>" + "".join(f"<li class=entry><a href=/{n}>Entry {n}</a></li>" for n in range(30)) + "</nav>"

PAGES: dict[str, tuple[str, Any, dict[str, Any]]] = {
    "cards": (
        "text/html",
        f"<main>{CARDS}</main>",
        {
            "items": {"css": "div.card"},
            "fields": {"title": "String", "link": "URL", "price": "Decimal", "tag": "String"},
            "key": ["link"],
        },
    ),
    "cards below a navigation": (
        "text/html",
        f"{NAVIGATION}<main>{CARDS}</main>",
        {"items": {"css": "div.card"}},
    ),
    "list without classes": (
        "text/html",
        "<ul class=news>" + "".join(f"<li><a href=/{n}>News {n}</a><p>Text {n}</p></li>" for n in range(4)) + "</ul>",
        {"items": {"css": "ul.news > li"}, "fields": {"title": "String", "link": "URL", "p": "String"}},
    ),
    "table with heads": (
        "text/html",
        f"<table id=towns><tr><th>Name<th>People<th>Counted</tr>{ROWS}</table>",
        {
            "items": {"xpath": "//table[@id='towns']//tr[td]"},
            "fields": {"name": "String", "people": "Integer", "counted": "DateTime"},
            "key": ["name"],
        },
    ),
    "table without heads": (
        "text/html",
        f"<table class=plain>{ROWS}</table>",
        {"fields": {"column_1": "String", "column_2": "Integer", "column_3": "DateTime"}},
    ),
    "JSON list at the top": (
        "application/json",
        [{"id": n, "name": f"n{n}", "isNew": True} for n in range(3)],
        {
            "items": {"jmespath": "[*]"},
            "fields": {"id": "Integer", "name": "String", "is_new": "Boolean"},
            "key": ["id"],
        },
    ),
    "nested JSON": (
        "application/json",
        {"meta": {"next": "abc"}, "data": {"results": [{"price": {"amount": n / 2}, "tags": ["x"]} for n in range(3)]}},
        {"items": {"jmespath": "data.results[*]"}, "fields": {"price_amount": "Number", "tags": "String"}},
    ),
    "JSON with odd names": (
        "application/json",
        {"the list": [{"a-b": n, "1st": "x"} for n in range(3)]},
        {"items": {"jmespath": '"the list"[*]'}, "fields": {"a_b": "Integer", "field_1st": "String"}},
    ),
    "paged": (
        "text/html",
        f"<main>{CARDS}</main><ul><li class=next><a href=?page=2>Next</a></li></ul>",
        {"items": {"css": "div.card"}},
    ),
}


def body_of(page: str) -> tuple[str, bytes]:
    content_type, content, _expected = PAGES[page]
    return content_type, content.encode() if isinstance(content, str) else orjson.dumps(content)


def extract_of(page: str) -> dict[str, Any]:
    content_type, body = body_of(page)
    extract: dict[str, Any] = yaml.safe_load(write_manifest(discover(URL, body, content_type)))["spec"]["targets"][0][
        "extract"
    ]
    return extract


@pytest.mark.parametrize("page", PAGES)
def test_the_proposal_names_items_fields_types_and_key(page: str) -> None:
    extract, expected = extract_of(page), PAGES[page][2]
    shown: dict[str, Any] = {"fields": {field["name"]: field.get("type", "String") for field in extract["fields"]}}
    shown |= {name: extract.get(name) for name in ("items", "key")}
    assert {name: shown[name] for name in expected} == expected


@pytest.mark.parametrize("page", PAGES)
def test_the_proposal_passes_lint_and_gives_items(page: str) -> None:
    content_type, body = body_of(page)
    text = write_manifest(discover(URL, body, content_type))
    assert validate(yaml.safe_load(text)) == ()
    response = Response(url=URL, status=200, headers={}, body=body)
    assert asyncio.run(gives_items(Settings(), text, response, content_type))


def test_repeated_values_are_lists() -> None:
    fields = {field["name"]: field for field in extract_of("cards")["fields"]}
    assert fields["tag"]["many"]
    assert not fields["title"].get("many")


def test_a_next_link_is_a_comment() -> None:
    content_type, body = body_of("paged")
    text = write_manifest(discover(URL, body, content_type))
    assert '# paginate: {nextLink: {css: "li.next > a::attr(href)"}, maxPages: 10}' in text


@pytest.mark.parametrize(
    ("content_type", "body", "message"),
    [
        ("text/html", b"<p>Nothing here", "no list of items"),
        ("application/json", b'{"a": 1}', "no list of items"),
        ("text/plain", b"some text", "is Text"),
    ],
)
def test_what_has_no_list_is_refused_with_a_remedy(content_type: str, body: bytes, message: str) -> None:
    with pytest.raises(NotFound, match=message):
        discover(URL, body, content_type)


@pytest.mark.parametrize(
    ("url", "name"),
    [
        ("https://shop.example/list", "shop-example-list"),
        ("http://127.0.0.1:80/a", "s-127-0-0-1-a"),
        (f"https://x.example/{'long-' * 40}", "x-example-long-long-long-long-long-long-long-8ce0"),
        ("https://x.example/list?category=lamps&page=1", "x-example-list-category-page-fe35"),
    ],
)
def test_the_name_is_a_label_of_host_and_path(url: str, name: str) -> None:
    assert name_of(url) == name


def test_addresses_that_differ_in_path_or_parameters_have_different_names() -> None:
    paths = ("", "a", "a/b", "a?x=1", "a?x=2", "?x=1", f"{'long/' * 20}1", f"{'long/' * 20}2")
    names = [name_of(f"http://127.0.0.1/{path}") for path in paths]
    assert len(set(names)) == len(paths)
    assert all(len(name) <= 50 for name in names)


def text_of(cells: Sequence[str], form: str = "<span class=x>{}</span>") -> str:
    rows = (f"<div class=card><a href=/{n}>Lamp {n}</a>{form.format(cell)}</div>" for n, cell in enumerate(cells))
    return write_manifest(discover(URL, f"<main>{''.join(rows)}</main>".encode(), "text/html"))


@pytest.mark.parametrize(
    ("cells", "line"),
    [
        (["$75", "$149.00", "$8"], '- {name: x, css: "span.x::text", type: Decimal}'),
        (["75 EUR", "149 EUR", "8 EUR"], '- {name: x, css: "span.x::text", type: Decimal}'),
        (["9 Nov 2026", "10 Nov 2026", "Dec 1, 2026"], '- {name: x, css: "span.x::text", type: DateTime}'),
        (["1", "20", "30"], '- {name: x, css: "span.x::text", type: Integer}'),
        (["$75", "$80", "$90", "sold out"], "\"}  # type: Decimal reads 3 of 4 values, but not 'sold out'"),
        (["9 Nov 2026", "10 Nov 2026", "soon"], "\"}  # type: DateTime reads 2 of 3 values, but not 'soon'"),
        (["12 comments", "1 comment", "7 comments"], "\"}  # type: Integer reads all values, such as '12 comments'"),
        (["3/4/2026", "5/4/2026", "6/4/2026"], '"}  # type: DateTime may read it: set dateOrder, too'),
        (["by Ann", "by Bob", "by Cem"], '- {name: x, css: "span.x::text"}\n'),
        (["Room 5", "Room 6", "None"], '- {name: x, css: "span.x::text"}'),
    ],
    ids=str,
)
def test_a_type_reads_all_values_and_what_is_unsure_is_a_comment(cells: Sequence[str], line: str) -> None:
    assert line in text_of(cells)


def test_a_text_that_is_the_same_in_each_item_is_a_comment() -> None:
    text = text_of(["a", "b", "c"], "<i class=by>by</i><b>{}</b>")
    assert '      # - {name: by, css: "i.by::text"}  # the same text in each item\n' in text
    names = [field["name"] for field in yaml.safe_load(text)["spec"]["targets"][0]["extract"]["fields"]]
    assert names == ["title", "link", "b"]


@pytest.mark.parametrize(
    ("url", "page", "param"),
    [
        (URL, {"page": 1, "total": 90}, "page"),
        (URL, {"meta": {"currentPage": 1}}, "page"),
        (f"{URL}?p=1", {"pagination": {"page": 1}}, "p"),
        (URL, {"pagination": {"more": "/items?pg=2"}}, "pg"),
        (URL, {"page": 7}, ""),
        (URL, {"page": True}, ""),
        (URL, {"pages": 3}, ""),
    ],
)
def test_a_number_of_the_page_in_json_is_a_comment(url: str, page: dict[str, object], param: str) -> None:
    body = json.dumps({"items": [{"id": 1}, {"id": 2}], **page}).encode()
    text = write_manifest(discover(url, body, "application/json"))
    assert ("paginate" in text) is bool(param)
    assert not param or f'# paginate: {{pageParam: {{name: "{param}"}}, maxPages: 10}}' in text


@pytest.mark.parametrize(
    ("link", "param"), [("?page=2", "page"), ("/list?a=b&amp;P=2#x", "P"), ("?page=20", ""), ("/page/2", "")]
)
def test_links_to_numbered_pages_are_a_comment(link: str, param: str) -> None:
    text = write_manifest(discover(URL, f"<main>{CARDS}</main><a href='{link}'>2</a>".encode(), "text/html"))
    assert ("paginate" in text) is bool(param)
    assert not param or f'# paginate: {{pageParam: {{name: "{param}"}}, maxPages: 10}}' in text


@pytest.mark.parametrize(
    ("page", "selector"),
    [
        ({"meta": {"next": "/items?page=2"}}, "meta.next"),
        ({"_links": {"next": {"href": "https://shop.example/items?page=2"}}}, "_links.next.href"),
        ({"next": None}, None),
        ({"next": "abc"}, None),
        ({"links": [{"next": "/items?page=2"}]}, None),
    ],
)
def test_the_address_of_the_next_page_in_json_is_a_comment(page: dict[str, object], selector: str | None) -> None:
    body = json.dumps({"items": [{"id": 1}, {"id": 2}], **page}).encode()
    text = write_manifest(discover(URL, body, "application/json"))
    comment = f'# paginate: {{nextLink: {{jmespath: "{selector}"}}, maxPages: 10}}'
    assert (comment in text) is (selector is not None)
    assert ("paginate" in text) is (selector is not None)
