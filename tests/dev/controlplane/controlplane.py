"""A real Kubernetes API server of our own, with etcd and, for tests, the controller manager.

Called by the test fixtures and the demo. It listens on free ports of 127.0.0.1, keeps its data in a run folder, checks
rights by RBAC, and ends with the process that started it. Clients verify the certificate that it writes for itself.
"""

import contextlib
import json
import secrets
import ssl
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Self

from tests.dev.controlplane.binaries import TESTS, uses_existing_cluster
from tests.dev.controlplane.connection import (
    Cluster,
    CommandFailed,
    existing_cluster,
    existing_cluster_name,
    write_kubeconfig,
)
from tests.dev.controlplane.controllers import FreshControllers, fresh_controllers
from tests.dev.controlplane.frontproxy import AUDIT_LOG, front_proxy_flags, write_front_proxy
from tests.dev.controlplane.gobuild import ensure
from tests.dev.controlplane.processes import RunFolder, free_port
from tests.support.certificates import Authority

ETCD, APISERVER, CONTROLLERS = "etcd", "kube-apiserver", "kube-controller-manager"
RARE_COLLECTION = {"GOGC": "400"}
"""Go's collector of garbage takes a fifth of the CPU time of servers with so little data."""

ALL_CONTROLLERS = "--controllers=*,-node-ipam-controller,-node-lifecycle-controller"


@contextlib.contextmanager
def open_cluster(names: Sequence[str] = TESTS) -> Iterator[Cluster]:
    """Return the person's existing cluster if they chose it, else a control plane that ends with the block.

    Names the cluster in a line of output before anything is applied.
    """
    programs = ensure(names)
    if uses_existing_cluster():
        print(f"Cluster: the existing one of context {existing_cluster_name(programs['kubectl'])}", flush=True)
        with existing_cluster(programs) as cluster:
            yield cluster
        return
    with ControlPlane(programs) as plane:
        print(f"Cluster: {plane.versions} at {plane.url}, ready after {plane.started_in:.1f} s", flush=True)
        yield plane


