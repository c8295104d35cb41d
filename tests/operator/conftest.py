"""Starts the operator for a test: CRD and the chart's account installed, its own namespace, a site to scrape."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.cluster.connection import Cluster
from tests.operator.process import CHART, Operator
from tests.site.serving import SiteThread
from tests.site.site import DemoSite

CRDS = Path(__file__).parents[2] / "manifests" / "crds"


@pytest.fixture(scope="session")
def crds(control_plane: Cluster) -> None:
    """The CRDs of this tree, as an upgrade would install them."""
    control_plane.kubectl("apply", "--server-side", "--force-conflicts", "-f", str(CRDS))
    control_plane.kubectl("wait", "--for=condition=Established", "--timeout=30s", "-f", str(CRDS))


@pytest.fixture
def site() -> Iterator[DemoSite]:
    with SiteThread() as served:
        yield served


@pytest.fixture
def start_operator(
    control_plane: Cluster, crds: None, namespace: str, tmp_path: Path
) -> Iterator[Callable[..., Operator]]:
    """Give a function that starts a replica with settings; all of them end with the test."""
    control_plane.helm(
        "install", "scrape-operator", str(CHART), "--namespace", namespace,
        "--set", "crds.install=false", "--set", f"watchNamespaces={{{namespace}}}", "--set", "rbac.aggregate=false",
    )  # fmt: skip
    started: list[Operator] = []

    def start(*, ready: bool = True, **settings: str) -> Operator:
        operator = Operator(control_plane, namespace, tmp_path, settings)
        started.append(operator)
        return operator.start(ready=ready)

    yield start
    for operator in started:
        operator.close()
