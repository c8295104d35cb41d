"""What tests share: a control plane and a PostgreSQL server per process, started by the first test that asks."""

from collections.abc import Iterator

import hypothesis
import pytest
from xdist.remote import Producer
from xdist.scheduler import LoadScopeScheduling
from xdist.workermanage import WorkerController

from scrape_operator.storage.engine import batching
from tests.dev.controlplane import processes
from tests.dev.controlplane.binaries import find, uses_existing_cluster
from tests.dev.controlplane.connection import Cluster, existing_cluster_name
from tests.dev.controlplane.controlplane import ControlPlane, open_cluster
from tests.dev.controlplane.postgres import Postgres
from tests.support.changing_shop import Shop
from tests.support.logs import restored_logging
from tests.support.receiver import Receiver

# No deadline and no check of slowness: a machine may be busy, and a test reads no clock.
hypothesis.settings.register_profile(
    "repeatable", derandomize=True, deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow]
)
hypothesis.settings.load_profile("repeatable")  # `--hypothesis-seed=N` looks for what these examples don't show

CONTROL_PLANES = 2
"""How many processes of a test run have a control plane."""

SHARED = {"control_plane": "cluster", "postgres": "postgres"}


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark tests by the shared servers that they ask for, and put those with a control plane first."""
    for item in items:
        for fixture, marker in SHARED.items():
            if fixture in getattr(item, "fixturenames", ()):
                item.add_marker(marker)
    stopping = {item.path for item in items if "breakable_control_plane" in getattr(item, "fixturenames", ())}
    items.sort(key=lambda item: _place_of(item, is_stopping=item.path in stopping))


def _place_of(item: pytest.Item, *, is_stopping: bool) -> int:
    """Return where a test stands among the others.

    Tests of the operator come before those of the results API, since an API server may answer for that for a while
    after it is gone. What stops an API server comes last: a watch that was broken for long resumes after a pause.
    """
    if item.get_closest_marker("cluster") is None:
        return 3
    is_operator = item.path.parent.name == "e2e" and not item.path.name.startswith(("test_results", "test_plugin_rows"))
    return 2 if is_stopping else 0 if is_operator else 1


class ClusterScheduling(LoadScopeScheduling):
    """pytest-xdist's plan: whole files, as its own `loadfile`, which leaves the order of the tests to itself, though.

    Two processes begin with the files that may use a control plane, each with its own. They wait for much of their
    time, in which further processes run the other files. Tests one by one would cost a minute of CPU time: xdist looks
    through all that a process got whenever a test ends.
    """

    def __init__(self, config: pytest.Config, log: Producer) -> None:
        super().__init__(config, log)
        config.option.loadscopereorder = False  # the order of the tests is right

    def _split_scope(self, nodeid: str) -> str:
        return nodeid.partition("::")[0]

    def _assign_work_unit(self, node: WorkerController) -> None:
        if self.nodes.index(node) >= CONTROL_PLANES:
            other = next((file for file in self.workqueue if not self._may_use_control_plane(file)), None)
            if other is None:  # only files are left; xdist ends an idle process with the others
                return
            self.workqueue.move_to_end(other, last=False)
        super()._assign_work_unit(node)

    def _may_use_control_plane(self, name: str) -> bool:
        file = self.config.rootpath / name
        sources = (source for source in (file, file.with_name("conftest.py")) if source.exists())
        return any("control_plane" in source.read_text() for source in sources)


def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> ClusterScheduling:
    """Return the scheduling of pytest-xdist."""
    return ClusterScheduling(config, log)


def pytest_report_header() -> str | None:
    """Name an existing cluster before anything is applied to it."""
    kubectl = find("kubectl") if uses_existing_cluster() else None
    return f"cluster: the existing one of context {existing_cluster_name(kubectl)}" if kubectl else None


@pytest.fixture(autouse=True)
def logging_as_before() -> Iterator[None]:
    """Restore logging after a test: commands configure it for the whole process, and later tests read their logs."""
    with restored_logging():
        yield


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
def own_control_plane(control_plane: Cluster) -> ControlPlane:
    """The control plane for tests that need its files, or change what is cluster-wide."""
    if not isinstance(control_plane, ControlPlane):
        pytest.skip("an existing cluster's API server is not ours to stop, or to sign certificates for")
    return control_plane


@pytest.fixture
def breakable_control_plane(own_control_plane: ControlPlane) -> Iterator[ControlPlane]:
    """The control plane for tests that stop its API server; afterwards it serves again."""
    yield own_control_plane
    if not own_control_plane.serves:
        own_control_plane.start_apiserver()


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
def prompt_writes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let operations of stores that are opened in this process not wait for others."""
    monkeypatch.setattr(batching, "GATHER_SECONDS", 0.0)
    monkeypatch.setattr(batching, "PATIENT_SECONDS", 0.0)


@pytest.fixture
def free_port() -> int:
    """A TCP port of 127.0.0.1 that nobody listens on."""
    return processes.free_port()


@pytest.fixture
def changing_shop() -> Iterator[Shop]:
    """A site whose goods change."""
    served = Shop()
    yield served
    served.close()


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    """A receiver of webhooks."""
    served = Receiver().start()
    yield served
    served.stop()
