"""The fingerprint of a target: what changes it, and what does not."""

from datetime import timedelta
from typing import Any

import pytest

from scrape_operator.planning.plans import RunPlan
from scrape_operator.planning.schedule import compile_schedule
from tests.api.building import FOLLOW, HTTP, PLATFORM, SECRET_KEY, changed

PAGES = {"pageParam": {"name": "page"}}
BASES: dict[str, dict[str, Any]] = {
    "http": {"targets.0.paginate": PAGES, "targets.0.follow": FOLLOW, f"{HTTP}.params": [{"name": "q", "value": "a"}]},
    "platform": PLATFORM | {"targets.0.platform": {"name": "BetPawa", "config": {"country": "ng"}}},
}


def fingerprint(**changes: Any) -> str:
    obj = changed(changes)
    obj["metadata"] |= {"uid": "uid", "generation": 1}
    plan = compile_schedule(obj, timedelta(hours=1))
    assert isinstance(plan.work, RunPlan), plan.findings
    return plan.work.targets[0].fingerprint


@pytest.mark.parametrize(
    ("base", "path", "value"),
    [
        ("http", "interval", "7m"),
        ("http", "suspend", True),
        ("http", "timeout", "20s"),
        ("http", "targets.0.name", "other"),
        ("http", "targets.0.expect", {"minItems": 0, "maxDropPercent": 50, "onBreach": "Fail"}),
        ("http", "targets.0.retry", {"attempts": 1}),
        ("http", f"{HTTP}.method", "GET"),
        ("http", f"{HTTP}.timeout", "3s"),
        ("http", f"{HTTP}.maxRedirects", 0),
        ("http", f"{HTTP}.maxBodyBytes", "1Ki"),
        ("http", f"{HTTP}.conditional", True),
        ("http", f"{HTTP}.tls", {"caSecretRef": {"name": "ca"}}),
        ("http", f"{HTTP}.proxySecretRef", {"name": "proxy"}),
        ("platform", "targets.0.expect", {"minItems": 7}),
        ("platform", "targets.0.retry", {"attempts": 1}),
    ],
)
def test_what_does_not_decide_which_items_there_are_leaves_it(base: str, path: str, value: Any) -> None:
    assert fingerprint(**BASES[base], **{path: value}) == fingerprint(**BASES[base])


@pytest.mark.parametrize(
    ("base", "path", "value"),
    [
        ("http", f"{HTTP}.url", "https://b.example/"),
        ("http", f"{HTTP}.method", "HEAD"),
        ("http", f"{HTTP}.params", [{"name": "q", "value": "b"}]),
        ("http", f"{HTTP}.headers", [{"name": "Accept-Language", "value": "de"}]),
        ("http", f"{HTTP}.auth", {"bearer": {"secretKeyRef": SECRET_KEY}}),
        ("http", f"{HTTP}.successStatus", [200, 404]),
        ("http", "targets.0.paginate", {**PAGES, "maxPages": 2}),
        ("http", "targets.0.paginate", {"nextLink": {"css": "a::attr(href)"}}),
        ("http", "targets.0.extract.items", {"css": "li"}),
        ("http", "targets.0.extract.fields.0.css", "b"),
        ("http", "targets.0.follow", {**FOLLOW, "maxItems": 5}),
        ("platform", "targets.0.platform", {"name": "BetPawa", "config": {"country": "gh"}}),
    ],
)
def test_what_decides_which_items_there_are_changes_it(base: str, path: str, value: Any) -> None:
    assert fingerprint(**{**BASES[base], path: value}) != fingerprint(**BASES[base])
