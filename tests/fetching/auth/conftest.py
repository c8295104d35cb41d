from contextlib import asynccontextmanager

import pytest
from aiohttp import web

from scrape_operator.core.net.access import Access
from scrape_operator.fetching.fetcher import open_fetcher
from scrape_operator.settings import Settings
from tests.fetching.auth.token_server import TokenServer
from tests.support.fetching import NO_RETRY, NO_ROBOTS, requester
from tests.support.secrets import MemorySecrets
from tests.support.web import served


class Client:
    """A fetcher with Secrets in memory, that may connect to this machine."""

    def __init__(self, fetcher, secrets: MemorySecrets) -> None:
        self.fetcher = fetcher
        self.secrets = secrets

    def session(self, retry=NO_RETRY, policy=NO_ROBOTS, key="test", seconds=60.0, **access):
        return self.fetcher.open_session(requester(key, seconds=seconds), retry, Access(**access), policy)


@pytest.fixture
def client_of(trusting):
    @asynccontextmanager
    async def opening(ssl_context=None, **secrets):
        memory = MemorySecrets(secrets)
        settings = Settings(allow_cidrs="127.0.0.0/8")
        async with open_fetcher(settings, ssl_context=ssl_context or trusting, secrets=memory) as fetcher:
            yield Client(fetcher, memory)

    return opening


@pytest.fixture
async def client(client_of):
    async with client_of(
        shop={"token": "hunter2-token\n", "username": "ada", "password": "hunter2-password", "key": "hunter2 key&"},
        oauth={"client_id": "id:1", "client_secret": "hunter2-secret"},
    ) as opened:
        yield opened


@pytest.fixture
async def issuer():
    server = TokenServer()
    app = web.Application()
    app.add_routes([web.post("/token", server.token), web.get("/page", server.serve_page)])
    async with served(app) as server.url:
        yield server
