"""What a session adds to the requests that go to its target's own origin: credentials, secret headers, TLS options."""

from dataclasses import dataclass, field, replace

from yarl import URL

from scrape_operator.core.net.access import (
    NO_ACCESS,
    Access,
    ApiKeyAuth,
    Auth,
    BasicAuth,
    BearerAuth,
)
from scrape_operator.core.net.urls import origin_of, parse_http_url
from scrape_operator.fetching.auth.api_key import ApiKeyAuthenticator
from scrape_operator.fetching.auth.authenticator import Authenticator
from scrape_operator.fetching.auth.basic import BasicAuthenticator
from scrape_operator.fetching.auth.bearer import BearerAuthenticator
from scrape_operator.fetching.auth.oauth2 import OAuth2Authenticator, TokenSource
from scrape_operator.fetching.auth.proxy import proxy_of
from scrape_operator.fetching.auth.secrets import SecretValues
from scrape_operator.fetching.auth.tls import ssl_context_of
from scrape_operator.fetching.headers import check_header
from scrape_operator.fetching.redirects import Headers, without
from scrape_operator.fetching.route import DIRECT, Route

NO_SECRETS = SecretValues({})


@dataclass(frozen=True, slots=True)
class Identity:
    """`origin` is the target's; without one, every address is trusted, and what is sent is the caller's matter.

    `access` has the names of the Secrets from which the rest was made.
    """

    origin: tuple[str, str, int | None] | None = None
    headers: Headers = ()
    authenticator: Authenticator | None = None
    route: Route = DIRECT
    secrets: SecretValues = field(default=NO_SECRETS)
    access: Access = NO_ACCESS

    @property
    def has_credentials(self) -> bool:
        """Whether anything is added that must not be sent without TLS after a redirect."""
        return bool(self.headers) or self.authenticator is not None

    def trusts(self, url: URL) -> bool:
        """Return whether an address is of the target's own origin."""
        return self.origin is None or origin_of(url) == self.origin

    def for_request(self) -> "Identity":
        """Return the identity of one request and of its next try: what was sent with others does not change it."""
        authenticator = self.authenticator and self.authenticator.for_request()
        return self if authenticator is self.authenticator else replace(self, authenticator=authenticator)

    async def authorize(self, url: URL, headers: Headers) -> tuple[URL, Headers]:
        """Return address and headers with what belongs to the origin."""
        for name, value in self.headers:
            headers = (*without(headers, name.lower()), (name, value))
        if self.authenticator is None:
            return url, headers
        return await self.authenticator.authorize(url, headers)

    def is_current(self) -> bool:
        """Return whether the credentials that were added last are still valid, as far as is known."""
        return self.authenticator is None or self.authenticator.is_current()

    def may_wait_for(self, authority: str) -> bool:
        """Return whether `authorize` would send a request of its own to a host."""
        return self.authenticator is not None and self.authenticator.may_wait_for(authority)

    def renew(self) -> bool:
        """Note that the answer was 401. Return whether another try gets other credentials."""
        return self.authenticator is not None and self.authenticator.renew()


ANONYMOUS = Identity()


def identity_of(url: URL, access: Access, secrets: SecretValues, tokens: TokenSource) -> Identity:
    """Return the identity of a target whose first request goes to `url`.

    Raises:
        ScrapeFailed: a value of a Secret cannot be used; the message names the Secret, never the value.

    """
    headers = tuple((name, secrets.text(key.secret, key.key)) for name, key in access.headers)
    for name, value in headers:
        check_header(name, value)
    context = None if access.tls is None else ssl_context_of(access.tls, secrets)
    proxy = None if access.proxy_secret is None else proxy_of(access.proxy_secret, secrets)
    route = Route(context, access.tls.server_name if access.tls else None, proxy)
    authenticator = None if access.auth is None else _authenticator(access.auth, url, secrets, tokens, route)
    return Identity(origin_of(url), headers, authenticator, route, secrets, access)


def _authenticator(auth: Auth, url: URL, secrets: SecretValues, tokens: TokenSource, route: Route) -> Authenticator:
    if isinstance(auth, BasicAuth):
        return BasicAuthenticator(auth, secrets)
    if isinstance(auth, BearerAuth):
        return BearerAuthenticator(auth, secrets)
    if isinstance(auth, ApiKeyAuth):
        return ApiKeyAuthenticator(auth, secrets)
    is_same = origin_of(parse_http_url(auth.token_url)) == origin_of(url)
    return OAuth2Authenticator(auth, secrets, tokens, route if is_same else route.for_other_origin())
