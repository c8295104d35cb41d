"""The three adapters keep the laws, and the suite that says so finds each breach."""

from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from pydantic import BaseModel

from scrape_operator.core.net.documents import Request
from scrape_operator.core.net.host_budgets import HostBudget
from scrape_operator.core.ports import Fetcher
from scrape_operator.platforms.conformance import find_violations
from tests.dev.bookmakers.world import BOOKS

NOW = datetime(2026, 12, 1, 12, tzinfo=UTC)


@pytest.mark.parametrize("book", BOOKS)
@pytest.mark.parametrize("markets", [["1x2"], ["*"]], ids=["one market", "every market"])
async def test_an_adapter_of_ours_keeps_every_law(scene, book, markets) -> None:
    platform, config = scene.platforms[book], scene.config(book, markets=markets)
    assert await find_violations(platform, config, scene.fetcher, scene.world.start) == []


class Config(BaseModel):
    pass


@dataclass
class Shop:
    """An adapter that keeps all laws but for what a test changes."""

    name: str = "Shop"
    config_model: type[BaseModel] = Config
    key: tuple[str, ...] = ("sku",)
    items: tuple[Any, ...] = ({"sku": "a", "price": "1.50"}, {"sku": "b", "price": None})
    host: str = "shop.example"
    hides: bool = False

    def budgets(self, config):
        return {self.host: HostBudget(4)}

    def sink_payload(self, config, items, context):
        return None

    async def check(self, config, fetcher):
        return None

    async def scrape(self, config, fetcher, context):
        if not self.hides:
            await fetcher.fetch(Request("http://shop.example/"))
        for item in self.items:
            yield item


class Silent(Fetcher):
    async def fetch(self, request):
        return None


async def test_an_adapter_that_keeps_the_laws_has_no_violation() -> None:
    assert await find_violations(Shop(), Config(), Silent(), NOW) == []


@pytest.mark.parametrize(
    ("shop", "said"),
    [
        pytest.param(Shop(name="my shop"), "name", id="a name with a space"),
        pytest.param(Shop(key=()), "key names 0 fields", id="no key"),
        pytest.param(Shop(items=({"sku": "a"}, {"sku": "a"})), "two items have the key", id="a key twice"),
        pytest.param(Shop(items=({"price": "1"},)), "lacks the fields of its key", id="an item without its key"),
        pytest.param(Shop(items=({"sku": "a", "price": Decimal(1)},)), "no JSON", id="a Decimal in an item"),
        pytest.param(Shop(items=({"sku": "a", "at": NOW},)), "no JSON", id="a datetime in an item"),
        pytest.param(Shop(items=({"sku": ("a",)},)), "changes when it is written", id="a tuple in an item"),
        pytest.param(Shop(items=()), "yields nothing", id="no items"),
        pytest.param(Shop(host="https://Shop.example"), "write a host", id="an address for a host"),
        pytest.param(Shop(hides=True), "hides", id="a refusal that nobody hears of"),
    ],
)
async def test_a_breach_is_named(shop, said) -> None:
    violations = await find_violations(shop, Config(), Silent(), NOW)
    assert any(said in violation for violation in violations)
