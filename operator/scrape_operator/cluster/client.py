"""One session with the API server: requests with fresh credentials, and errors as `ClusterError`.

It is our own aiohttp session: the official client costs 2.5 times the CPU for a status patch, the most expensive
thing that the operator does at scale. Credentials are read by the official client's loader.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from types import TracebackType
from typing import Any, Self

import aiohttp
import orjson

from scrape_operator import __version__
from scrape_operator.cluster.credentials import Credentials, load_credentials
from scrape_operator.core.errors import ClusterError
from scrape_operator.core.runs.run import clip

USER_AGENT = f"scrape-operator/{__version__}"
"""The API server names the field manager in managedFields after what stands before the slash."""

REQUEST_TIMEOUT_SECONDS = 30
CREDENTIALS_MAX_AGE_SECONDS = 300.0
MAX_CONNECTIONS = 32
HTTP_BAD_REQUEST, HTTP_UNAUTHORIZED, HTTP_FORBIDDEN, HTTP_NOT_FOUND, HTTP_CONFLICT = 400, 401, 403, 404, 409


class ClusterClient:
    """A session whose credentials are read again before they expire, and after a 401."""

    def __init__(self, load: Callable[[], Awaitable[Credentials]] = load_credentials) -> None:
        self._load = load
        self._session: aiohttp.ClientSession | None = None
        self._credentials: Credentials | None = None
        self._loaded_at = 0.0
        self._lock = asyncio.Lock()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._session is not None:
            await self._session.close()

    async def request(
        self,
        method: str,
        path: str,
        *,
        body: object = None,
        content_type: str = "application/json",
        accept: str = "application/json",
        params: Mapping[str, str] | None = None,
    ) -> dict[str, Any]:
        """Send one request and return the object of the answer. A 401 is tried again once with fresh credentials.

        Raises:
            ClusterError: refused (`status`, `retry_after` where given) or not reached (`status` 0).

        """
        data = None if body is None else orjson.dumps(body)
        headers = {"Accept": accept, "Content-Type": content_type, "User-Agent": USER_AGENT}
        try:
            status, retry_after, raw = await self._send(method, path, headers, data, params)
            if status == HTTP_UNAUTHORIZED:
                status, retry_after, raw = await self._send(method, path, headers, data, params, is_fresh=True)
            if status < HTTP_BAD_REQUEST:
                answer: dict[str, Any] = orjson.loads(raw) if raw else {}
                return answer
        except (aiohttp.ClientError, TimeoutError, OSError, orjson.JSONDecodeError) as error:
            raise ClusterError(f"{method} {path}: {type(error).__name__}: {error}") from error
        raise refusal(method, path, status, retry_after, raw)

    async def _send(
        self,
        method: str,
        path: str,
        headers: Mapping[str, str],
        data: bytes | None,
        params: Mapping[str, str] | None,
        *,
        is_fresh: bool = False,
    ) -> tuple[int, str | None, bytes]:
        """Send a request and return the status, Retry-After and the body of the answer."""
        session, credentials = await self._ready(is_fresh=is_fresh)
        authorization = {"Authorization": credentials.authorization} if credentials.authorization else {}
        url = credentials.server + path
        async with session.request(
            method, url, data=data, headers={**headers, **authorization}, params=params
        ) as answer:
            return answer.status, answer.headers.get("Retry-After"), await answer.read()

    async def _ready(self, *, is_fresh: bool) -> tuple[aiohttp.ClientSession, Credentials]:
        loop = asyncio.get_running_loop()
        async with self._lock:
            if is_fresh or self._credentials is None or loop.time() - self._loaded_at > CREDENTIALS_MAX_AGE_SECONDS:
                await self._renew()
                self._loaded_at = loop.time()
            if self._session is None or self._credentials is None:
                raise ClusterError("no session with the API server")
            return self._session, self._credentials

    async def _renew(self) -> None:
        """Read the credentials; open a new session where the server or the certificates differ, not for a new token."""
        credentials, before = await self._load(), self._credentials
        is_same_server = before is not None and _connection(before) == _connection(credentials)
        if not is_same_server or self._session is None:
            old = self._session
            context = await asyncio.to_thread(credentials.ssl_context)
            connector = aiohttp.TCPConnector(limit=MAX_CONNECTIONS, ssl=context)
            timeout = aiohttp.ClientTimeout(total=REQUEST_TIMEOUT_SECONDS, sock_connect=10)
            self._session = aiohttp.ClientSession(connector=connector, timeout=timeout)
            if old is not None:
                await old.close()
        self._credentials = credentials


def _connection(credentials: Credentials) -> tuple[str | None, ...]:
    return credentials.server, credentials.ca_path, credentials.certificate_path


def refusal(method: str, path: str, status: int, retry_after: str | None, raw: bytes) -> ClusterError:
    """Return the error of a refused request, with the server's own message."""
    try:
        message = str(orjson.loads(raw)["message"])
    except (orjson.JSONDecodeError, KeyError, TypeError):
        message = raw[:200].decode("utf-8", "replace")
    seconds = float(retry_after) if retry_after and retry_after.isdigit() else None
    return ClusterError(clip(f"{method} {path}: {status}: {message}"), status=status, retry_after=seconds)
