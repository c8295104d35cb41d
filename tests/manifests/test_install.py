"""The chart on a real API server: what it takes, and what the operator's account may do then."""

import json
from collections.abc import Iterator

import pytest

from tests.cluster.connection import Cluster
from tests.manifests.conftest import CHART

GROUP = "scrape-operator.dev"


@pytest.fixture
def release(control_plane: Cluster, namespace: str) -> Iterator[str]:
    """An installed release; its name is its namespace's. The CRDs are left to those who need them."""
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
        "crds.install=false,replicas=2,database.existingSecret=pg",
    )
    deployment = json.loads(control_plane.kubectl("-n", release, "get", "deployments", "-o", "json"))["items"][0]
    assert deployment["spec"]["replicas"] == 2
    assert deployment["spec"]["strategy"]["type"] == "RollingUpdate"


def test_uninstalling_leaves_the_data(control_plane: Cluster, namespace: str) -> None:
    control_plane.helm("install", namespace, str(CHART), "--namespace", namespace, "--set", "crds.install=false")
    control_plane.helm("uninstall", namespace, "--namespace", namespace)
    kept = json.loads(control_plane.kubectl("-n", namespace, "get", "pvc,deployments,services", "-o", "json"))["items"]
    assert [document["kind"] for document in kept] == ["PersistentVolumeClaim"]


def test_the_operators_account_may_do_what_it_needs_and_no_more(control_plane: Cluster, release: str) -> None:
    account = f"{release}:{release}-scrape-operator"
    allowed = {
        (verb, resource)
        for resource in (
            f"{GROUP}/scrapeschedules",
            f"{GROUP}/scrapeschedules/status",
            "events.k8s.io/events",
            "/secrets",
            "/configmaps",
            "/namespaces",
            "/pods",
            "apiextensions.k8s.io/customresourcedefinitions",
            "coordination.k8s.io/leases",
        )
        for verb in ("get", "list", "watch", "create", "update", "patch", "delete")
        if may(control_plane, "anywhere", account, verb, resource)
    }
    assert allowed == {
        ("get", f"{GROUP}/scrapeschedules"),
        ("list", f"{GROUP}/scrapeschedules"),
        ("watch", f"{GROUP}/scrapeschedules"),
        ("get", f"{GROUP}/scrapeschedules/status"),
        ("patch", f"{GROUP}/scrapeschedules/status"),
        ("create", "events.k8s.io/events"),
        ("patch", "events.k8s.io/events"),
    }


def test_with_namespaces_the_account_may_nothing_elsewhere(control_plane: Cluster, namespace: str) -> None:
    other = control_plane.create_namespace()
    values = f"crds.install=false,rbac.aggregate=false,watchNamespaces={{{other}}}"
    control_plane.helm("install", namespace, str(CHART), "--namespace", namespace, "--set", values)
    try:
        account = f"{namespace}:{namespace}-scrape-operator"
        assert may(control_plane, other, account, "list", f"{GROUP}/scrapeschedules")
        assert not may(control_plane, namespace, account, "list", f"{GROUP}/scrapeschedules")
    finally:
        control_plane.helm("uninstall", namespace, "--namespace", namespace)
        control_plane.delete_namespace(other)


def test_the_clusters_editors_may_write_schedules_but_not_their_status(control_plane: Cluster, release: str) -> None:
    control_plane.kubectl("-n", release, "create", "serviceaccount", "person")
    control_plane.kubectl(
        "-n", release, "create", "rolebinding", "person", "--clusterrole=edit", f"--serviceaccount={release}:person"
    )
    # The controller manager puts the aggregated rules into the role a moment later.
    control_plane.kubectl(
        "wait",
        "clusterrole/edit",
        "--timeout=30s",
        f'--for=jsonpath={{.rules[?(@.apiGroups[0]=="{GROUP}")].resources[0]}}=scrapeschedules',
    )
    person = f"{release}:person"
    assert may(control_plane, release, person, "create", f"{GROUP}/scrapeschedules")
    assert not may(control_plane, release, person, "patch", f"{GROUP}/scrapeschedules/status")
    assert not may(control_plane, "anywhere", person, "create", f"{GROUP}/scrapeschedules")
