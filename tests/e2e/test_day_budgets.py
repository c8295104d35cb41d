"""A budget of requests a day, on a real API server: over a restart, a crash and two schedules not one more is sent."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from tests.dev.site.site import DemoSite
from tests.e2e.process import Operator, schedule, until

pytestmark = pytest.mark.cluster

LIMIT = 500
PORTION = 10
"""What a process reserves at a time, and loses when it is killed."""

NAMES = ("one", "two")


def policy(requests: int) -> dict[str, Any]:
    return {
        "apiVersion": "scrape-operator.dev/v1alpha1",
        "kind": "ScrapePolicy",
        "metadata": {"name": "default"},
        "spec": {"ceilings": {"requestsPerDay": requests}, "hosts": [{"match": "*", "maxConcurrent": 8}]},
    }


def paged(name: str, site: DemoSite) -> dict[str, Any]:
    """Return a schedule that reads up to forty pages every second."""
    made = schedule(name, f"{site.url}/api/prices?perPage=1&of={name}", interval="1s", timeout="1s")
    made["spec"]["targets"][0]["paginate"] = {"pageParam": {"name": "page"}, "maxPages": 40}
    return made


def sent(site: DemoSite) -> int:
    return site.counts.total()


@pytest.fixture(autouse=True)
def one_day() -> None:
    """Skip near midnight: two days of UTC have two budgets."""
    if f"{datetime.now(UTC):%H:%M}" >= "23:50":
        pytest.skip("two days of UTC have two budgets")


def test_a_limit_of_requests_a_day_holds_over_restarts_and_two_schedules(
    start_operator: Callable[..., Operator], site: DemoSite
) -> None:
    operator = start_operator()
    operator.apply(policy(LIMIT), *(paged(name, site) for name in NAMES))
    until("a quarter", lambda: sent(site) > LIMIT / 4, within=60)
    assert operator.terminate() == 0
    [row] = operator.rows("SELECT * FROM day_budgets")
    assert (row["policy"], row["requests"]) == (f"ScrapePolicy/{operator.namespace}/default", sent(site))
    operator.start()
    until("a half", lambda: sent(site) > LIMIT / 2, within=60)
    operator.kill()
    operator.start()
    for name in NAMES:
        operator.await_status(name, "jsonpath={.status.conditions[?(@.type=='Scheduled')].reason}=BudgetExhausted")
    assert LIMIT - PORTION <= sent(site) <= LIMIT
    assert all(site.counts[path] for path in ("/robots.txt", "/api/prices"))
    assert {request.query.rpartition("of=")[2].partition("&")[0] for request in site.seen} >= set(NAMES)
    used_up(operator, site)
    operator.terminate()
    before = sent(site)
    operator.start()
    until("skips of the new process", lambda: skipped(operator, since=operator.runs("one")[-1]["id"]))
    assert sent(site) == before
    operator.apply(policy(LIMIT + 100))
    until("runs go on", lambda: sent(site) > before)
    until("used up again", lambda: operator.metric("scrape_operator_day_budgets_used_up") == 1)
    assert sent(site) <= LIMIT + 100


def used_up(operator: Operator, site: DemoSite) -> None:
    """Check what a person sees of a budget that is used up."""
    condition = operator.condition("one", "Scheduled")
    assert condition["status"] == "False"
    assert f"the {LIMIT} requests of a day of ScrapePolicy default (ceilings.requestsPerDay)" in condition["message"]
    assert "T00:00:00Z" in condition["message"]
    until("skips", lambda: skipped(operator))
    assert operator.metric("scrape_operator_day_budgets_used_up") == 1
    ended = [run for name in NAMES for run in operator.ended(name) if run["reason"] == "BudgetExhausted"]
    assert {run["status"] for run in ended} <= {"SKIPPED", "FAILED", "PARTIALLY_SUCCEEDED"}
    operator.request_run("one", "by-hand")
    until("the token", lambda: operator.get("one")["status"].get("lastHandledRequest") == "by-hand")
    by_hand = next(run for run in operator.runs("one") if run["slot"] == "manual:by-hand")
    assert (by_hand["status"], by_hand["reason"]) == ("SKIPPED", "BudgetExhausted")


def skipped(operator: Operator, since: str = "") -> list[dict[str, Any]]:
    """Return the due times of both schedules that were skipped for the budget, after a row."""
    query = "SELECT * FROM scrape_runs WHERE status = 'SKIPPED' AND reason = 'BudgetExhausted' AND id > ?"
    return operator.rows(query, since)
