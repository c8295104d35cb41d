"""The results API as a process of its own, registered with the control plane as the chart registers it."""

import asyncio
import base64
import json
import os
import signal
import subprocess
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

from scrape_operator.cluster.client import ClusterClient
from scrape_operator.core.ports import Clock
from scrape_operator.results.process import serve_results
from scrape_operator.settings import Settings
from scrape_operator.storage.engine import migrate
from scrape_operator.storage.reading.results import open_results
from tests.dev.controlplane.connection import Cluster
from tests.dev.controlplane.processes import free_port
from tests.e2e.process import until
from tests.e2e.results_requests import GROUP, VERSION
from tests.support import preloaded
from tests.support.paths import COMMAND

API_SERVICE = f"{VERSION}.{GROUP}"
SERVICE = "scrape-operator-results"


class ResultsProcess:
    """`scrape-operator results` on a database, with an administrator's rights."""

    def __init__(self, cluster: Cluster, namespace: str, folder: Path, database_url: str) -> None:
        self.cluster = cluster
        self.namespace = namespace
        self.port = free_port()
        self._log = folder / "results.log"
        self._database_url = database_url
        self._process: preloaded.Started | None = None

    def start(self) -> "ResultsProcess":
        """Start it, and wait until it serves."""
        kept = {name: value for name, value in os.environ.items() if name in {"PATH", "HOME", "LANG"}}
        environment = kept | {
            "KUBECONFIG": str(self.cluster.kubeconfig),
            "DATABASE_URL": self._database_url,
            "SCRAPE_OPERATOR_LISTEN_HOST": "127.0.0.1",
            "SCRAPE_OPERATOR_RESULTS_API_PORT": str(self.port),
            "SCRAPE_OPERATOR_RESULTS_API_SERVICE": f"{self.namespace}/{SERVICE}",
        }
        seen = self.log().count("results API serves")
        with self._log.open("ab") as log:
            command = [str(COMMAND), "results"]
            self._process = preloaded.start(command, environment=environment, folder=self._log.parent, log=log)
        until("results API", lambda: self._serves(seen), within=60)
        return self

    def _serves(self, seen: int) -> bool:
        assert self._process is not None
        assert self._process.poll() is None, self.log()[-4000:]
        return self.log().count("results API serves") > seen

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    def log(self) -> str:
        return self._log.read_text(errors="replace") if self._log.exists() else ""

    def stop(self) -> int:
        """End it as Kubernetes ends a pod, and return the exit code."""
        assert self._process is not None
        self._process.send_signal(signal.SIGTERM)
        return self._process.wait(20)

    def close(self) -> None:
        if self._process is not None and self._process.poll() is None:
            self._process.kill()
            self._process.wait()

    def register(self) -> None:
        """Create Service, APIService and Secret; the process writes certificate and caBundle."""
        apply_registration(self.cluster, self.namespace, self.port)

    def unregister(self) -> None:
        unregister(self.cluster)

    def await_available(self) -> None:
        await_available(self.cluster)

    @contextmanager
    def watch(self, file: Path, namespace: str = "default") -> Iterator[subprocess.Popen[bytes]]:
        """Run `kubectl get srun --watch` into a file."""
        kubectl, config = map(str, (self.cluster.programs["kubectl"], self.cluster.kubeconfig))
        arguments = ["--cache-dir", str(self.cluster.folder / "kubectl"), "get", "srun", "--namespace", namespace]
        with file.open("wb") as output:
            process = subprocess.Popen(
                [kubectl, "--kubeconfig", config, *arguments, "--watch", "--output-watch-events"],
                stdout=output,
                stderr=subprocess.STDOUT,
            )
        try:
            yield process
        finally:
            process.kill()
            process.wait()

    def kubectl(self, *args: str, **options: Any) -> str:
        """Run kubectl in the default namespace, where the rows are."""
        return self.cluster.kubectl("--namespace", "default", *args, **options)


