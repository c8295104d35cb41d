"""Lists of runs, as tables, from a second process on the operator's SQLite file: whether they delay runs."""

import os
import ssl
import tempfile
import threading
import time
import urllib.request
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

from tests.dev.bench.beside import beside
from tests.dev.bench.herd import create_in_batches, operator_for_bench, resident_mib, window
from tests.dev.bench.static import static_hosts
from tests.dev.controlplane.connection import Cluster
from tests.dev.controlplane.controlplane import open_cluster
from tests.e2e.process import Operator
from tests.e2e.results import registered

COUNT, WINDOW_SECONDS, LISTS_PER_SECOND = 500, 30, 10
INTERVAL = timedelta(seconds=2)
TABLE = "application/json;as=Table;v=v1;g=meta.k8s.io"


class Lister:
    """Lists runs through the API server at a pace, in a thread."""

    def __init__(self, cluster: Cluster, namespace: str) -> None:
        path = f"/apis/results.scrape-operator.dev/v1alpha1/namespaces/{namespace}/scraperuns?limit=500"
        headers = {"Authorization": f"Bearer {cluster.token}", "Accept": TABLE}
        self._request = urllib.request.Request(cluster.url + path, headers=headers)
        self._context = ssl.create_default_context(cafile=cluster.ca_file)
        self.seconds: list[float] = []

    def list_runs(self, ended: threading.Event) -> None:
        """List until the event is set."""
        due = time.monotonic()
        while not ended.wait(max(0.0, due - time.monotonic())):
            begun = time.monotonic()
            with urllib.request.urlopen(self._request, timeout=10, context=self._context) as answer:
                answer.read()
            self.seconds.append(time.monotonic() - begun)
            due += 1 / LISTS_PER_SECOND


def run() -> Sequence[str]:
    """Measure both windows, and give the lines to print."""
    alone = keep_a_core()
    with open_cluster() as cluster, static_hosts() as urls, tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "runs.db"
        with (
            operator_for_bench(cluster, prefix=alone, database=file) as operator,
            registered(cluster, operator.namespace, Path(folder), f"sqlite:///{file}") as results,
        ):
            results.start().await_available()
            lines = measure(operator, Lister(cluster, operator.namespace), urls)
            return [*lines, f"results API: {resident_mib(results.pid):.0f} MiB"]


def keep_a_core() -> Sequence[str]:
    """Leave the last core to the command that begins with the words that are returned.

    Lists also cost the API server and the client: on few cores those would delay runs, whoever serves the lists.
    """
    *others, last = sorted(os.sched_getaffinity(0))
    if not others:
        return ()
    os.sched_setaffinity(0, others)
    return "taskset", "--cpu-list", str(last)


def measure(operator: Operator, lister: Lister, urls: Sequence[str]) -> Sequence[str]:
    """Return the lines of the window without lists, and of the one with them."""
    create_in_batches(operator, COUNT, urls, f"{INTERVAL.seconds}s")
    time.sleep(5)
    quiet = window(operator, WINDOW_SECONDS, INTERVAL)
    with beside(lister.list_runs):
        busy = window(operator, WINDOW_SECONDS, INTERVAL)
    middle = sorted(lister.seconds)[len(lister.seconds) // 2] * 1000
    lists = f"{len(lister.seconds)} lists in {WINDOW_SECONDS} s, median {middle:.0f} ms"
    return ["without lists:", *quiet, f"beside lists: {lists}", *busy]
