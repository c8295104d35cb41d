"""The results API as the chart installs it: its objects and its account, and the process on this machine.

Without kube-proxy the API server reaches no ClusterIP, so the Service becomes an ExternalName of localhost; without
nodes the pods stay pending, and the process runs here with the token of the pod's account.
"""

import base64
import json
import os
import signal
import uuid
from functools import cached_property
from pathlib import Path

from scrape_operator.results.security import API_SERVICE
from tests.dev.controlplane.controlplane import ControlPlane
from tests.dev.controlplane.frontproxy import CLIENT_NAME
from tests.dev.controlplane.processes import free_port
from tests.e2e.process import CHART, until
from tests.e2e.results_requests import Answer, Headers, Listener, ask_cluster
from tests.support import preloaded
from tests.support.certificates import Authority, Issued
from tests.support.paths import COMMAND


class InstalledResults:
    """One release with resultsApi.enabled, as with PostgreSQL: a process and an account of its own."""

    def __init__(self, plane: ControlPlane, folder: Path, database_url: str, *, installed_in: str = "") -> None:
        """Prepare a release of its own, or look at the one named scrape-operator with SQLite in a namespace."""
        self.plane = plane
        self.folder = folder
        self.release = "scrape-operator" if installed_in else f"results-{uuid.uuid4().hex[:6]}-scrape-operator"
        self.namespace = installed_in or plane.create_namespace()
        self.service = f"{self.release}-results"
        self.account = self.release if installed_in else self.service
        self.port = free_port()
        self._database_url = database_url
        self._process: preloaded.Started | None = None

    def install(self) -> None:
        """Install the chart, and lead its Service here."""
        self.upgrade()
        self.connect()

    def upgrade(self) -> None:
        """Install the chart, or upgrade it, as in a cluster."""
        self.plane.helm(
            "upgrade", "--install", self.release, str(CHART), "--namespace", self.namespace,
            "--set", "crds.install=false", "--set", "database.existingSecret=pg", "--set", "resultsApi.enabled=true",
        )  # fmt: skip

    def connect(self) -> None:
        """Lead the Service to this machine."""
        self.plane.kubectl("delete", "service", self.service, "--namespace", self.namespace)
        place = {"name": self.service, "namespace": self.namespace}
        spec = {"type": "ExternalName", "externalName": "localhost"}
        here = {"apiVersion": "v1", "kind": "Service", "metadata": place, "spec": spec}
        self.plane.kubectl("apply", "-f", "-", input=json.dumps(here))
        port = json.dumps({"spec": {"service": {"port": self.port}}})
        self.plane.kubectl("patch", "apiservice", API_SERVICE, "--type=merge", f"--patch={port}")

    def uninstall(self) -> None:
        """Remove everything; the APIService first."""
        self.plane.kubectl("delete", "apiservice", API_SERVICE, "--ignore-not-found")
        self.plane.helm("uninstall", self.release, "--namespace", self.namespace, "--ignore-not-found")
        self.plane.delete_namespace(self.namespace)

    @property
    def notes(self) -> str:
        """What helm tells the person who installs it."""
        return self.plane.helm("get", "notes", self.release, "--namespace", self.namespace)

    def environment(self) -> dict[str, str]:
        """Return what the pod's process gets."""
        kept = {name: value for name, value in os.environ.items() if name in {"PATH", "HOME", "LANG"}}
        return kept | {
            "KUBECONFIG": str(self.plane.kubeconfig_of(self.namespace, self.account)),
            "DATABASE_URL": self._database_url,
            "SCRAPE_OPERATOR_LISTEN_HOST": "127.0.0.1",
            "SCRAPE_OPERATOR_RESULTS_API_PORT": str(self.port),
            "SCRAPE_OPERATOR_RESULTS_API_SERVICE": f"{self.namespace}/{self.service}",
        }

    def start(self) -> "InstalledResults":
        """Start the process, and wait until the API server finds it available."""
        with (self.folder / "results.log").open("ab") as log:
            command = [str(COMMAND), "results"]
            self._process = preloaded.start(command, environment=self.environment(), folder=self.folder, log=log)
        self.await_available(is_available=True)
        return self

    def stop(self) -> None:
        """End the process as the kubelet does."""
        if self._process is not None:
            self._process.send_signal(signal.SIGTERM)
            self._process.wait(30)
            self._process = None

    def log(self) -> str:
        return (self.folder / "results.log").read_text(errors="replace")

    def await_available(self, *, is_available: bool) -> None:
        """Wait until the API server says so."""
        wanted = str(is_available)
        path = '-o=jsonpath={.status.conditions[?(@.type=="Available")].status}'
        try:
            until(f"Available={wanted}", lambda: self._shown(path) == wanted, within=60)
        except AssertionError as error:
            raise AssertionError(f"{error}\n{self.log()[-4000:]}") from error

    def _shown(self, path: str) -> str:
        assert self._process is None or self._process.poll() is None, self.log()[-4000:]
        return self.plane.kubectl("get", "apiservice", API_SERVICE, path)

    @property
    def ca_bundle(self) -> str:
        """The CAs that the API server trusts; empty before the process has written them."""
        shown = json.loads(self.plane.kubectl("get", "apiservice", API_SERVICE, "-o", "json"))
        return base64.b64decode(shown["spec"].get("caBundle") or "").decode()

    def ask(self, path: str, *, method: str = "GET", headers: Headers = ()) -> Answer:
        """Ask through the API server as administrator, or as whom headers impersonate."""
        return ask_cluster(self.plane, path, method=method, headers=headers)

    def ask_directly(
        self, path: str, *, method: str = "GET", headers: Headers = (), certificate: Issued | None = None
    ) -> Answer:
        """Ask past the API server, as who reaches the pod's port."""
        return self._listener.ask(path, self.folder, method=method, headers=headers, certificate=certificate)

    @cached_property
    def _listener(self) -> Listener:
        """The process, known by the CAs that the API server trusted when it was first asked."""
        return Listener(self.port, f"{self.service}.{self.namespace}.svc", self.ca_bundle)

    def front_proxy_certificate(self, name: str = CLIENT_NAME, authority: Authority | None = None) -> Issued:
        """Return a client certificate, by default one that passes for the API server's."""
        return (authority or self.plane.front_proxy_ca).issue(name)
