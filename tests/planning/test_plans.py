"""The request of one run."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from scrape_operator.planning.plans import HTTPTargetPlan, RunPlan
from scrape_operator.planning.schedule import compile_schedule
from tests.api.building import changed

DUE = datetime(2026, 12, 31, 23, 30, tzinfo=UTC)
BERLIN = ZoneInfo("Europe/Berlin")


STORED = {
    "/metadata.uid": "uid",
    "/metadata.namespace": "default",
    "/metadata.generation": 3,
    "/metadata.creationTimestamp": "2026-11-25T12:00:00Z",
}


def work_of(url, params):
    changes = {"targets.0.http.url": url, "targets.0.http.params": [{"name": n, "value": v} for n, v in params]}
    plan = compile_schedule(changed({**STORED, **changes}), timedelta(minutes=5))
    assert isinstance(plan.work, RunPlan)
    work = plan.work.targets[0]
    assert isinstance(work, HTTPTargetPlan)
    return work


@pytest.mark.parametrize(
    ("url", "params", "sent_url", "sent_params"),
    [
        ("https://a.example/{scheduledFor:%Y}", [("q", "1")], "https://a.example/2027", [("q", "1")]),
        (
            "https://a.example/",
            [("q", "1"), ("day", "{scheduledFor:%d}")],
            "https://a.example/",
            [("q", "1"), ("day", "01")],
        ),
        ("https://a.example/{{x}}", [], "https://a.example/{x}", []),
        ("https://a.example/", [("q", "}}")], "https://a.example/", [("q", "}")]),
        ("https://a.example/", [("q", "1")], "https://a.example/", [("q", "1")]),
    ],
    ids=["address", "params", "literal braces", "a literal brace in params", "nothing"],
)
def test_a_request_is_filled_in_for_its_run(url, params, sent_url, sent_params):
    request = work_of(url, params).request_for(DUE, BERLIN)
    assert (request.url, list(request.params)) == (sent_url, sent_params)
