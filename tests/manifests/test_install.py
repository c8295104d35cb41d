"""The chart on a real API server: what it takes, and what the operator's account may do then."""

import json
from collections.abc import Iterator

import pytest

from scrape_operator.api.kinds.registry import KINDS
from tests.dev.controlplane.connection import Cluster
from tests.manifests.conftest import CHART

GROUP = "scrape-operator.dev"


@pytest.fixture
def release(control_plane: Cluster, namespace: str) -> Iterator[str]:
    """An installed release; its objects have its namespace's name. CRDs are left to those who need them."""
    control_plane.helm("install", namespace, str(CHART), "--namespace", namespace, "--set", "crds.install=false")
    yield namespace
    control_plane.helm("uninstall", namespace, "--namespace", namespace)


def may(cluster: Cluster, namespace: str, account: str, verb: str, resource: str) -> bool:
    """Ask the API server whether an account may do something; `resource` is group/name or group/name/subresource."""
    group, name, *subresource = resource.split("/")
    attributes = {
        "namespace": namespace,
        "verb": verb,
        "group": group,
        "resource": name,
        "subresource": "/".join(subresource),
    }
    review = {
        "apiVersion": "authorization.k8s.io/v1",
        "kind": "SubjectAccessReview",
        "spec": {"user": f"system:serviceaccount:{account}", "resourceAttributes": attributes},
    }
    answer = json.loads(cluster.kubectl("create", "-f", "-", "-o", "json", input=json.dumps(review)))
    return bool(answer["status"]["allowed"])


def rules(cluster: Cluster, namespace: str, account: str) -> set[tuple[str, str, tuple[str, ...]]]:
    """Return all that an account may do in a namespace, as (group, resource, verbs)."""
    review = {
        "apiVersion": "authorization.k8s.io/v1",
        "kind": "SelfSubjectRulesReview",
        "spec": {"namespace": namespace},
    }
    words = ("create", "-f", "-", "-o", "json", "--validate=false", f"--as=system:serviceaccount:{account}")
    answer = json.loads(cluster.kubectl(*words, input=json.dumps(review)))
    return {
        (group, resource, tuple(sorted(rule["verbs"])))
        for rule in answer["status"]["resourceRules"]
        for group in rule["apiGroups"]
        for resource in rule["resources"]
    }


def becomes_allowed(cluster: Cluster, namespace: str, account: str, verb: str, resource: str) -> bool:
    """Ask until it is allowed: the API server reads new roles and bindings a moment after they are written."""
    return any(may(cluster, namespace, account, verb, resource) for _ in range(100))


def test_the_api_server_takes_every_object(control_plane: Cluster, release: str) -> None:
    status = json.loads(control_plane.helm("status", release, "--namespace", release, "--output", "json"))
    assert status["info"]["status"] == "deployed"


def test_an_upgrade_to_postgresql_is_taken(control_plane: Cluster, release: str) -> None:
    control_plane.helm(
        "upgrade",
        release,
        str(CHART),
        "--namespace",
        release,
        "--set",
        "crds.install=false,database.existingSecret=pg",
    )
    deployment = json.loads(control_plane.kubectl("-n", release, "get", "deployments", "-o", "json"))["items"][0]
    assert deployment["spec"]["template"]["spec"]["initContainers"][0]["args"] == ["migrate"]


def test_uninstalling_leaves_the_data(control_plane: Cluster, namespace: str) -> None:
    control_plane.helm("install", namespace, str(CHART), "--namespace", namespace, "--set", "crds.install=false")
    control_plane.helm("uninstall", namespace, "--namespace", namespace)
    kept = json.loads(control_plane.kubectl("-n", namespace, "get", "pvc,deployments,services", "-o", "json"))["items"]
    assert [document["kind"] for document in kept] == ["PersistentVolumeClaim"]


def test_the_operators_account_may_do_what_it_needs_and_no_more(control_plane: Cluster, release: str) -> None:
    assert becomes_allowed(control_plane, "anywhere", f"{release}:{release}", "list", f"{GROUP}/scrapeschedules")
    everybodys = rules(control_plane, "anywhere", "anywhere:nobody")
    reads = {(GROUP, kind.plural, ("get", "list", "watch")) for kind in KINDS}
    writes = {(GROUP, f"{kind.plural}/status", ("get", "patch")) for kind in KINDS if kind.status_model}
    events = {("events.k8s.io", "events", ("create", "patch"))}
    assert rules(control_plane, "anywhere", f"{release}:{release}") - everybodys == reads | writes | events


def test_with_namespaces_the_account_may_nothing_elsewhere(control_plane: Cluster, namespace: str) -> None:
    other = control_plane.create_namespace()
    values = f"crds.install=false,rbac.aggregate=false,watchNamespaces={{{other}}}"
    control_plane.helm("install", namespace, str(CHART), "--namespace", namespace, "--set", values)
    try:
        account = f"{namespace}:{namespace}"
        assert becomes_allowed(control_plane, other, account, "list", f"{GROUP}/scrapeschedules")
        assert not may(control_plane, namespace, account, "list", f"{GROUP}/scrapeschedules")
    finally:
        control_plane.helm("uninstall", namespace, "--namespace", namespace)
        control_plane.delete_namespace(other)


def test_the_clusters_editors_may_write_schedules_but_not_their_status(control_plane: Cluster, release: str) -> None:
    control_plane.kubectl("-n", release, "create", "serviceaccount", "person")
    control_plane.kubectl(
        "-n", release, "create", "rolebinding", "person", "--clusterrole=edit", f"--serviceaccount={release}:person"
    )
    person = f"{release}:person"
    # The controller manager puts the aggregated rules into the role.
    assert becomes_allowed(control_plane, release, person, "create", f"{GROUP}/scrapeschedules")
    assert not may(control_plane, release, person, "patch", f"{GROUP}/scrapeschedules/status")
    assert not may(control_plane, "anywhere", person, "create", f"{GROUP}/scrapeschedules")
