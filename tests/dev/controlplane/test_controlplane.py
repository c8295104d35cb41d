"""The control plane that other tests build on is a real one."""

import contextlib
import json
import ssl
from http.client import HTTPSConnection

import pytest

from tests.dev.controlplane.connection import Cluster, CommandFailed
from tests.dev.controlplane.controlplane import ControlPlane, open_cluster

CONFIG_MAP = '{"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "kept"}, "data": {"a": "1"}}'


def test_it_is_ready_and_of_the_version_that_was_built(control_plane: Cluster) -> None:
    assert control_plane.kubectl("get", "--raw", "/readyz") == "ok"
    assert json.loads(control_plane.kubectl("version", "-o", "json"))["serverVersion"]["gitVersion"].startswith("v1.")


def test_its_certificate_is_verified(control_plane: Cluster) -> None:
    assert status_of(control_plane, ssl.create_default_context(cafile=control_plane.ca_file)) == 200
    with pytest.raises(ssl.SSLCertVerificationError):
        status_of(control_plane, ssl.create_default_context())


def status_of(cluster: Cluster, context: ssl.SSLContext) -> int:
    with contextlib.closing(HTTPSConnection(cluster.url.removeprefix("https://"), context=context)) as connection:
        connection.request("GET", "/readyz")
        return connection.getresponse().status


def test_a_service_account_has_the_rights_that_rbac_gives_it_and_no_others(
    control_plane: Cluster, namespace: str
) -> None:
    control_plane.kubectl("create", "serviceaccount", "reader", "-n", namespace)
    control_plane.kubectl("create", "role", "reader", "-n", namespace, "--verb=list", "--resource=configmaps")
    control_plane.kubectl(
        *("create", "rolebinding", "reader", "-n", namespace, "--role=reader", f"--serviceaccount={namespace}:reader")
    )
    own = f"--kubeconfig={control_plane.kubeconfig_of(namespace, 'reader')}"
    control_plane.kubectl(own, "get", "configmaps")
    with pytest.raises(CommandFailed, match="cannot list resource"):
        control_plane.kubectl(own, "get", "secrets")
    assert "cannot list resource" in control_plane.kubectl(own, "get", "secrets", check=False)


def test_controllers_empty_and_remove_a_deleted_namespace(control_plane: Cluster) -> None:
    name = control_plane.create_namespace()
    control_plane.kubectl("create", "-n", name, "-f", "-", input=CONFIG_MAP)
    control_plane.kubectl("delete", "namespace", name, "--wait", "--timeout=60s")


def test_helm_speaks_to_it(control_plane: Cluster, namespace: str) -> None:
    assert json.loads(control_plane.helm("list", "-n", namespace, "-o", "json")) == []


def test_data_outlive_an_outage_of_the_api_server(breakable_control_plane: ControlPlane, namespace: str) -> None:
    plane = breakable_control_plane
    plane.kubectl("create", "-n", namespace, "-f", "-", input=CONFIG_MAP)
    token = plane.create_token(namespace, "default")
    plane.stop_apiserver()
    with pytest.raises(CommandFailed, match="refused"):
        plane.kubectl("get", "namespaces")
    plane.start_apiserver()
    assert plane.kubectl("get", "configmap", "kept", "-n", namespace, "-o", "jsonpath={.data.a}") == "1"
    assert "Forbidden" in plane.kubectl("--token", token, "get", "namespaces", check=False)


def test_after_compaction_an_old_revision_is_gone(breakable_control_plane: ControlPlane, namespace: str) -> None:
    plane = breakable_control_plane
    old = json.loads(plane.kubectl("get", "--raw", "/api/v1/configmaps"))["metadata"]["resourceVersion"]
    plane.kubectl("create", "-n", namespace, "-f", "-", input=CONFIG_MAP)
    plane.stop_apiserver()
    plane.compact_etcd()
    plane.start_apiserver()
    watched = f"/api/v1/configmaps?watch=true&timeoutSeconds=1&resourceVersion={old}"
    assert '"code":410' in plane.kubectl("get", "--raw", watched, check=False)


def test_an_existing_cluster_is_named_first_and_nothing_is_started(
    control_plane: Cluster, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("USE_EXISTING_CLUSTER", "true")
    monkeypatch.setenv("KUBECONFIG", str(control_plane.kubeconfig))
    with open_cluster() as existing:
        assert not isinstance(existing, ControlPlane)
        context = control_plane.kubectl("config", "current-context").strip()
        assert capsys.readouterr().out == f"Cluster: the existing one of context {context} at {control_plane.url}\n"
        assert existing.kubectl("get", "--raw", "/readyz") == "ok"
        assert existing.url == control_plane.url
        assert existing.ca_file.read_bytes() == control_plane.ca_file.read_bytes()


def test_an_existing_cluster_without_a_context_is_refused_in_words(
    control_plane: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("USE_EXISTING_CLUSTER", "true")
    monkeypatch.setenv("KUBECONFIG", "/dev/null")
    with pytest.raises(CommandFailed, match="USE_EXISTING_CLUSTER=true, but kubectl knows no current context"):
        open_cluster().__enter__()
