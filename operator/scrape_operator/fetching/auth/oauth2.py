"""OAuth 2.0 client credentials (RFC 6749 section 4.4): one token per client for all schedules of a process."""

import asyncio
import json
import math
import re
from base64 import b64encode
from collections.abc import Awaitable, Callable
from copy import copy
from dataclasses import dataclass, field
from typing import Protocol
from urllib.parse import quote_plus, urlencode

from yarl import URL

from scrape_operator.core.errors import ScrapeFailed
from scrape_operator.core.net.access import OAuth2Auth
from scrape_operator.core.net.deadline import TIMEOUT_FIELD, Deadline
from scrape_operator.core.net.documents import Purpose, Request, Response
from scrape_operator.core.net.urls import authority_of, parse_http_url
from scrape_operator.core.recent import Recent
from scrape_operator.core.runs.reasons import Reason
from scrape_operator.fetching.auth.authenticator import Authenticator
from scrape_operator.fetching.auth.secrets import SecretValues
from scrape_operator.fetching.day_budgets import UNSPENT, DaySpending
from scrape_operator.fetching.failures import HopFailed
from scrape_operator.fetching.redirects import Headers, without
from scrape_operator.fetching.route import DIRECT, Route

MAX_TOKENS = 1024
TOKEN_SECONDS = 10.0
"""How long the token endpoint may take, inside the run's deadline."""

DISCARD_INTERVAL_SECONDS = 60.0
"""How long a client keeps its tokens after one was discarded, although they are refused, too.

A page that refuses every token would else cost a token with each request, and all schedules of the client theirs.
"""

_DEFAULT_LIFETIME_SECONDS = 300.0  # where the answer names none
_MAX_LIFETIME_SECONDS = 86_400.0
_SHORTEST_LIFETIME_SECONDS = 1.0  # a token that ends at once is sent at least
_RENEWED_BEFORE = 0.1  # this part of the lifetime before the end
_MAX_ANSWER_BYTES = 65_536
_TOKEN = re.compile(r"[\x20-\x7e]{1,8185}")  # RFC 6749 appendix A.12; a header has 8192 characters with the scheme
_REFUSED = (400, 401, 403)
_ERRORS = frozenset(
    {
        "invalid_request",
        "invalid_client",
        "invalid_grant",
        "unauthorized_client",
        "unsupported_grant_type",
        "invalid_scope",
    }
)


@dataclass(frozen=True, slots=True)
class Client:
    """A client at a token endpoint, and the way to it: equal ones share a token."""

    token_url: str
    client_id: str
    client_secret: str = field(repr=False)
    scopes: tuple[str, ...] = ()
    route: Route = DIRECT

    @property
    def authority(self) -> str:
        """The host of the token endpoint."""
        return authority_of(parse_http_url(self.token_url))

    def token_request(self) -> Request:
        """Return the request for a token; the client identifies itself by Basic (RFC 6749 section 2.3.1)."""
        pair = f"{quote_plus(self.client_id)}:{quote_plus(self.client_secret)}"
        form = {"grant_type": "client_credentials"} | ({"scope": " ".join(self.scopes)} if self.scopes else {})
        return Request(
            self.token_url,
            method="POST",
            headers=(
                ("Authorization", f"Basic {b64encode(pair.encode()).decode()}"),
                ("Content-Type", "application/x-www-form-urlencoded"),
                ("Accept", "application/json"),
            ),
            timeout=TOKEN_SECONDS,
            max_redirects=0,
            max_body_bytes=_MAX_ANSWER_BYTES,
            success_status=("2xx", *_REFUSED),
            body=urlencode(form).encode("ascii"),
            purpose=Purpose.OAUTH2,
        )


class TokenSource(Protocol):
    """Where authenticators get tokens."""

    async def token(self, client: Client) -> str:
        """Return a token that is valid now. Raises ScrapeFailed."""

    def discard(self, client: Client, token: str) -> bool:
        """Forget a token that was refused. Return whether `token` returns another one then."""

    def is_valid(self, client: Client, token: str) -> bool:
        """Return whether a token is the newest one, and has not ended."""

    def is_at_hand(self, client: Client) -> bool:
        """Return whether `token` returns one without a request."""


@dataclass(frozen=True, slots=True)
class _Token:
    value: str = field(repr=False)
    renewed_at: float
    ends_at: float


TokenFetch = Callable[[Request, Route, DaySpending | None], Awaitable[Response]]
"""Sends a token request by a route, at the expense of a run."""


