"""The links of a page: the next page, its cursor, and the detail document of each item."""

from collections.abc import Callable
from typing import Any

import pytest

from scrape_operator.api.kinds.target import Target
from scrape_operator.core.extraction import Document
from scrape_operator.extraction.compiling import TargetExtracts, compile_target, recompile
from scrape_operator.extraction.workers.pool import ExtractionPool

Open = Callable[..., Document]

LIST = """<base href="/shop/"><ul><li class=item><a href="a?x=1#top">A</a><li class=item><b>no link</b>
<li class=item><a href="mailto:x@y.example">C</a></ul><a rel=next href="?page=2">more</a>"""


def compile_(**target: Any) -> TargetExtracts:
    spec = {"name": "t", "http": {"url": "https://x.example/"}, **target}
    compiled, findings = compile_target(Target.model_validate(spec), "spec.targets[0]")
    assert compiled is not None, findings
    return compiled


HTML_TARGET: dict[str, Any] = {
    "paginate": {"nextLink": {"css": "a[rel=next]::attr(href)"}},
    "extract": {"items": {"css": "li.item"}, "fields": [{"name": "title", "css": "::text"}]},
    "follow": {"link": {"css": "a::attr(href)"}, "fields": [{"name": "born", "css": ".born::text", "default": "?"}]},
}


def test_links_are_absolute_addresses_of_the_web(document: Open):
    found = compile_(**HTML_TARGET).page.extract(document(LIST))
    assert found.next_link == "https://shop.example/shop/?page=2"
    assert found.follow_links == ["https://shop.example/shop/a?x=1#top", None, "mailto:x@y.example"]
    assert found.warnings == ()


@pytest.mark.parametrize(
    "link",
    ["http:///a", "http:a", "HTTPS:/a", "ht\ntp://", "http://[::1", "http://x:y/", "javascript:a()"],
)
def test_a_link_that_leads_to_no_host_stays_as_it_is(document: Open, link: str):
    page = document(f"<ul><li class=item>x</ul><a rel=next href='{link}'>more</a>")
    assert compile_(**HTML_TARGET).page.extract(page).next_link == link


def test_a_page_without_a_next_link_is_the_last_one(document: Open):
    assert compile_(**HTML_TARGET).page.extract(document("<ul><li class=item>x</ul>")).next_link is None


def test_a_dropped_item_has_no_follow_link(document: Open):
    required = {**HTML_TARGET["extract"], "fields": [{"name": "title", "css": "a::text", "required": True}]}
    found = compile_(**{**HTML_TARGET, "extract": required}).page.extract(document(LIST))
    assert len(found.items) == len(found.follow_links) == 2


@pytest.mark.parametrize(
    ("body", "cursor"), [("7", "7"), ('"x y"', "x y"), ("null", None), ('""', None), ("false", None)], ids=str
)
def test_a_cursor_is_a_text(document: Open, body: str, cursor: str | None):
    target = compile_(
        paginate={"cursor": {"param": "after", "from": {"jmespath": "meta.next"}}},
        extract={"items": {"jmespath": "data"}, "fields": [{"name": "id", "jmespath": "id"}]},
    )
    page = document(f'{{"data": [{{"id": 1}}], "meta": {{"next": {body}}}}}', "application/json")
    assert target.page.extract(page).cursor == cursor


def test_a_detail_document_gives_the_fields_of_follow(document: Open):
    detail = compile_(**HTML_TARGET).detail
    assert detail is not None
    assert detail.extract(document("<p class=born>1815</p>")).items == [{"born": "1815"}]
    assert detail.empty_item == {"born": "?"}


def test_a_link_header_asks_for_nothing_in_the_page():
    spec = {**HTML_TARGET, "paginate": {"nextLink": {"linkHeader": "next"}}}
    assert "nextLink" not in compile_(**spec).page.spec


async def test_a_worker_answers_links_beside_items(document: Open):
    extract = compile_(**HTML_TARGET).page
    pool = ExtractionPool()
    page = document(LIST + " " * 300_000)
    assert await pool.extract(extract, page) == extract.extract(page) == recompile(extract.spec).extract(page)
    assert (await pool.extract(extract, page)).next_link == "https://shop.example/shop/?page=2"
    await pool.aclose()


@pytest.mark.parametrize(
    ("selector", "link"),
    [
        ({"css": "a.next"}, "https://shop.example/2"),
        ({"css": "a.next::attr(href)"}, "https://shop.example/2"),
        ({"css": "a.absent, a.next"}, "https://shop.example/2"),
        ({"xpath": "//a[@class='next']"}, "https://shop.example/2"),
        ({"xpath": "//a[@class='absent'] | //a[@class='next']"}, "https://shop.example/2"),
        ({"css": "link"}, "https://shop.example/3"),
        ({"css": "i.path"}, "https://shop.example/4"),
        ({"css": "i.path::text"}, "https://shop.example/4"),
        ({"css": "a.last"}, None),
        ({"css": "a.bare"}, None),
        ({"css": "a.absent"}, None),
    ],
    ids=str,
)
def test_a_selector_of_elements_gives_what_they_link_to(document: Open, selector: dict[str, str], link: str | None):
    page = document(
        "<link rel=next href=/3><ul><li class=item>x</ul><a class=next href=/2>Next page</a><i class=path>/4</i>"
        "<a class=last>Next page</a><a class=bare></a>"
    )
    target = {**HTML_TARGET, "paginate": {"nextLink": selector}, "follow": {**HTML_TARGET["follow"], "link": selector}}
    compiled = compile_(**target)
    assert compiled.page.extract(page).next_link == link
    assert compiled.page.is_bounded(page) == ("|" not in str(selector) and "," not in str(selector))


def test_each_item_has_the_address_of_its_own_element(document: Open):
    target = {**HTML_TARGET, "follow": {**HTML_TARGET["follow"], "link": {"css": "a"}}}
    found = compile_(**target).page.extract(document(LIST))
    assert found.follow_links == ["https://shop.example/shop/a?x=1#top", None, "mailto:x@y.example"]


def test_in_xml_the_text_of_an_element_may_be_the_address(document: Open):
    target = {
        "extract": {"format": "XML", "items": {"css": "item"}, "fields": [{"name": "t", "css": "t"}]},
        "follow": {**HTML_TARGET["follow"], "link": {"css": "link"}},
    }
    body = "<r><item><t>1</t><link>/1</link></item><item><t>2</t><link href='/2'/></item></r>"
    found = compile_(**target).page.extract(document(body, content_type="application/xml"))
    assert found.follow_links == ["https://shop.example/1", "https://shop.example/2"]
