"""How a request identifies itself: `http.auth` and `http.tls`. Secrets are referred to, never written out."""

from enum import StrEnum
from typing import Annotated, ClassVar

from pydantic import Field as Bounds
from pydantic import StringConstraints

from scrape_operator.api.kinds.base import ApiModel
from scrape_operator.api.kinds.references import Reference, SecretKeyReference
from scrape_operator.api.kinds.values import DNS_PATTERN, HeaderName
from scrape_operator.api.rules import Rule, exactly_one

Scope = Annotated[str, StringConstraints(strict=True, min_length=1, max_length=256)]
HTTP_URL = "^[hH][tT][tT][pP][sS]?://[^/?#]"


class BasicAuth(ApiModel):
    """User name and password (RFC 7617)."""

    secret_ref: Reference
    """The Secret with the keys username and password."""


class BearerAuth(ApiModel):
    """A bearer token (RFC 6750)."""

    secret_key_ref: SecretKeyReference
    """The key of a Secret that holds the token."""


class APIKeyPlace(StrEnum):
    """Where an API key goes."""

    HEADER = "Header"
    QUERY = "Query"


class APIKeyAuth(ApiModel):
    """A key in a header or in the query."""

    in_: APIKeyPlace = Bounds(alias="in")
    """Header or Query."""

    name: HeaderName
    """The name of the header or of the query parameter."""

    secret_key_ref: SecretKeyReference
    """The key of a Secret that holds the API key."""


class OAuth2Auth(ApiModel):
    """OAuth 2.0 client credentials (RFC 6749, section 4.4); the token is kept until it expires."""

    token_url: Annotated[str, StringConstraints(strict=True, min_length=1, max_length=2048, pattern=HTTP_URL)] = Bounds(
        alias="tokenURL"
    )
    """The token endpoint."""

    secret_ref: Reference
    """The Secret with the keys client_id and client_secret."""

    scopes: Annotated[tuple[Scope, ...], Bounds(max_length=32)] = ()
    """The scopes to ask for."""


class Auth(ApiModel):
    """Credentials of a request, of exactly one kind."""

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
    """How the server's certificate is checked, and which one is shown to it. Checking can't be switched off."""

    ca_secret_ref: Reference | None = None
    """A Secret whose key ca.crt replaces the system's roots."""

    cert_secret_ref: Reference | None = None
    """A Secret with the client certificate: keys tls.crt and tls.key."""

    server_name: (
        Annotated[str, StringConstraints(strict=True, min_length=1, max_length=253, pattern=DNS_PATTERN)] | None
    ) = None
    """The name that the certificate must be for. Default: the host of the URL."""
