"""The operator as the demo runs it: a process of its own, with the rights that the chart gives it and no others.

Called by the demo. It ends with the demo, also when that is killed: see `tests.dev.controlplane.processes`.
"""

import os
import signal
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Mapping
from pathlib import Path

import helm_python
import yaml

from scrape_operator.results.security import API_SERVICE
from tests.dev.controlplane.connection import Cluster
from tests.dev.controlplane.controlplane import ControlPlane
from tests.dev.controlplane.processes import RunFolder, free_port
from tests.support.paths import ROOT

CHART = ROOT / "manifests" / "chart" / "scrape-operator"
PROGRAM = Path(sys.executable).with_name("scrape-operator")
RELEASE = "scrape-operator"
OBJECTS = {"ServiceAccount", "Role", "RoleBinding", "ClusterRole", "ClusterRoleBinding", "Secret", "APIService"}
"""What is taken of the chart: the process itself runs here, not in the cluster."""


class OperatorProcess:
    """`scrape-operator run` for one namespace, and beside it `scrape-operator results`."""

    def __init__(self, folder: RunFolder, cluster: Cluster, namespace: str) -> None:
        self._folder = folder
        self._cluster = cluster
        self._namespace = namespace
        self._url = f"http://127.0.0.1:{free_port()}"
        self._results_port = free_port()
        # An existing cluster does not reach this machine, and must not wait for it when it deletes namespaces.
        self.serves_results = isinstance(cluster, ControlPlane)
        self.database = folder.path / "scrape-operator.db"
        self.log = folder.path / "operator.log"

    def start(self) -> None:
        """Grant the rights, start, and wait until it is ready.

        Raises:
            StartFailed: it ended or did not become ready; the message has its last words.

        """
        self._cluster.kubectl("apply", "--server-side", "-f", "-", input=self._objects())
        # The link puts the folder into the command line, by which a left-over process is known as the demo's.
        link = self._folder.path / "scrape-operator"
        link.symlink_to(PROGRAM)
        command = ["/usr/bin/env", *(f"{name}={value}" for name, value in self._settings().items()), str(link)]
        self._folder.spawn("operator", [*command, "run"], end_by=signal.SIGTERM)
        self._folder.await_ready("operator", lambda: self.answers("/readyz"))
        if self.serves_results:
            self._folder.spawn("results", [*command, "results"], end_by=signal.SIGTERM)
            self._cluster.kubectl("wait", "--for=condition=Available", "--timeout=60s", f"apiservice/{API_SERVICE}")

    def renew_rights(self) -> None:
        """Write a fresh token into the kubeconfig: each is good for an hour."""
        self._cluster.kubeconfig_of(self._namespace, RELEASE)

    def stop(self) -> None:
        """End both by SIGTERM."""
        if self.serves_results:
            self._folder.end("results")
        self._folder.end("operator")

    def command(self, *words: str) -> str:
        """Run another verb beside it, and give what it prints."""
        environment = os.environ | {name: str(value) for name, value in self._settings().items()}
        done = subprocess.run([PROGRAM, *words], env=environment, capture_output=True, text=True, check=False)
        return done.stdout + done.stderr

    def answers(self, path: str) -> bool:
        """Return whether a probe answers 200."""
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        try:
            with opener.open(self._url + path, timeout=5):
                return True
        except OSError:
            return False

    def _settings(self) -> Mapping[str, object]:
        return {
            "KUBECONFIG": self._cluster.kubeconfig_of(self._namespace, RELEASE),
            "SCRAPE_INTERVAL_MINUTES": 1,
            "SCRAPE_OPERATOR_NAMESPACES": self._namespace,
            "SCRAPE_OPERATOR_ALLOW_CIDRS": "127.0.0.0/8",
            "SCRAPE_OPERATOR_SQLITE_PATH": self.database,
            "SCRAPE_OPERATOR_IDENTITY": "demo",
            "SCRAPE_OPERATOR_LISTEN_HOST": "127.0.0.1",
            "SCRAPE_OPERATOR_LISTEN_PORT": self._url.rsplit(":", 1)[1],
            "SCRAPE_OPERATOR_LOG_FORMAT": "console",
            "SCRAPE_OPERATOR_SHUTDOWN_GRACE_SECONDS": 2,
            "SCRAPE_OPERATOR_RESULTS_API_PORT": self._results_port,
            "SCRAPE_OPERATOR_RESULTS_API_SERVICE": f"{self._namespace}/{RELEASE}-results",
        }

    def _objects(self) -> str:
        values = {
            "watchNamespaces": [self._namespace],
            "rbac": {"aggregate": False},
            "secrets": {"allow": "namespace"},
            "resultsApi": {"enabled": self.serves_results},
        }
        with helm_python.Chart.load(CHART) as chart:
            texts = chart.render(values=values, name=RELEASE, namespace=self._namespace)
        objects = [o for path, text in texts.items() if path.endswith(".yaml") for o in yaml.safe_load_all(text)]
        taken = [found for found in objects if found and found["kind"] in OBJECTS]
        for found in taken:
            if found["kind"] == "APIService":
                found["spec"]["service"]["port"] = self._results_port
        return yaml.safe_dump_all([*taken, self._service()])

    def _service(self) -> Mapping[str, object]:
        """Return the Service that leads the API server to this machine, in the place of the chart's."""
        metadata = {"name": f"{RELEASE}-results", "namespace": self._namespace}
        spec = {"type": "ExternalName", "externalName": "localhost"}
        return {"apiVersion": "v1", "kind": "Service", "metadata": metadata, "spec": spec}
