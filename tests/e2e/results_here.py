"""The results API in a thread of this process, registered with the control plane.

A test sees which requests reach it, leaves documents out, and decides what time it is.
"""

import asyncio
import tempfile
from collections.abc import AsyncIterator, Iterator
from collections.abc import Set as AbstractSet
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from scrape_operator.cluster.client import ClusterClient
from scrape_operator.cluster.credentials import Credentials
from scrape_operator.results import process
from scrape_operator.results.handlers import Handler, ResultsHandlers
from scrape_operator.settings import Settings
from scrape_operator.storage.engine import migrate
from scrape_operator.storage.store import open_store
from tests.dev.controlplane.controlplane import ControlPlane
from tests.dev.controlplane.frontproxy import CLIENT_NAME
from tests.dev.controlplane.processes import free_port
from tests.e2e.results import SERVICE, apply_registration, await_available, serving, unregister
from tests.e2e.results_requests import Answer, Headers, Listener, ask_cluster
from tests.storage.values import settings_for, skip_of
from tests.support.certificates import Authority
from tests.support.clock import ManualClock
from tests.support.threads import ThreadedContext

RUNS_HERE = 450
"""Runs in the namespace of a test; the namespace `default` has one."""


@dataclass(frozen=True)
class Asked:
    """A request that reached the results API."""

    method: str
    path: str
    user: str
    agent: str
    is_watch: bool


@dataclass
class ResultsHere:
    """What was asked so far, and what is left out: paths that are answered with 404."""

    plane: ControlPlane
    namespace: str
    folder: Path
    port: int = field(default_factory=free_port)
    clock: ManualClock = field(default_factory=lambda: ManualClock(datetime.now(UTC)))
    asked: list[Asked] = field(default_factory=list)
    left_out: AbstractSet[str] = frozenset()
    authority: Authority = field(default_factory=lambda: Authority("results CA"))
    handlers: ResultsHandlers | None = None

    def register(self, *, without: AbstractSet[str] = frozenset()) -> None:
        """Register the API anew, so that the API server reads its documents again."""
        unregister(self.plane)
        self.asked.clear()
        self.left_out = without
        apply_registration(self.plane, self.namespace, self.port, self.authority.pem)

    def register_and_wait(self, *, without: AbstractSet[str] = frozenset()) -> None:
        """Register the API anew, and wait until it is available."""
        self.register(without=without)
        await_available(self.plane)

    def was_asked(self, path: str) -> bool:
        """Return whether a request for this path has come since the registration."""
        return any(request.path == path for request in self.asked)

    def kubectl(self, *args: str, **options: Any) -> str:
        """Run kubectl in the namespace of the runs, with an empty cache."""
        with tempfile.TemporaryDirectory() as cache:
            return self.plane.kubectl("--cache-dir", cache, "--namespace", self.namespace, *args, **options)

    def ask(self, path: str, headers: Headers = ()) -> Answer:
        """Ask through the API server."""
        return ask_cluster(self.plane, path, headers=headers)

    def ask_directly(self, path: str, headers: Headers) -> Answer:
        """Ask past the API server, with the certificate of its front proxy."""
        listener = Listener(self.port, f"{SERVICE}.{self.namespace}.svc", self.authority.pem.decode())
        certificate = self.plane.front_proxy_ca.issue(CLIENT_NAME)
        return listener.ask(path, self.folder, headers=headers, certificate=certificate)

    @web.middleware
    async def observe(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Note a request, and refuse what is left out."""
        user, agent = (request.headers.get(name, "") for name in ("X-Remote-User", "User-Agent"))
        self.asked.append(Asked(request.method, request.path, user, agent, request.query.get("watch") == "true"))
        return await handler(request) if request.path not in self.left_out else web.Response(status=404)

    @asynccontextmanager
    async def served(self) -> AsyncIterator[None]:
        """Run the product's process as a task."""
        name = f"{SERVICE}.{self.namespace}.svc"
        self.authority.issue(name, name).write(self.folder, "tls")
        settings = Settings.model_validate(
            {
                "DATABASE_URL": database_of(self.folder),
                "listen_host": "127.0.0.1",
                "results_api_port": self.port,
                "results_api_service": f"{self.namespace}/{SERVICE}",
                "results_api_certificate_dir": self.folder,
            }
        )

        async def load() -> Credentials:
            return Credentials(self.plane.url, str(self.plane.ca_file), None, None, f"Bearer {self.plane.token}")

        async with ClusterClient(load) as client, serving(settings, client, self.clock):
            yield


class ObservedHandlers(ResultsHandlers):
    """Tells the test of every request first."""

    def __init__(self, here: ResultsHere, *parts: Any) -> None:
        super().__init__(*parts)
        self._here = here
        here.handlers = self

    def application(self) -> web.Application:
        application = super().application()
        application.middlewares.insert(0, self._here.observe)
        return application


@contextmanager
def results_served_here(plane: ControlPlane, folder: Path) -> Iterator[ResultsHere]:
    """Serve runs of a namespace of their own while the block runs; a test registers the API."""
    here = ResultsHere(plane, plane.create_namespace(), folder)
    asyncio.run(_fill(database_of(folder), here.namespace))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(process, "ResultsHandlers", partial(ObservedHandlers, here))
        with ThreadedContext(here.served()):
            try:
                yield here
            finally:
                unregister(plane)
    plane.delete_namespace(here.namespace)


def database_of(folder: Path) -> str:
    return f"sqlite:///{folder}/runs.db"


async def _fill(url: str, namespace: str) -> None:
    settings = settings_for(url)
    await migrate.upgrade(settings)
    async with open_store(settings) as store:
        await store.skip(skip_of(uid="uid-0", namespace="default"))
        await asyncio.gather(*(store.skip(skip_of(number, namespace=namespace)) for number in range(RUNS_HERE)))
