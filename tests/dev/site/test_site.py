import asyncio
import gc
import socket
import ssl
import urllib.request
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from urllib.parse import urljoin

import aiohttp
import parsel
import pytest

from tests.dev.site.serving import SiteThread, serve_site
from tests.dev.site.site import DemoSite
from tests.dev.site.tls import SERVER_NAME, certificates

NOON = datetime(2026, 6, 1, 12, 0, tzinfo=UTC)


@pytest.fixture
async def site() -> AsyncIterator[DemoSite]:
    async with serve_site(site=DemoSite(now=lambda: NOON)) as served:
        yield served


@pytest.fixture
async def browser(site: DemoSite) -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession(site.url) as session:
        yield session


async def test_the_pages_of_the_shop_hold_every_product_once(site: DemoSite, browser: aiohttp.ClientSession) -> None:
    address, skus = "/shop", []
    while address:
        async with browser.get(address) as answer:
            page = parsel.Selector(await answer.text())
        skus += page.css("article.product::attr(data-sku)").getall()
        following = page.css("li.next a::attr(href)").get()
        address = urljoin(address, following) if following else ""
    assert skus == [product.sku for product in site.catalogue.products(NOON)]


async def test_a_category_lists_only_its_own_goods(browser: aiohttp.ClientSession) -> None:
    async with browser.get("/shop/categories/kites") as answer:
        page = parsel.Selector(await answer.text())
    async with browser.get(page.css("article h2 a::attr(href)").get("")) as answer:
        detail = parsel.Selector(await answer.text())
    assert detail.css("a.category::text").get() == "kites"


@pytest.mark.parametrize(
    "query",
    [
        pytest.param({"page": "2", "perPage": "20"}, id="by page"),
        pytest.param({"skip": "20", "take": "20"}, id="by offset"),
        pytest.param({"cursor": "20", "perPage": "20"}, id="by cursor"),
    ],
)
async def test_the_api_gives_the_second_twenty(
    site: DemoSite, browser: aiohttp.ClientSession, query: dict[str, str]
) -> None:
    async with browser.get("/api/products", params=query) as answer:
        body = await answer.json()
    assert [row["sku"] for row in body["data"]] == [p.sku for p in site.catalogue.products(NOON)[20:40]]
    assert body["meta"]["cursor"] == "40"


async def test_the_last_page_of_the_api_has_no_next(browser: aiohttp.ClientSession) -> None:
    address, pages = "/api/stock?perPage=200", 0
    while address:
        async with browser.get(address) as answer:
            body = await answer.json()
            assert ("Link" in answer.headers) == (body["meta"]["next"] is not None)
        address, pages = body["meta"]["next"], pages + 1
    assert pages == body["meta"]["pages"] == 3


async def test_query_parameters_filter_the_api(browser: aiohttp.ClientSession) -> None:
    async with browser.get("/api/products", params={"category": "lamps", "inStock": "true", "q": "amber"}) as answer:
        rows = (await answer.json())["data"]
    assert rows
    assert all(row["category"] == "lamps" and row["stock"] and "Amber" in row["name"] for row in rows)


@pytest.mark.parametrize(
    ("path", "status"),
    [
        pytest.param("/api/products?perPage=0", 400, id="a page size of nothing"),
        pytest.param("/api/products?page=x", 400, id="a page that is no number"),
        pytest.param("/shop?page=999", 404, id="a page beyond the end"),
        pytest.param("/shop/categories/none", 404, id="an unknown category"),
        pytest.param("/api/products/SKU-99999", 404, id="an unknown product"),
        pytest.param("/api/deals/yesterday", 404, id="a day that is none"),
        pytest.param("/status/418", 418, id="an asked status"),
        pytest.param("/status/42", 400, id="a status that is none"),
    ],
)
async def test_statuses_are_as_asked(browser: aiohttp.ClientSession, path: str, status: int) -> None:
    async with browser.get(path) as answer:
        assert answer.status == status


async def test_a_request_that_names_the_etag_of_the_deals_is_answered_304(browser: aiohttp.ClientSession) -> None:
    async with browser.get("/api/deals/2026-11-25") as answer:
        etag = answer.headers["ETag"]
    for path, known, status in (("25", etag, 304), ("26", etag, 200), ("25?etag=no", etag, 200), ("25", '"x"', 200)):
        async with browser.get(f"/api/deals/2026-11-{path}", headers={"If-None-Match": known}) as answer:
            assert (answer.status, "ETag" in answer.headers) == (status, "no" not in path)


