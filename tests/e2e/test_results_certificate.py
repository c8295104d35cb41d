"""The certificate of the results API is renewed on the real API server, by two replicas, without a failed request."""

import asyncio
import ssl
from collections import Counter
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import aiohttp
import pytest

from scrape_operator.clock import SystemClock
from scrape_operator.cluster.client import ClusterClient
from scrape_operator.cluster.credentials import Credentials
from scrape_operator.cluster.serving_certificate import ClusterServingCertificate, SecretContent
from scrape_operator.results import certificates
from scrape_operator.results.authority import LIFE, Pair, make_pair
from scrape_operator.results.certificates import OwnCertificate, Stored, read_stored, secret_data
from scrape_operator.results.security import API_SERVICE
from scrape_operator.results.trust import ListenerContext
from scrape_operator.settings import Settings
from tests.dev.controlplane.controlplane import ControlPlane
from tests.e2e.results import serving
from tests.e2e.results_install import InstalledResults
from tests.e2e.results_requests import BASE

CALLERS = 4


@pytest.fixture
def installed(own_control_plane: ControlPlane, tmp_path: Path) -> Iterator[InstalledResults]:
    """The chart's objects as in a cluster; nobody reaches the process yet."""
    made = InstalledResults(own_control_plane, tmp_path, f"sqlite:///{tmp_path}/runs.db")
    try:
        made.upgrade()
        yield made
    finally:
        made.uninstall()


@pytest.fixture
async def client(installed: InstalledResults) -> AsyncIterator[ClusterClient]:
    """A session with the rights of the chart's account."""
    token = installed.plane.create_token(installed.namespace, installed.account)

    async def load() -> Credentials:
        return Credentials(installed.plane.url, str(installed.plane.ca_file), None, None, f"Bearer {token}")

    async with ClusterClient(load) as opened:
        yield opened


@pytest.fixture
def place(installed: InstalledResults, client: ClusterClient) -> ClusterServingCertificate:
    return ClusterServingCertificate(
        client, namespace=installed.namespace, secret=f"{installed.service}-tls", api_service=API_SERVICE
    )


@pytest.fixture
def hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """Waits of seconds instead of minutes."""
    for name, seconds in {"LOOK_SECONDS": 0.2, "RETRY_SECONDS": 0.1, "SETTLE_SECONDS": 3.0}.items():
        monkeypatch.setattr(certificates, name, seconds)


async def stored_in(place: ClusterServingCertificate) -> Stored:
    content = await place.read_secret()
    assert content is not None
    return read_stored(content.data)


@asynccontextmanager
async def replica(place: ClusterServingCertificate, installed: InstalledResults) -> AsyncIterator[ListenerContext]:
    """A second process that keeps the same Secret."""
    context = ListenerContext()
    kept = OwnCertificate(context, place, SystemClock(), namespace=installed.namespace, service=installed.service)
    task = asyncio.create_task(kept.run())
    yield context
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


@asynccontextmanager
async def available(
    client: ClusterClient, installed: InstalledResults, *, certificate_dir: Path | None = None
) -> AsyncIterator[None]:
    """The product's process, as a task of the test: its waits are those of `hurried`."""
    settings = settings_of(installed).model_copy(update={"results_api_certificate_dir": certificate_dir})
    async with serving(settings, client, SystemClock()):
        await asyncio.to_thread(installed.await_available, is_available=True)
        yield


def settings_of(installed: InstalledResults) -> Settings:
    kept = {"listen_host", "results_api_port", "results_api_service"}
    environment = installed.environment()
    values = {name: environment[f"SCRAPE_OPERATOR_{name}".upper()] for name in kept}
    return Settings.model_validate({"DATABASE_URL": environment["DATABASE_URL"], **values})


async def ask_all_the_time(installed: InstalledResults, answers: Counter[int], *, new_connections: bool) -> None:
    """Ask through the API server, one request after the other, without an end."""
    headers = {"Authorization": f"Bearer {installed.plane.token}", "Accept": "application/json"}
    context = ssl.create_default_context(cafile=str(installed.plane.ca_file))
    connector = aiohttp.TCPConnector(ssl=context, force_close=new_connections)
    async with aiohttp.ClientSession(installed.plane.url, connector=connector, headers=headers) as session:
        while True:
            async with session.get(f"{BASE}/scraperuns") as answer:
                await answer.read()
                answers[answer.status] += 1


