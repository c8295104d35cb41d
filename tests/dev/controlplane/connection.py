"""A cluster as tests and the demo see it: where it is, and kubectl and helm speaking to it.

`ControlPlane` is one that was started here; `existing_cluster` gives the person's own, when they asked for it by
USE_EXISTING_CLUSTER=true.
"""

import base64
import contextlib
import json
import os
import subprocess
import time
import uuid
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from tests.dev.controlplane.processes import RunFolder
from tests.support.paths import ROOT

CRDS = ROOT / "manifests" / "crds"


class CommandFailed(Exception):
    """kubectl or helm ended with an error; the message is what it wrote."""


class Cluster:
    """A running cluster and an administrator's way into it."""

    def __init__(self, folder: Path, programs: Mapping[str, Path]) -> None:
        self.folder = folder
        """Where the files of this connection are kept; the folder ends with it."""
        self.url = ""
        self.token = ""
        """The administrator's bearer token; empty where an existing cluster's context knows none."""
        self.ca_file = folder / "ca.crt"
        """What verifies its certificate; empty where an existing cluster leaves that to the system's CAs."""
        self.kubeconfig = folder / "kubeconfig"
        self.programs = programs

    def kubectl(self, *args: str, input: str | None = None, check: bool = True) -> str:
        """Run kubectl as administrator and give its output; with `check=False` also that of a failed command.

        Raises:
            CommandFailed: it failed and `check` is on.
        """
        options = ["--kubeconfig", str(self.kubeconfig), "--cache-dir", str(self.folder / "kubectl")]
        return self._run([self.programs["kubectl"], *options, *args], input, check=check)

    def read(self, path: str) -> dict[str, Any]:
        """Return the object at a path of the API server, as administrator.

        Raises:
            CommandFailed: the API server refuses it, or does not answer.
        """
        shown: dict[str, Any] = json.loads(self.kubectl("get", "--raw", path))
        return shown

    def helm(self, *args: str, check: bool = True) -> str:
        """Run helm as administrator and give its output.

        Raises:
            CommandFailed: it failed and `check` is on.
        """
        return self._run([self.programs["helm"], "--kubeconfig", self.kubeconfig, *args], None, check=check)

    def install_crds(self) -> None:
        """Install the CRDs of this tree, or bring them up to date, and wait until they are served.

        `kubectl wait` fails on a CRD so fresh that it has no conditions yet, so it is asked again.

        Raises:
            CommandFailed: the API server refuses them, or does not serve them within 30 s.
        """
        self.kubectl("apply", "--server-side", "--force-conflicts", "-f", str(CRDS))
        until = time.monotonic() + 30.0
        while True:
            try:
                self.kubectl("wait", "--for=condition=Established", "--timeout=30s", "-f", str(CRDS))
            except CommandFailed:
                if time.monotonic() > until:
                    raise
                time.sleep(0.1)
            else:
                return

    def create_token(self, namespace: str, service_account: str) -> str:
        """Return a bearer token of a ServiceAccount that is good for an hour (the TokenRequest API)."""
        return self.kubectl("create", "token", service_account, "--namespace", namespace).strip()

    def kubeconfig_of(self, namespace: str, service_account: str) -> Path:
        """Write a kubeconfig with which a program is that ServiceAccount, and nothing more."""
        file = self.folder / f"{namespace}.{service_account}.kubeconfig"
        config = json.loads(self.kubeconfig.read_text(encoding="utf-8"))
        config["users"][0]["user"] = {"token": self.create_token(namespace, service_account)}
        config["contexts"][0]["context"]["namespace"] = namespace
        _write_private(file, json.dumps(config))
        return file

    def create_namespace(self, prefix: str = "scrape-operator-test") -> str:
        """Create a namespace of a new name and give the name."""
        name = f"{prefix}-{uuid.uuid4().hex[:8]}"
        self.kubectl("create", "namespace", name)
        return name

    def delete_namespace(self, name: str) -> None:
        """Delete a namespace and don't wait until it is empty."""
        self.kubectl("delete", "namespace", name, "--wait=false", "--ignore-not-found")

    def _run(self, command: Sequence[str | Path], text: str | None, *, check: bool) -> str:
        home = {f"HELM_{kind}_HOME": str(self.folder / "helm") for kind in ("CACHE", "CONFIG", "DATA")}
        environment = {key: value for key, value in os.environ.items() if key != "KUBECONFIG"} | home
        environment |= {"GOGC": "off"}  # a fifth of the CPU time of a process that ends at once
        done = subprocess.run(command, input=text, capture_output=True, text=True, env=environment, check=False)
        if done.returncode and check:
            raise CommandFailed(f"{Path(command[0]).name} {' '.join(map(str, command[3:]))}: {done.stderr.strip()}")
        return done.stdout + (done.stderr if done.returncode else "")


def write_kubeconfig(file: Path, *, url: str, ca_file: Path, token: str) -> None:
    """Write a kubeconfig (YAML, of which JSON is a part) that verifies the server's certificate."""
    name = "scrape-operator"
    config = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": name, "cluster": {"server": url, "certificate-authority": str(ca_file)}}],
        "users": [{"name": name, "user": {"token": token}}],
        "contexts": [{"name": name, "context": {"cluster": name, "user": name, "namespace": "default"}}],
        "current-context": name,
    }
    _write_private(file, json.dumps(config, indent=1))


def _write_private(file: Path, text: str) -> None:
    file.touch(mode=0o600)
    file.write_text(text, encoding="utf-8")


@contextlib.contextmanager
def existing_cluster(programs: Mapping[str, Path]) -> Iterator[Cluster]:
    """Return the cluster of the person's current kubeconfig context; nothing is started and nothing else touched."""
    with RunFolder("existing") as run:
        cluster = Cluster(run.path, programs)
        shown = _config_view(programs["kubectl"])
        server = shown["clusters"][0]["cluster"]
        cluster.url = server["server"]
        cluster.token = shown["users"][0]["user"].get("token", "")
        cluster.ca_file.write_bytes(base64.b64decode(server.get("certificate-authority-data", "")))
        _write_private(cluster.kubeconfig, json.dumps(shown))
        yield cluster


def existing_cluster_name(kubectl: Path) -> str:
    """Name the current context and its server, for the first line of output."""
    shown = _config_view(kubectl)
    return f"{shown['current-context']} at {shown['clusters'][0]['cluster']['server']}"


def _config_view(kubectl: Path) -> dict[str, Any]:
    command: list[str | Path] = [kubectl, "config", "view", "--raw", "--minify", "--flatten", "--output", "json"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise CommandFailed(f"USE_EXISTING_CLUSTER=true, but kubectl knows no current context: {done.stderr.strip()}")
    shown: dict[str, Any] = json.loads(done.stdout)
    return shown
