"""Rows of the table of policies on a real API server: what the tighter one refuses, and what applies."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.dev.site.site import DemoSite
from tests.e2e.process import Operator, schedule, until

pytestmark = pytest.mark.cluster

GROUP = "scrape-operator.dev/v1alpha1"


def policy(name: str, **spec: Any) -> dict[str, Any]:
    return {"apiVersion": GROUP, "kind": "ScrapePolicy", "metadata": {"name": name}, "spec": spec}


def cluster_policy(name: str, **spec: Any) -> dict[str, Any]:
    return {"apiVersion": GROUP, "kind": "ClusterScrapePolicy", "metadata": {"name": name}, "spec": spec}


@pytest.fixture
def clean(operator: Operator) -> Iterator[None]:
    """Leave no policy to the tests that follow."""
    yield
    operator.kubectl("delete", "scrapepolicies,clusterscrapepolicies", "--all", "--wait=true")
    until("schedules without a policy", lambda: True)


def stalled(operator: Operator, name: str) -> Callable[[], tuple[str, str] | None]:
    def read() -> tuple[str, str] | None:
        conditions = {one["type"]: one for one in operator.get(name).get("status", {}).get("conditions", [])}
        found = conditions.get("Stalled")
        return found and (found["reason"], found["message"])

    return read


@pytest.mark.usefixtures("clean")
@pytest.mark.parametrize(
    ("cluster", "namespaced", "words"),
    [
        ({"network": {"denyHosts": ["127.0.0.1"]}}, {}, "127.0.0.1"),
        ({"network": {"allowHosts": ["*.example"]}}, {"network": {"allowHosts": ["*"]}}, "127.0.0.1"),
        ({"ceilings": {"maxPages": 2}}, {"ceilings": {"maxPages": 9}}, "3 pages are more than 2"),
        ({"ceilings": {"maxBodyBytes": "1Mi"}}, {}, "2097152 bytes are more than 1048576"),
        ({}, {"ceilings": {"minInterval": "721h"}}, ""),
    ],
    ids=["denied host", "no widening of hosts", "pages", "body", "refused policy"],
)
def test_the_tighter_policy_refuses(
    operator: Operator, site: DemoSite, request: pytest.FixtureRequest, cluster: Any, namespaced: Any, words: str
) -> None:
    if not words:
        with pytest.raises(Exception, match="minInterval"):
            operator.apply(policy("default", **namespaced))
        return
    name = f"tight-{request.node.callspec.id.replace(' ', '-')}"
    operator.apply(cluster_policy("default", **cluster))
    operator.apply(policy("default", **namespaced))
    asked = schedule(name, f"{site.url}/api/products", interval="720h")
    asked["spec"]["targets"][0]["http"]["maxBodyBytes"] = "2Mi"
    asked["spec"]["targets"][0]["paginate"] = {"pageParam": {"name": "page"}, "maxPages": 3}
    operator.apply(asked)
    is_stalled = stalled(operator, name)
    until("PolicyDenied", lambda: (is_stalled() or ("", ""))[0] == "PolicyDenied", within=15)
    assert words in (is_stalled() or ("", ""))[1]
    assert site.counts["/api/products"] == 0
    operator.kubectl("delete", "clusterscrapepolicy", "default")
    operator.await_status(name, "condition=Ready")


@pytest.mark.usefixtures("clean")
def test_only_the_cluster_policy_named_default_applies(operator: Operator, site: DemoSite) -> None:
    operator.apply(cluster_policy("other", ceilings={"maxTargets": 1, "minInterval": "700h"}))
    operator.apply(schedule("other", f"{site.url}/api/products", interval="1h"))
    operator.await_status("other", "condition=Ready")
    assert stalled(operator, "other")() is None
