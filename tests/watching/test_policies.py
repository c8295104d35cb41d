"""Policies come into force as they are written, and only what they concern is compiled again."""

from datetime import timedelta
from typing import Any

import pytest

from scrape_operator.api.kinds.registry import CLUSTER_SCRAPE_POLICY, SCRAPE_POLICY, Kind
from scrape_operator.core.net.host_budgets import HostBudget
from scrape_operator.planning.policies import NO_POLICIES
from scrape_operator.planning.policy_book import PolicyBook
from scrape_operator.watching.policies import PolicyHandler


def policy(kind: Kind, name: str = "default", uid: str = "u1", generation: int = 1, **spec: Any) -> dict[str, Any]:
    place = {} if kind is CLUSTER_SCRAPE_POLICY else {"namespace": "shop"}
    metadata = {"name": name, "uid": uid, "generation": generation, **place}
    return {"apiVersion": kind.api_version, "kind": kind.kind, "metadata": metadata, "spec": spec}


class Bench:
    def __init__(self, kind: Kind) -> None:
        self.kind = kind
        self.book = PolicyBook(NO_POLICIES)
        self.changes: list[str | None] = []
        self.book.on_changed = self.changes.append
        self.handler = PolicyHandler(kind, self.book)

    def agent(self, name: str = "default") -> str | None:
        spec = (
            self.book.policies.cluster
            if self.kind is CLUSTER_SCRAPE_POLICY
            else self.book.policies.namespaced.get(("shop", name))
        )
        return None if spec is None else spec.user_agent

    def apply(self, **facts: Any) -> None:
        self.handler.applied(policy(self.kind, **facts))


@pytest.mark.parametrize(
    ("kind", "concerned"),
    [pytest.param(SCRAPE_POLICY, "shop", id="ScrapePolicy"), pytest.param(CLUSTER_SCRAPE_POLICY, None, id="cluster")],
)
def test_a_policy_is_in_force_from_its_creation_to_its_deletion(kind: Kind, concerned: str | None) -> None:
    bench = Bench(kind)
    bench.apply(userAgent="one")
    assert bench.agent() == "one"
    bench.apply(userAgent="one")
    bench.apply(generation=2, userAgent="two")
    assert bench.agent() == "two"
    bench.handler.removed("u1")
    bench.handler.removed("never seen")
    assert bench.agent() is None
    assert bench.changes == [concerned] * 3


def test_a_change_that_changes_nothing_concerns_nobody() -> None:
    bench = Bench(SCRAPE_POLICY)
    bench.apply(userAgent="one")
    bench.apply(generation=2, userAgent="one")
    assert bench.changes == ["shop"]


def test_only_the_cluster_policy_named_default_counts() -> None:
    bench = Bench(CLUSTER_SCRAPE_POLICY)
    bench.apply(name="other", userAgent="one")
    assert bench.agent() is None
    assert bench.changes == []


def test_one_that_cannot_be_read_leaves_what_was_in_force(caplog: pytest.LogCaptureFixture) -> None:
    bench = Bench(SCRAPE_POLICY)
    bench.apply(userAgent="one")
    bench.apply(generation=2, userAgent=5)
    assert bench.agent() == "one"
    assert [record.levelname for record in caplog.records] == ["ERROR"]


def test_a_policy_that_was_replaced_unseen_stays_in_force_when_the_old_one_is_dropped() -> None:
    bench = Bench(SCRAPE_POLICY)
    bench.apply(userAgent="one")
    bench.apply(uid="u2", userAgent="two")
    bench.handler.removed("u1")
    assert bench.agent() == "two"


def test_a_policy_that_is_being_deleted_is_not_in_force() -> None:
    bench = Bench(SCRAPE_POLICY)
    bench.apply(userAgent="one")
    going = policy(SCRAPE_POLICY, userAgent="one")
    going["metadata"]["deletionTimestamp"] = "2026-11-29T12:00:00Z"
    bench.handler.applied(going)
    assert bench.agent() is None


def test_budgets_of_hosts_of_the_cluster_policy_count_at_once_and_until_its_deletion() -> None:
    bench = Bench(CLUSTER_SCRAPE_POLICY)
    seen: list[HostBudget | None] = []
    bench.book.on_host_rules = lambda rules: seen.append(rules.budget_for("shop.example"))
    bench.apply(hosts=[{"match": "*.example", "maxConcurrent": 2, "minInterval": "1s"}])
    bench.apply(generation=2, userAgent="two", hosts=[{"match": "*.example", "maxConcurrent": 2, "minInterval": "1s"}])
    bench.apply(generation=3, hosts=[{"match": "shop.example", "maxConcurrent": 9}])
    bench.handler.removed("u1")
    assert seen == [HostBudget(2, timedelta(seconds=1)), HostBudget(9), None]
