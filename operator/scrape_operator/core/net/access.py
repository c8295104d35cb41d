"""What a target needs to be let in: credentials, TLS options and a proxy, as references to Secrets.

`planning` makes these values from a spec. `fetching` reads the Secrets when a run sends its first request, so a rotated
Secret counts from the next run on.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum


@dataclass(frozen=True, slots=True)
class SecretKey:
    """One key of a Secret in the namespace of the schedule."""

    secret: str
    key: str


@dataclass(frozen=True, slots=True)
class BasicAuth:
    """User name and password (RFC 7617): the keys username and password of a Secret."""

    secret: str

    def secret_keys(self) -> Iterator[SecretKey]:
        """Yield the keys that are read."""
        yield SecretKey(self.secret, "username")
        yield SecretKey(self.secret, "password")


@dataclass(frozen=True, slots=True)
class BearerAuth:
    """A bearer token (RFC 6750)."""

    token: SecretKey

    def secret_keys(self) -> Iterator[SecretKey]:
        """Yield the keys that are read."""
        yield self.token


class ApiKeyPlace(StrEnum):
    """Where an API key is sent."""

    HEADER = "Header"
    QUERY = "Query"


@dataclass(frozen=True, slots=True)
class ApiKeyAuth:
    """An API key in a header or in the query."""

    place: ApiKeyPlace
    name: str
    value: SecretKey

    def secret_keys(self) -> Iterator[SecretKey]:
        """Yield the keys that are read."""
        yield self.value


@dataclass(frozen=True, slots=True)
class OAuth2Auth:
    """OAuth 2.0 client credentials (RFC 6749 section 4.4): the keys client_id and client_secret of a Secret."""

    token_url: str
    secret: str
    scopes: tuple[str, ...] = ()

    def secret_keys(self) -> Iterator[SecretKey]:
        """Yield the keys that are read."""
        yield SecretKey(self.secret, "client_id")
        yield SecretKey(self.secret, "client_secret")


Auth = BasicAuth | BearerAuth | ApiKeyAuth | OAuth2Auth


@dataclass(frozen=True, slots=True)
class TLSOptions:
    """How the server's certificate is checked, and which certificate is shown to it.

    `ca_secret` has the key ca.crt, `certificate_secret` the keys tls.crt and tls.key. `server_name` is the name that
    the certificate must be for, if it is not the host of the URL.
    """

    ca_secret: str | None = None
    certificate_secret: str | None = None
    server_name: str | None = None

    def secret_keys(self) -> Iterator[SecretKey]:
        """Yield the keys that are read."""
        if self.ca_secret is not None:
            yield SecretKey(self.ca_secret, "ca.crt")
        if self.certificate_secret is not None:
            yield SecretKey(self.certificate_secret, "tls.crt")
            yield SecretKey(self.certificate_secret, "tls.key")


@dataclass(frozen=True, slots=True)
class Access:
    """Everything of a target's requests that comes from Secrets. `proxy_secret` has the key url."""

    headers: tuple[tuple[str, SecretKey], ...] = ()
    auth: Auth | None = None
    tls: TLSOptions | None = None
    proxy_secret: str | None = None

    def secret_keys(self) -> Iterator[SecretKey]:
        """Yield every key that is read, in the order of the spec."""
        yield from (key for _, key in self.headers)
        if self.auth is not None:
            yield from self.auth.secret_keys()
        if self.tls is not None:
            yield from self.tls.secret_keys()
        if self.proxy_secret is not None:
            yield SecretKey(self.proxy_secret, "url")


NO_ACCESS = Access()
