"""An API key in a header or in the query."""

from yarl import URL

from scrape_operator.core.net.access import ApiKeyAuth, ApiKeyPlace
from scrape_operator.core.net.urls import with_params
from scrape_operator.fetching.auth.authenticator import Authenticator
from scrape_operator.fetching.auth.secrets import SecretValues
from scrape_operator.fetching.headers import check_header
from scrape_operator.fetching.redirects import Headers, without


class ApiKeyAuthenticator(Authenticator):
    """Sends the key with each request, in place of a header or parameter of that name."""

    def __init__(self, auth: ApiKeyAuth, secrets: SecretValues) -> None:
        self._place = auth.place
        self._name = auth.name
        self._value = secrets.text(auth.value.secret, auth.value.key)
        if auth.place is ApiKeyPlace.HEADER:
            check_header(auth.name, self._value)

    async def authorize(self, url: URL, headers: Headers) -> tuple[URL, Headers]:
        """Set the header, or the parameter: a link to the next page may hold the key already, masked."""
        if self._place is ApiKeyPlace.HEADER:
            return url, (*without(headers, self._name.lower()), (self._name, self._value))
        pairs = [pair for pair in url.raw_query_string.split("&") if pair and pair.partition("=")[0] != self._name]
        bare = url.with_query(None)
        others = URL(f"{bare}?{'&'.join(pairs)}", encoded=True) if pairs else bare
        return with_params(others, [(self._name, self._value)]), headers
