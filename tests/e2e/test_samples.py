"""What a person sees who applies the samples: first runs at once, readiness, and nothing that changes by itself."""

import json
from collections.abc import Iterator

import pytest

from tests.dev.bookmakers.thread import BookmakersThread
from tests.dev.demo.samples import EXPECTED, MANUAL, load
from tests.dev.site.site import DemoSite
from tests.e2e.process import Operator, until
from tests.e2e.slots import instant

pytestmark = pytest.mark.cluster

RUNNING_BY_TIME = sorted(EXPECTED.keys() - {MANUAL})


def seen_to_have_run(operator: Operator) -> list[str]:
    """Name the schedules for which `kubectl get` shows a run."""
    items = json.loads(operator.kubectl("get", "scs", "-o", "json"))["items"]
    return [item["metadata"]["name"] for item in items if "lastScheduleTime" in item.get("status", {})]


@pytest.fixture
def bookmakers() -> Iterator[list[str]]:
    with BookmakersThread() as books:
        yield [book.url for book in books.sites.values()]


def test_the_samples_run_at_once_and_become_what_they_say(
    operator: Operator, site: DemoSite, bookmakers: list[str]
) -> None:
    operator.apply(*load(site, bookmakers))
    until("first runs", lambda: seen_to_have_run(operator) == RUNNING_BY_TIME)
    for name in RUNNING_BY_TIME:
        created = instant(operator.get(name)["metadata"]["creationTimestamp"])  # in whole seconds
        assert (instant(operator.runs(name)[0]["started_at"]) - created).total_seconds() < 2 + 1
    operator.request_run(MANUAL, "now")
    operator.kubectl("wait", "--for=condition=Ready", "scs", "--all", "--timeout=60s")
    for name, expected in EXPECTED.items():
        first = operator.ended(name)[0]
        assert (name, first["status"], first["reason"]) == (name, expected.status, expected.reason)
        assert (name, first["items_scraped"]) > (name, 0)  # tests/local/test_samples.py says which they are
    for name, expected in EXPECTED.items():
        for type_, status in expected.conditions.items():
            assert (name, type_, operator.condition(name, type_)["status"]) == (name, type_, status)
