"""The adapter of docs/adapters.md works as it stands, and keeps the rules that the page gives."""

import re
from datetime import UTC, datetime
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType

import pytest
from aiohttp import web

from scrape_operator.platforms.conformance import find_violations
from scrape_operator.platforms.port import ScrapeContext
from scrape_operator.platforms.registry import PlatformRegistry
from scrape_operator.settings import Settings
from tests.docs.reading import DOCS
from tests.support.fetching import open_session
from tests.support.web import served

PAGE = (DOCS / "adapters.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```python\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
NOW = datetime(2026, 12, 1, tzinfo=UTC)
PRODUCTS = [{"sku": f"sku-{number}", "price": f"{number}.50"} for number in range(120)]


@pytest.fixture
def example(tmp_path: Path) -> ModuleType:
    """The module of the page."""
    path = tmp_path / "shop.py"
    path.write_text(BLOCKS[0], encoding="utf-8")
    spec = spec_from_file_location("shop", path)
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
async def shop():
    """A shop that says how many products there are, and may lack some."""
    app = web.Application()
    lacking = [0]

    async def products(request: web.Request) -> web.Response:
        size, page = int(request.query["size"]), int(request.query["page"])
        there = PRODUCTS[: len(PRODUCTS) - lacking[0]]
        return web.json_response({"total": len(PRODUCTS), "products": there[(page - 1) * size : page * size]})

    app.router.add_get("/products", products)
    async with served(app) as url:
        yield lacking, url


async def test_the_adapter_of_the_page_keeps_every_rule(example, shop) -> None:
    _lacking, url = shop
    async with open_session(Settings(allow_cidrs="127.0.0.0/8")) as fetcher:
        assert await find_violations(example.Shop(), example.ShopConfig(base_url=url), fetcher) == []


async def test_a_catalogue_that_ends_early_is_reported(example, shop) -> None:
    lacking, url = shop
    lacking[0] = 30
    context = ScrapeContext(NOW)
    async with open_session(Settings(allow_cidrs="127.0.0.0/8")) as fetcher:
        async for _item in example.Shop().scrape(example.ShopConfig(base_url=url), fetcher, context):
            context.deliver()
    context.settle()
    assert context.losses.count == 30


def test_the_adapter_of_the_page_has_a_schema(example) -> None:
    assert "base_url" in PlatformRegistry({"Shop": example.Shop()}).schemas()["Shop"]["properties"]
