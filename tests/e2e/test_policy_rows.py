"""Rows of the table of policies on a real API server: what the tighter one refuses, and what applies."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest

from tests.dev.site.site import DemoSite
from tests.e2e.process import Operator, schedule, until
from tests.e2e.slots import instant

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
        ({"ceilings": {"maxTargets": 1}}, {"ceilings": {"maxTargets": 9}}, "2 targets are more than 1"),
        ({"ceilings": {"minInterval": "1h"}}, {"ceilings": {"minInterval": "1s"}}, "less than 1h, the minInterval of"),
        ({}, {"ceilings": {"minInterval": "721h"}}, ""),
    ],
    ids=["denied host", "no widening of hosts", "pages", "body", "targets", "interval", "refused policy"],
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
    asked = schedule(name, f"{site.url}/api/products", interval="30m")
    target = asked["spec"]["targets"][0]
    target["http"]["maxBodyBytes"] = "2Mi"
    target["paginate"] = {"pageParam": {"name": "page"}, "maxPages": 3}
    asked["spec"]["targets"].append({**target, "name": "second"})
    operator.apply(asked)
    is_stalled = stalled(operator, name)
    until("PolicyDenied", lambda: (is_stalled() or ("", ""))[0] == "PolicyDenied")
    assert words in (is_stalled() or ("", ""))[1]
    assert site.counts["/api/products"] == 0
    operator.kubectl("delete", "clusterscrapepolicy", "default")
    operator.await_status(name, "condition=Ready")


@dataclass(frozen=True, slots=True)
class Row:
    """What two policies come to: `seen` reads it from the site and the row of the run."""

    id: str
    cluster: Mapping[str, Any]
    namespaced: Mapping[str, Any]
    seen: Callable[[DemoSite, Mapping[str, Any]], object]
    expected: object = True


def agents(site: DemoSite, _run: Mapping[str, Any]) -> object:
    return {request.headers["User-Agent"] for request in site.seen}


def reads_robots(site: DemoSite, _run: Mapping[str, Any]) -> object:
    return site.counts["/robots.txt"] > 0


def pages(site: DemoSite, _run: Mapping[str, Any]) -> object:
    return site.counts["/api/products"]


def reason(_site: DemoSite, run: Mapping[str, Any]) -> object:
    return run["reason"]


def is_paced(_site: DemoSite, run: Mapping[str, Any]) -> object:
    """Whether three pages took two intervals of 300 ms."""
    return instant(run["completed_at"]) - instant(run["started_at"]) >= timedelta(seconds=0.6)


PACE = {"hosts": [{"match": "127.0.0.1", "minInterval": "300ms"}]}
ROWS = [
    Row("inherited user agent", {"userAgent": "A/1"}, {}, agents, {"A/1"}),
    Row("the nearer user agent", {"userAgent": "A/1"}, {"userAgent": "B/1"}, agents, {"B/1"}),
    Row("cluster ignores robots", {"robots": "Ignore"}, {}, reads_robots, expected=False),
    Row("namespace obeys robots", {"robots": "Ignore"}, {"robots": "Obey"}, reads_robots),
    Row("namespace cannot ignore robots", {"robots": "Obey"}, {"robots": "Ignore"}, reads_robots),
    Row("default pages are lowered", {"ceilings": {"maxPages": 2}}, {"ceilings": {"maxPages": 9}}, pages, 2),
    Row("networks are narrowed", {}, {"network": {"allowCIDRs": ["10.0.0.0/8"]}}, reason, "BlockedAddress"),
    Row("pace of the cluster", {**PACE, "ceilings": {"maxPages": 3}}, {}, is_paced),
    Row("pace of the namespace", {"ceilings": {"maxPages": 3}}, PACE, is_paced),
]


@pytest.mark.usefixtures("clean")
@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.id)
def test_the_tighter_value_counts(operator: Operator, site: DemoSite, row: Row) -> None:
    name = f"effective-{row.id.replace(' ', '-')}"
    operator.apply(cluster_policy("default", **row.cluster), policy("default", **row.namespaced))
    asked = schedule(name, f"{site.url}/api/products?perPage=10", interval="720h", timeout="20s")
    asked["spec"]["targets"][0]["paginate"] = {"pageParam": {"name": "page"}}
    operator.apply(asked)
    [run] = until("the run", lambda: operator.ended(name))
    assert run["policy"] == "default"
    assert row.seen(site, run) == row.expected


@pytest.mark.usefixtures("clean")
def test_deleting_a_policy_in_use_stalls_only_who_names_it(operator: Operator, site: DemoSite) -> None:
    operator.apply(policy("default", userAgent="D/1"), policy("shop", userAgent="S/1"))
    url = f"{site.url}/api/products"
    operator.apply(schedule("names-it", url, interval="1s", policyRef={"name": "shop"}))
    operator.apply(schedule("by-default", url, interval="1s"))
    for name, applied in (("names-it", "shop"), ("by-default", "default")):
        operator.await_status(name, "condition=Ready")
        assert operator.get(name)["status"]["policy"] == applied
    operator.kubectl("delete", "scrapepolicy", "shop", "default")
    until("PolicyNotFound", lambda: (stalled(operator, "names-it")() or ("",))[0] == "PolicyNotFound")
    until("no policy", lambda: "policy" not in operator.get("by-default")["status"])
    assert stalled(operator, "by-default")() is None
    runs = len(operator.ended("by-default"))
    until("runs go on", lambda: len(operator.ended("by-default")) > runs)
    operator.apply(policy("shop", userAgent="S/2"))
    operator.await_status("names-it", "condition=Ready")
    until("the policy that came back", lambda: "S/2" in {one.headers["User-Agent"] for one in site.seen})


@pytest.mark.usefixtures("clean")
def test_only_the_cluster_policy_named_default_applies(operator: Operator, site: DemoSite) -> None:
    operator.apply(cluster_policy("other", ceilings={"maxTargets": 1, "minInterval": "700h"}))
    operator.apply(schedule("other", f"{site.url}/api/products", interval="1h"))
    operator.await_status("other", "condition=Ready")
    assert stalled(operator, "other")() is None
