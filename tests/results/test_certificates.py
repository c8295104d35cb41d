"""The certificate is made, renewed at two thirds of its life and never shown before its CA is trusted."""

import asyncio
import logging
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.x509.verification import PolicyBuilder, Store

from scrape_operator.cluster.serving_certificate import SecretContent, ServedBy
from scrape_operator.core.errors import ClusterError
from scrape_operator.results.authority import CLOCK_DIFFERENCE, LIFE, Pair, make_pair, read_pair
from scrape_operator.results.certificates import (
    SETTLE_SECONDS,
    MountedCertificate,
    OwnCertificate,
    Stored,
    pause_after,
    read_stored,
    secret_data,
)
from scrape_operator.results.trust import ListenerContext
from tests.results.conftest import Listener
from tests.support.certificates import Authority
from tests.support.clock import ManualClock

NAMES = ("rel-results.sys.svc", "rel-results.sys.svc.cluster.local")
TWO_THIRDS = timedelta(days=61)
DAY_SECONDS = 86_400


class Place:
    """A Secret and an APIService that refuse writes of an old version, as the API server does."""

    def __init__(self) -> None:
        self.secret: SecretContent | None = SecretContent("1", {})
        self.api_service: ServedBy | None = ServedBy(("sys", "rel-results"), b"", "1")
        self.secret_writes = self.bundle_writes = 0
        self.error: ClusterError | None = None
        self.pause: asyncio.Event | None = None

    async def read_secret(self) -> SecretContent | None:
        if self.error:
            raise self.error
        found = self.secret
        if self.pause:
            await self.pause.wait()
        return found

    async def write_secret(self, content: SecretContent) -> bool:
        if self.secret is None or content.version != self.secret.version:
            return False
        self.secret_writes += 1
        data = {**self.secret.data, **content.data}
        self.secret = SecretContent(f"{self.secret_writes + 1}", {key: value for key, value in data.items() if value})
        return True

    async def read_api_service(self) -> ServedBy | None:
        return self.api_service

    async def write_ca_bundle(self, seen: ServedBy, bundle: bytes) -> bool:
        if self.api_service is None or seen.version != self.api_service.version:
            return False
        self.bundle_writes += 1
        self.api_service = ServedBy(seen.service, bundle, f"{self.bundle_writes + 1}")
        return True

    @property
    def stored(self) -> Stored:
        assert self.secret is not None
        return read_stored(self.secret.data)

    @property
    def bundle(self) -> bytes:
        assert self.api_service is not None
        return self.api_service.ca_bundle


class Replica:
    """One process, and what its listener shows."""

    def __init__(self, place: Place, clock: ManualClock) -> None:
        self.context = ListenerContext()
        self.certificate = OwnCertificate(self.context, place, clock, namespace="sys", service="rel-results")

    async def look(self) -> bool:
        return await self.certificate.look()

    @property
    def shown(self) -> bytes:
        return self.context._certificate


@pytest.fixture
def place() -> Place:
    return Place()


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def replica(place: Place, clock: ManualClock) -> Replica:
    return Replica(place, clock)


def accepts(bundle: bytes, certificate: bytes, clock: ManualClock, name: str = NAMES[0]) -> bool:
    """Whether a client that trusts the bundle accepts the certificate for that name."""
    store = Store(x509.load_pem_x509_certificates(bundle))
    verifier = PolicyBuilder().store(store).time(clock.now()).build_server_verifier(x509.DNSName(name))
    try:
        verifier.verify(x509.load_pem_x509_certificate(certificate), [])
    except x509.verification.VerificationError:
        return False
    return True


async def test_an_empty_secret_is_filled_and_the_api_server_trusts_what_is_shown(
    replica: Replica, place: Place, clock: ManualClock
) -> None:
    assert await replica.look()
    assert replica.context.certificate_given.is_set()
    assert all(accepts(place.bundle, replica.shown, clock, name) for name in NAMES)
    assert not accepts(place.bundle, replica.shown, clock, "other.sys.svc")
    assert place.stored.following is None
    assert place.secret is not None
    assert sorted(place.secret.data) == ["ca.crt", "tls.crt", "tls.key"]


