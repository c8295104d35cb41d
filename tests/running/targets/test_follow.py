"""Detail documents of items, over real sockets."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from aiohttp import web

from scrape_operator.core.runs.reasons import Reason
from scrape_operator.core.runs.run import RunStatus
from tests.dev.site.serving import serve_site
from tests.dev.site.site import DemoSite
from tests.running.targets.conftest import Scraping, Server

LIST = {"items": {"css": "li"}, "fields": [{"name": "name", "css": "a::text"}], "key": ["name"]}
FOLLOW = {"link": {"css": "a::attr(href)"}, "fields": [{"name": "born", "css": "p::text"}]}


@pytest.fixture
async def site() -> AsyncIterator[DemoSite]:
    async with serve_site(site=DemoSite(size=30)) as served:
        yield served


def listing(*links: tuple[str, str | None]) -> web.Response:
    rows = "".join(f'<li><a href="{href}">{name}</a>' if href else f"<li><a>{name}</a>" for name, href in links)
    return web.Response(text=f"<ul>{rows}</ul>", content_type="text/html")


def born(year: object) -> web.Response:
    return web.Response(text=f"<p>{year}</p>", content_type="text/html")


async def test_the_pages_of_the_shop_give_their_fields_to_the_items_in_order(scrape: Scraping, site: DemoSite) -> None:
    extract = {"items": {"css": "article"}, "fields": [{"name": "sku", "css": "::attr(data-sku)"}], "key": ["sku"]}
    follow = {"link": {"css": "a::attr(href)"}, "fields": [{"name": "title", "css": "h1::text"}]}
    paginate = {"nextLink": {"css": "li.next > a::attr(href)"}}
    result = await scrape(f"{site.url}/shop", extract=extract, follow=follow, paginate=paginate)
    products = {product.sku: product.name for product in site.catalogue.products(site.now())}
    assert result.status is RunStatus.SUCCEEDED
    assert {item.data["sku"]: item.data["title"] for item in result.items} == products
    assert result.pages == 2
    assert result.requests == 2 + 2 + len(products)  # the addresses count the pages: a first run reads them twice
    plain = await scrape(f"{site.url}/shop", extract=extract, paginate=paginate)
    assert [item.data["sku"] for item in plain.items] == [item.data["sku"] for item in result.items]


async def test_an_address_is_requested_once_for_all_items(scrape: Scraping, server: Server) -> None:
    async def answer(request: web.Request) -> web.Response:
        if request.path == "/":
            return listing(("A", "/x"), ("B", "y"), ("C", f"{server.url}/x"), ("D", None))
        return born(request.path)

    server.answer = answer
    result = await scrape(f"{server.url}/", extract=LIST, follow=FOLLOW)
    assert sorted(server.paths) == ["/", "/x", "/y"]
    assert [item.data["born"] for item in result.items] == ["/x", "/y", "/x", None]
    assert not any(item.unread for item in result.items)  # D has no details, which is known
    assert (result.status, result.complete) == (RunStatus.SUCCEEDED, True)
    assert result.warnings == ("follow.link was found in 3 of 4 items",)


async def test_few_requests_are_sent_at_the_same_time(scrape: Scraping, server: Server) -> None:
    active = most = 0

    async def answer(request: web.Request) -> web.Response:
        nonlocal active, most
        if request.path == "/":
            return listing(*((str(number), f"/{number}") for number in range(20)))
        active += 1
        most = max(most, active)
        await asyncio.sleep(0.01)
        active -= 1
        return born(request.path)

    server.answer = answer
    result = await scrape(f"{server.url}/", extract=LIST, follow=FOLLOW)
    assert [item.data["born"] for item in result.items] == [f"/{number}" for number in range(20)]
    assert 1 < most <= 4


async def test_no_more_items_are_followed_than_allowed(scrape: Scraping, server: Server) -> None:
    async def answer(request: web.Request) -> web.Response:
        return listing(*((str(n), f"/{n}") for n in range(9))) if request.path == "/" else born(1)

    server.answer = answer
    result = await scrape(f"{server.url}/", extract=LIST, follow={**FOLLOW, "maxItems": 4})
    assert len(server.requests) == 5
    assert [item.data["born"] for item in result.items] == ["1"] * 4 + [None] * 5
    assert [item.unread for item in result.items] == [()] * 4 + [("born",)] * 5
    assert any("follow.maxItems" in warning for warning in result.warnings)


async def test_a_detail_document_that_fails_is_a_loss_and_its_item_is_kept(scrape: Scraping, server: Server) -> None:
    async def answer(request: web.Request) -> web.Response:
        if request.path == "/":
            return listing(("A", "/a"), ("B", "/b"), ("C", "/c"))
        return web.Response(status=404) if request.path == "/b" else born(request.path)

    server.answer = answer
    result = await scrape(f"{server.url}/", extract=LIST, follow=FOLLOW)
    assert (result.status, result.reason) == (RunStatus.PARTIALLY_SUCCEEDED, Reason.HTTP_STATUS)
    assert [item.data["born"] for item in result.items] == ["/a", None, "/c"]
    assert [item.unread for item in result.items] == [(), ("born",), ()]
    assert not result.complete
    assert result.warnings[0].startswith(f"detail document {server.url}/b lost: HTTPStatus")


async def test_the_deadline_keeps_the_items_and_what_was_followed(scrape: Scraping, server: Server) -> None:
    async def answer(request: web.Request) -> web.Response:
        if request.path == "/":
            return listing(*((str(n), f"/{n}") for n in range(50)))
        if request.path != "/0":
            await asyncio.Event().wait()
        return born(request.path)

    server.answer = answer
    result = await scrape(f"{server.url}/", extract=LIST, follow=FOLLOW, seconds=1.0)
    assert (result.status, result.reason) == (RunStatus.PARTIALLY_SUCCEEDED, Reason.TIMEOUT)
    assert [item.data["born"] for item in result.items] == ["/0"] + [None] * 49
    assert len(server.requests) <= 6
    assert any("49 lost in all" in warning for warning in result.warnings)


async def test_an_item_whose_details_lack_a_required_field_is_dropped(scrape: Scraping, server: Server) -> None:
    async def answer(request: web.Request) -> web.Response:
        if request.path == "/":
            return listing(("A", "/a"), ("B", "/b"))
        return born("") if request.path == "/b" else born("1815")

    server.answer = answer
    follow = {**FOLLOW, "fields": [{"name": "born", "css": "p::text", "required": True}]}
    result = await scrape(f"{server.url}/", extract=LIST, follow=follow)
    assert [item.data["name"] for item in result.items] == ["A"]
    assert (result.status, result.complete) == (RunStatus.SUCCEEDED, False)


async def test_dropped_items_do_not_move_the_fields_that_were_not_read(scrape: Scraping, server: Server) -> None:
    async def answer(request: web.Request) -> web.Response:
        if request.path == "/":
            return listing(("A", "/a"), ("B", "/b"), ("C", "/c"), ("D", "/d"))
        return web.Response(status=404) if request.path == "/c" else born("" if request.path == "/a" else "1815")

    server.answer = answer
    follow = {**FOLLOW, "fields": [{"name": "born", "css": "p::text", "required": True}]}
    result = await scrape(f"{server.url}/", extract=LIST, follow=follow)
    assert [(item.data["name"], item.unread) for item in result.items] == [("B", ()), ("C", ("born",)), ("D", ())]


@pytest.mark.parametrize(
    ("lost", "warning"),
    [
        ("/a", "no item is marked as gone in this run (dropped items: 1)"),
        ("/b", "no item is marked as gone in this run (not everything was read)"),
        ("", None),
    ],
    ids=["dropped", "lost", "whole"],
)
async def test_a_snapshot_that_is_not_whole_says_that_nothing_is_gone(
    scrape: Scraping, server: Server, lost: str, warning: str | None
) -> None:
    async def answer(request: web.Request) -> web.Response:
        if request.path == "/":
            return listing(("A", "/a"), ("B", "/b"))
        if request.path == lost == "/b":
            return web.Response(status=404)
        return born("" if request.path == lost else "1815")

    server.answer = answer
    follow = {**FOLLOW, "fields": [{"name": "born", "css": "p::text", "required": True}]}
    result = await scrape(f"{server.url}/", extract={**LIST, "mode": "Snapshot"}, follow=follow)
    assert [line for line in result.warnings if "gone" in line] == ([warning] if warning else [])


async def test_secrets_in_headers_stay_with_the_origin_of_the_list(scrape: Scraping, server: Server) -> None:
    async def answer(request: web.Request) -> web.Response:
        if request.path == "/":
            return listing(("A", "/a"), ("B", f"http://localhost:{request.url.port}/b"))
        return born(1)

    server.answer = answer
    await scrape(
        f"{server.url}/", http={"headers": [{"name": "X-Token", "value": "secret"}]}, extract=LIST, follow=FOLLOW
    )
    tokens = {request.path: request.headers.get("X-Token") for request in server.requests}
    assert tokens == {"/": "secret", "/a": "secret", "/b": None}


async def test_without_fields_nothing_is_followed(scrape: Scraping, server: Server) -> None:
    async def answer(_request: web.Request) -> web.Response:
        return listing(("A", "/a"))

    server.answer = answer
    result = await scrape(f"{server.url}/", extract=LIST, follow={"link": {"css": "a::attr(href)"}})
    assert (result.status, len(server.requests)) == (RunStatus.SUCCEEDED, 1)


REQUIRED = {**FOLLOW, "fields": [{"name": "born", "css": "p::text", "required": True}]}


async def test_an_item_without_a_link_lacks_what_is_required_of_its_details(scrape: Scraping, server: Server) -> None:
    async def answer(request: web.Request) -> web.Response:
        return listing(("A", "/a"), ("B", None)) if request.path == "/" else born("1815")

    server.answer = answer
    result = await scrape(f"{server.url}/", extract=LIST, follow=REQUIRED)
    assert [item.data["name"] for item in result.items] == ["A"]
    assert (result.status, result.complete) == (RunStatus.SUCCEEDED, False)


@pytest.mark.parametrize(
    ("follow", "kept"),
    [(FOLLOW, [("A", ()), ("B", ("born",))]), (REQUIRED, [("A", ())])],
    ids=["not required", "required"],
)
@pytest.mark.parametrize("status", [200, 204])
async def test_an_empty_detail_document_leaves_what_is_stored(
    scrape: Scraping, server: Server, follow: dict[str, object], kept: list[object], status: int
) -> None:
    async def answer(request: web.Request) -> web.Response:
        if request.path == "/":
            return listing(("A", "/a"), ("B", "/b"))
        return web.Response(status=status) if request.path == "/b" else born("1815")

    server.answer = answer
    result = await scrape(f"{server.url}/", extract=LIST, follow=follow)
    assert [(item.data["name"], item.unread) for item in result.items] == kept
    assert result.status is RunStatus.SUCCEEDED
    assert "a detail document is empty: what is stored of its fields stays" in result.warnings


async def test_an_item_whose_key_could_not_be_read_is_not_taken_for_another_one(
    scrape: Scraping, server: Server
) -> None:
    async def answer(request: web.Request) -> web.Response:
        if request.path == "/":
            return listing(("A", "/a"), ("B", "/b"))
        return web.Response(status=404) if request.path == "/b" else born(request.path)

    server.answer = answer
    result = await scrape(f"{server.url}/", extract={**LIST, "key": ["name", "born"]}, follow=FOLLOW)
    assert [item.data for item in result.items] == [{"name": "A", "born": "/a"}]
    assert (result.status, result.complete) == (RunStatus.PARTIALLY_SUCCEEDED, False)
    assert any(warning.startswith("1 items are not stored in this run") for warning in result.warnings)


async def test_items_without_a_key_whose_details_are_lost_are_told(scrape: Scraping, server: Server) -> None:
    async def answer(request: web.Request) -> web.Response:
        if request.path == "/":
            return listing(("A", "/a"), ("B", "/b"))
        return web.Response(status=404) if request.path == "/b" else born(request.path)

    server.answer = answer
    unkeyed = {name: value for name, value in LIST.items() if name != "key"}
    result = await scrape(f"{server.url}/", extract=unkeyed, follow=FOLLOW)
    assert [item.data["born"] for item in result.items] == ["/a", None]
    assert any("set extract.key to fields of the list" in warning for warning in result.warnings)
    assert not any("extract.key" in warning for warning in (await scrape(f"{server.url}/", extract=LIST)).warnings)
