"""How a request authenticates: `http.auth` and `http.tls`. Credentials are in Secrets, never in the object."""

from enum import StrEnum
from typing import Annotated, ClassVar

from pydantic import Field as Bounds
from pydantic import StringConstraints

from scrape_operator.api.kinds.base import ApiModel
from scrape_operator.api.kinds.references import Reference, SecretKeyReference
from scrape_operator.api.kinds.urls import url_rules
from scrape_operator.api.kinds.values import DNS_PATTERN, HeaderName
from scrape_operator.api.rules import Rule, exactly_one

Scope = Annotated[str, StringConstraints(strict=True, min_length=1, max_length=256)]
ServerName = Annotated[str, StringConstraints(strict=True, min_length=1, max_length=253, pattern=DNS_PATTERN)]
TokenURL = Annotated[str, StringConstraints(strict=True, min_length=1, max_length=2048)]


class BasicAuth(ApiModel):
    """User name and password (RFC 7617)."""

    secret_ref: Reference
    """The Secret with the keys username and password."""


class BearerAuth(ApiModel):
    """A bearer token (RFC 6750)."""

    secret_key_ref: SecretKeyReference
    """The key of a Secret that holds the token."""


class APIKeyPlace(StrEnum):
    """Where an API key is sent."""

    HEADER = "Header"
    QUERY = "Query"


class APIKeyAuth(ApiModel):
    """An API key in a header or in the query."""

    in_: APIKeyPlace = Bounds(alias="in")
    """Where the key is sent."""

    name: HeaderName
    """The name of the header or of the query parameter, such as X-Api-Key."""

    secret_key_ref: SecretKeyReference
    """The key of a Secret that holds the API key."""


class OAuth2Auth(ApiModel):
    """OAuth 2.0 client credentials (RFC 6749, section 4.4). The token is kept until it expires."""

    token_url: TokenURL = Bounds(alias="tokenURL")
    """The URL of the token endpoint, such as https://login.example/oauth2/token."""

    secret_ref: Reference
    """The Secret with the keys client_id and client_secret."""

    scopes: Annotated[tuple[Scope, ...], Bounds(max_length=32)] = ()
    """The scopes to ask for, such as read."""

    rules: ClassVar[tuple[Rule, ...]] = url_rules("tokenURL", "token_url", "put them into the Secret of secretRef")


class Auth(ApiModel):
    """The credentials of a request, of exactly one kind."""

    basic: BasicAuth | None = None
    """User name and password."""

    bearer: BearerAuth | None = None
    """A bearer token."""

    api_key: APIKeyAuth | None = None
    """An API key in a header or in the query."""

    oauth2: OAuth2Auth | None = None
    """OAuth 2.0 client credentials."""

    rules: ClassVar[tuple[Rule, ...]] = (exactly_one("basic", "bearer", "apiKey", "oauth2"),)


class TLS(ApiModel):
    """How the server's certificate is verified, and the client's certificate. Verification is always on."""

    ca_secret_ref: Reference | None = None
    """A Secret whose key ca.crt replaces the certificate authorities of the system."""

    cert_secret_ref: Reference | None = None
    """A Secret with the client certificate, in the keys tls.crt and tls.key."""

    server_name: ServerName | None = None
    """The name that the server's certificate must be valid for, such as api.example. Absent: the host of the URL."""
