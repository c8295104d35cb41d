"""`make demo`: a control plane, a shop, the operator and the samples, for less than a minute on this machine.

What it shows is checked too: it ends with 1 where a sample did not do what it should. KEEP=1 leaves all up until
Ctrl-C, for a look round with kubectl; DEMO_SECONDS (45) says how long the runs are watched; PICTURE=FILE draws how it
stands then, as SVG. Nothing else is left behind.
"""

import os
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path

import yaml

from tests.dev.bookmakers.thread import BookmakersThread
from tests.dev.controlplane.binaries import DEMO, find, uses_existing_cluster
from tests.dev.controlplane.connection import Cluster, CommandFailed
from tests.dev.controlplane.controlplane import open_cluster
from tests.dev.controlplane.gobuild import BuildFailed
from tests.dev.controlplane.processes import RunFolder, StartFailed
from tests.dev.demo import samples
from tests.dev.demo.judging import Schedule, problems
from tests.dev.demo.ledger import Run, count_items, read_runs
from tests.dev.demo.operatorprocess import OperatorProcess
from tests.dev.demo.picture import draw
from tests.dev.demo.screen import Screen
from tests.dev.site.serving import SiteThread
from tests.dev.site.site import DemoSite
from tests.support.paths import ROOT

CRDS = ROOT / "manifests" / "crds"
CRD = "scrapeschedules.scrape-operator.dev"
REQUESTED_AT = "scrape-operator.dev/requested-at"
POLL_SECONDS = 0.25
MANUAL_AFTER_SECONDS = 8
RENEW_SECONDS = 1800


class Demo:
    """One showing, once all that it needs is up."""

    def __init__(self, screen: Screen, cluster: Cluster, namespace: str, operator: OperatorProcess) -> None:
        self._screen = screen
        self._cluster = cluster
        self._namespace = namespace
        self._operator = operator
        self._shown: set[str] = set()
        self._token = ""

    def show(self, seconds: float) -> list[str]:
        """Watch runs for a while, ask for one by hand on the way, sum up, and give what did not work."""
        begun = time.monotonic()
        self._screen.heading("Runs as they end")
        self._watch_until(begun + min(seconds, MANUAL_AFTER_SECONDS))
        self._run_by_hand()
        self._watch_until(begun + seconds)
        alive = self._operator.answers("/healthz")
        found = self._runs_by_kubectl()
        self._screen.heading("How it stands")
        self._kubectl("get", "scs")
        self._screen.heading("One match at three bookmakers")
        for words in (("odds", samples.MATCH, "-m", "1x2"), ("odds", "coverage")):
            self._screen.command(f"scrape-operator {' '.join(words)}", self._operator.command(*words))
        found += problems(read_runs(self._operator.database), self._schedules(), self._token)
        if not alive:
            found.append("the operator no longer answers /healthz")
        return found

    def keep(self) -> None:
        """Stay until Ctrl-C."""
        kubectl = find("kubectl")
        self._screen.heading("All stays up until Ctrl-C. In another terminal:")
        self._screen.line(f"  export KUBECONFIG={self._cluster.kubeconfig}")
        self._screen.line(f'  export PATH="{kubectl.parent if kubectl else ""}:$PATH"')
        self._screen.line(f"  kubectl get scs --namespace {self._namespace} --watch")
        self._screen.line(f"  sqlite3 -readonly {self._operator.database} 'SELECT data FROM items LIMIT 5'")
        self._screen.line(f"  tail -f {self._operator.log}\n")
        with suppress(KeyboardInterrupt):
            while self._operator.answers("/healthz"):
                self._watch_until(time.monotonic() + RENEW_SECONDS)
                self._operator.renew_rights()

    def sum_up(self) -> None:
        """Show the summary of all runs."""
        self._screen.heading("Summary")
        self._screen.summary(read_runs(self._operator.database), count_items(self._operator.database))

    def _watch_until(self, end: float) -> None:
        while time.monotonic() < end:
            for run in self._news():
                self._screen.run(run)
            time.sleep(POLL_SECONDS)

    def _news(self) -> list[Run]:
        news = [run for run in read_runs(self._operator.database) if run.id not in self._shown]
        self._shown.update(run.id for run in news)
        return news

    def _run_by_hand(self) -> None:
        self._token = datetime.now(UTC).isoformat(timespec="seconds")
        self._screen.heading("A run by hand, of the schedule that is suspended")
        self._kubectl("annotate", "scs", samples.MANUAL, f"{REQUESTED_AT}={self._token}", "--overwrite")

    def _runs_by_kubectl(self) -> list[str]:
        """Show runs through the Kubernetes API, and return what is missing there."""
        if not self._operator.serves_results:
            return []
        self._screen.heading("Runs through the Kubernetes API")
        shown = self._kubectl("get", "scraperuns", "-l", f"schedule in ({samples.MANUAL},{samples.PLATFORMS})")
        return [] if samples.MANUAL in shown else ["kubectl get scraperuns does not show the run by hand"]

    def _kubectl(self, *words: str) -> str:
        output = self._cluster.kubectl("--namespace", self._namespace, *words)
        self._screen.command(f"kubectl {' '.join(map(_quoted, words))}", output)
        return output

    def _schedules(self) -> list[Schedule]:
        text = self._cluster.kubectl("--namespace", self._namespace, "get", "scs", "--output", "yaml")
        found: list[Schedule] = yaml.safe_load(text)["items"]
        return found


