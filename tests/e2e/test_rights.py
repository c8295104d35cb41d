"""What the operator's own token is good for: what the chart says, and nothing else."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.dev.site.members import TOKEN
from tests.dev.site.site import DemoSite
from tests.e2e.process import CHART, Operator, schedule

pytestmark = pytest.mark.cluster

GROUP = "scrape-operator.dev"
EVERYWHERE = {(GROUP, "clusterscrapepolicies", ("get", "list", "watch"))}
ALLOWED = EVERYWHERE | {
    (GROUP, "scrapeschedules", ("get", "list", "watch")),
    (GROUP, "scrapeschedules/status", ("get", "patch")),
    (GROUP, "scrapepolicies", ("get", "list", "watch")),
    ("events.k8s.io", "events", ("create", "patch")),
    ("", "secrets", ("get",)),
}
SKUS = {"items": {"jmespath": "data[*]"}, "fields": [{"name": "sku", "jmespath": "sku"}]}
REFUSED = (
    ("get", "secrets"),
    ("get", "configmaps"),
    ("get", "events"),
    ("get", "leases"),
    ("get", "scs", "--namespace=default"),
    ("get", "scs", "--all-namespaces"),
    ("get", "crds"),
    ("annotate", "scs", "own", "a=b"),
    ("patch", "scs", "own", "--type=merge", '--patch={"spec":{"suspend":true}}'),
    ("patch", "scs", "own", "--type=merge", '--patch={"metadata":{"finalizers":["a.example/b"]}}'),
    ("delete", "scs", "own"),
    ("create", "serviceaccount", "other"),
)


def rules(operator: Operator, kubeconfig: Path, namespace: str) -> set[tuple[str, str, tuple[str, ...]]]:
    """Return all that an account may do in a namespace, as its own token learns it: (group, resource, verbs)."""
    review = {
        "apiVersion": "authorization.k8s.io/v1",
        "kind": "SelfSubjectRulesReview",
        "spec": {"namespace": namespace},
    }
    words = (f"--kubeconfig={kubeconfig}", "create", "-f", "-", "-o", "json", "--validate=false")
    status = json.loads(operator.kubectl(*words, input=json.dumps(review)))["status"]
    found = [
        (group, name, rule)
        for rule in status["resourceRules"]
        for group in rule["apiGroups"]
        for name in rule["resources"]
    ]
    found += [("", url, rule) for rule in status["nonResourceRules"] for url in rule["nonResourceURLs"]]
    return {(group, name, tuple(sorted(rule["verbs"]))) for group, name, rule in found}


def test_its_token_may_do_what_the_chart_says_and_no_more(operator: Operator) -> None:
    operator.kubectl("create", "serviceaccount", "nobody")
    nobody = operator.cluster.kubeconfig_of(operator.namespace, "nobody")
    everybodys = rules(operator, nobody, operator.namespace)
    assert rules(operator, operator.kubeconfig, operator.namespace) - everybodys == ALLOWED
    elsewhere = rules(operator, operator.kubeconfig, "default") - rules(operator, nobody, "default")
    assert elsewhere == EVERYWHERE


def test_what_it_does_not_need_is_refused(operator: Operator, site: DemoSite) -> None:
    operator.apply(schedule("own", f"{site.url}/api/prices", interval="720h"))
    operator.await_status("own", "condition=Ready")
    before = operator.get("own")["spec"]
    for command in REFUSED:
        answer = operator.kubectl(f"--kubeconfig={operator.kubeconfig}", *command, check=False)
        assert "is forbidden: User" in answer, command
    after = operator.get("own")
    assert after["spec"] == before
    assert "finalizers" not in after["metadata"]


def test_secrets_are_read_as_the_chart_allows_and_a_right_that_comes_heals(
    start_operator: Callable[..., Operator], site: DemoSite
) -> None:
    operator = start_operator()
    allow_secrets(operator, "names", "members")
    for name in ("members", "other"):
        operator.kubectl("create", "secret", "generic", name, f"--from-literal=token={TOKEN}")
        obj = schedule(name, f"{site.url}/members/bearer", interval="720h", extract=SKUS)
        obj["spec"]["targets"][0]["http"]["auth"] = {"bearer": {"secretKeyRef": {"name": name, "key": "token"}}}
        operator.apply(obj)
    operator.await_status("members", "condition=SecretsResolved")
    operator.await_status("other", "condition=SecretsResolved=False")
    refused = operator.condition("other", "Stalled")
    assert (refused["status"], refused["reason"]) == ("True", "SecretNotFound")
    assert f"Secret {operator.namespace}/other must not be read by the operator" in refused["message"]
    assert "secrets.allow" in refused["message"]
    allow_secrets(operator, "namespace")
    operator.await_status("other", "condition=Ready", seconds=60)
    assert operator.condition("other", "SecretsResolved")["status"] == "True"


def allow_secrets(operator: Operator, allow: str, *names: str) -> None:
    """Change the chart's rights while the operator runs."""
    operator.cluster.helm(
        "upgrade", "scrape-operator", str(CHART), "--namespace", operator.namespace, "--reuse-values",
        "--set-json", f"secrets={json.dumps({'allow': allow, 'names': names})}",
    )  # fmt: skip
