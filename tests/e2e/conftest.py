"""Starts the operator for a test: CRD and the chart's account installed, its own namespace, a site to scrape."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.dev.controlplane.connection import Cluster
from tests.dev.site.serving import SiteThread
from tests.dev.site.site import DemoSite
from tests.e2e.process import CHART, Operator, until


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put last what stops the API server: a watch that was broken for long comes back only after a pause."""
    items.sort(key=lambda item: "breakable_control_plane" in getattr(item, "fixturenames", ()))


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
    until("nothing to do", lambda: is_idle(lasting_operator), within=30)


def is_idle(operator: Operator) -> bool:
    """Whether it knows no schedule, and no run goes on."""
    return operator.is_ready() and not any(
        operator.metric(f"scrape_operator_{name}") for name in ("schedules", "runs_active", "runs_waiting")
    )


def install_account(cluster: Cluster, namespace: str) -> None:
    """Install the chart for its account and rights; without nodes, its pod stays Pending."""
    cluster.helm(
        "install", "scrape-operator", str(CHART), "--namespace", namespace,
        "--set", "crds.install=false", "--set", f"watchNamespaces={{{namespace}}}", "--set", "rbac.aggregate=false",
        "--set", "secrets.allow=namespace",
    )  # fmt: skip
