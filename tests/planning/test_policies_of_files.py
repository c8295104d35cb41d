"""The policies of files apply to the schedules of files; others may be in a cluster."""

from typing import Any

import pytest

from scrape_operator.core.runs.reasons import Reason
from scrape_operator.planning.policies import NO_POLICIES, policies_of
from scrape_operator.planning.schedule import validate
from tests.api.building import changed


def policy(kind: str = "ScrapePolicy", name: str = "shop", **spec: Any) -> dict[str, Any]:
    return {"apiVersion": "scrape-operator.dev/v1alpha1", "kind": kind, "metadata": {"name": name}, "spec": spec}


REFERRING = changed({"policyRef": {"name": "shop"}, "interval": "1m"})


def test_a_policy_that_is_not_in_the_files_may_be_in_the_cluster():
    assert validate(REFERRING, policies=policies_of([])) == ()
    (finding,) = validate(REFERRING, policies=NO_POLICIES)
    assert finding.reason is Reason.POLICY_NOT_FOUND


@pytest.mark.parametrize(
    "limiting",
    [
        policy(ceilings={"minInterval": "5m"}),
        policy("ClusterScrapePolicy", "default", ceilings={"minInterval": "5m"}),
    ],
    ids=lambda obj: obj["kind"],
)
def test_a_policy_of_the_files_limits_their_schedules(limiting: dict[str, Any]):
    (finding,) = validate(REFERRING, policies=policies_of([limiting]))
    assert finding.reason is Reason.POLICY_DENIED


def test_a_wrong_policy_is_left_out():
    assert policies_of([policy(ceilings={"minInterval": "5 minutes"}), {"kind": "ConfigMap"}]).namespaced == {}
