"""User name and password (RFC 7617)."""

from base64 import b64encode

from yarl import URL

from scrape_operator.core.net.access import BasicAuth
from scrape_operator.fetching.auth.authenticator import Authenticator
from scrape_operator.fetching.auth.secrets import SecretValues
from scrape_operator.fetching.headers import check_header
from scrape_operator.fetching.redirects import Headers, without


class BasicAuthenticator(Authenticator):
    """Sends user name and password with each request."""

    def __init__(self, auth: BasicAuth, secrets: SecretValues) -> None:
        pair = f"{secrets.text(auth.secret, 'username')}:{secrets.text(auth.secret, 'password')}"
        secrets.mask.add(pair)
        self._value = f"Basic {b64encode(pair.encode()).decode()}"
        check_header("Authorization", self._value)

    async def authorize(self, url: URL, headers: Headers) -> tuple[URL, Headers]:
        """Set the Authorization header."""
        return url, (*without(headers, "authorization"), ("Authorization", self._value))