class TokenCache:
    """Gets tokens and keeps them until shortly before they end; one request per client at a time.

    `fetch` sends a token request without following redirects. `clock` gives seconds that never jump.
    """

    def __init__(self, fetch: TokenFetch, clock: Callable[[], float]) -> None:
        self._fetch = fetch
        self._clock = clock
        self._tokens: Recent[Client, _Token] = Recent(MAX_TOKENS)
        self._discarded_at: Recent[Client, float] = Recent(MAX_TOKENS)
        self._requests: dict[Client, asyncio.Task[_Token]] = {}

    async def token(self, client: Client, deadline: Deadline, spending: DaySpending | None = None) -> str:
        """Return a token that is valid now. A request for one is at the expense of the run that asks first.

        Raises:
            ScrapeFailed: AuthFailed where the endpoint refuses the client, else what the request to it met.

        """
        while True:
            kept = self._tokens.get(client)
            if kept is not None and self._clock() < kept.renewed_at:
                return kept.value
            request = self._requests.get(client)
            is_own = request is None
            if request is None:
                task = asyncio.create_task(self._renew(client, spending), name="OAuth2 token")
                request = self._requests[client] = task
                request.add_done_callback(lambda task: self._requests.pop(client, None) and task.exception())
            try:
                async with asyncio.timeout(deadline.remaining()):
                    return (await asyncio.shield(request)).value
            except TimeoutError as error:
                message = f"the token endpoint did not answer before the run's deadline ({TIMEOUT_FIELD})"
                raise ScrapeFailed(Reason.TIMEOUT, message) from error
            except ScrapeFailed as failure:
                if is_own or failure.reason not in UNSPENT:  # what one run may not spend, others may
                    raise

    def discard(self, client: Client, token: str) -> bool:
        """Forget a token that was refused, unless a newer one has taken its place.

        A client discards one token in `DISCARD_INTERVAL_SECONDS`.

        Returns:
            Whether `token` returns another one then.

        """
        kept = self._tokens.get(client)
        if kept is None or kept.value != token:
            return True
        now = self._clock()
        if now - self._discarded_at.get(client, -math.inf) < DISCARD_INTERVAL_SECONDS:
            return False
        self._discarded_at[client] = now
        del self._tokens[client]
        return True

    def is_valid(self, client: Client, token: str) -> bool:
        """Return whether a token is the newest one, and has not ended."""
        kept = self._tokens.get(client)
        return kept is not None and kept.value == token and self._clock() < kept.ends_at

    def is_at_hand(self, client: Client) -> bool:
        """Return whether `token` returns one without a request."""
        kept = self._tokens.get(client)
        return kept is not None and self._clock() < kept.renewed_at

    async def _renew(self, client: Client, spending: DaySpending | None) -> _Token:
        try:
            token = self._read(await self._fetch(client.token_request(), client.route, spending))
        except (ScrapeFailed, HopFailed) as failure:
            raise ScrapeFailed(
                failure.reason,
                f"token endpoint: {failure.message}",
                http_status=failure.http_status,
                retry_after=failure.retry_after,
            ) from failure
        self._tokens[client] = token
        return token

    def _read(self, answer: Response) -> _Token:
        content = _members(answer.body)
        if answer.status in _REFUSED:
            error = content.get("error")
            why = f" ({error})" if isinstance(error, str) and error in _ERRORS else ""
            raise ScrapeFailed(Reason.AUTH_FAILED, f"answered {answer.status}{why}: check the client")
        value, kind = content.get("access_token"), content.get("token_type", "bearer")
        if not isinstance(value, str) or not value or str(kind).lower() != "bearer":
            raise ScrapeFailed(Reason.AUTH_FAILED, "answered without a bearer access_token")
        if _TOKEN.fullmatch(value) is None:
            raise ScrapeFailed(Reason.AUTH_FAILED, "answered with an access_token that no header can hold")
        seconds, now = _lifetime_seconds(content.get("expires_in")), self._clock()
        return _Token(value, now + seconds * (1 - _RENEWED_BEFORE), now + max(seconds, _SHORTEST_LIFETIME_SECONDS))


class OAuth2Authenticator(Authenticator):
    """Sends the client's token with each request; a token that is answered with 401 is renewed once.

    One object per request: requests of a run that are open at the same time may have sent different tokens.
    """

    def __init__(self, auth: OAuth2Auth, secrets: SecretValues, tokens: TokenSource, route: Route) -> None:
        client_id, client_secret = (secrets.text(auth.secret, key) for key in ("client_id", "client_secret"))
        self._client = Client(auth.token_url, client_id, client_secret, auth.scopes, route)
        self._secrets = secrets
        self._tokens = tokens
        self._token = ""

    def for_request(self) -> Authenticator:
        """Return an authenticator that keeps the token of one request."""
        return copy(self)

    async def authorize(self, url: URL, headers: Headers) -> tuple[URL, Headers]:
        """Set the Authorization header."""
        self._token = await self._tokens.token(self._client)
        self._secrets.mask.add(self._token)
        return url, (*without(headers, "authorization"), ("Authorization", f"Bearer {self._token}"))

    def is_current(self) -> bool:
        """Return whether the token that was sent last is the newest one, and has not ended."""
        return self._tokens.is_valid(self._client, self._token)

    def may_wait_for(self, authority: str) -> bool:
        """Return whether a new token is needed that comes from a host."""
        return not self._tokens.is_at_hand(self._client) and authority == self._client.authority

    def renew(self) -> bool:
        """Discard the token that was refused. Return whether the next request gets another."""
        return bool(self._token) and self._tokens.discard(self._client, self._token)


def _lifetime_seconds(expires_in: object) -> float:
    if not isinstance(expires_in, int | float):
        return _DEFAULT_LIFETIME_SECONDS
    seconds = float(min(expires_in, _MAX_LIFETIME_SECONDS))  # an integer may be too big for a float
    return _DEFAULT_LIFETIME_SECONDS if math.isnan(seconds) else max(seconds, 0.0)


def _members(body: bytes) -> dict[str, object]:
    try:
        content = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    return content if isinstance(content, dict) else {}
