"""What tests share: one control plane and one PostgreSQL server per test run, started by the first test that asks."""

from collections.abc import Iterator

import hypothesis
import pytest
from xdist.remote import Producer
from xdist.scheduler import LoadScopeScheduling

from tests.dev.controlplane import processes
from tests.dev.controlplane.binaries import find, uses_existing_cluster
from tests.dev.controlplane.connection import Cluster, existing_cluster_name
from tests.dev.controlplane.controlplane import ControlPlane, open_cluster
from tests.dev.controlplane.postgres import Postgres

hypothesis.settings.register_profile("repeatable", derandomize=True)
hypothesis.settings.load_profile("repeatable")  # `--hypothesis-seed=N` looks for what these examples don't show

SHARED = {"control_plane": "cluster", "postgres": "postgres"}


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark tests by the shared servers that they ask for."""
    for item in items:
        for fixture, marker in SHARED.items():
            if fixture in getattr(item, "fixturenames", ()):
                item.add_marker(marker)


class OneClusterScheduling(LoadScopeScheduling):
    """pytest-xdist's plan: all users of the control plane in one process, so that there is one; the rest one by one.

    xdist's own `loadgroup` loses its groups with pytest 9.2.
    """

    def _split_scope(self, nodeid: str) -> str:
        file = self.config.rootpath / nodeid.partition("::")[0]
        sources = (source for source in (file, file.with_name("conftest.py")) if source.exists())
        return "cluster" if any("control_plane" in source.read_text() for source in sources) else nodeid


def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> OneClusterScheduling:
    """Give pytest-xdist our plan."""
    return OneClusterScheduling(config, log)


def pytest_report_header() -> str | None:
    """Name an existing cluster before anything is applied to it."""
    kubectl = find("kubectl") if uses_existing_cluster() else None
    return f"cluster: the existing one of context {existing_cluster_name(kubectl)}" if kubectl else None


@pytest.fixture(scope="session")
def control_plane(request: pytest.FixtureRequest) -> Iterator[Cluster]:
    """A cluster with RBAC and controllers; a test keeps to its own `namespace`."""
    capture = request.config.pluginmanager.getplugin("capturemanager")
    with capture.global_and_fixture_disabled():  # the first build takes minutes, and says so
        opened = open_cluster()
        cluster = opened.__enter__()
    try:
        yield cluster
    finally:
        opened.__exit__(None, None, None)


@pytest.fixture(scope="session")
def crds(control_plane: Cluster) -> None:
    """The CRDs of this tree."""
    control_plane.install_crds()


@pytest.fixture
def breakable_control_plane(control_plane: Cluster) -> Iterator[ControlPlane]:
    """The control plane for tests that stop its API server; afterwards it serves again."""
    if not isinstance(control_plane, ControlPlane):
        pytest.skip("an existing cluster's API server is not ours to stop")
    yield control_plane
    if not control_plane.serves:
        control_plane.start_apiserver()


@pytest.fixture
def namespace(control_plane: Cluster) -> Iterator[str]:
    """A fresh namespace; its deletion is not waited for."""
    name = control_plane.create_namespace()
    yield name
    control_plane.delete_namespace(name)


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """A PostgreSQL server; a test keeps to a database of its own."""
    with Postgres() as server:
        yield server


@pytest.fixture
def postgres_url(postgres: Postgres) -> Iterator[str]:
    """The URL (postgresql://…) of a fresh database, dropped afterwards; the server is up again for the next test."""
    url = postgres.create_database()
    yield url
    if not postgres.serves:
        postgres.start()
    postgres.drop_database(url)


@pytest.fixture
def free_port() -> int:
    """A TCP port of 127.0.0.1 that nobody listens on."""
    return processes.free_port()
