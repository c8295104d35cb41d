"""Starts the operator for a test: CRD and the chart's account installed, its own namespace, a site to scrape."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import pytest

from scrape_operator.storage.engine import migrate
from scrape_operator.storage.store import SQLRunStore, open_store
from tests.dev.controlplane.connection import Cluster
from tests.dev.controlplane.controlplane import ControlPlane
from tests.dev.site.serving import SiteThread
from tests.dev.site.site import DemoSite
from tests.e2e.process import CHART, Operator, until
from tests.e2e.results import ResultsProcess, registered
from tests.e2e.results_here import ResultsHere, results_served_here
from tests.storage.values import settings_for
from tests.support.databases import make_sqlite


@pytest.fixture
def site() -> Iterator[DemoSite]:
    with SiteThread() as served:
        yield served


@pytest.fixture
def start_operator(
    control_plane: Cluster, crds: None, namespace: str, tmp_path: Path
) -> Iterator[Callable[..., Operator]]:
    """Return a function that starts a replica with settings; all of them end with the test."""
    install_account(control_plane, namespace)
    started: list[Operator] = []

    def start(*, ready: bool = True, **settings: str) -> Operator:
        operator = Operator(control_plane, namespace, tmp_path, settings)
        if not operator.database.exists():  # the lasting operator makes its own
            make_sqlite(operator.database)
        started.append(operator)
        return operator.start(ready=ready)

    yield start
    for operator in started:
        operator.close()


@pytest.fixture(scope="session")
def lasting_operator(
    control_plane: Cluster, crds: None, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Operator]:
    """One process for all tests that leave it alone: a start takes seconds."""
    namespace = control_plane.create_namespace()
    install_account(control_plane, namespace)
    operator = Operator(control_plane, namespace, tmp_path_factory.mktemp("operator"), {})
    yield operator.start()
    operator.close()
    control_plane.delete_namespace(namespace)


@pytest.fixture
def operator(lasting_operator: Operator) -> Iterator[Operator]:
    """The lasting operator without a schedule; rows of earlier tests stay, so a test chooses names of its own."""
    yield lasting_operator
    lasting_operator.kubectl("delete", "scs", "--all", "--wait=false")
    until("nothing to do", lasting_operator.is_idle)


def install_account(cluster: Cluster, namespace: str) -> None:
    """Install the chart for its account and rights; without nodes, its pod stays Pending."""
    cluster.helm(
        "install", "scrape-operator", str(CHART), "--namespace", namespace,
        "--set", "crds.install=false", "--set", f"watchNamespaces={{{namespace}}}", "--set", "rbac.aggregate=false",
        "--set", "secrets.allow=namespace",
    )  # fmt: skip


@pytest.fixture
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The database of rows that the test writes itself: SQLite, or PostgreSQL where the test is parametrized so."""
    if getattr(request, "param", "sqlite") == "sqlite":
        return f"sqlite:///{tmp_path}/runs.db"
    url: str = request.getfixturevalue("postgres_url")
    asyncio.run(migrate.upgrade(settings_for(url)))
    return url


@pytest.fixture
async def store(database_url: str, prompt_writes: None) -> AsyncIterator[SQLRunStore]:
    async with open_store(settings_for(database_url)) as opened:
        yield opened


@pytest.fixture
def results(
    control_plane: Cluster, namespace: str, tmp_path: Path, store: SQLRunStore, database_url: str
) -> Iterator[ResultsProcess]:
    """The results API on that database, registered with the control plane."""
    with registered(control_plane, namespace, tmp_path, database_url) as process:
        process.start().await_available()
        yield process


@pytest.fixture(scope="module")
def results_here(control_plane: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ResultsHere]:
    """The results API in this process, for the tests of a module; each of them registers it."""
    if not isinstance(control_plane, ControlPlane):
        pytest.skip("an existing cluster's API server does not reach this machine")
    with results_served_here(control_plane, tmp_path_factory.mktemp("results")) as here:
        yield here
