"""A bearer token (RFC 6750)."""

from yarl import URL

from scrape_operator.core.net.access import BearerAuth
from scrape_operator.fetching.auth.authenticator import Authenticator
from scrape_operator.fetching.auth.secrets import SecretValues
from scrape_operator.fetching.headers import check_header
from scrape_operator.fetching.redirects import Headers, without


class BearerAuthenticator(Authenticator):
    """Sends the same token with each request."""

    def __init__(self, auth: BearerAuth, secrets: SecretValues) -> None:
        self._value = f"Bearer {secrets.text(auth.token.secret, auth.token.key)}"
        check_header("Authorization", self._value)

    async def authorize(self, url: URL, headers: Headers) -> tuple[URL, Headers]:
        """Set the Authorization header."""
        return url, (*without(headers, "authorization"), ("Authorization", self._value))
