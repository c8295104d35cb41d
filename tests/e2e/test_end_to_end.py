"""From kubectl apply to items, on a real API server, with the chart's ServiceAccount."""

from collections.abc import Callable

import pytest

from tests.dev.site.site import DemoSite
from tests.e2e.process import Operator, schedule, until

pytestmark = pytest.mark.cluster


def test_a_schedule_runs_at_once_and_its_items_are_stored(
    start_operator: Callable[..., Operator], site: DemoSite
) -> None:
    operator = start_operator()
    operator.apply(schedule("quotes", f"{site.url}/api/products", interval="1h"))
    until("the first run", lambda: operator.get("quotes").get("status", {}).get("history"))
    operator.kubectl("wait", "--for=condition=Ready", "scs/quotes", "--timeout=60s")
    status = operator.get("quotes")["status"]
    runs = operator.rows("SELECT * FROM scrape_runs")
    assert [(run["status"], run["trigger"]) for run in runs] == [("SUCCEEDED", "scheduled")]
    items = operator.rows("SELECT * FROM items")
    assert len(items) == runs[0]["items_scraped"] == status["items"]["total"] > 0
    assert f"Succeeded items={len(items)}" in status["history"][0]
    assert status["targets"]["summary"] == "1/1"
