"""Policies that an administrator writes, changes and deletes while schedules run."""

from collections.abc import Mapping
from typing import Any

import pytest

from tests.dev.site.site import DemoSite
from tests.e2e.process import Operator, schedule, until

pytestmark = pytest.mark.cluster


def policy(name: str, **spec: Any) -> Mapping[str, Any]:
    return {
        "apiVersion": "scrape-operator.dev/v1alpha1",
        "kind": "ScrapePolicy",
        "metadata": {"name": name},
        "spec": spec,
    }


def test_a_policy_counts_from_its_creation_to_its_deletion(operator: Operator, site: DemoSite) -> None:
    operator.apply(schedule("under", f"{site.url}/api/prices", interval="1s"))
    until("runs", lambda: operator.ended("under"))
    operator.apply(policy("default", ceilings={"minInterval": "1m"}))
    operator.await_status("under", "condition=Stalled", seconds=10)
    assert operator.condition("under", "Ready")["reason"] == "PolicyDenied"
    operator.apply(policy("default", ceilings={"minInterval": "1s"}))
    operator.await_status("under", "condition=Ready", seconds=10)
    assert operator.get("under")["status"]["policy"] == "default"
    operator.kubectl("delete", "scrapepolicy", "default")
    until("no policy", lambda: "policy" not in operator.get("under")["status"])


def test_a_policy_that_is_named_and_missing_is_waited_for(operator: Operator, site: DemoSite) -> None:
    operator.apply(schedule("named", f"{site.url}/api/prices", interval="1s", policyRef={"name": "shop"}))
    operator.await_status("named", "condition=Stalled", seconds=10)
    assert operator.condition("named", "Stalled")["reason"] == "PolicyNotFound"
    operator.apply(policy("shop", userAgent="shop-bot/1.0"))
    operator.await_status("named", "condition=Ready", seconds=10)
    operator.kubectl("delete", "scrapepolicy", "shop")
    operator.await_status("named", "condition=Stalled", seconds=10)
