"""Lists of schedules from a real API server, page by page."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import aclosing
from dataclasses import replace
from typing import Any

import pytest

from scrape_operator.api.kinds.registry import SCRAPE_SCHEDULE
from scrape_operator.cluster.client import ClusterClient
from scrape_operator.cluster.credentials import Credentials
from scrape_operator.cluster.objects import ClusterObjects
from scrape_operator.cluster.secrets import ClusterSecrets
from scrape_operator.core.errors import ClusterError, ScrapeFailed
from scrape_operator.core.runs.reasons import Reason
from tests.dev.controlplane.connection import Cluster
from tests.e2e.process import schedule
from tests.support.clock import ManualClock

NAMES = [f"s{number}" for number in range(7)]


@pytest.fixture
async def client(control_plane: Cluster) -> AsyncIterator[ClusterClient]:
    way = Credentials(control_plane.url, str(control_plane.ca_file), None, None, f"Bearer {control_plane.token}")

    async def load() -> Credentials:
        return way

    async with ClusterClient(load) as opened:
        yield opened


@pytest.fixture
def listed(client: ClusterClient) -> ClusterObjects:
    """Lists with three objects a page."""
    return ClusterObjects(client, page_size=3)


@pytest.fixture
def seven(control_plane: Cluster, crds: None, namespace: str) -> str:
    """A namespace with seven schedules."""
    items = [schedule(name, "http://127.0.0.1:1/") for name in NAMES]
    listed = json.dumps({"apiVersion": "v1", "kind": "List", "items": items})
    control_plane.kubectl("create", "--namespace", namespace, "-f", "-", input=listed)
    return namespace


async def test_all_pages_are_read(listed: ClusterObjects, seven: str) -> None:
    assert [obj["metadata"]["name"] async for obj in listed.objects(SCRAPE_SCHEDULE, [seven])] == NAMES
    metadata = [obj async for obj in listed.metadata(SCRAPE_SCHEDULE, [seven])]
    assert [obj["metadata"]["name"] for obj in metadata] == NAMES
    assert not any("spec" in obj for obj in metadata)


async def test_a_caller_that_has_enough_reads_no_further(listed: ClusterObjects, seven: str) -> None:
    async with aclosing(listed.objects(SCRAPE_SCHEDULE, [seven])) as objects:
        async for obj in objects:
            assert obj["metadata"]["name"] == "s0"
            break
    assert [obj["metadata"]["name"] async for obj in listed.objects(SCRAPE_SCHEDULE, [seven])] == NAMES


async def test_a_page_that_is_refused_ends_the_list(
    client: ClusterClient, listed: ClusterObjects, seven: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[str] = []

    async def page(path: str, accept: str, token: str | None = None) -> Any:
        return await client.request("GET", path, accept=accept, params={"limit": "3", "continue": "no such token"})

    async def read_with_a_token_that_is_not_known() -> None:
        async for obj in listed.objects(SCRAPE_SCHEDULE, [seven]):
            seen.append(obj["metadata"]["name"])
            monkeypatch.setattr(listed, "_page", page)

    with pytest.raises(ClusterError, match="continue"):
        await read_with_a_token_that_is_not_known()
    assert seen == NAMES[:6]  # the second page was asked for before


async def test_a_kind_without_a_crd_is_not_served(listed: ClusterObjects, seven: str) -> None:
    assert await listed.is_served(SCRAPE_SCHEDULE, [seven])
    unknown = replace(SCRAPE_SCHEDULE, plural="unknowns")
    assert not await listed.is_served(unknown, [seven])
    assert await listed.get(unknown, seven, "x") is None
    assert await listed.get(SCRAPE_SCHEDULE, seven, "no-such") is None


async def test_secrets_are_read_and_heal(client: ClusterClient, control_plane: Cluster, namespace: str) -> None:
    clock = ManualClock()
    secrets = ClusterSecrets(client, clock)
    with pytest.raises(ScrapeFailed, match="does not exist: create it") as failed:
        await secrets.read(namespace, "shop")
    assert failed.value.reason is Reason.SECRET_NOT_FOUND
    create = ("create", "secret", "generic", "shop", "-n", namespace)
    await asyncio.to_thread(control_plane.kubectl, *create, "--from-literal=token=hunter2")
    clock.advance(6)
    assert await secrets.read(namespace, "shop") == {"token": b"hunter2"}
