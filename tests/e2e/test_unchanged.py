"""A document that does not change, through the whole operator: one request, one run, no item written."""

import pytest

from tests.dev.site.site import DemoSite
from tests.e2e.process import Operator, schedule, until

pytestmark = pytest.mark.cluster


def test_an_unchanged_document_is_a_run_without_items(operator: Operator, site: DemoSite) -> None:
    deals = {"items": {"jmespath": "deals"}, "fields": [{"name": "sku", "jmespath": "sku"}], "key": ["sku"]}
    same = schedule("same", f"{site.url}/api/deals/2026-11-25", extract=deals, interval="720h")
    same["spec"]["targets"][0]["http"]["conditional"] = True
    operator.apply(same)
    operator.await_status("same", "condition=Ready")
    operator.request_run("same", "again")
    until("the second run", lambda: len(operator.ended("same")) == 2)
    first, second = operator.ended("same")
    assert (first["reason"], first["requests"], first["items_new"]) == ("Succeeded", 1, first["items_scraped"])
    assert (second["status"], second["reason"], second["requests"]) == ("SUCCEEDED", "NotModified", 1)
    assert (second["items_scraped"], second["items_new"], second["items_changed"]) == (0, 0, 0)
    assert second["items_total"] == first["items_scraped"] > 0
    operator.await_status("same", "jsonpath={.status.conditions[?(@.type=='LastRunSucceeded')].reason}=NotModified")
