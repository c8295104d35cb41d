"""The policies that are in force while a process runs: written by its watch, read when a schedule is compiled."""

from collections.abc import Callable

from scrape_operator.api.kinds.policy import ScrapePolicySpec
from scrape_operator.planning.policies import Policies

Place = tuple[str | None, str]
"""Namespace, None for a cluster-scoped object, and name."""


class PolicyBook:
    """The policies that are in force. `on_changed` gets the namespace that a change concerns, None for all of them."""

    def __init__(self, policies: Policies) -> None:
        self.policies = policies
        self.on_changed: Callable[[str | None], None] = lambda _namespace: None

    def set(self, place: Place, spec: ScrapePolicySpec | None) -> None:
        """Put a policy in force, or end it (None)."""
        namespace, name = place
        before = self.policies
        if namespace is None:
            self.policies = before.with_cluster_policy(name, spec)
            is_changed = before.cluster != self.policies.cluster
        else:
            self.policies = before.with_policy(namespace, name, spec)
            is_changed = before.namespaced.get((namespace, name)) != spec
        if is_changed:
            self.on_changed(namespace)
