"""`init` on pages of the demo site: the schedule passes lint, and gives the items of the page."""

import json
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml
from typer.testing import CliRunner

from scrape_operator.cli import app
from tests.dev.site.serving import SiteThread
from tests.dev.site.site import DemoSite

AT = datetime(2026, 11, 29, 12, tzinfo=UTC)
FIRST = "SKU-00000"

PAGES: dict[str, tuple[int, dict[str, Any]]] = {
    "/": (6, {"title": "/shop", "link": "/shop"}),
    "/shop": (24, {"title": "name", "link": "url", "price": "price"}),
    "/shop/categories/lamps": (24, {"title": "name", "link": "url", "price": "price"}),
    "/exports/price-list.html": (20, {"number": "sku", "name": "name", "price": "price"}),
    "/exports/products.html": (20, {"sku": "sku", "name": "name", "offers_price": "price"}),
    "/exports/products.rss": (20, {"id": "sku", "title": "name", "link": "url"}),
    "/exports/products.csv": (20, {"sku": "sku", "name": "name", "price": "price"}),
    "/exports/products.ndjson": (20, {"sku": "sku", "stock": "stock"}),
    "/api/products": (50, {"sku": "sku", "name": "name", "price_amount": "float price", "stock": "stock"}),
    "/api/prices": (50, {"sku": "sku", "price": "float price"}),
    "/api/stock": (50, {"sku": "sku", "stock": "stock"}),
    "/api/categories": (8, {"name": "lamps"}),
}
"""Of each page: how many items it has, and where the values of the first one come from."""


@pytest.fixture(scope="module")
def site() -> Iterator[DemoSite]:
    with SiteThread(DemoSite(now=lambda: AT)) as served:
        yield served


def first_product(site: DemoSite) -> Mapping[str, Any]:
    [product] = [each for each in site.catalogue.products(AT) if each.sku == FIRST]
    return {
        "sku": product.sku,
        "name": product.name,
        "price": str(product.price),
        "float price": float(product.price),
        "stock": product.stock,
        "url": f"{site.url}/shop/products/{product.sku}",
        "/shop": f"{site.url}/shop",
    }


def run(*arguments: str) -> str:
    result = CliRunner().invoke(app, arguments)
    assert result.exit_code == 0, result.output
    return result.stdout


@pytest.mark.parametrize("page", PAGES)
def test_the_schedule_passes_lint_and_gives_the_items(
    page: str, site: DemoSite, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SCRAPE_OPERATOR_ALLOW_CIDRS", "127.0.0.0/8")
    count, expected = PAGES[page]
    file = tmp_path / "schedule.yaml"
    file.write_text(run("init", f"{site.url}{page}"))
    run("lint", str(file))
    [target] = json.loads(run("test", str(file), "-o", "json"))[0]["targets"]
    assert (target["reason"], len(target["items"])) == ("Succeeded", count)
    first, values = target["items"][0], first_product(site)
    if page == "/":
        assert first == {"title": "/shop", "link": f"{site.url}/shop"}
    else:
        assert {name: first[name] for name in expected} == {
            name: values.get(source, source) for name, source in expected.items()
        }
    assert target["warnings"] == []


def test_json_is_the_same_object_without_comments(site: DemoSite, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SCRAPE_OPERATOR_ALLOW_CIDRS", "127.0.0.0/8")
    commented = run("init", f"{site.url}/shop")
    assert json.loads(run("init", f"{site.url}/shop", "-o", "json")) == yaml.safe_load(commented)
    assert run("init", f"{site.url}/shop", "-o", "yaml") == commented