class ControlPlane(Cluster):
    """etcd and kube-apiserver, and kube-controller-manager where `programs` has it."""

    def __init__(self, programs: Mapping[str, Path]) -> None:
        self._run_folder = RunFolder("controlplane")
        super().__init__(self._run_folder.path, programs)
        self.ca_file = self.folder / "certs" / "apiserver.crt"
        self.token = secrets.token_hex(16)
        self.front_proxy_ca = Authority()
        """Whose client certificates an aggregated API takes for those of the API server."""
        self.started_in = 0.0
        """How long the start took, seconds."""
        self._port = free_port()
        self._etcd_url = f"http://127.0.0.1:{free_port()}"
        self.url = f"https://127.0.0.1:{self._port}"

    @property
    def versions(self) -> str:
        """What runs, for people: the servers' own word, since KUBEBUILDER_ASSETS may have other versions than ours."""
        kubernetes, etcd = json.loads(self._get("/version")), self._etcd_call("/version")
        return f"Kubernetes {kubernetes['gitVersion']} and etcd v{etcd['etcdserver']}"

    def start(self) -> None:
        """Start all and wait until they serve.

        Raises:
            StartFailed: one of them does not come up.
        """
        begun = time.monotonic()
        tokens = self.folder / "tokens.csv"
        tokens.touch(mode=0o600)
        tokens.write_text(f'{self.token},admin,admin,"system:masters"\n', encoding="utf-8")
        write_kubeconfig(self.kubeconfig, url=self.url, ca_file=self.ca_file, token=self.token)
        self.front_proxy_ca = write_front_proxy(self.folder)
        self._run_folder.spawn(ETCD, self._etcd(), environment=RARE_COLLECTION)
        self.start_apiserver()
        if CONTROLLERS in self.programs:
            self._run_folder.spawn(CONTROLLERS, [*self._controllers(), ALL_CONTROLLERS], environment=RARE_COLLECTION)
            # The account is made by a controller, so it shows that the controllers are at work.
            account = "/api/v1/namespaces/default/serviceaccounts/default"
            self._run_folder.await_ready(CONTROLLERS, lambda: self._answers(account))
        self.started_in = time.monotonic() - begun

    def stop(self) -> None:
        """End all and remove the data."""
        self._run_folder.close()

    def start_apiserver(self) -> None:
        """Start the API server, also again after an outage: on the same port, with the same data and certificate."""
        self._run_folder.spawn(APISERVER, self._apiserver(), environment=RARE_COLLECTION)
        self._run_folder.await_ready(APISERVER, lambda: self._answers("/readyz"))

    def stop_apiserver(self) -> None:
        """Kill the API server, as an outage does: connections break, the data stay."""
        self._run_folder.end(APISERVER)

    @property
    def pids(self) -> Sequence[int]:
        """The processes of etcd and the API server, for who measures what is asked of them."""
        return [self._run_folder.pid(name) for name in (ETCD, APISERVER)]

    @property
    def serves(self) -> bool:
        """Whether the API server runs."""
        return self._run_folder.running(APISERVER)

    def read(self, path: str) -> dict[str, Any]:
        """Return the object at a path without kubectl, whose start costs a tenth of a second of CPU time."""
        try:
            shown: dict[str, Any] = json.loads(self._get(path))
        except OSError as error:
            raise CommandFailed(f"GET {path}: {error}") from error
        return shown

    def aggregated_requests(self) -> Sequence[Mapping[str, Any]]:
        """Return the audit events of requests to APIs that others serve: who asked for what, and the answer."""
        log = self.folder / AUDIT_LOG
        return [json.loads(line) for line in log.read_text().splitlines()] if log.exists() else []

    def fresh_controllers(self) -> contextlib.AbstractContextManager[FreshControllers]:
        """Return a block in which the controller manager rests, and another can be started in its place."""
        return fresh_controllers(self._run_folder, CONTROLLERS, self._controllers())

    def compact_etcd(self) -> None:
        """Forget all past revisions: an API server that starts afterwards answers old ones with 410 Gone."""
        revision = self._etcd_call("/v3/maintenance/status", {})["header"]["revision"]
        self._etcd_call("/v3/kv/compaction", {"revision": revision, "physical": True})

    def __enter__(self) -> Self:
        try:
            self.start()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(self, *exc: object) -> None:
        self.stop()

    def _etcd(self) -> Sequence[str | Path]:
        return [
            self.programs[ETCD],
            f"--data-dir={self.folder / 'etcd'}",
            f"--listen-client-urls={self._etcd_url}",
            f"--advertise-client-urls={self._etcd_url}",
            f"--listen-peer-urls=http://127.0.0.1:{free_port()}",
            "--unsafe-no-fsync",
            "--log-level=error",
        ]

    def _apiserver(self) -> Sequence[str | Path]:
        # It makes its key before it reads the one for ServiceAccount tokens, so one key serves both, without openssl.
        key = self.folder / "certs" / "apiserver.key"
        return [
            self.programs[APISERVER],
            f"--etcd-servers={self._etcd_url}",
            f"--secure-port={self._port}",
            "--bind-address=127.0.0.1",
            "--advertise-address=127.0.0.1",
            "--endpoint-reconciler-type=none",
            f"--cert-dir={self.folder / 'certs'}",
            f"--service-account-key-file={key}",
            f"--service-account-signing-key-file={key}",
            "--service-account-issuer=https://kubernetes.default.svc",
            f"--token-auth-file={self.folder / 'tokens.csv'}",
            "--authorization-mode=RBAC",
            "--service-cluster-ip-range=10.0.0.0/24",
            *front_proxy_flags(self.folder),
        ]

    def _controllers(self) -> Sequence[str | Path]:
        return [
            self.programs[CONTROLLERS],
            f"--kubeconfig={self.kubeconfig}",
            f"--service-account-private-key-file={self.folder / 'certs' / 'apiserver.key'}",
            "--leader-elect=false",
            "--secure-port=0",
        ]

    def _answers(self, path: str) -> bool:
        try:
            self._get(path)
        except OSError:  # also of a certificate that is being written
            return False
        return True

    def _get(self, path: str) -> bytes:
        request = urllib.request.Request(self.url + path, headers={"Authorization": f"Bearer {self.token}"})
        verified = urllib.request.HTTPSHandler(context=ssl.create_default_context(cafile=self.ca_file))
        with _direct(verified).open(request, timeout=5) as answer:
            body: bytes = answer.read()
        return body

    def _etcd_call(self, path: str, message: Mapping[str, Any] | None = None) -> dict[str, Any]:
        data = None if message is None else json.dumps(message).encode()
        with _direct().open(self._etcd_url + path, data, timeout=10) as answer:
            body: dict[str, Any] = json.load(answer)
        return body


def _direct(*handlers: urllib.request.BaseHandler) -> urllib.request.OpenerDirector:
    """Return an opener that no proxy of the environment stands before."""
    return urllib.request.build_opener(urllib.request.ProxyHandler({}), *handlers)
