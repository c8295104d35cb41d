import ssl

import pytest

from scrape_operator.fetching.fetcher import open_fetcher
from scrape_operator.fetching.transport import default_ssl_context
from scrape_operator.settings import Settings
from tests.dev.bookmakers.scene import open_scene
from tests.support.fetching import session_of


@pytest.fixture(scope="session")
def trusting() -> ssl.SSLContext:
    return default_ssl_context()


@pytest.fixture
async def clients(trusting):
    """The operator's own clients, allowed to connect to this machine."""
    async with open_fetcher(Settings(allow_cidrs="127.0.0.0/8"), ssl_context=trusting) as opened:
        yield opened


@pytest.fixture
async def fetcher(clients):
    """A fetcher without retries."""
    return session_of(clients)


@pytest.fixture
async def scene(fetcher):
    """Three bookmakers that see one small world, and an adapter for each."""
    async with open_scene(fetcher, leagues=10, events=60) as opened:
        yield opened