async def test_nothing_is_written_while_nothing_is_due(replica: Replica, place: Place, clock: ManualClock) -> None:
    for _ in range(59):
        assert await replica.look()
        clock.advance(DAY_SECONDS)
    assert (place.secret_writes, place.bundle_writes) == (1, 1)


async def test_at_two_thirds_of_its_life_a_certificate_is_renewed_in_steps(
    replica: Replica, place: Place, clock: ManualClock
) -> None:
    await replica.look()
    first, old_bundle = replica.shown, place.bundle
    clock.advance(TWO_THIRDS.total_seconds())
    assert await replica.look()
    assert replica.shown == first
    assert place.bundle.startswith(old_bundle)
    assert place.bundle.count(b"BEGIN") == 2
    clock.advance(SETTLE_SECONDS - 1)
    await replica.look()
    assert replica.shown == first
    clock.advance(1)
    await replica.look()
    assert replica.shown != first
    assert accepts(place.bundle, replica.shown, clock)
    assert accepts(place.bundle, first, clock), "another replica may still show it"
    assert place.secret_writes == 3


async def test_the_old_ca_leaves_the_bundle_when_it_has_expired(
    replica: Replica, place: Place, clock: ManualClock
) -> None:
    await replica.look()
    old = place.bundle
    for seconds in (TWO_THIRDS.total_seconds(), SETTLE_SECONDS):
        clock.advance(seconds)
        await replica.look()
    assert old in place.bundle
    clock.advance((LIFE - TWO_THIRDS).total_seconds())
    await replica.look()
    assert old not in place.bundle
    assert accepts(place.bundle, replica.shown, clock)


