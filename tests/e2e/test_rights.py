"""What the operator's own token is good for: what the chart says, and nothing else."""

import json
from pathlib import Path

import pytest

from tests.dev.site.site import DemoSite
from tests.e2e.process import Operator, schedule

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
    """Give all that an account may do in a namespace, as its own token learns it: (group, resource, verbs)."""
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
