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

from tests.dev.controlplane.connection import Cluster
from tests.dev.controlplane.processes import RunFolder, free_port
from tests.support.paths import ROOT

CHART = ROOT / "manifests" / "chart" / "scrape-operator"
PROGRAM = Path(sys.executable).with_name("scrape-operator")
RELEASE = "scrape-operator"
RIGHTS = {"ServiceAccount", "Role", "RoleBinding", "ClusterRole", "ClusterRoleBinding"}
"""What is taken of the chart: the process itself runs here, not in the cluster."""


class OperatorProcess:
    """`scrape-operator run` for one namespace."""

    def __init__(self, folder: RunFolder, cluster: Cluster, namespace: str) -> None:
        self._folder = folder
        self._cluster = cluster
        self._namespace = namespace
        self._url = f"http://127.0.0.1:{free_port()}"
        self.database = folder.path / "scrape-operator.db"
        self.log = folder.path / "operator.log"

    def start(self) -> None:
        """Grant the rights, start, and wait until it is ready.

        Raises:
            StartFailed: it ended or did not become ready; the message has its last words.

        """
        self._cluster.kubectl("apply", "--server-side", "-f", "-", input=self._rights())
        # The link puts the folder into the command line, by which a left-over process is known as the demo's.
        link = self._folder.path / "scrape-operator"
        link.symlink_to(PROGRAM)
        settings = [f"{name}={value}" for name, value in self._settings().items()]
        self._folder.spawn("operator", ["/usr/bin/env", *settings, str(link), "run"], end_by=signal.SIGTERM)
        self._folder.await_ready("operator", lambda: self.answers("/readyz"))

    def renew_rights(self) -> None:
        """Write a fresh token into the kubeconfig: each is good for an hour."""
        self._cluster.kubeconfig_of(self._namespace, RELEASE)

    def stop(self) -> None:
        """End it by SIGTERM."""
        self._folder.end("operator")

    def command(self, *words: str) -> str:
        """Run another verb beside it, and give what it prints."""
        environment = os.environ | {name: str(value) for name, value in self._settings().items()}
        done = subprocess.run([PROGRAM, *words], env=environment, capture_output=True, text=True, check=False)
        return done.stdout + done.stderr

    def answers(self, path: str) -> bool:
        """Say whether a probe answers 200."""
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
        }

    def _rights(self) -> str:
        values = {"watchNamespaces": [self._namespace], "rbac": {"aggregate": False}, "secrets": {"allow": "namespace"}}
        with helm_python.Chart.load(CHART) as chart:
            texts = chart.render(values=values, name=RELEASE, namespace=self._namespace)
        objects = [o for path, text in texts.items() if path.endswith(".yaml") for o in yaml.safe_load_all(text)]
        return yaml.safe_dump_all(found for found in objects if found and found["kind"] in RIGHTS)