def apply_registration(cluster: Cluster, namespace: str, port: int, authority: bytes = b"") -> None:
    """Create Service, APIService and an empty Secret. Without a CA, who serves writes it into the APIService."""
    service = {"name": SERVICE, "namespace": namespace}
    spec: dict[str, Any] = {
        "group": GROUP,
        "version": VERSION,
        "groupPriorityMinimum": 1000,
        "versionPriority": 15,
        "service": service | {"port": port},
    }
    if authority:
        spec["caBundle"] = base64.b64encode(authority).decode()
    objects = [
        {
            "apiVersion": "v1",
            "kind": "Secret",
            "metadata": {"name": f"{SERVICE}-tls", "namespace": namespace},
        },
        {
            "apiVersion": "v1",
            "kind": "Service",
            "metadata": service,
            "spec": {"type": "ExternalName", "externalName": "localhost"},
        },
        {
            "apiVersion": "apiregistration.k8s.io/v1",
            "kind": "APIService",
            "metadata": {"name": API_SERVICE},
            "spec": spec,
        },
    ]
    shown = json.dumps({"apiVersion": "v1", "kind": "List", "items": objects})
    cluster.kubectl("apply", "-f", "-", input=shown)


def unregister(cluster: Cluster) -> None:
    """Delete the APIService: nothing else frees namespaces once the process is gone."""
    cluster.kubectl("delete", "apiservice", API_SERVICE, "--ignore-not-found")


def await_available(cluster: Cluster) -> None:
    """Wait until the API server passes requests on, and kubectl finds the resources.

    The API server asks for the resources after it has set the condition, so that the next kubectl may not know them.
    """
    cluster.kubectl("wait", "--for=condition=Available", "--timeout=60s", f"apiservice/{API_SERVICE}")
    until(
        "the resources in the API server's discovery",
        lambda: "scraperuns" in cluster.kubectl("api-resources", "--api-group", GROUP, "--output", "name", check=False),
        within=90,
    )


def await_described(cluster: Cluster) -> None:
    """Wait until kubectl can explain the resources: their descriptions come later still."""
    path = f"apis/{GROUP}/{VERSION}"
    until("the descriptions", lambda: path in cluster.kubectl("get", "--raw", "/openapi/v3"), within=90)


def await_shown(file: Path, text: str, *, within: float = 60.0) -> None:
    """Wait until the output of a command has a text; fails with the output."""
    try:
        until(text, lambda: text in file.read_text(), within=within)
    except AssertionError as error:
        raise AssertionError(f"{error}; the output:\n{file.read_text()}") from None


@asynccontextmanager
async def serving(settings: Settings, client: ClusterClient, clock: Clock) -> AsyncIterator[None]:
    """Run the product's process as a task of this loop."""
    await migrate.upgrade(settings)
    async with open_results(settings) as reader:
        task = asyncio.create_task(serve_results(settings, client, reader, clock))
        try:
            yield
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)


@contextmanager
def registered(cluster: Cluster, namespace: str, folder: Path, database_url: str) -> Iterator[ResultsProcess]:
    """Register a results API of a database, which the block starts."""
    process = ResultsProcess(cluster, namespace, folder, database_url)
    process.register()
    try:
        yield process
    finally:
        process.unregister()
        process.close()


class Informer:
    """A client-go informer that follows the runs of the default namespace."""

    def __init__(self, program: Path, cluster: Cluster, folder: Path, *, lists_first: bool) -> None:
        self._file = folder / "informer.jsonl"
        features = {"KUBE_FEATURE_WatchListClient": "false" if lists_first else "true"}
        kept = {name: value for name, value in os.environ.items() if name in {"PATH", "HOME"}}
        command = [str(program), str(cluster.kubeconfig), "default"]
        with self._file.open("wb") as output, (folder / "informer.log").open("wb") as log:
            self._process = subprocess.Popen(command, env=kept | features, stdout=output, stderr=log)

    def events(self, *kinds: str) -> list[dict[str, str]]:
        """Return what its handlers saw."""
        lines = self._file.read_text().splitlines(keepends=True)
        events = [json.loads(line) for line in lines if line.endswith("\n")]
        return [event for event in events if not kinds or event["event"] in kinds]

    def await_count(self, kind: str, count: int, *, within: float = 120) -> None:
        """Wait until its handlers saw so many events of a kind."""
        until(f"{count} x {kind}", lambda: len(self.events(kind)) >= count, within=within)

    def close(self) -> None:
        self._process.kill()
        self._process.wait()
