"""`scrape-all-platforms`, the job that the product comes from, by a running operator."""

import json
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import pytest

from tests.dev.bookmakers.faults import Fault
from tests.dev.bookmakers.thread import BookmakersThread
from tests.dev.demo.samples import PLATFORMS, load
from tests.e2e.process import Operator, until

pytestmark = pytest.mark.cluster


@pytest.fixture
def books() -> Iterator[BookmakersThread]:
    with BookmakersThread(leagues=4, events=16) as thread:
        yield thread


def the_job(books: BookmakersThread) -> dict[str, Any]:
    documents = load(book_urls=[book.url for book in books.sites.values()])
    return next(document for document in documents if document["metadata"]["name"] == PLATFORMS)


def test_the_job_compares_three_bookmakers_and_applying_it_again_doubles_nothing(
    operator: Operator, books: BookmakersThread
) -> None:
    operator.apply(the_job(books))
    operator.apply(the_job(books))
    operator.kubectl("wait", "--for=condition=Ready", f"scs/{PLATFORMS}", "--timeout=60s")
    uid = operator.get(PLATFORMS)["metadata"]["uid"]  # other tests may have had an object of this name
    [run] = [row for row in operator.ended(PLATFORMS) if (row["schedule_uid"], row["slot"]) == (uid, "generation:1")]
    assert (run["status"], run["trigger"]) == ("SUCCEEDED", "scheduled")
    status = operator.get(PLATFORMS)["status"]
    assert (status["targets"]["summary"], status["schedule"]) == ("3/3", "5m")
    assert run["items_scraped"] == status["items"]["total"] > 16
    targets = operator.rows("SELECT * FROM scrape_target_runs WHERE run_id = ?", run["id"])
    assert {target["target"] for target in targets} == {"sportybet", "betpawa", "bet9ja"}
    assert all(json.loads(target["phases"]) for target in targets)
    assert len({row["bookmaker"] for row in operator.rows("SELECT DISTINCT bookmaker FROM event_odds")}) == 3
    compared = json.loads(operator.command("odds", "-n", "1", "-o", "json"))
    assert compared


def test_the_environment_sets_the_interval_and_a_stop_in_the_middle_leaves_a_final_row(
    start_operator: Callable[..., Operator], books: BookmakersThread
) -> None:
    for book in books.sites.values():
        book.delay = 3.0
    operator = start_operator(SCRAPE_INTERVAL_MINUTES="7", SCRAPE_OPERATOR_SHUTDOWN_GRACE_SECONDS="0")
    operator.apply(the_job(books))
    until("the run", lambda: operator.rows("SELECT 1 FROM scrape_runs WHERE status = 'RUNNING'"))
    until("the interval", lambda: operator.get(PLATFORMS).get("status", {}).get("schedule") == "7m")
    assert operator.terminate() == 0
    [run] = operator.rows("SELECT * FROM scrape_runs")
    assert (run["status"], run["reason"]) == ("CANCELED", "Shutdown")
    assert run["completed_at"]


def test_a_blocked_bookmaker_is_named_and_the_others_are_kept(operator: Operator, books: BookmakersThread) -> None:
    books.sites["SportyBet"].fault = Fault.WAF_PAGE
    job = the_job(books)
    job["metadata"] = {"name": "one-blocked"}
    operator.apply(job)
    operator.kubectl("wait", "--for=condition=Ready", "scs/one-blocked", "--timeout=60s")
    [run] = operator.ended("one-blocked")
    assert (run["status"], run["reason"]) == ("PARTIALLY_SUCCEEDED", "Blocked")
    status = operator.get("one-blocked")["status"]
    assert [failing["name"] for failing in status["targets"]["failing"]] == ["sportybet"]


def ended_after(operator: Operator, before: int) -> list[dict[str, Any]]:
    """Return all runs that have ended, once there is one more than before."""
    ended = operator.ended(PLATFORMS)
    return ended if len(ended) > before else []


def test_a_bookmaker_that_lets_us_in_again_is_read_once_its_breaker_has_closed(
    start_operator: Callable[..., Operator], books: BookmakersThread
) -> None:
    operator = start_operator(SCRAPE_OPERATOR_BREAKER_COOLDOWN_SECONDS="2")
    books.sites["BetPawa"].fault = Fault.WAF_PAGE
    operator.apply(the_job(books))
    until("the first run", lambda: operator.ended(PLATFORMS))
    until("an opening", lambda: operator.metric("scrape_operator_host_breakers_opened_total"))
    asked = books.sites["BetPawa"].requests.total()
    operator.request_run(PLATFORMS, "too early")
    until("a run in vain", lambda: len(operator.ended(PLATFORMS)) == 2)
    assert books.sites["BetPawa"].requests.total() <= asked + 1
    books.sites["BetPawa"].fault = Fault.NONE
    outcomes = ["Blocked"]
    for attempt in range(20):
        before = len(operator.ended(PLATFORMS))
        operator.request_run(PLATFORMS, f"again {attempt}")
        ended = until("a run", partial(ended_after, operator, before))
        outcomes.append(ended[-1]["reason"])
        if outcomes[-1] == "Succeeded":
            break
    assert outcomes[-1] == "Succeeded"


def test_the_kept_responses_of_three_bookmakers_give_their_items_again(
    operator: Operator, books: BookmakersThread
) -> None:
    job = the_job(books)
    job |= {"metadata": {"name": "kept"}, "spec": {**job["spec"], "keepBodies": "Always"}}
    operator.apply(job)
    operator.kubectl("wait", "--for=condition=Ready", "scs/kept", "--timeout=60s")
    asked = [book.requests.total() for book in books.sites.values()]
    shown = json.loads(operator.command("replay", "kept", "--namespace", operator.namespace, "-o", "json"))
    assert [book.requests.total() for book in books.sites.values()] == asked
    assert (shown["status"], shown["changes"]) == ("SUCCEEDED", [])
    assert len(shown["targets"]) == 3
    for target in shown["targets"]:
        assert target["same"] == target["items"] > 0
