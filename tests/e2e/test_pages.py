"""Pages and detail documents through the whole operator: rows, status, and what the site was asked."""

from typing import Any

import pytest

from tests.dev.site.site import DemoSite
from tests.e2e.process import Operator, schedule, until

pytestmark = pytest.mark.cluster

SHOP: dict[str, Any] = {
    "items": {"css": "article"},
    "fields": [{"name": "sku", "css": "::attr(data-sku)"}],
    "key": ["sku"],
}


def test_all_pages_and_details_of_a_category_become_items(operator: Operator, site: DemoSite) -> None:
    goods = {p.sku: p.name for p in site.catalogue.products(site.now()) if p.category == "lamps"}
    paged = schedule("paged", f"{site.url}/shop/categories/lamps", extract=SHOP, interval="720h", timeout="5m")
    paged["spec"]["targets"][0] |= {
        "paginate": {"nextLink": {"css": "li.next > a::attr(href)"}},
        "follow": {"link": {"css": "a::attr(href)"}, "fields": [{"name": "title", "css": "h1::text"}]},
    }
    operator.apply(paged)
    operator.await_status("paged", "condition=Ready")
    [run] = operator.runs("paged")
    assert (run["status"], run["items_scraped"]) == ("SUCCEEDED", len(goods))
    assert run["requests"] == site.counts.total() - site.counts["/robots.txt"]
    assert site.counts["/shop/categories/lamps"] == 2 * -(-len(goods) // 24)  # a first run reads counted pages twice
    assert max(count for path, count in site.counts.items() if "/products/" in path) == 1


def test_a_page_limit_is_told_on_the_run(operator: Operator, site: DemoSite) -> None:
    cut = schedule("cut", f"{site.url}/shop", extract=SHOP, interval="720h")
    cut["spec"]["targets"][0]["paginate"] = {"nextLink": {"css": "li.next > a::attr(href)"}, "maxPages": 2}
    operator.apply(cut)
    until("the run", lambda: operator.ended("cut"))
    [run] = operator.ended("cut")
    assert (run["status"], run["items_scraped"], run["requests"]) == ("SUCCEEDED", 48, 2)
