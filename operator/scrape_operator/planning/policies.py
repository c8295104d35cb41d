"""Which policies apply to a schedule, and what they come to together.

Two policies can apply: the ClusterScrapePolicy named default, and one ScrapePolicy of the schedule's namespace. The
tighter value of both counts for each field.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from ipaddress import ip_network
from types import MappingProxyType
from typing import Any, Generic, TypeVar

from scrape_operator.api.kinds.policy import (
    Ceilings,
    ClusterScrapePolicy,
    NetworkPolicy,
    Robots,
    ScrapePolicy,
    ScrapePolicySpec,
)
from scrape_operator.api.kinds.policy import HostBudget as BudgetSpec
from scrape_operator.api.kinds.registry import CLUSTER_SCRAPE_POLICY, SCRAPE_POLICY, kind_of
from scrape_operator.api.validation import parse_as
from scrape_operator.core.findings import Finding
from scrape_operator.core.net.addresses import Network
from scrape_operator.core.net.day_budgets import DayLimit, Unit
from scrape_operator.core.net.host_budgets import HostBudget, HostRules
from scrape_operator.core.net.policy import DEFAULT_POLICY, FetchPolicy
from scrape_operator.core.runs.reasons import Reason

DEFAULT_NAME = "default"
CLUSTER_POLICY = f"ClusterScrapePolicy {DEFAULT_NAME}"
DEFAULT_MAX_CONCURRENT = 4
"""Requests at the same time to a host whose budget gives only a pace."""

Value = TypeVar("Value", int, timedelta)

_NOTHING = ScrapePolicySpec()


@dataclass(frozen=True, slots=True)
class Policies:
    """All policies that are known.

    Attributes:
        networks: The networks that the operator's settings allow beside the internet.
        is_complete: Whether a policy that is not here does not exist. It is false for the policies of files, as others
            may be in the cluster.

    """

    cluster: ScrapePolicySpec | None = None
    namespaced: Mapping[tuple[str, str], ScrapePolicySpec] = field(default_factory=lambda: MappingProxyType({}))
    networks: frozenset[Network] = frozenset()
    is_complete: bool = True

    def with_cluster_policy(self, name: str, spec: ScrapePolicySpec | None) -> "Policies":
        """Return the policies after a ClusterScrapePolicy was written, or deleted (None). Only one name applies."""
        return replace(self, cluster=spec) if name == DEFAULT_NAME else self

    def with_policy(self, namespace: str, name: str, spec: ScrapePolicySpec | None) -> "Policies":
        """Return the policies after a ScrapePolicy was written, or deleted (None)."""
        others = {key: known for key, known in self.namespaced.items() if key != (namespace, name)}
        return replace(self, namespaced=others if spec is None else {**others, (namespace, name): spec})


NO_POLICIES = Policies()


def policies_of(objects: Iterable[Mapping[str, Any]], networks: Iterable[Network] = ()) -> Policies:
    """Return the policies among the objects of files. Policies with findings are left out.

    Args:
        objects: The objects of the files, of any kind.
        networks: The networks that the operator's settings allow.

    """
    policies = Policies(networks=frozenset(networks), is_complete=False)
    for obj in objects:
        if kind_of(obj) is CLUSTER_SCRAPE_POLICY:
            cluster_policy, findings = parse_as(ClusterScrapePolicy, obj)
            if cluster_policy is not None and not findings:
                policies = policies.with_cluster_policy(cluster_policy.metadata.name, cluster_policy.spec)
        elif kind_of(obj) is SCRAPE_POLICY:
            policy, findings = parse_as(ScrapePolicy, obj)
            if policy is not None and not findings:
                policies = policies.with_policy(policy.metadata.namespace, policy.metadata.name, policy.spec)
    return policies


@dataclass(frozen=True, slots=True)
class Ceiling(Generic[Value]):
    """The tightest limit for one value, and the policy that sets it."""

    value: Value
    policy: str


@dataclass(frozen=True, slots=True)
class EffectivePolicy:
    """What counts for one schedule. `name` is shown in its status; None if no policy applies."""

    name: str | None
    fetch: FetchPolicy
    min_interval: Ceiling[timedelta] | None = None
    max_targets: Ceiling[int] | None = None
    max_body_bytes: Ceiling[int] | None = None
    max_pages: Ceiling[int] | None = None


NO_POLICY = EffectivePolicy(None, DEFAULT_POLICY)


def find_policy(policies: Policies, namespace: str, reference: str | None) -> EffectivePolicy | Finding:
    """Return what counts for a schedule in `namespace` whose policyRef is `reference`, or why nothing can."""
    name = reference or DEFAULT_NAME
    spec = policies.namespaced.get((namespace, name))
    if spec is None and reference is not None and policies.is_complete:
        message = f"ScrapePolicy {name} is not found in namespace {namespace}: create it, or remove policyRef"
        return Finding("spec.policyRef.name", message, Reason.POLICY_NOT_FOUND)
    return combine(policies.cluster, spec, policies.networks, scope=f"{namespace}/{name}")


def combine(
    cluster: ScrapePolicySpec | None, namespaced: ScrapePolicySpec | None, networks: frozenset[Network], *, scope: str
) -> EffectivePolicy:
    """Return the tighter values of both policies; `scope` is the namespace and name of the second one."""
    name = scope.partition("/")[2]
    named = [(CLUSTER_POLICY, cluster), (f"ScrapePolicy {name}", namespaced)]
    applied = [(who, spec) for who, spec in named if spec is not None]
    if not applied:
        return NO_POLICY
    return EffectivePolicy(
        name=f"cluster/{DEFAULT_NAME}" if namespaced is None else name,
        fetch=replace(
            _fetch_policy(cluster or _NOTHING, namespaced or _NOTHING, networks, scope),
            day_limits=(*_cluster_day_limits(cluster or _NOTHING), *_day_limits(namespaced or _NOTHING, scope)),
        ),
        min_interval=max(_ceilings(applied, lambda ceilings: ceilings.min_interval), key=_value_of, default=None),
        max_targets=min(_ceilings(applied, lambda ceilings: ceilings.max_targets), key=_value_of, default=None),
        max_body_bytes=min(_ceilings(applied, lambda ceilings: ceilings.max_body_bytes), key=_value_of, default=None),
        max_pages=min(_ceilings(applied, lambda ceilings: ceilings.max_pages), key=_value_of, default=None),
    )


def _fetch_policy(
    cluster: ScrapePolicySpec, namespaced: ScrapePolicySpec, networks: frozenset[Network], scope: str
) -> FetchPolicy:
    both = [spec.network or NetworkPolicy() for spec in (cluster, namespaced)]
    return FetchPolicy(
        user_agent=namespaced.user_agent or cluster.user_agent,
        obey_robots=Robots.OBEY in {cluster.robots, namespaced.robots} or not (cluster.robots or namespaced.robots),
        allow_hosts=tuple(_lowered(network.allow_hosts) for network in both if network.allow_hosts),
        deny_hosts=_lowered(host for network in both for host in network.deny_hosts),
        networks=_narrowed(networks | _parsed(both[0].allow_cidrs), _parsed(both[1].allow_cidrs)),
        scope=scope if namespaced.hosts else "",
        budgets=host_rules(namespaced.hosts),
    )


def host_rules(budgets: Iterable[BudgetSpec]) -> HostRules:
    """Return the budgets of one policy as fetching reads them."""
    return HostRules({budget.match: _host_budget(budget) for budget in budgets})


def _host_budget(budget: BudgetSpec) -> HostBudget:
    return HostBudget(budget.max_concurrent or DEFAULT_MAX_CONCURRENT, budget.min_interval or timedelta(0))


def _ceilings(
    applied: Iterable[tuple[str, ScrapePolicySpec]], read: Callable[[Ceilings], Value | None]
) -> list[Ceiling[Value]]:
    values = ((who, read(spec.ceilings or Ceilings())) for who, spec in applied)
    return [Ceiling(value, who) for who, value in values if value is not None]


def _value_of(ceiling: Ceiling[Value]) -> Value:
    return ceiling.value


def _cluster_day_limits(cluster: ScrapePolicySpec) -> tuple[DayLimit, ...]:
    """Return the limits that all schedules of the cluster share."""
    return _limits(cluster.ceilings, f"ClusterScrapePolicy/{DEFAULT_NAME}", CLUSTER_POLICY)


def _day_limits(namespaced: ScrapePolicySpec, scope: str) -> tuple[DayLimit, ...]:
    """Return the limits that the schedules under a ScrapePolicy share; `scope` is its namespace and name."""
    return _limits(namespaced.ceilings, f"ScrapePolicy/{scope}", f"ScrapePolicy {scope.partition('/')[2]}")


def _limits(ceilings: Ceilings | None, key: str, policy: str) -> tuple[DayLimit, ...]:
    if ceilings is None:
        return ()
    limits = ((Unit.REQUESTS, ceilings.requests_per_day), (Unit.BYTES, ceilings.bytes_per_day))
    return tuple(DayLimit(key, policy, unit, limit) for unit, limit in limits if limit is not None)


def _lowered(hosts: Iterable[str]) -> frozenset[str]:
    return frozenset(host.lower() for host in hosts)


def _parsed(networks: Iterable[str]) -> frozenset[Network]:
    return frozenset(ip_network(network) for network in networks)


def _narrowed(allowed: frozenset[Network], narrower: frozenset[Network]) -> frozenset[Network]:
    """Return the parts of `allowed` that lie within `narrower`; all of it if that is empty."""
    if not narrower:
        return allowed
    pairs = ((one, other) for one in allowed for other in narrower if one.version == other.version)
    return frozenset(_smaller(one, other) for one, other in pairs if one.overlaps(other))


def _smaller(one: Network, other: Network) -> Network:
    """Return the network that lies within the other one: networks that overlap are nested."""
    return one if one.prefixlen >= other.prefixlen else other