async def test_through_four_years_of_two_replicas_no_shown_certificate_is_refused(
    place: Place, clock: ManualClock
) -> None:
    replicas = [Replica(place, clock), Replica(place, clock)]
    shown: set[bytes] = set()
    for _ in range(4 * 365 // 4):
        for replica in replicas:
            await replica.look()
            assert all(accepts(place.bundle, other.shown, clock) for other in replicas if other.shown)
            shown.add(replica.shown)
        clock.advance(4 * DAY_SECONDS)
    assert 20 < len(shown) < 26
    assert place.secret_writes < 2 * len(shown) + 2, "replicas that fight would write more often"


async def test_two_replicas_that_start_at_once_show_one_certificate(place: Place, clock: ManualClock) -> None:
    place.pause = asyncio.Event()
    replicas = [Replica(place, clock), Replica(place, clock)]
    looks = [asyncio.create_task(replica.look()) for replica in replicas]
    await asyncio.sleep(0)
    place.pause.set()
    assert sorted(await asyncio.gather(*looks)) == [False, True]
    assert await replicas[0].look()
    assert await replicas[1].look()
    assert replicas[0].shown == replicas[1].shown
    assert place.secret_writes == 1


@pytest.mark.parametrize(
    "away",
    [pytest.param(LIFE + timedelta(days=1), id="expired"), pytest.param(TWO_THIRDS, id="due")],
)
async def test_a_process_that_was_away_for_long_starts_with_a_valid_certificate(
    place: Place, clock: ManualClock, away: timedelta
) -> None:
    await Replica(place, clock).look()
    clock.advance(away.total_seconds())
    later = Replica(place, clock)
    assert await later.look()
    assert accepts(place.bundle, later.shown, clock)


async def test_a_certificate_that_waited_until_it_was_old_is_not_shown(
    replica: Replica, place: Place, clock: ManualClock
) -> None:
    await replica.look()
    clock.advance(TWO_THIRDS.total_seconds())
    await replica.look()
    waiting = place.stored.following
    assert waiting
    clock.advance(LIFE.total_seconds())
    later = Replica(place, clock)
    await later.look()
    assert later.shown != waiting.certificate
    assert accepts(place.bundle, later.shown, clock)


def broken(data: Mapping[str, bytes]) -> list[dict[str, bytes]]:
    other = make_pair(NAMES, ManualClock().now())
    return [
        {},
        {**data, "tls.crt": b"garbage"},
        {**data, "tls.key": other.key},
        {**data, "ca.crt": other.authority},
        {**data, "tls.key": b""},
        {key: value for key, value in data.items() if key != "ca.crt"},
        dict(secret_data(Stored(make_pair(("rel-results.other.svc",), ManualClock().now()), None))),
    ]


async def test_a_damaged_secret_is_written_anew(replica: Replica, place: Place, clock: ManualClock) -> None:
    await replica.look()
    assert place.secret is not None
    for data in broken(place.secret.data):
        place.secret = SecretContent(place.secret.version, data)
        fresh = Replica(place, clock)
        assert await fresh.look()
        assert accepts(place.bundle, fresh.shown, clock)


@pytest.mark.parametrize(
    ("damage", "problem"),
    [
        pytest.param({"secret": None}, "the Secret does not exist", id="no Secret"),
        pytest.param({"api_service": None}, "the APIService does not exist", id="no APIService"),
        pytest.param(
            {"api_service": ServedBy(("other", "rel-results"), b"theirs", "1")},
            "names Service other/rel-results, not sys/rel-results: only one installation",
            id="another installation",
        ),
        pytest.param({"error": ClusterError("PATCH: 403: no")}, "403", id="refused"),
    ],
)
async def test_what_stands_in_the_way_is_logged_once_and_overwrites_nothing(
    replica: Replica, place: Place, caplog: pytest.LogCaptureFixture, damage: dict[str, object], problem: str
) -> None:
    for name, value in damage.items():
        setattr(place, name, value)
    with caplog.at_level(logging.WARNING):
        assert not await replica.look()
        assert not await replica.look()
    problems = [getattr(record, "problem", "") for record in caplog.records]
    assert len(problems) == 1
    assert problem in problems[0]
    assert place.bundle_writes == 0


def test_a_lasting_problem_is_looked_at_less_often() -> None:
    """Such as an APIService that was deleted to free namespaces, for days."""
    assert [pause_after(failures) for failures in range(8)] == [30, 2, 4, 8, 16, 30, 30, 30]


async def test_no_key_shows_in_logs(replica: Replica, place: Place, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        await replica.look()
    assert place.secret is not None
    said = [str(vars(record)) for record in caplog.records] + [repr(place.secret), repr(place.stored)]
    assert caplog.records
    assert not any("PRIVATE KEY" in text for text in said)


def test_a_stored_certificate_reads_as_the_one_that_was_made() -> None:
    made = make_pair(NAMES, ManualClock().now())
    assert read_pair(made.certificate, made.key, made.authority) == made
    assert made.valid_until - made.valid_from == LIFE + CLOCK_DIFFERENCE
    assert not make_pair(NAMES, ManualClock().now()).serves(NAMES, made.valid_until)
    assert isinstance(made, Pair)


async def test_a_mounted_certificate_is_loaded_again_when_it_changes(tmp_path: Path, clock: ManualClock) -> None:
    context = ListenerContext()
    mounted = MountedCertificate(context, tmp_path)
    assert not mounted.look()
    first, second = make_pair(NAMES, clock.now()), make_pair(NAMES, clock.now())
    for name, value in (("tls.crt", first.certificate), ("tls.key", first.key)):
        (tmp_path / name).write_bytes(value)
    assert mounted.look()
    (tmp_path / "tls.crt").write_bytes(second.certificate)
    assert not mounted.look(), "the key is not written yet"
    assert context._certificate == first.certificate
    (tmp_path / "tls.key").write_bytes(second.key)
    assert mounted.look()
    assert context._certificate == second.certificate


async def test_a_listener_changes_its_certificate_without_a_failed_request(listener: Listener) -> None:
    old, new = listener.own, Authority("results CA 2")
    async with listener.session(listener.front.issue("front-proxy-client")) as lasting:
        headers = {"X-Remote-User": "jane"}
        async with lasting.get("/", headers=headers) as answer:
            assert answer.status == 200
        for number in range(20):
            listener.show(new if number % 2 else old)
            async with lasting.get("/", headers=headers) as answer:
                assert answer.status == 200
            assert await listener.ask(None, trusted=new if number % 2 else old) == 401
