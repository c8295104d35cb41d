import ssl

import pytest

from scrape_operator.fetching.transport import default_ssl_context
from scrape_operator.settings import Settings
from tests.fetching.servers import make_certificate
from tests.support.fetching import open_session


@pytest.fixture(scope="session")
def trusting() -> ssl.SSLContext:
    return default_ssl_context()


@pytest.fixture
async def fetcher(trusting):
    """A session without retries that may connect to this machine."""
    async with open_session(Settings(allow_cidrs="127.0.0.0/8,::1/128"), ssl_context=trusting) as opened:
        yield opened


@pytest.fixture
async def guarded(trusting):
    """A fetcher that may connect to 127.0.0.1 and to nothing else outside the public internet."""
    async with open_session(Settings(allow_cidrs="127.0.0.1/32"), ssl_context=trusting) as opened:
        yield opened


@pytest.fixture(scope="session")
def certificate(tmp_path_factory):
    return make_certificate(tmp_path_factory.mktemp("tls"))


@pytest.fixture
def server_tls(certificate) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*certificate)
    return context


@pytest.fixture
async def tls_fetcher(certificate):
    """A fetcher that trusts the servers' certificate."""
    context = ssl.create_default_context(cafile=str(certificate[0]))
    async with open_session(Settings(allow_cidrs="127.0.0.0/8"), ssl_context=context) as opened:
        yield opened


@pytest.fixture
def tls_context(certificate) -> ssl.SSLContext:
    """Trusts the servers' certificate."""
    return ssl.create_default_context(cafile=str(certificate[0]))
