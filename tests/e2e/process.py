"""The operator as a process of its own, with the rights of the chart's ServiceAccount and nothing more."""

import json
import os
import signal
import sqlite3
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any, TypeVar

from tests.dev.controlplane.connection import Cluster
from tests.dev.controlplane.processes import free_port
from tests.support import preloaded
from tests.support.paths import COMMAND, ROOT

T = TypeVar("T")
READY_SECONDS = 60.0
GROUP_VERSION = "scrape-operator.dev/v1alpha1"
CHART = ROOT / "manifests" / "chart" / "scrape-operator"


def until(what: str, look: Callable[[], T | None], *, within: float = 60.0) -> T:
    """Look again and again until something is seen; fail with what was awaited. Only failures wait so long."""
    deadline = time.monotonic() + within
    while True:
        seen = look()
        if seen:
            return seen
        if time.monotonic() > deadline:
            raise AssertionError(f"not seen within {within:g} s: {what} (last: {seen!r})")
        time.sleep(0.05)


class Operator:
    """One replica. Its database and log stand in `folder`; a second start goes on with the same database."""

    def __init__(
        self,
        cluster: Cluster,
        namespace: str,
        folder: Path,
        settings: Mapping[str, str],
        *,
        prefix: Sequence[str] = (),
    ) -> None:
        self.cluster = cluster
        self.namespace = namespace
        self.folder = folder
        self.database = folder / "scrape-operator.db"
        self.port = free_port()
        self._settings = settings
        self._prefix = prefix
        self._process: preloaded.Started | None = None

    @cached_property
    def kubeconfig(self) -> Path:
        """The way in with the token of the chart's ServiceAccount, good for an hour."""
        return self.cluster.kubeconfig_of(self.namespace, "scrape-operator")

    def environment(self) -> dict[str, str]:
        """Return what the process is started with."""
        kept = {name: value for name, value in os.environ.items() if name in {"PATH", "HOME", "LANG"}}
        return kept | {
            "KUBECONFIG": str(self.kubeconfig),
            "SCRAPE_OPERATOR_NAMESPACES": self.namespace,
            "SCRAPE_OPERATOR_SQLITE_PATH": str(self.database),
            "SCRAPE_OPERATOR_LISTEN_HOST": "127.0.0.1",
            "SCRAPE_OPERATOR_LISTEN_PORT": str(self.port),
            "SCRAPE_OPERATOR_ALLOW_CIDRS": "127.0.0.0/8",
            "SCRAPE_OPERATOR_IDENTITY": "replica-1",
            **self._settings,
        }

    def start(self, *, ready: bool = True) -> "Operator":
        """Start the process, and wait until it is ready."""
        with (self.folder / "operator.log").open("ab") as log:
            command = [*self._prefix, str(COMMAND), "run"]
            self._process = preloaded.start(command, environment=self.environment(), folder=self.folder, log=log)
        if ready:
            until(f"readiness; its log: {self.log()[-2000:]}", self.is_ready, within=READY_SECONDS)
        return self

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    def is_running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def is_ready(self) -> bool:
        assert self.is_running(), self.log()[-4000:]
        return self.probe("/readyz")[0] == 200

    def is_idle(self) -> bool:
        """Whether it knows no schedule, and no run goes on."""
        return self.is_ready() and not any(
            self.metric(f"scrape_operator_{name}") for name in ("schedules", "runs_active", "runs_waiting")
        )

    def probe(self, path: str) -> tuple[int, str]:
        """Ask one of the process's own addresses; 0 where nobody answers."""
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=2) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()
        except OSError as error:
            return 0, str(error)

    def metric(self, name: str) -> float:
        """Sum the samples of a metric over its labels."""
        lines = self.probe("/metrics")[1].splitlines()
        return sum(float(line.rsplit(" ", 1)[1]) for line in lines if line.split("{")[0].split(" ")[0] == name)

    def log(self) -> str:
        file = self.folder / "operator.log"
        return file.read_text(errors="replace") if file.exists() else ""

    def command(self, *args: str) -> str:
        """Run another verb of the command with the same environment."""
        command = [preloaded.program(), *args]
        done = subprocess.run(
            command, env=self.environment(), cwd=self.folder, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def kill(self) -> None:
        """End it as a power cut does."""
        assert self._process is not None
        self._process.kill()
        self._process.wait()

    def terminate(self, within: float = 40.0) -> int:
        """Send SIGTERM, and give the exit code."""
        assert self._process is not None
        self._process.send_signal(signal.SIGTERM)
        return self._process.wait(within)

    def close(self) -> None:
        if self.is_running():
            self.kill()

    def rows(self, query: str, *values: object) -> list[dict[str, Any]]:
        """Read the SQLite database, as anybody may while the operator writes it."""
        with sqlite3.connect(f"file:{self.database}?mode=ro", uri=True, timeout=10) as connection:
            connection.row_factory = sqlite3.Row
            return [dict(row) for row in connection.execute(query, values)]

    def kubectl(self, *args: str, **options: Any) -> str:
        """Run kubectl as a user of the namespace would."""
        return self.cluster.kubectl("--namespace", self.namespace, *args, **options)

    def apply(self, *objects: Mapping[str, Any]) -> None:
        """Apply objects in the operator's namespace."""
        self.kubectl("apply", "-f", "-", input=json.dumps({"apiVersion": "v1", "kind": "List", "items": objects}))

    def get(self, name: str) -> dict[str, Any]:
        """Return a ScrapeSchedule."""
        obj = self.get_managed(name)
        obj["metadata"].pop("managedFields", None)
        return obj

    def status(self, name: str) -> dict[str, Any]:
        """Return the status of a ScrapeSchedule, empty before the first one is written."""
        status: dict[str, Any] = self.get(name).get("status", {})
        return status

    def get_managed(self, name: str) -> dict[str, Any]:
        """Return a ScrapeSchedule with its managedFields."""
        return self.cluster.read(f"/apis/{GROUP_VERSION}/namespaces/{self.namespace}/scrapeschedules/{name}")

    def condition(self, name: str, type_: str) -> dict[str, Any]:
        """Return a condition of a schedule, empty where it is absent."""
        conditions = self.status(name).get("conditions", [])
        return next((condition for condition in conditions if condition["type"] == type_), {})

    def runs(self, name: str) -> list[dict[str, Any]]:
        """Return the rows of a schedule, runs and skips, by due time."""
        return self.rows("SELECT * FROM scrape_runs WHERE name = ? ORDER BY scheduled_for, id", name)

    def ended(self, name: str) -> list[dict[str, Any]]:
        """Return the rows of a schedule that are final."""
        return [row for row in self.runs(name) if row["status"] != "RUNNING"]

    def await_status(self, name: str, condition: str, *, seconds: int = 60) -> None:
        """Wait as `kubectl wait --for=` does, such as for condition=Ready=False."""
        self.kubectl("wait", f"--for={condition}", f"scs/{name}", f"--timeout={seconds}s")

    def request_run(self, name: str, token: str) -> None:
        """Ask for a run by annotation."""
        self.kubectl("annotate", "scs", name, f"scrape-operator.dev/requested-at={token}", "--overwrite")


def schedule(name: str, url: str, *, extract: Mapping[str, Any] | None = None, **spec: Any) -> dict[str, Any]:
    """Make a small ScrapeSchedule with one target."""
    extract = extract or {
        "items": {"jmespath": "data[*]"},
        "fields": [
            {"name": "sku", "jmespath": "sku"},
            {"name": "price", "jmespath": "price.amount", "type": "Decimal"},
        ],
        "key": ["sku"],
    }
    target = {"name": "main", "http": {"url": url}, "extract": extract}
    return {
        "apiVersion": GROUP_VERSION,
        "kind": "ScrapeSchedule",
        "metadata": {"name": name},
        "spec": {"targets": [target], **spec},
    }


def secret(name: str, **values: str) -> dict[str, Any]:
    """Make a Secret."""
    return {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": name}, "stringData": values}
