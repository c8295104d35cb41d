"""The process of the results API: it serves once it can, ends watches when it is stopped, and names a wrong setting."""

import asyncio
import logging
import socket
from collections.abc import Callable, Coroutine, Mapping
from typing import Any, cast

import aiohttp
import pytest

from scrape_operator.clock import SystemClock
from scrape_operator.cluster.client import ClusterClient
from scrape_operator.core.errors import InvalidSettings
from scrape_operator.results import process
from scrape_operator.results.process import serve_results
from scrape_operator.settings import Settings
from scrape_operator.storage.reading.results import open_results
from scrape_operator.storage.store import SQLRunStore
from tests.results.api import RUNS, Access
from tests.storage.values import claim_of
from tests.support.waiting import eventually


class OpenSecurity:
    """Lets everybody in, without TLS; ready when the test says so."""

    ready: asyncio.Event

    def __init__(self, *_parts: object, **_options: object) -> None:
        self.context = None
        self.front_proxy = self.authorizer = Access()

    def tasks(self) -> Mapping[str, Callable[[], Coroutine[Any, Any, None]]]:
        async def follow() -> None:
            await asyncio.Event().wait()

        return {"front proxy": follow}

    async def wait_until_ready(self) -> None:
        await OpenSecurity.ready.wait()


@pytest.fixture(autouse=True)
def security(monkeypatch: pytest.MonkeyPatch) -> type[OpenSecurity]:
    OpenSecurity.ready = asyncio.Event()
    monkeypatch.setattr(process, "Security", OpenSecurity)
    return OpenSecurity


def settings_with(url: str, port: int, **others: str) -> Settings:
    names = {"results_api_port": port, "results_api_service": "shop/results", "listen_host": "127.0.0.1", **others}
    return Settings.model_validate({"DATABASE_URL": url, **names})


def serving(settings: Settings, reader: Any) -> Coroutine[Any, Any, None]:
    return serve_results(settings, cast("ClusterClient", None), reader, SystemClock())


async def test_it_serves_once_it_can_and_ends_watches_when_it_stops(
    store: SQLRunStore, url: str, free_port: int, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    await store.claim(claim_of())
    async with open_results(settings_with(url, free_port)) as reader, aiohttp.ClientSession() as session:
        task = asyncio.create_task(serving(settings_with(url, free_port), reader))
        await asyncio.sleep(0)
        with pytest.raises(aiohttp.ClientConnectorError):
            await session.get(f"http://127.0.0.1:{free_port}/readyz")
        OpenSecurity.ready.set()
        await eventually(lambda: "results API serves" in caplog.text)
        watching = f"http://127.0.0.1:{free_port}{RUNS}?watch=true"
        async with session.get(watching, headers={"X-Remote-User": "a"}) as answer:
            assert b"ADDED" in await answer.content.readline()
            task.cancel()
            assert await answer.content.read() == b""
        with pytest.raises(asyncio.CancelledError):
            await task


async def test_a_port_in_use_is_named(store: SQLRunStore, url: str) -> None:
    OpenSecurity.ready.set()
    with socket.create_server(("127.0.0.1", 0)) as taken:
        settings = settings_with(url, taken.getsockname()[1])
        async with open_results(settings) as reader:
            with pytest.raises(InvalidSettings, match=r"RESULTS_API_PORT: cannot listen on .*choose another port"):
                await serving(settings, reader)


async def test_a_missing_service_is_named(store: SQLRunStore, url: str) -> None:
    settings = settings_with(url, 0, results_api_service="")
    async with open_results(settings) as reader:
        with pytest.raises(InvalidSettings, match="RESULTS_API_SERVICE: set it to namespace/name"):
            await serving(settings, reader)
