"""Lists of schedules from a real API server, page by page."""

import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import aclosing
from typing import Any

import pytest

from scrape_operator.cluster import client as module
from scrape_operator.cluster.client import ClusterClient
from scrape_operator.cluster.credentials import Credentials
from scrape_operator.core.errors import ClusterError
from tests.dev.controlplane.connection import Cluster
from tests.e2e.process import schedule

NAMES = [f"s{number}" for number in range(7)]


@pytest.fixture
async def client(control_plane: Cluster, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[ClusterClient]:
    monkeypatch.setattr(module, "PAGE_SIZE", 3)
    way = Credentials(control_plane.url, str(control_plane.ca_file), None, None, f"Bearer {control_plane.token}")

    async def load() -> Credentials:
        return way

    async with ClusterClient(load) as opened:
        yield opened


@pytest.fixture
def seven(control_plane: Cluster, crds: None, namespace: str) -> str:
    """A namespace with seven schedules."""
    items = [schedule(name, "http://127.0.0.1:1/") for name in NAMES]
    listed = json.dumps({"apiVersion": "v1", "kind": "List", "items": items})
    control_plane.kubectl("create", "--namespace", namespace, "-f", "-", input=listed)
    return namespace


async def test_all_pages_are_read(client: ClusterClient, seven: str) -> None:
    assert [obj["metadata"]["name"] async for obj in client.schedules([seven])] == NAMES
    metadata = [obj async for obj in client.schedule_metadata([seven])]
    assert [obj["metadata"]["name"] for obj in metadata] == NAMES
    assert not any("spec" in obj for obj in metadata)


async def test_whoever_has_enough_reads_no_further(client: ClusterClient, seven: str) -> None:
    async with aclosing(client.schedules([seven])) as listed:  # type: ignore[type-var]
        async for obj in listed:
            assert obj["metadata"]["name"] == "s0"
            break
    assert [obj["metadata"]["name"] async for obj in client.schedules([seven])] == NAMES


async def test_a_page_that_is_refused_ends_the_list(
    client: ClusterClient, seven: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[str] = []

    async def read_with_a_token_that_is_not_known() -> None:
        async for obj in client.schedules([seven]):
            seen.append(obj["metadata"]["name"])
            monkeypatch.setattr(client, "_page", refused(client))

    with pytest.raises(ClusterError, match="continue"):
        await read_with_a_token_that_is_not_known()
    assert seen == NAMES[:6]  # the second page was asked for before


def refused(client: ClusterClient) -> Callable[..., Awaitable[Any]]:
    async def page(path: str, accept: str, token: str | None = None) -> Any:
        return await client.request("GET", path, accept=accept, params={"limit": "3", "continue": "no such token"})

    return page
