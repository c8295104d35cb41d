"""Secrets are read once in a while, and runs go on with what was read while the API server is away."""

import asyncio
import base64
from typing import Any

import pytest

from scrape_operator.cluster.secrets import FRESH_SECONDS, MISSING_SECONDS, PATIENT_SECONDS, ClusterSecrets
from scrape_operator.core.errors import ClusterError, ScrapeFailed
from tests.support.clock import ManualClock
from tests.support.virtual_time import run_virtual


class FakeClient:
    """Stands in for the session: a test sets the Secret's value, or the error."""

    def __init__(self) -> None:
        self.requests = 0
        self.version = 1
        self.value = "hunter2"
        self.error: ClusterError | None = None
        self.hangs = False

    async def request(self, method: str, path: str) -> dict[str, Any]:
        assert (method, path) == ("GET", "/api/v1/namespaces/shop/secrets/login")
        self.requests += 1
        await asyncio.sleep(60 if self.hangs else 0)
        if self.error is not None:
            raise self.error
        data = {"password": base64.b64encode(self.value.encode()).decode()}
        return {"metadata": {"resourceVersion": str(self.version)}, "data": data}


class Bench:
    def __init__(self) -> None:
        self.client = FakeClient()
        self.clock = ManualClock()
        self.secrets = ClusterSecrets(self.client, self.clock)

    async def password(self) -> bytes:
        return (await self.secrets.read("shop", "login"))["password"]


async def test_many_readers_share_one_request_and_a_rotation_is_seen_soon() -> None:
    bench = Bench()
    assert await asyncio.gather(*(bench.password() for _ in range(50))) == [b"hunter2"] * 50
    assert bench.client.requests == 1
    bench.client.value, bench.client.version = "hunter3", 2
    assert await bench.password() == b"hunter2"
    bench.clock.advance(FRESH_SECONDS + 1)
    assert await bench.password() == b"hunter3"


async def test_a_secret_of_the_same_version_is_the_same_object() -> None:
    bench = Bench()
    first = await bench.secrets.read("shop", "login")
    bench.clock.advance(FRESH_SECONDS + 1)
    assert await bench.secrets.read("shop", "login") is first
    bench.client.version = 2
    bench.clock.advance(FRESH_SECONDS + 1)
    assert await bench.secrets.read("shop", "login") is not first


@pytest.mark.parametrize(
    ("status", "message"),
    [
        pytest.param(404, "Secret shop/login does not exist: create it", id="absent"),
        pytest.param(403, "Secret shop/login must not be read by the operator: allow it", id="forbidden"),
        pytest.param(0, "Secret shop/login cannot be read: away", id="away"),
    ],
)
async def test_a_secret_that_cannot_be_had_names_the_remedy_and_heals(status: int, message: str) -> None:
    bench = Bench()
    bench.client.error = ClusterError("away", status=status)
    for _ in range(3):
        with pytest.raises(ScrapeFailed, match=message):
            await bench.password()
    assert bench.client.requests == 1
    bench.client.error = None
    bench.clock.advance(MISSING_SECONDS + 1)
    assert await bench.password() == b"hunter2"


async def test_what_was_read_serves_while_the_api_server_is_away() -> None:
    bench = Bench()
    await bench.password()
    bench.client.error = ClusterError("away")
    for _ in range(10):
        bench.clock.advance(MISSING_SECONDS + 1)
        assert await bench.password() == b"hunter2"
    bench.clock.advance(MISSING_SECONDS)
    bench.client.error = None
    bench.client.value, bench.client.version = "hunter3", 2
    assert await bench.password() == b"hunter3"


def test_what_was_read_serves_while_the_api_server_hangs() -> None:
    async def read() -> tuple[bytes, float]:
        bench = Bench()
        assert await bench.password() == b"hunter2"
        bench.client.hangs = True
        bench.clock.advance(FRESH_SECONDS + 1)
        began = asyncio.get_running_loop().time()
        return await bench.password(), asyncio.get_running_loop().time() - began

    assert run_virtual(read()) == (b"hunter2", PATIENT_SECONDS)


async def test_a_secret_that_was_deleted_is_not_used_any_more() -> None:
    bench = Bench()
    await bench.password()
    bench.client.error = ClusterError("gone", status=404)
    bench.clock.advance(FRESH_SECONDS + 1)
    with pytest.raises(ScrapeFailed, match="does not exist"):
        await bench.password()


async def test_a_value_is_in_no_message() -> None:
    bench = Bench()
    await bench.password()
    assert "hunter2" not in repr(bench.secrets)
