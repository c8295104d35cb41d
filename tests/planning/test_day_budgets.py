"""Budgets of days in policies: accepted, checked, and known to the plan."""

from scrape_operator.api.kinds.policy import ScrapePolicySpec
from scrape_operator.planning.policies import NO_POLICIES
from scrape_operator.planning.schedule import validate
from tests.planning.test_policies import CLUSTER_REQUESTS, ceiling, compile_with


def test_a_policy_with_a_budget_of_a_day_is_fine_for_lint_and_wrong_ones_are_named() -> None:
    policy = {
        "apiVersion": "scrape-operator.dev/v1alpha1",
        "kind": "ScrapePolicy",
        "metadata": {"name": "shop", "namespace": "default"},
        "spec": ceiling(requestsPerDay=9, bytesPerDay="10Gi"),
    }
    assert validate(policy) == ()
    [finding] = validate({**policy, "spec": ceiling(requestsPerDay=0)})
    assert finding.path == "spec.ceilings.requestsPerDay"


def test_a_plan_knows_its_days_for_the_scheduler() -> None:
    known = NO_POLICIES.with_cluster_policy("default", ScrapePolicySpec.model_validate(ceiling(requestsPerDay=9)))
    assert compile_with(known, {}).day_limits == (CLUSTER_REQUESTS,)