async def test_the_deals_of_a_day_depend_on_the_day_alone(browser: aiohttp.ClientSession) -> None:
    async with browser.get("/api/deals/2026-11-25") as answer:
        deals = await answer.json()
    assert deals["day"] == "2026-11-25"
    assert len({deal["sku"] for deal in deals["deals"]}) == 5


async def test_prices_follow_the_clock_that_is_passed_in() -> None:
    instants = iter([NOON, NOON + timedelta(hours=2)])
    async with (
        serve_site(site=DemoSite(now=lambda: next(instants))) as site,
        aiohttp.ClientSession(site.url) as browser,
    ):
        async with browser.get("/api/prices") as answer:
            before = await answer.json()
        async with browser.get("/api/prices") as answer:
            assert (await answer.json())["data"] != before["data"]


async def test_a_flaky_address_fails_as_often_as_asked(browser: aiohttp.ClientSession) -> None:
    statuses = []
    for _ in range(4):
        async with browser.get("/flaky/2") as answer:
            statuses.append(answer.status)
    assert statuses == [503, 503, 200, 503]


async def test_redirects_arrive_after_their_hops(site: DemoSite, browser: aiohttp.ClientSession) -> None:
    async with browser.get("/redirect/3") as answer:
        assert await answer.json() == {"arrived": True}
    assert [seen.path for seen in site.seen] == [f"/redirect/{hops}" for hops in (3, 2, 1, 0)]


async def test_bytes_come_without_a_length(browser: aiohttp.ClientSession) -> None:
    async with browser.get("/bytes/100000") as answer:
        assert "Content-Length" not in answer.headers
        assert len(await answer.read()) == 100_000


async def test_an_empty_answer_is_empty(browser: aiohttp.ClientSession) -> None:
    async with browser.get("/empty") as answer:
        assert (answer.status, await answer.read()) == (200, b"")


async def test_requests_are_counted_per_path_and_can_be_reset(site: DemoSite, browser: aiohttp.ClientSession) -> None:
    for path in ("/shop?page=1", "/shop?page=2", "/api/stock"):
        async with browser.get(path):
            pass
    async with browser.get("/counts") as answer:
        assert await answer.json() == {"/shop": 2, "/api/stock": 1}
    async with browser.post("/counts/reset"):
        pass
    assert not site.counts


async def test_closing_the_site_ends_a_request_that_hangs() -> None:
    async with aiohttp.ClientSession() as browser:
        async with serve_site() as site:
            hanging = asyncio.ensure_future(browser.get(f"{site.url}/hang"))
            await site.arrived("/hang")
        async with await hanging as answer:
            assert answer.status == 503


def test_a_site_in_a_thread_serves_synchronous_code() -> None:
    with SiteThread(DemoSite(now=lambda: NOON)) as site:
        with urllib.request.urlopen(f"{site.url}/api/categories") as answer:
            assert answer.status == 200
        assert site.counts["/api/categories"] == 1


def test_a_taken_port_is_told_to_the_starter() -> None:
    with SiteThread() as site:
        port = int(site.url.rsplit(":", 1)[1])
        with pytest.raises(OSError, match="address already in use"):
            SiteThread(port=port).start()


async def test_the_tls_side_lets_in_who_shows_a_certificate_and_nobody_else(site: DemoSite) -> None:
    known = certificates().client_context()
    stranger = ssl.create_default_context(cadata=certificates().authority.pem.decode())
    async with aiohttp.ClientSession() as browser:
        address = f"{site.tls_url}/members/certificate"
        async with browser.get(address, ssl=known, server_hostname=SERVER_NAME) as answer:
            assert answer.status == 200
        with pytest.raises(aiohttp.ClientConnectionError):
            await browser.get(address, ssl=stranger, server_hostname=SERVER_NAME)
        with pytest.raises(aiohttp.ClientConnectorCertificateError):
            await browser.get(address, ssl=known)
        async with browser.get(f"{site.url}/members/certificate") as answer:
            assert answer.status == 401


def test_the_end_of_the_site_leaves_no_connection_over_tls_open() -> None:
    with SiteThread() as site:
        plain = socket.create_connection(("127.0.0.1", int(site.tls_url.rsplit(":", 1)[1])))
        browser = certificates().client_context().wrap_socket(plain, server_hostname=SERVER_NAME)
        browser.sendall(b"GET / HTTP/1.1\r\nHost: shop.example\r\n\r\n")
        assert browser.recv(100).startswith(b"HTTP/1.1 200")
    with browser:
        gc.collect()  # what the site left open would be told now
