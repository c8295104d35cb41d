"""Every sample, run once against the demo site whose goods stand still, gives just the items that it says."""

import asyncio
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from scrape_operator.cli.trial import run_objects
from scrape_operator.core.runs.run import RunResult
from scrape_operator.settings import Settings
from tests.dev.bookmakers.thread import BookmakersThread
from tests.dev.demo.samples import BOOK_URLS, FOLDER, PLATFORMS, read
from tests.dev.site.catalogue import CATEGORIES, CURRENCY, Product
from tests.dev.site.pages import PAGE_SIZE
from tests.dev.site.serving import SiteThread
from tests.dev.site.site import EXPORTED, DemoSite

AT = datetime(2026, 11, 24, 10, 5, 13, tzinfo=UTC)
PER_PAGE = 50
SAMPLES = sorted(FOLDER.rglob("*.yaml"))

Goods = Sequence[Product]
Items = list[dict[str, Any]]
Expected = Mapping[str, Callable[[Goods], Items]]


def of(category: str, goods: Goods) -> list[Product]:
    return [product for product in goods if product.category == category]


def written(product: Product) -> str:
    """Return the price as the API writes it."""
    return str(float(product.price))


def skus(goods: Goods) -> Items:
    return [{"sku": product.sku} for product in goods]


def names(goods: Goods) -> Items:
    return [{"sku": product.sku, "name": product.name} for product in goods]


def stocks(goods: Goods) -> Items:
    return [{"sku": product.sku, "stock": product.stock} for product in goods]


def prices(goods: Goods) -> Items:
    return [{"sku": product.sku, "price": written(product)} for product in goods]


def categories(goods: Goods) -> Items:
    return [{"name": name, "products": len(of(name, goods))} for name in CATEGORIES]


def cards(goods: Goods) -> Items:
    return [
        {
            "sku": product.sku,
            "name": product.name,
            "number": f"{int(product.sku[-5:]):03}",
            "price": f"{product.price:.2f}",
            "stock": product.stock,
            "rating": product.rating,
            "link": f"/shop/products/{product.sku}",
            "priceOf": f"{product.changed_at:%Y-%m-%dT%H:%M:%SZ}",
            "tags": list(product.tags),
            "badge": "none",
        }
        for product in goods[:PAGE_SIZE]
    ]


def whole(goods: Goods) -> Items:
    return [
        {
            "sku": product.sku,
            "name": product.name,
            "price": written(product),
            "currency": CURRENCY,
            "stock": product.stock,
            "tags": list(product.tags),
        }
        for product in goods[:100]
    ]


def details(goods: Goods) -> Items:
    atlases = of("atlases", goods)[:PAGE_SIZE]
    return [
        {"sku": product.sku, "name": product.name, "category": "atlases", "tags": list(product.tags)}
        for product in atlases
    ]


def feed(goods: Goods) -> Items:
    return [
        {
            "sku": product.sku,
            "title": product.name,
            "link": f"/shop/products/{product.sku}",
            "published": f"{product.changed_at:%Y-%m-%dT%H:%M:%SZ}",
        }
        for product in goods[:EXPORTED]
    ]


def german(goods: Goods) -> Items:
    return [
        {"sku": product.sku, "price": f"{product.price:.2f}", "changed": f"{product.changed_at:%Y-%m-%dT00:00:00Z}"}
        for product in goods[:EXPORTED]
    ]


def kites(goods: Goods) -> Items:
    return [{"sku": it.sku, "price": f"{it.price:.2f}"} for it in of("kites", goods)[:PAGE_SIZE]]