def _quoted(word: str) -> str:
    return f"'{word}'" if " " in word else word


def run_demo(screen: Screen, *, seconds: float, keep: bool, picture: Path | None) -> int:
    """Bring all up, show it, and take it down; gives the exit code."""
    with ExitStack() as stack:
        screen.heading("Starting")
        cluster = stack.enter_context(open_cluster(DEMO))
        site = stack.enter_context(_site())
        books = stack.enter_context(_bookmakers())
        screen.line(f"Site: {site.url}, a shop of {site.catalogue.size} products that change over time")
        screen.line(f"Bookmakers: {', '.join(books.sites)}, {len(books.world.fixtures)} matches with odds that move")
        namespace = stack.enter_context(_namespace(cluster))
        folder = stack.enter_context(RunFolder("demo"))
        operator = OperatorProcess(folder, cluster, namespace)
        begun = time.monotonic()
        operator.start()
        screen.line(f"Operator: ready after {time.monotonic() - begun:.1f} s, in {folder.path}")
        documents = samples.load(site, [book.url for book in books.sites.values()])
        cluster.kubectl("apply", "--namespace", namespace, "-f", "-", input=yaml.safe_dump_all(documents))
        screen.line(f"Samples: {len(documents)} applied in namespace {namespace}")
        demo = Demo(screen, cluster, namespace, operator)
        found = demo.show(seconds)
        if picture:
            picture.parent.mkdir(parents=True, exist_ok=True)
            picture.write_text(draw(screen.commands[-3:-1]), encoding="utf-8")
        if keep:
            demo.keep()
        operator.stop()
        demo.sum_up()
        found += _complaints(operator.log)
        screen.problems(found)
    screen.line("\nThe demo did what it should." if not found else f"\n{len(found)} things did not work.")
    return 1 if found else 0


@contextmanager
def _site() -> Iterator[DemoSite]:
    """Serve the shop where the samples expect it, or on a free port if something else is there."""
    thread = SiteThread(port=samples.SITE_PORT, tls_port=samples.TLS_PORT)
    try:
        site = thread.start()
    except OSError:
        thread = SiteThread()
        site = thread.start()
    try:
        yield site
    finally:
        thread.stop()


@contextmanager
def _bookmakers() -> Iterator[BookmakersThread]:
    """Serve the bookmakers where the samples expect them, or on free ports."""
    try:
        thread = BookmakersThread(ports=samples.BOOK_PORTS).__enter__()
    except OSError:
        thread = BookmakersThread().__enter__()
    try:
        yield thread
    finally:
        thread.__exit__(None, None, None)


@contextmanager
def _namespace(cluster: Cluster) -> Iterator[str]:
    """Apply the CRDs and make a namespace; an existing cluster is left as it was."""
    had_crd = bool(cluster.kubectl("get", "crd", CRD, "--ignore-not-found"))
    cluster.install_crds()
    namespace = cluster.create_namespace("scrape-demo")
    try:
        yield namespace
    finally:
        if uses_existing_cluster():
            cluster.delete_namespace(namespace)
            if not had_crd:
                cluster.kubectl("delete", "-f", str(CRDS), "--wait=false", "--ignore-not-found")


def _complaints(log: Path) -> list[str]:
    """Find what no healthy operator writes."""
    text = log.read_text(encoding="utf-8", errors="replace")
    marks = ("Traceback", "InternalError", "forbidden")
    return [f"the operator's log says {mark!r}:\n{_around(text, mark)}" for mark in marks if mark in text]


def _around(text: str, mark: str) -> str:
    start = text.rfind("\n", 0, text.index(mark)) + 1
    return "\n".join(text[start:].splitlines()[:40])


def _terminated(_number: int, _frame: object) -> None:
    raise KeyboardInterrupt


def main() -> int:
    """Run the demo; an error that a person can mend is one line."""
    signal.signal(signal.SIGTERM, _terminated)
    screen = Screen()
    try:
        return run_demo(
            screen,
            seconds=float(os.environ.get("DEMO_SECONDS", "45")),
            keep=os.environ.get("KEEP") == "1",
            picture=Path(os.environ["PICTURE"]) if os.environ.get("PICTURE") else None,
        )
    except KeyboardInterrupt:
        screen.line("\nInterrupted; all is taken down.")
        return 130
    except (BuildFailed, StartFailed, CommandFailed) as error:
        screen.problems([str(error)])
        return 1


if __name__ == "__main__":
    sys.exit(main())
