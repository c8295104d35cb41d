"""What policies come to: cluster x namespace x schedule gives effective values, or a refusal that names the number."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from ipaddress import ip_network
from typing import Any

import pytest

from scrape_operator.api.kinds.policy import ScrapePolicySpec
from scrape_operator.core.net.day_budgets import DayLimit, Unit
from scrape_operator.core.net.host_budgets import HostBudget
from scrape_operator.core.runs.reasons import Reason
from scrape_operator.core.schedule.plan import SchedulePlan
from scrape_operator.planning.plans import HTTPTargetPlan, RunPlan
from scrape_operator.planning.policies import NO_POLICIES, Policies
from scrape_operator.planning.schedule import compile_schedule, validate
from tests.api.building import changed, smallest

SETTINGS = frozenset({ip_network("10.0.0.0/8")})
TARGET = smallest()["spec"]["targets"][0]
PAGES = {"pageParam": {"name": "page"}}
CLUSTER, SHOP = "ClusterScrapePolicy default", "ScrapePolicy shop"
FIVE_MINUTES = timedelta(minutes=5)


def ceiling(**values: Any) -> dict[str, Any]:
    return {"ceilings": values}


def network(**values: Any) -> dict[str, Any]:
    return {"network": values}


def day_limit(unit: Unit, limit: int) -> DayLimit:
    return DayLimit("ScrapePolicy/default/shop", SHOP, unit, limit)


CLUSTER_REQUESTS = DayLimit("ClusterScrapePolicy/default", CLUSTER, Unit.REQUESTS, 9)
SHOP_REQUESTS = day_limit(Unit.REQUESTS, 12)


def targets(count: int) -> dict[str, Any]:
    return {"targets": [{**TARGET, "name": f"t{number}"} for number in range(count)]}


@dataclass
class Case:
    """`expected` is what the plan shows; `refused` is the path, and the words, of the only finding."""

    id: str
    cluster: Mapping[str, Any] | None = None
    shop: Mapping[str, Any] | None = None
    spec: Mapping[str, Any] = field(default_factory=dict)
    expected: Mapping[str, Any] = field(default_factory=dict)
    refused: tuple[str, str] | None = None


def shown(plan: SchedulePlan) -> dict[str, Any]:
    run = plan.work
    assert isinstance(run, RunPlan), plan.findings
    target = run.targets[0]
    assert isinstance(target, HTTPTargetPlan)
    fetch = run.policy
    return {
        "policy": plan.policy,
        "user_agent": fetch.user_agent,
        "obey": fetch.obey_robots,
        "hosts": {host: fetch.allows_host(host) for host in ("quotes.example", "other.example", "a.quotes.example")},
        "networks": None if fetch.networks is None else sorted(map(str, fetch.networks)),
        "budget": fetch.budgets.budget_for("quotes.example"),
        "scope": fetch.scope,
        "body": target.request.request.max_body_bytes,
        "pages": target.pagination.max_pages if target.pagination else None,
        "day": fetch.day_limits,
    }


ANY_HOST = {"quotes.example": True, "other.example": True, "a.quotes.example": True}
ONLY_QUOTES = {"quotes.example": True, "other.example": False, "a.quotes.example": False}

CASES = [
    # ---- which policy applies
    Case("none", expected={"policy": None, "networks": None, "hosts": ANY_HOST, "obey": True, "day": ()}),
    Case("cluster alone", {}, expected={"policy": "cluster/default", "networks": ["10.0.0.0/8"]}),
    Case("shop alone", None, {}, expected={"policy": "shop", "networks": ["10.0.0.0/8"]}),
    Case("both", {}, {}, expected={"policy": "shop"}),
    # ---- user agent
    Case("user agent of the cluster", {"userAgent": "A/1"}, expected={"user_agent": "A/1"}),
    Case("user agent of the namespace", None, {"userAgent": "B/1"}, expected={"user_agent": "B/1"}),
    Case("the nearer user agent", {"userAgent": "A/1"}, {"userAgent": "B/1"}, expected={"user_agent": "B/1"}),
    Case("inherited user agent", {"userAgent": "A/1"}, {}, expected={"user_agent": "A/1"}),
    # ---- robots
    Case("robots of no policy", {}, {}, expected={"obey": True}),
    Case("cluster ignores", {"robots": "Ignore"}, expected={"obey": False}),
    Case("cluster ignores, shop says nothing", {"robots": "Ignore"}, {}, expected={"obey": False}),
    Case("cluster ignores, shop obeys", {"robots": "Ignore"}, {"robots": "Obey"}, expected={"obey": True}),
    Case("cluster obeys, shop can't ignore", {"robots": "Obey"}, {"robots": "Ignore"}, expected={"obey": True}),
    Case("shop ignores", None, {"robots": "Ignore"}, expected={"obey": False}),
    Case("shop ignores, cluster says nothing", {}, {"robots": "Ignore"}, expected={"obey": False}),
    Case("both ignore", {"robots": "Ignore"}, {"robots": "Ignore"}, expected={"obey": False}),
    # ---- hosts
    Case("allowed by the cluster", network(allowHosts=["quotes.example"]), expected={"hosts": ONLY_QUOTES}),
    Case("allowed by the namespace", None, network(allowHosts=["QUOTES.example"]), expected={"hosts": ONLY_QUOTES}),
    Case(
        "allowed by both",
        network(allowHosts=["quotes.example", "other.example"]),
        network(allowHosts=["quotes.example", "*.quotes.example"]),
        expected={"hosts": ONLY_QUOTES},
    ),
    Case("an empty list allows all", network(allowHosts=[]), network(allowHosts=[]), expected={"hosts": ANY_HOST}),
    Case(
        "denied beats allowed",
        network(allowHosts=["*"], denyHosts=["other.example", "a.quotes.example"]),
        expected={"hosts": ONLY_QUOTES},
    ),
    Case(
        "denied by either",
        network(denyHosts=["other.example"]),
        network(denyHosts=["*.quotes.example"]),
        expected={"hosts": ONLY_QUOTES},
    ),
    Case(
        "not allowed by the cluster",
        network(allowHosts=["other.example"]),
        refused=("spec.targets[0].http.url", "quotes.example is not allowed"),
    ),
    Case(
        "the namespace can't widen",
        network(allowHosts=["other.example"]),
        network(allowHosts=["quotes.example"]),
        refused=("spec.targets[0].http.url", "quotes.example"),
    ),
    Case("denied", None, network(denyHosts=["*"]), refused=("spec.targets[0].http.url", "quotes.example")),
    Case(
        "denied, though allowed by the namespace",
        network(denyHosts=["quotes.example"]),
        network(allowHosts=["quotes.example"]),
        refused=("spec.targets[0].http.url", "quotes.example"),
    ),
    Case(
        "a suffix does not match the name itself",
        network(allowHosts=["*.quotes.example"]),
        refused=("spec.targets[0].http.url", "quotes.example"),
    ),
    Case(
        "a host of the due time is left to the run",
        network(allowHosts=["quotes.example"]),
        None,
        {"targets.0.http.url": "https://x{scheduledFor:%Y}.example/"},
    ),
    Case(
        "a path of the due time is no host",
        network(allowHosts=["quotes.example"]),
        None,
        {"targets.0.http.url": "https://quotes.example/{scheduledFor:%Y}"},
    ),
    Case(
        "a path of the due time hides no host",
        network(allowHosts=["quotes.example"]),
        None,
        {"targets.0.http.url": "https://other.example/{scheduledFor:%Y}"},
        refused=("spec.targets[0].http.url", "other.example"),
    ),
    # ---- networks
    Case(
        "the cluster adds",
        network(allowCIDRs=["192.168.0.0/16"]),
        expected={"networks": ["10.0.0.0/8", "192.168.0.0/16"]},
    ),
    Case("the namespace can't add", None, network(allowCIDRs=["192.168.0.0/16"]), expected={"networks": []}),
    Case(
        "the namespace narrows the settings",
        None,
        network(allowCIDRs=["10.20.0.0/16"]),
        expected={"networks": ["10.20.0.0/16"]},
    ),
    Case(
        "a wider network narrows nothing",
        None,
        network(allowCIDRs=["0.0.0.0/0"]),
        expected={"networks": ["10.0.0.0/8"]},
    ),
    Case(
        "the namespace narrows the cluster",
        network(allowCIDRs=["192.168.0.0/16"]),
        network(allowCIDRs=["192.168.7.0/24", "172.16.0.0/12"]),
        expected={"networks": ["192.168.7.0/24"]},
    ),
    Case(
        "families are apart",
        network(allowCIDRs=["fd00::/8"]),
        network(allowCIDRs=["fd00:1::/32"]),
        expected={"networks": ["fd00:1::/32"]},
    ),
    # ---- budgets
    Case("no budget", {}, {}, expected={"budget": None, "scope": ""}),
    Case(
        "a budget of the namespace",
        None,
        {"hosts": [{"match": "quotes.example", "maxConcurrent": 2, "minInterval": "1s"}]},
        expected={"budget": HostBudget(2, timedelta(seconds=1)), "scope": "default/shop"},
    ),
    Case(
        "a pace alone",
        None,
        {"hosts": [{"match": "*", "minInterval": "1s"}]},
        expected={"budget": HostBudget(4, timedelta(seconds=1))},
    ),
    Case("no pace", None, {"hosts": [{"match": "*", "maxConcurrent": 9}]}, expected={"budget": HostBudget(9)}),
    Case(
        "the most specific match",
        None,
        {"hosts": [{"match": "*", "maxConcurrent": 1}, {"match": "quotes.example", "maxConcurrent": 3}]},
        expected={"budget": HostBudget(3)},
    ),
    Case(
        "budgets of the cluster are the fetcher's",
        {"hosts": [{"match": "*", "maxConcurrent": 1}]},
        expected={"budget": None, "scope": ""},
    ),
    # ---- ceilings
    Case("an interval as allowed", ceiling(minInterval="30s"), None, {"interval": "30s"}),
    Case(
        "too short an interval",
        ceiling(minInterval="30s"),
        None,
        {"interval": "29s"},
        refused=("spec.interval", f"29s between two runs is less than 30s, the minInterval of {CLUSTER}"),
    ),
    Case(
        "the longer interval counts",
        ceiling(minInterval="30s"),
        ceiling(minInterval="1m"),
        {"interval": "45s"},
        refused=("spec.interval", f"less than 1m, the minInterval of {SHOP}"),
    ),
    Case(
        "the namespace can't shorten",
        ceiling(minInterval="1m"),
        ceiling(minInterval="1s"),
        {"interval": "45s"},
        refused=("spec.interval", f"less than 1m, the minInterval of {CLUSTER}"),
    ),
    Case("the default interval is too short", ceiling(minInterval="6m"), refused=("spec.interval", "5m between")),
    Case("cron as allowed", ceiling(minInterval="15m"), None, {"schedules": ["*/15 * * * *"]}),
    Case(
        "cron too often",
        ceiling(minInterval="30m"),
        None,
        {"schedules": ["*/15 * * * *"]},
        refused=("spec.schedules", "15m between two runs is less than 30m"),
    ),
    Case(
        "two expressions too close",
        None,
        ceiling(minInterval="30m"),
        {"schedules": ["0 * * * *", "10 8 * * *"]},
        refused=("spec.schedules", "10m between"),
    ),
    Case("cron of one day", ceiling(minInterval="720h"), None, {"schedules": ["0 0 1 1 *"]}),
    Case("targets as allowed", ceiling(maxTargets=2), None, targets(2)),
    Case(
        "too many targets",
        ceiling(maxTargets=3),
        ceiling(maxTargets=2),
        targets(3),
        refused=("spec.targets", f"3 targets are more than 2, the maxTargets of {SHOP}"),
    ),
    Case(
        "the namespace can't raise",
        ceiling(maxTargets=2),
        ceiling(maxTargets=9),
        targets(3),
        refused=("spec.targets", f"maxTargets of {CLUSTER}"),
    ),
    Case(
        "a body as allowed",
        ceiling(maxBodyBytes="1Mi"),
        None,
        {"targets.0.http.maxBodyBytes": "1Mi"},
        expected={"body": 2**20},
    ),
    Case(
        "too large a body",
        ceiling(maxBodyBytes="1Mi"),
        None,
        {"targets.0.http.maxBodyBytes": 2**20 + 1},
        refused=(
            "spec.targets[0].http.maxBodyBytes",
            f"1048577 bytes are more than 1048576, the maxBodyBytes of {CLUSTER}",
        ),
    ),
    Case(
        "a default body is lowered", ceiling(maxBodyBytes="2Mi"), ceiling(maxBodyBytes="1Mi"), expected={"body": 2**20}
    ),
    Case("a default body below the ceiling", ceiling(maxBodyBytes="1Gi"), expected={"body": 10 * 2**20}),
    Case(
        "pages as allowed",
        ceiling(maxPages=5),
        None,
        {"targets.0.paginate": {**PAGES, "maxPages": 5}},
        expected={"pages": 5},
    ),
    Case(
        "too many pages",
        ceiling(maxPages=5),
        None,
        {"targets.0.paginate": {**PAGES, "maxPages": 6}},
        refused=("spec.targets[0].paginate.maxPages", "6 pages are more than 5"),
    ),
    Case("default pages are lowered", None, ceiling(maxPages=5), {"targets.0.paginate": PAGES}, expected={"pages": 5}),
    Case("no pages", None, ceiling(maxPages=5), expected={"pages": None}),
    # ---- days
    Case("requests of a day", ceiling(requestsPerDay=9), expected={"day": (CLUSTER_REQUESTS,)}),
    Case(
        "both days count",
        ceiling(requestsPerDay=9),
        ceiling(bytesPerDay="1Ki", requestsPerDay=12),
        expected={"day": (CLUSTER_REQUESTS, day_limit(Unit.REQUESTS, 12), day_limit(Unit.BYTES, 1024))},
    ),
    Case("a day of the namespace alone", None, ceiling(requestsPerDay=12), expected={"day": (SHOP_REQUESTS,)}),
    Case(
        "a larger day of the namespace counts beside",
        ceiling(requestsPerDay=9),
        ceiling(requestsPerDay=12),
        expected={"day": (CLUSTER_REQUESTS, SHOP_REQUESTS)},
    ),
    Case("other ceilings are no day budget", ceiling(maxPages=1), expected={"day": ()}),
]


def policies(case: Case) -> Policies:
    known = Policies(networks=SETTINGS)
    if case.cluster is not None:
        known = known.with_cluster_policy("default", ScrapePolicySpec.model_validate(case.cluster))
    if case.shop is not None:
        known = known.with_policy("default", "shop", ScrapePolicySpec.model_validate(case.shop))
    return known


def compile_with(known: Policies, changes: Mapping[str, Any]) -> SchedulePlan:
    obj = changed(changes)
    obj["metadata"] |= {"uid": "uid", "generation": 1}
    return compile_schedule(obj, FIVE_MINUTES, known)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_the_tighter_value_counts(case: Case) -> None:
    reference = {"policyRef": {"name": "shop"}} if case.shop is not None else {}
    plan = compile_with(policies(case), {**case.spec, **reference})
    if case.refused is None:
        assert plan.findings == ()
        effective = shown(plan)
        assert {name: effective[name] for name in case.expected} == case.expected
    else:
        path, words = case.refused
        [finding] = plan.findings
        assert (finding.path, finding.reason) == (path, Reason.POLICY_DENIED)
        assert words in finding.message
        assert (plan.due_times, plan.work, plan.stall_reason) == (None, None, Reason.POLICY_DENIED)


def test_there_are_as_many_rows_as_promised() -> None:
    assert len(CASES) >= 60


def test_a_policy_that_is_not_there_stalls_only_who_names_it() -> None:
    named = compile_with(NO_POLICIES, {"policyRef": {"name": "shop"}})
    assert [(finding.path, finding.reason) for finding in named.findings] == [
        ("spec.policyRef.name", Reason.POLICY_NOT_FOUND)
    ]
    assert "ScrapePolicy shop is not found in namespace default" in named.findings[0].message
    assert compile_with(NO_POLICIES, {}).findings == ()


def test_without_a_reference_the_policy_named_default_applies() -> None:
    spec = ScrapePolicySpec.model_validate({"userAgent": "D/1"})
    known = NO_POLICIES.with_policy("default", "default", spec)
    assert shown(compile_with(known, {}))["user_agent"] == "D/1"
    assert compile_with(known, {}).policy == "default"
    elsewhere = NO_POLICIES.with_policy("elsewhere", "default", spec)
    assert compile_with(elsewhere, {}).policy is None


def test_policies_come_and_go() -> None:
    spec = ScrapePolicySpec.model_validate(ceiling(minInterval="1h"))
    known = NO_POLICIES.with_policy("default", "default", spec).with_cluster_policy("default", spec)
    assert compile_with(known, {}).is_stalled
    assert compile_with(known.with_policy("default", "default", None), {}).is_stalled
    gone = known.with_policy("default", "default", None).with_cluster_policy("default", None)
    assert not compile_with(gone, {}).is_stalled
    assert known.with_cluster_policy("other", None) is known


def test_lint_says_what_the_controller_says() -> None:
    known = NO_POLICIES.with_cluster_policy("default", ScrapePolicySpec.model_validate(ceiling(maxTargets=1)))
    assert validate(changed(targets(2)), FIVE_MINUTES, known) == compile_with(known, targets(2)).findings
