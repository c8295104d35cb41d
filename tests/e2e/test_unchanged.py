"""A document that does not change, through the whole operator: what a run of it costs, seen in counters."""

from typing import Any

import pytest

from tests.dev.site.site import DemoSite
from tests.e2e.process import Operator, schedule, until

pytestmark = pytest.mark.cluster

DEALS = {"items": {"jmespath": "deals"}, "fields": [{"name": "sku", "jmespath": "sku"}], "key": ["sku"]}
PATH = "/api/deals/2026-11-25"


def conditional(name: str, url: str, interval: str) -> dict[str, Any]:
    same = schedule(name, url, extract=DEALS, interval=interval)
    same["spec"]["targets"][0]["http"]["conditional"] = True
    return same


def test_an_unchanged_document_is_a_run_without_items(operator: Operator, site: DemoSite) -> None:
    operator.apply(conditional("same", f"{site.url}{PATH}", "720h"))
    operator.await_status("same", "condition=Ready")
    operator.request_run("same", "again")
    until("the second run", lambda: len(operator.ended("same")) == 2)
    first, second = operator.ended("same")
    assert (first["reason"], first["requests"], first["items_new"]) == ("Succeeded", 1, first["items_scraped"])
    assert (second["status"], second["reason"], second["requests"]) == ("SUCCEEDED", "NotModified", 1)
    assert (second["items_scraped"], second["items_new"], second["items_changed"]) == (0, 0, 0)
    assert second["items_total"] == first["items_scraped"] > 0
    operator.await_status("same", "jsonpath={.status.conditions[?(@.type=='LastRunSucceeded')].reason}=NotModified")


@pytest.mark.parametrize("query", ["", "?etag=no"], ids=["304", "same body"])
def test_an_unchanged_target_costs_one_request_and_one_row(operator: Operator, site: DemoSite, query: str) -> None:
    """No document is parsed, of an item only the time at which it was last seen is written, and no status is."""
    name = "costs-304" if not query else "costs-body"
    operator.apply(conditional(name, f"{site.url}{PATH}{query}", "1s"))
    operator.await_status(name, "condition=Ready")
    until("the first runs", lambda: len(operator.ended(name)) >= 4)
    until("a status without a run that goes on", lambda: not operator.get(name)["status"]["active"])
    before, begun, version = stored(operator, name), len(operator.ended(name)), resource_version(operator, name)
    until("six more runs", lambda: len(operator.ended(name)) >= begun + 6)
    assert resource_version(operator, name) == version
    operator.kubectl("patch", "scs", name, "--type=merge", "-p", '{"spec":{"suspend":true}}')
    until("the last run", lambda: operator.condition(name, "Scheduled").get("reason") == "Suspended")
    until("its row", lambda: all(run["status"] != "RUNNING" for run in operator.runs(name)))
    after, first, *later = stored(operator, name), *operator.ended(name)
    assert first["items_new"] == len(after["items"]) == 5
    assert {(run["status"], run["reason"], run["requests"]) for run in later} == {("SUCCEEDED", "NotModified", 1)}
    assert site.counts[PATH] == len(later) + 1
    assert after["pages"] == [1] + [0] * len(later)
    assert (after["items"], after["changes"]) == (before["items"], before["changes"])
    assert after["seen"] > before["seen"]


def stored(operator: Operator, name: str) -> dict[str, Any]:
    """Return the items but for when they were last seen, that time, the number of changes, and pages by run."""
    of_schedule = "WHERE schedule_uid = (SELECT uid FROM schedules WHERE name = ?)"
    items = operator.rows(f"SELECT * FROM items {of_schedule} ORDER BY key", name)
    seen = [item.pop("last_seen_at") for item in items]
    pages = "SELECT pages FROM scrape_target_runs JOIN scrape_runs ON id = run_id WHERE name = ? ORDER BY id"
    return {
        "items": items,
        "seen": max(seen),
        "changes": operator.rows(f"SELECT COUNT(*) AS count FROM item_changes {of_schedule}", name),
        "pages": [row["pages"] for row in operator.rows(pages, name)],
    }


def resource_version(operator: Operator, name: str) -> str:
    """Return what every write of the object changes."""
    version: str = operator.get(name)["metadata"]["resourceVersion"]
    return version