EXPORTS: Expected = {
    "csv": lambda goods: [{"sku": it.sku, "price": f"{it.price:.2f}"} for it in goods[:EXPORTED]],
    "ndjson": lambda goods: stocks(goods[:EXPORTED]),
    "xml": lambda goods: names(goods[:EXPORTED]),
    "feed": feed,
    "json-ld": lambda goods: [{"sku": it.sku, "price": str(it.price)} for it in goods[:EXPORTED]],
    "text": lambda goods: stocks(goods[:EXPORTED]),
}
PAGES: Expected = {
    "next-link": lambda goods: skus(of("lamps", goods)[: 5 * PAGE_SIZE]),
    "page-number": lambda goods: skus(of("chairs", goods)),
    "offset": lambda goods: prices(of("clocks", goods)),
    "cursor": lambda goods: stocks(of("boots", goods)),
}
MEMBERS: Expected = {
    "members": lambda goods: [{"sku": it.sku, "name": it.name, "price": written(it)} for it in goods[:EXPORTED]]
}
CREDENTIALS = (
    "auth-bearer",
    "auth-basic",
    "auth-api-key",
    "auth-oauth2",
    "secret-header",
    "login-cookie",
    "mtls",
    "proxy",
)
EXPECTED: Mapping[str, Expected] = {
    **dict.fromkeys(CREDENTIALS, MEMBERS),
    "data-policy": {"categories": lambda _: [{"name": name} for name in CATEGORIES]},
    "default-interval": {"categories": categories},
    "detail-pages": {"atlases": details},
    "embedded-json": {
        "ratings": lambda goods: [{"sku": it.sku, "rating": it.rating} for it in goods[:EXPORTED]],
    },
    "expectations": {"kites": kites},
    "formats": EXPORTS,
    "history-and-timing": {"boots": lambda goods: stocks(of("boots", goods)[:PER_PAGE])},
    "html-shop": {"first-page": cards},
    "json-api": {"products": whole},
    "notifications": {"prices": lambda goods: prices(goods[:PER_PAGE])},
    "numbers-and-dates": {"prices": german},
    "office-hours": {"stock": lambda goods: stocks(goods[:PER_PAGE])},
    "overlap": {"slow": lambda _: [{"slept": 2.0}]},
    "pagination": PAGES,
    "policies": {"globes": lambda goods: skus(of("globes", goods)[:PER_PAGE])},
    "requests": {"lamps": lambda goods: names([it for it in of("lamps", goods) if it.stock][:PER_PAGE])},
    "retries": {"flaky": lambda _: [{"name": "Flaky kite", "price": "12.5"}]},
    "several-targets": {
        "prices": lambda goods: prices(goods[:PER_PAGE]),
        "stock": lambda goods: stocks(goods[:PER_PAGE]),
        "moved-away": lambda _: [],
    },
    "snapshot": {"range": names},
    "suspended": {"globes": lambda goods: names(of("globes", goods)[:PER_PAGE])},
    "timeouts": {"in-time": lambda _: [{"slept": 0.1}], "too-slow": lambda _: []},
}
"""The items of each target; `time-zone` and the platforms have tests of their own."""


@pytest.fixture(scope="module")
def site() -> Iterator[DemoSite]:
    with SiteThread(DemoSite(now=lambda: AT)) as served:
        yield served


def run(name: str, site: DemoSite | None = None, book_urls: Sequence[str] = BOOK_URLS) -> RunResult:
    objects = read([file for file in SAMPLES if file.stem == name], site, book_urls)
    settings = Settings(allow_cidrs="127.0.0.0/8")
    [tried] = asyncio.run(run_objects(settings, objects))
    return tried.result


def items_of(result: RunResult) -> dict[str, Items]:
    return {target.target: [dict(item.data) for item in target.items] for target in result.targets}


@pytest.mark.parametrize("name", EXPECTED)
def test_a_sample_gives_the_items_that_it_says(name: str, site: DemoSite) -> None:
    goods = site.catalogue.products(AT)
    found = items_of(run(name, site))
    expected = {target: items(goods) for target, items in EXPECTED[name].items()}
    for items in expected.values():
        for item in items:
            if "link" in item:
                item["link"] = f"{site.url}{item['link']}"
    assert found == expected


def test_the_deals_are_those_of_the_day_in_auckland(site: DemoSite) -> None:
    result = run("time-zone", site)
    day = result.claim.scheduled_for.astimezone(ZoneInfo("Pacific/Auckland")).date()
    goods = site.catalogue.products(datetime(day.year, day.month, day.day, tzinfo=UTC))
    chosen = [goods[(day.toordinal() * 7 + number * 97) % len(goods)] for number in range(5)]
    assert items_of(result) == {"deals": [{"sku": it.sku, "name": it.name, "price": written(it)} for it in chosen]}


def test_every_event_of_the_bookmakers_is_read() -> None:
    with BookmakersThread(moving=False) as books:
        urls = [book.url for book in books.sites.values()]
        result = run(PLATFORMS, book_urls=urls)
    for target in result.targets:
        assert len(target.items) > 0, target
        assert target.complete
        assert len({item.key for item in target.items}) == len(target.items)


def test_no_sample_is_left_out() -> None:
    assert {path.stem for path in SAMPLES} == {*EXPECTED, "time-zone", PLATFORMS}
