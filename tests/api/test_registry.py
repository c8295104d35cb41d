"""The table of kinds is complete, and everything that follows from it agrees with it."""

from typing import Any, get_args

import pytest

from scrape_operator.api.kinds.registry import KINDS, SCRAPE_SCHEDULE, Kind, Scope, kind_of
from scrape_operator.api.schema.crd import crd_of, crds
from scrape_operator.api.validation import check_kind, parse_as
from tests.api.building import smallest

POLICY_KINDS = [kind for kind in KINDS if kind is not SCRAPE_SCHEDULE]
POLICY_SPEC: dict[str, Any] = {
    "userAgent": "ExampleBot/1.0 (+https://example.org/bot)",
    "robots": "Obey",
    "network": {"allowHosts": ["*.example.org", "*", "[2001:db8::1]"], "denyHosts": [], "allowCIDRs": ["10.20.0.0/16"]},
    "hosts": [
        {"match": "*", "maxConcurrent": 4, "minInterval": "250ms"},
        {"match": "sports.example.com", "maxConcurrent": 15, "minInterval": "0s"},
    ],
    "ceilings": {
        "minInterval": "30s",
        "maxTargets": 16,
        "maxBodyBytes": "20Mi",
        "maxPages": 100,
        "requestsPerDay": 100_000,
        "bytesPerDay": "10Gi",
    },
}


def policy(kind: Kind, spec: object) -> dict[str, Any]:
    return {"apiVersion": kind.api_version, "kind": kind.kind, "metadata": {"name": "default"}, "spec": spec}


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.kind)
def test_the_model_has_the_kinds_identity(kind: Kind):
    for member, value in (("api_version", kind.api_version), ("kind", kind.kind)):
        assert get_args(kind.model.model_fields[member].annotation) == (value,)


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.kind)
def test_the_crd_has_the_kinds_names(kind: Kind):
    crd = crd_of(kind)
    assert crd["metadata"]["name"] == f"{kind.plural}.{kind.group}"
    assert crd["spec"]["scope"] == kind.scope
    assert crd["spec"]["names"]["kind"] == kind.kind
    assert ("subresources" in crd["spec"]["versions"][0]) == (kind.status_model is not None)


def test_every_kind_is_installed():
    assert [crd["spec"]["names"]["kind"] for crd in crds()] == [kind.kind for kind in KINDS]


def test_paths_are_those_of_the_api_server():
    group = "/apis/scrape-operator.dev/v1alpha1"
    assert SCRAPE_SCHEDULE.path() == f"{group}/scrapeschedules"
    assert SCRAPE_SCHEDULE.path("shop") == f"{group}/namespaces/shop/scrapeschedules"
    assert SCRAPE_SCHEDULE.path("shop", "a") == f"{group}/namespaces/shop/scrapeschedules/a"


def test_an_object_of_no_kind_is_named_with_the_known_ones():
    misspelt = smallest() | {"kind": "ScrapeSchedul"}
    assert kind_of(misspelt) is None
    (finding,) = check_kind(misspelt)
    assert finding.path == "kind"
    assert "ScrapeSchedule" in finding.message
    assert check_kind(smallest()) == ()


@pytest.mark.parametrize("kind", POLICY_KINDS, ids=lambda kind: kind.kind)
def test_a_policy_with_every_field_is_right(kind: Kind):
    parsed, findings = parse_as(kind.model, policy(kind, POLICY_SPEC))
    assert findings == ()
    assert parsed is not None


@pytest.mark.parametrize(
    ("spec", "path"),
    [
        pytest.param({"robots": "Maybe"}, "spec.robots", id="robots"),
        pytest.param({"userAgent": "a\nb"}, "spec.userAgent", id="a line break in the user agent"),
        pytest.param({"userAgent": ""}, "spec.userAgent", id="an empty user agent"),
        pytest.param({"network": {"allowHosts": ["a*.example"]}}, "spec.network.allowHosts[0]", id="a star inside"),
        pytest.param({"network": {"denyHosts": ["a", "a"]}}, "spec.network.denyHosts[1]", id="a host twice"),
        pytest.param({"network": {"allowHosts": ["http://a"]}}, "spec.network.allowHosts[0]", id="a URL"),
        pytest.param({"network": {"allowCIDRs": ["10.0.0.1/8"]}}, "spec.network.allowCIDRs[0]", id="host bits"),
        pytest.param({"network": {"allowCIDRs": ["10.0.0.1"]}}, "spec.network.allowCIDRs[0]", id="an address"),
        pytest.param({"network": {"allowCidrs": []}}, "spec.network.allowCidrs", id="another spelling"),
        pytest.param({"hosts": [{"match": "*"}, {"match": "*"}]}, "spec.hosts[1].match", id="a match twice"),
        pytest.param({"hosts": [{"maxConcurrent": 1}]}, "spec.hosts[0].match", id="no match"),
        pytest.param({"hosts": [{"match": "*", "maxConcurrent": 0}]}, "spec.hosts[0].maxConcurrent", id="0 requests"),
        pytest.param({"hosts": [{"match": "*", "minInterval": "2h"}]}, "spec.hosts[0].minInterval", id="2h"),
        pytest.param({"ceilings": {"maxTargets": 65}}, "spec.ceilings.maxTargets", id="65 targets"),
        pytest.param({"ceilings": {"minInterval": "0s"}}, "spec.ceilings.minInterval", id="no interval"),
        pytest.param({"ceilings": {"requestsPerDay": 0}}, "spec.ceilings.requestsPerDay", id="no requests"),
        pytest.param({"ceilings": {"bytesPerDay": "-1"}}, "spec.ceilings.bytesPerDay", id="negative bytes"),
    ],
)
@pytest.mark.parametrize("kind", POLICY_KINDS, ids=lambda kind: kind.kind)
def test_a_wrong_policy_names_the_field(kind: Kind, spec: dict[str, Any], path: str):
    assert [finding.path for finding in parse_as(kind.model, policy(kind, spec))[1]] == [path]


def test_a_kind_of_the_whole_cluster_has_no_namespaced_role():
    assert all(kind.writers is None for kind in KINDS if kind.scope is Scope.CLUSTER)
