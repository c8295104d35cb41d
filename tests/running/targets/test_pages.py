"""Pages of HTTP targets, over real sockets: each kind against the demo shop, and servers that never end."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from aiohttp import web

from scrape_operator.core.runs.reasons import Reason
from scrape_operator.core.runs.run import RunStatus
from scrape_operator.running.targets.pages import SAME_PAGE
from tests.dev.site.serving import serve_site
from tests.dev.site.site import DemoSite
from tests.running.targets.conftest import Scraping, Server

SHOP = {"items": {"css": "article"}, "fields": [{"name": "sku", "css": "::attr(data-sku)"}], "key": ["sku"]}
API = {"items": {"jmespath": "data"}, "fields": [{"name": "sku", "jmespath": "sku"}], "key": ["sku"]}
BY_PAGE = {"pageParam": {"name": "page"}}


@pytest.fixture
async def site() -> AsyncIterator[DemoSite]:
    async with serve_site(site=DemoSite(size=60)) as served:
        yield served


def page(*ids: object, **members: Any) -> web.Response:
    return web.json_response({"data": [{"id": identity} for identity in ids], **members})


@pytest.mark.parametrize(
    ("path", "extract", "paginate"),
    [
        ("/shop", SHOP, {"nextLink": {"css": "li.next > a::attr(href)"}}),
        ("/shop", SHOP, {"nextLink": {"xpath": "//a[@rel='next']/@href"}}),
        ("/api/products?perPage=9", API, {"nextLink": {"jmespath": "meta.next"}}),
        ("/api/products?perPage=9", API, {"nextLink": {"linkHeader": "next"}}),
        ("/api/products?perPage=9&page=1", API, BY_PAGE),
        ("/api/products", API, {"offsetParam": {"name": "skip", "limitName": "take", "limit": 9}}),
        ("/api/products?perPage=9", API, {"cursor": {"param": "cursor", "from": {"jmespath": "meta.cursor"}}}),
    ],
    ids=["css", "xpath", "jmespath", "Link header", "pageParam", "offsetParam", "cursor"],
)
async def test_all_pages_are_read(scrape: Scraping, site: DemoSite, path: str, extract, paginate) -> None:
    result = await scrape(f"{site.url}{path}", extract=extract, paginate=paginate)
    assert (result.status, result.message) == (RunStatus.SUCCEEDED, "")
    assert {item.data["sku"] for item in result.items} == {good.sku for good in site.catalogue.products(site.now())}
    assert result.pages > 2
    assert result.complete
    assert result.requests == sum(request.path != "/robots.txt" for request in site.seen)


async def test_params_stay_on_every_page_and_a_counted_one_is_replaced(scrape: Scraping, server: Server) -> None:
    async def answer(request: web.Request) -> web.Response:
        return page(*([request.query["page"]] if request.query["page"] in "123" else []))

    server.answer = answer
    params = [{"name": "q", "value": "shoes"}, {"name": "page", "value": "9"}]
    result = await scrape(f"{server.url}/list?page=7&x=1", http={"params": params}, paginate=BY_PAGE)
    assert server.paths == [f"/list?x=1&q=shoes&page={number}" for number in (1, 2, 3, 4)]
    assert [item.data["id"] for item in result.items] == ["1", "2", "3"]
    assert result.status is RunStatus.SUCCEEDED


async def test_a_next_link_is_taken_as_it_is_and_resolved_against_the_page(scrape: Scraping, server: Server) -> None:
    async def answer(request: web.Request) -> web.Response:
        following = {"/a/list": "more?cursor=x%2Fy#top", "/a/more": "/end"}.get(request.path)
        return page(request.path, next=following)

    server.answer = answer
    params = [{"name": "q", "value": "shoes"}]
    paginate = {"nextLink": {"jmespath": "next"}}
    result = await scrape(f"{server.url}/a/list", http={"params": params}, paginate=paginate)
    assert server.paths == ["/a/list?q=shoes", "/a/more?cursor=x%2Fy", "/end"]
    assert [item.data["id"] for item in result.items] == ["/a/list", "/a/more", "/end"]


@pytest.mark.parametrize(
    ("pages", "is_warned"),
    [(((1, 2), (1, 2)), True), (((1, 2), (3, 4), (3, 4)), False), (((1, 2), ()), False), (((), ()), False)],
    ids=["second like first", "third like second", "no more", "nothing"],
)
async def test_a_parameter_without_effect_is_a_warning(
    scrape: Scraping, server: Server, pages: tuple[tuple[int, ...], ...], is_warned: bool
) -> None:
    async def answer(request: web.Request) -> web.Response:
        return page(*pages[int(request.query["p"]) - 1], random=request.query["p"])

    server.answer = answer
    paginate = {"pageParam": {"name": "p"}}
    result = await scrape(f"{server.url}/list", paginate=paginate, expect={"minItems": 0})
    assert result.status is RunStatus.SUCCEEDED
    assert (SAME_PAGE in result.warnings) is is_warned


async def test_a_counter_with_start_and_step(scrape: Scraping, server: Server) -> None:
    async def answer(request: web.Request) -> web.Response:
        return page(*([1] if request.query["p"] == "0" else [2] if request.query["p"] == "5" else []))

    server.answer = answer
    await scrape(server.url, paginate={"pageParam": {"name": "p", "start": 0, "step": 5}})
    assert server.paths == ["/?p=0", "/?p=5", "/?p=10"]


@pytest.mark.parametrize(
    ("links", "asked"),
    [(["/a", "/b", "/a"], 3), (["/", "/"], 1), (["/a", "/a#again"], 2), (["/a", "/b", None], 3)],
    ids=["a ring", "itself", "itself by a fragment", "an end"],
)
async def test_an_address_is_requested_once(scrape: Scraping, server: Server, links, asked: int) -> None:
    answers = iter(links)

    async def answer(request: web.Request) -> web.Response:
        return page(request.path, next=next(answers))

    server.answer = answer
    result = await scrape(f"{server.url}/", paginate={"nextLink": {"jmespath": "next"}})
    assert len(server.paths) == asked
    assert (result.status, result.pages, len(result.items)) == (RunStatus.SUCCEEDED, asked, asked)


@pytest.mark.parametrize("noise", [False, True], ids=["the same body", "the same items"])
async def test_a_server_that_repeats_its_last_page_is_left(scrape: Scraping, server: Server, noise: bool) -> None:
    async def answer(request: web.Request) -> web.Response:
        number = min(int(request.query["page"]), 3)
        return page(number, token=len(server.requests) if noise else 0)

    server.answer = answer
    values = [{"name": value, "value": value} for value in ("FetchedAt", "PageURL")]
    fields = [{"name": "id", "jmespath": "id"}, *values]
    result = await scrape(server.url, paginate=BY_PAGE, extract={"items": {"jmespath": "data"}, "fields": fields})
    assert len(server.requests) == 4
    assert [item.data["id"] for item in result.items] == ["1", "2", "3"]
    assert (result.status, result.warnings, result.complete) == (RunStatus.SUCCEEDED, (), True)


@pytest.mark.parametrize(
    "paginate",
    [{"nextLink": {"jmespath": "next"}}, BY_PAGE, {"cursor": {"param": "c", "from": {"jmespath": "c"}}}],
    ids=["link", "counter", "cursor"],
)
async def test_pages_beyond_the_limit_are_told_and_the_list_is_no_complete_one(
    scrape: Scraping, server: Server, paginate
) -> None:
    async def answer(_request: web.Request) -> web.Response:
        number = len(server.requests)
        return page(number, next=f"/{number}", c=str(number))

    server.answer = answer
    result = await scrape(server.url, paginate={**paginate, "maxPages": 4})
    assert (len(server.requests), result.pages, len(result.items)) == (4, 4, 4)
    assert result.status is RunStatus.SUCCEEDED
    assert not result.complete
    [warning] = result.warnings
    assert "paginate.maxPages" in warning


async def test_as_many_pages_as_allowed_and_no_next_is_no_warning(scrape: Scraping, server: Server) -> None:
    async def answer(_request: web.Request) -> web.Response:
        return page(len(server.requests), next="/more" if len(server.requests) < 2 else None)

    server.answer = answer
    result = await scrape(server.url, paginate={"nextLink": {"jmespath": "next"}, "maxPages": 2})
    assert (result.pages, result.warnings, result.complete) == (2, (), True)


@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        (lambda: web.Response(status=500), Reason.HTTP_STATUS),
        (lambda: web.Response(status=403), Reason.BLOCKED),
        (lambda: web.Response(text="{", content_type="application/json"), Reason.DECODE_ERROR),
    ],
    ids=["500", "403", "broken"],
)
async def test_the_failure_of_a_later_page_keeps_what_came(scrape: Scraping, server: Server, fault, reason) -> None:
    async def answer(_request: web.Request) -> web.Response:
        return page(len(server.requests)) if len(server.requests) < 3 else fault()

    server.answer = answer
    result = await scrape(server.url, paginate=BY_PAGE)
    assert (result.status, result.reason) == (RunStatus.PARTIALLY_SUCCEEDED, reason)
    assert [item.data["id"] for item in result.items] == ["1", "2"]
    assert (result.pages, result.requests, result.complete) == (2, 3, False)
    assert result.warnings[0].startswith(f"page 3 lost: {reason}")


async def test_the_failure_of_the_first_page_fails_the_target(scrape: Scraping, server: Server) -> None:
    async def answer(_request: web.Request) -> web.Response:
        return web.Response(status=404)

    server.answer = answer
    result = await scrape(server.url, paginate=BY_PAGE, expect={"minItems": 0})
    assert (result.status, result.reason, result.requests) == (RunStatus.FAILED, Reason.HTTP_STATUS, 1)


@pytest.mark.parametrize("link", ["ftp://x.example/", "http://", "http://user:pw@x.example/", "https://exa mple/\\"])
async def test_a_next_link_that_is_no_web_address_loses_the_next_page(scrape: Scraping, server: Server, link) -> None:
    async def answer(_request: web.Request) -> web.Response:
        return web.json_response({"data": [{"id": 1}]}, headers={"Link": f'<{link}>; rel="next"'})

    server.answer = answer
    result = await scrape(server.url, paginate={"nextLink": {"linkHeader": "next"}})
    assert (result.status, result.reason) == (RunStatus.PARTIALLY_SUCCEEDED, Reason.EXTRACTION_ERROR)
    assert (len(result.items), len(server.requests)) == (1, 1)
    assert "pw" not in result.message


async def test_the_deadline_ends_the_pages_and_keeps_what_came(scrape: Scraping, server: Server) -> None:
    async def answer(_request: web.Request) -> web.Response:
        if len(server.requests) > 2:
            await asyncio.Event().wait()
        return page(len(server.requests))

    server.answer = answer
    result = await scrape(server.url, paginate=BY_PAGE, seconds=1.0)
    assert (result.status, result.reason) == (RunStatus.PARTIALLY_SUCCEEDED, Reason.TIMEOUT)
    assert (len(result.items), result.pages, result.requests) == (2, 2, 3)
    assert "spec.timeout" in result.message


async def test_secrets_in_headers_stay_with_the_origin_of_the_first_page(scrape: Scraping, server: Server) -> None:
    async def answer(request: web.Request) -> web.Response:
        port = request.url.port
        following = {"/": "/same", "/same": f"http://localhost:{port}/other"}.get(request.path)
        return page(request.path, next=following)

    server.answer = answer
    headers = [{"name": "X-Token", "value": "secret"}, {"name": "Accept-Language", "value": "en"}]
    await scrape(f"{server.url}/", http={"headers": headers}, paginate={"nextLink": {"jmespath": "next"}})
    seen = [(r.path, r.headers.get("X-Token"), r.headers.get("Accept-Language")) for r in server.requests]
    assert seen == [("/", "secret", "en"), ("/same", "secret", "en"), ("/other", None, "en")]