async def test_a_certificate_that_is_due_is_renewed_under_load_without_a_failed_request(
    installed: InstalledResults, client: ClusterClient, place: ClusterServingCertificate, hurried: None
) -> None:
    due = make_pair(names_of(installed), datetime.now(UTC) - LIFE * 2 / 3 - timedelta(hours=1))
    before = await place.read_secret()
    assert before is not None
    assert await place.write_secret(SecretContent(before.version, secret_data(Stored(due, None))))
    await asyncio.to_thread(installed.connect)
    answers: Counter[int] = Counter()
    async with available(client, installed), replica(place, installed) as second:
        load = [
            asyncio.create_task(ask_all_the_time(installed, answers, new_connections=bool(number % 2)))
            for number in range(CALLERS)
        ]
        seen = [await shown_by(installed)]
        deadline = asyncio.get_running_loop().time() + 30
        while len(seen) < 2 and asyncio.get_running_loop().time() < deadline:
            await asyncio.sleep(0.1)
            if (shown := await shown_by(installed)) != seen[-1]:
                seen.append(shown)
        asked = answers.total()
        await until_total(answers, asked + 200)
        assert not [task for task in load if task.done()]
        for task in load:
            task.cancel()
        await asyncio.gather(*load, return_exceptions=True)
        stored = await stored_in(place)
        assert stored.current is not None
        assert second._certificate == stored.current.certificate
        assert (stored.following, stored.former_authority) == (None, due.authority)
    assert seen == [der_of(due.certificate), der_of(stored.current.certificate)]
    assert set(answers) == {200}
    assert asked > CALLERS, "some were answered before the change"
    assert installed.ca_bundle.encode() == stored.current.authority + due.authority


async def test_replicas_that_start_together_agree_on_one_certificate(
    installed: InstalledResults, client: ClusterClient, place: ClusterServingCertificate, hurried: None
) -> None:
    async with (
        replica(place, installed) as first,
        replica(place, installed) as second,
        replica(place, installed) as third,
    ):
        for context in (first, second, third):
            await asyncio.wait_for(context.certificate_given.wait(), 20)
        assert first._certificate == second._certificate == third._certificate
        stored = await stored_in(place)
        assert stored.current is not None
        assert stored.current.certificate == first._certificate


async def test_the_chart_upgraded_leaves_certificate_and_bundle_alone(
    installed: InstalledResults, client: ClusterClient, place: ClusterServingCertificate, hurried: None
) -> None:
    async with replica(place, installed) as context:
        await asyncio.wait_for(context.certificate_given.wait(), 20)
        while not await asyncio.to_thread(lambda: installed.ca_bundle):
            await asyncio.sleep(0.1)
    stored, bundle = await stored_in(place), installed.ca_bundle
    await asyncio.to_thread(installed.upgrade)
    assert await stored_in(place) == stored
    assert installed.ca_bundle == bundle


async def test_an_uninstall_takes_the_registration_along(installed: InstalledResults) -> None:
    """What is left would keep every namespace of the cluster from going."""
    plane = installed.plane
    assert plane.kubectl("get", "apiservice", API_SERVICE, "--ignore-not-found")
    plane.helm("uninstall", installed.release, "--namespace", installed.namespace)
    assert not plane.kubectl("get", "apiservice", API_SERVICE, "--ignore-not-found")
    kinds = "clusterroles,clusterrolebindings"
    left = plane.kubectl("get", kinds, "-l", f"app.kubernetes.io/instance={installed.release}", "-o", "name")
    bound = plane.kubectl("get", "rolebindings", "--namespace", "kube-system", "-o", "name")
    assert left == ""
    assert installed.release not in bound


async def test_a_mounted_certificate_is_served_and_nothing_is_written(
    installed: InstalledResults, client: ClusterClient, place: ClusterServingCertificate, hurried: None, tmp_path: Path
) -> None:
    """What cert-manager does, by hand: files for the process, and the caBundle."""
    first, second = (make_pair(names_of(installed), datetime.now(UTC)) for _ in range(2))
    folder = tmp_path / "mounted"
    folder.mkdir()

    def mount(pair: Pair) -> None:
        (folder / "tls.crt").write_bytes(pair.certificate)
        (folder / "tls.key").write_bytes(pair.key)

    mount(first)
    await asyncio.to_thread(installed.connect)
    registered = await place.read_api_service()
    assert registered is not None
    assert await place.write_ca_bundle(registered, first.authority + second.authority)
    async with available(client, installed, certificate_dir=folder):
        assert await shown_by(installed) == der_of(first.certificate)
        mount(second)
        while await shown_by(installed) != der_of(second.certificate):
            await asyncio.sleep(0.1)
        assert await asyncio.to_thread(lambda: installed.ask(f"{BASE}/scraperuns").status) == 200
    assert installed.ca_bundle.encode() == first.authority + second.authority
    stored = await place.read_secret()
    assert stored is not None
    assert stored.data == {}


def names_of(installed: InstalledResults) -> Sequence[str]:
    name = f"{installed.service}.{installed.namespace}.svc"
    return name, f"{name}.cluster.local"


async def shown_by(installed: InstalledResults) -> bytes:
    """The certificate that the listener shows, as DER."""
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    _, writer = await asyncio.open_connection("127.0.0.1", installed.port, ssl=context)
    certificate = writer.get_extra_info("ssl_object").getpeercert(binary_form=True)
    writer.close()
    await writer.wait_closed()
    assert isinstance(certificate, bytes)
    return certificate


def der_of(pem: bytes) -> bytes:
    return ssl.PEM_cert_to_DER_cert(pem.decode())


async def until_total(answers: Counter[int], total: int) -> None:
    while answers.total() < total:
        await asyncio.sleep(0.05)
