"""A listener of the results API on loopback, clients that show it certificates, and stores of rows to show."""

import json
import ssl
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp import web

from scrape_operator.results.front_proxy import Caller, FrontProxy
from scrape_operator.results.trust import ListenerContext
from scrape_operator.storage.store import SQLRunStore, open_store
from tests.storage.values import settings_for
from tests.support.certificates import Authority, Issued
from tests.support.databases import make_sqlite
from tests.support.web import served

ALLOWED = "front-proxy-client"


def published(*authorities: Authority, **changes: str | None) -> dict[str, str]:
    """The data of the ConfigMap as kube-apiserver writes it."""
    data: dict[str, str | None] = {
        "requestheader-client-ca-file": b"".join(authority.pem for authority in authorities).decode(),
        "requestheader-allowed-names": json.dumps([ALLOWED]),
        "requestheader-username-headers": '["X-Remote-User"]',
        "requestheader-uid-headers": '["X-Remote-Uid"]',
        "requestheader-group-headers": '["X-Remote-Group"]',
        "requestheader-extra-headers-prefix": '["X-Remote-Extra-"]',
    }
    data |= {f"requestheader-{key.replace('_', '-')}": value for key, value in changes.items()}
    return {key: value for key, value in data.items() if value is not None}


@dataclass
class Listener:
    """Answers each request with whom it authenticated."""

    folder: Path
    context: ListenerContext = field(default_factory=ListenerContext)
    front: Authority = field(default_factory=lambda: Authority("front proxy"))
    own: Authority = field(default_factory=lambda: Authority("results CA"))
    url: str = ""
    callers: list[Caller | None] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.front_proxy = FrontProxy(self.context.use_authorities)
        self.front_proxy.configure(published(self.front))
        self.show(self.own)

    def show(self, authority: Authority) -> None:
        """Serve with a certificate of this authority from now on."""
        issued = authority.issue("localhost", "localhost")
        self.context.use_certificate(issued.certificate, issued.key)

    async def handle(self, request: web.Request) -> web.Response:
        caller = self.front_proxy.authenticate(request)
        self.callers.append(caller)
        return web.Response(status=200 if caller else 401)

    def session(self, certificate: Issued | None, trusted: Authority | None = None) -> aiohttp.ClientSession:
        """A client that shows this certificate, and keeps one connection."""
        context = ssl.create_default_context(cadata=(trusted or self.own).pem.decode())
        if certificate:
            context.load_cert_chain(*certificate.write(self.folder, "client"))
        return aiohttp.ClientSession(self.url, connector=aiohttp.TCPConnector(ssl=context, limit=1))

    async def ask(self, certificate: Issued | None, headers: Any = (), trusted: Authority | None = None) -> int:
        """Ask on a connection of its own and return the status."""
        async with self.session(certificate, trusted) as session, session.get("/", headers=headers) as answer:
            return answer.status


@pytest.fixture
async def listener(tmp_path: Path) -> AsyncIterator[Listener]:
    made = Listener(tmp_path)
    application = web.Application()
    application.router.add_get("/", made.handle)
    async with served(application, tls=made.context, shutdown_timeout=1) as url:
        made.url = url.replace("127.0.0.1", "localhost")
        yield made


@pytest.fixture
def url(tmp_path: Path, prompt_writes: None) -> str:
    """The URL of a SQLite file of the test's own. How both databases are read is tested with the storage."""
    return make_sqlite(tmp_path / "runs.db")


@pytest.fixture
async def store(url: str) -> AsyncIterator[SQLRunStore]:
    """An open store."""
    async with open_store(settings_for(url)) as opened:
        yield opened
