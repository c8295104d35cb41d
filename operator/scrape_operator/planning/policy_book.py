"""The policies that are in force while a process runs: written by its watch, read when a schedule is compiled."""

from collections.abc import Callable, Sequence

from scrape_operator.api.kinds.policy import HostBudget, ScrapePolicySpec
from scrape_operator.core.net.host_budgets import HostRules
from scrape_operator.planning.policies import Policies, host_rules

Place = tuple[str | None, str]
"""Namespace, None for a cluster-scoped object, and name."""


class PolicyBook:
    """The policies that are in force.

    `on_changed` gets the namespace that a change concerns, None for all of them. `on_host_rules` gets the budgets of
    hosts of the ClusterScrapePolicy, which count for all schedules, also for runs that go on.
    """

    def __init__(self, policies: Policies) -> None:
        self._policies = policies
        self.on_changed: Callable[[str | None], None] = lambda _namespace: None
        self.on_host_rules: Callable[[HostRules], None] = lambda _rules: None

    @property
    def policies(self) -> Policies:
        """All policies that are in force."""
        return self._policies

    def set(self, place: Place, spec: ScrapePolicySpec | None) -> None:
        """Put a policy in force, or end it (None)."""
        namespace, name = place
        before = self._policies
        if namespace is None:
            self.replace(before.with_cluster_policy(name, spec))
            is_changed = before.cluster != self._policies.cluster
        else:
            self.replace(before.with_policy(namespace, name, spec))
            is_changed = before.namespaced.get((namespace, name)) != spec
        if is_changed:
            self.on_changed(namespace)

    def replace(self, policies: Policies) -> None:
        """Replace all policies. The caller has the schedules compiled again."""
        before, self._policies = self._policies, policies
        hosts = _cluster_hosts(policies)
        if hosts != _cluster_hosts(before):
            self.on_host_rules(host_rules(hosts))


def _cluster_hosts(policies: Policies) -> Sequence[HostBudget]:
    return policies.cluster.hosts if policies.cluster is not None else ()
