"""The hosts that every run requests, which a policy must allow before a schedule runs."""

import pytest

from scrape_operator.api.kinds.policy import ScrapePolicySpec
from scrape_operator.core.runs.reasons import Reason
from scrape_operator.planning.policies import NO_POLICIES
from scrape_operator.planning.schedule import validate
from tests.api.building import changed

QUOTES = NO_POLICIES.with_cluster_policy(
    "default", ScrapePolicySpec.model_validate({"network": {"allowHosts": ["quotes.example"]}})
)


@pytest.mark.parametrize(
    ("token_url", "is_allowed"),
    [
        ("https://quotes.example/token", True),
        ("https://QUOTES.example:8443/{token}", True),
        ("https://login.example/token", False),
        ("https://a.quotes.example/{token}", False),
    ],
)
def test_the_host_of_tokens_must_be_allowed(token_url: str, *, is_allowed: bool):
    auth = {"oauth2": {"tokenURL": token_url, "secretRef": {"name": "client"}}}
    found = [(one.path, one.reason) for one in validate(changed({"targets.0.http.auth": auth}), policies=QUOTES)]
    refused = [("spec.targets[0].http.auth.oauth2.tokenURL", Reason.POLICY_DENIED)]
    assert found == ([] if is_allowed else refused)


def test_each_host_that_is_not_allowed_is_a_finding():
    auth = {"oauth2": {"tokenURL": "https://login.example/token", "secretRef": {"name": "client"}}}
    spec = {"targets.0.http.auth": auth, "targets.0.http.url": "https://other.example/"}
    paths = [one.path for one in validate(changed(spec), policies=QUOTES)]
    assert paths == ["spec.targets[0].http.url", "spec.targets[0].http.auth.oauth2.tokenURL"]
