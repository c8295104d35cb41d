"""The control plane passes requests on to an API that a test serves, as a cluster does for metrics.k8s.io."""

import base64
import http.server
import json
import ssl
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.dev.controlplane.connection import Cluster
from tests.dev.controlplane.controlplane import ControlPlane
from tests.dev.controlplane.frontproxy import CLIENT_NAME
from tests.support.certificates import Authority

GROUP, VERSION = "test-aggregation.scrape-operator.dev", "v1"
RESOURCES = {
    "apiVersion": "v1",
    "kind": "APIResourceList",
    "groupVersion": f"{GROUP}/{VERSION}",
    "resources": [{"name": "things", "kind": "Thing", "namespaced": True, "singularName": "thing", "verbs": ["list"]}],
}


class Backend(http.server.BaseHTTPRequestHandler):
    """Answers discovery, and everything else with the name that the client's certificate and the headers give."""

    def do_GET(self) -> None:
        assert isinstance(self.connection, ssl.SSLSocket)
        certificate = self.connection.getpeercert() or {}
        subject = [pair[0] for pair in certificate.get("subject", ())]
        seen = {"user": self.headers["X-Remote-User"], "certificate": subject}
        body = json.dumps(RESOURCES if self.path.rstrip("/").endswith(VERSION) else seen).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


@pytest.fixture
def backend(own_control_plane: ControlPlane, namespace: str, tmp_path: Path) -> Iterator[tuple[int, Authority]]:
    own = Authority()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*own.issue("backend", f"backend.{namespace}.svc").write(tmp_path, "serving"))
    context.load_verify_locations(cadata=own_control_plane.front_proxy_ca.pem.decode())
    context.verify_mode = ssl.CERT_OPTIONAL
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Backend) as server:
        server.socket = context.wrap_socket(server.socket, server_side=True)
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield server.server_address[1], own
        server.shutdown()
        thread.join()


def test_requests_reach_an_aggregated_api_with_the_front_proxys_certificate(
    control_plane: Cluster, namespace: str, backend: tuple[int, Authority]
) -> None:
    port, own = backend
    service = {"name": "backend", "namespace": namespace}
    name = f"{VERSION}.{GROUP}"
    objects = [
        {
            "apiVersion": "v1", "kind": "Service", "metadata": service,
            "spec": {"type": "ExternalName", "externalName": "localhost"},
        },
        {
            "apiVersion": "apiregistration.k8s.io/v1",
            "kind": "APIService",
            "metadata": {"name": name},
            "spec": {
                "group": GROUP, "version": VERSION, "groupPriorityMinimum": 100, "versionPriority": 100,
                "service": service | {"port": port}, "caBundle": base64.b64encode(own.pem).decode(),
            },
        },
    ]  # fmt: skip
    control_plane.kubectl("apply", "-f", "-", input=json.dumps({"apiVersion": "v1", "kind": "List", "items": objects}))
    try:
        control_plane.kubectl("wait", "--for=condition=Available", "--timeout=30s", f"apiservice/{name}")
        path = f"/apis/{GROUP}/{VERSION}/namespaces/{namespace}/things"
        seen = json.loads(control_plane.kubectl("get", "--raw", path))
        assert seen == {"user": "admin", "certificate": [["commonName", CLIENT_NAME]]}
    finally:
        control_plane.kubectl("delete", "apiservice", name)


def test_the_cluster_publishes_how_callers_are_named(own_control_plane: ControlPlane) -> None:
    shown = own_control_plane.kubectl(
        "get", "cm", "extension-apiserver-authentication", "-n", "kube-system", "-o", "json"
    )
    data = json.loads(shown)["data"]
    assert data["requestheader-allowed-names"] == f'["{CLIENT_NAME}"]'
    assert data["requestheader-username-headers"] == '["X-Remote-User"]'
    assert data["requestheader-client-ca-file"].strip() == own_control_plane.front_proxy_ca.pem.decode().strip()
