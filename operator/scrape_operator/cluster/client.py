"""One session with the API server: requests with fresh credentials, and errors as `ClusterError`.

It is our own aiohttp session, since the official client costs 2.5 times the CPU for a status patch. At scale, status
patches are the largest cost of the operator. Credentials are read by the official client's loader.
"""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from types import TracebackType
from typing import Any, Self

import aiohttp
import orjson
from aiohttp.http_exceptions import HttpProcessingError

from scrape_operator import __version__
from scrape_operator.cluster.credentials import Credentials, load_credentials
from scrape_operator.core.errors import ClusterError, InvalidValue
from scrape_operator.core.masking import Mask
from scrape_operator.core.runs.run import clip

USER_AGENT = f"scrape-operator/{__version__}"
"""The API server names the field manager in managedFields after what stands before the slash."""

REQUEST_TIMEOUT_SECONDS = 30
CREDENTIALS_MAX_AGE_SECONDS = 300.0
WATCH_SECONDS = 300
"""How long the API server keeps one watch open; the next one follows at once."""

MAX_EVENT_BYTES = 2 * 1024 * 1024
"""The largest event of a watch: an object of 1.5 MiB, which is etcd's limit, as JSON."""

MAX_CONNECTIONS = 32
HTTP_BAD_REQUEST, HTTP_UNAUTHORIZED, HTTP_FORBIDDEN, HTTP_NOT_FOUND, HTTP_CONFLICT = 400, 401, 403, 404, 409
HTTP_UNAVAILABLE = 503


class ClusterClient:
    """A session whose credentials are read again before they expire, and after a 401."""

    def __init__(self, load: Callable[[], Awaitable[Credentials]] = load_credentials) -> None:
        self._load = load
        self._session: aiohttp.ClientSession | None = None
        self._credentials: Credentials | None = None
        self._loaded_at = 0.0
        self._lock = asyncio.Lock()
        self.clock_skew: timedelta | None = None
        """How far this machine's clock is from the API server's, by the header Date of the last answer that had one."""

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
        raw = await self._answer(method, path, {"Accept": accept, "Content-Type": content_type}, data, params)
        try:
            answer: dict[str, Any] = orjson.loads(raw) if raw else {}
        except orjson.JSONDecodeError as error:
            raise ClusterError(f"{method} {path}: {type(error).__name__}: {error}") from error
        return answer

    async def read_text(self, path: str, *, accept: str = "text/plain", params: Mapping[str, str] | None = None) -> str:
        """Return the text of an answer, such as that of a pod behind the API server.

        Raises:
            ClusterError: refused, or not reached (`status` 0).

        """
        return (await self._answer("GET", path, {"Accept": accept}, None, params)).decode(errors="replace")

    async def _answer(
        self, method: str, path: str, headers: Mapping[str, str], data: bytes | None, params: Mapping[str, str] | None
    ) -> bytes:
        """Return the body of an answer that is no refusal."""
        headers = {**headers, "User-Agent": USER_AGENT}
        try:
            status, retry_after, raw = await self._send(method, path, headers, data, params)
            if status == HTTP_UNAUTHORIZED:
                status, retry_after, raw = await self._send(method, path, headers, data, params, is_fresh=True)
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise ClusterError(f"{method} {path}: {type(error).__name__}: {error}") from error
        if status >= HTTP_BAD_REQUEST:
            raise refusal(method, path, status, retry_after, self._masked(raw))
        return raw

    def _masked(self, answer: bytes) -> bytes:
        """Return an answer without the token that was sent, should a server or a proxy repeat it."""
        mask, credentials = Mask(), self._credentials
        if credentials is not None and credentials.authorization:
            mask.add(credentials.authorization.rpartition(" ")[2])
        return mask.content(answer)

    async def watch(self, path: str, params: Mapping[str, str]) -> AsyncGenerator[dict[str, Any]]:
        """Yield the events of a watch until the API server ends it.

        Raises:
            ClusterError: refused, not reached, broken off, or an event too large. Also an event of type ERROR.

        """
        asked = {**params, "watch": "true", "timeoutSeconds": str(WATCH_SECONDS)}
        timeout = aiohttp.ClientTimeout(total=WATCH_SECONDS + REQUEST_TIMEOUT_SECONDS, sock_connect=10)
        session, credentials = await self._ready(is_fresh=False)
        headers = {"Accept": "application/json", "User-Agent": USER_AGENT, **_authorization(credentials)}
        try:
            async with session.get(
                credentials.server + path, params=asked, headers=headers, timeout=timeout, read_bufsize=MAX_EVENT_BYTES
            ) as answer:
                if answer.status >= HTTP_BAD_REQUEST:
                    raise refusal("WATCH", path, answer.status, None, self._masked(await answer.read()))
                while line := await answer.content.readline():
                    yield _event(path, line)
        except (aiohttp.ClientError, HttpProcessingError, TimeoutError, OSError, ValueError) as error:
            raise ClusterError(f"WATCH {path}: {type(error).__name__}: {error}") from error

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
        url = credentials.server + path
        async with session.request(
            method, url, data=data, headers={**headers, **_authorization(credentials)}, params=params
        ) as answer:
            if date := answer.headers.get("Date"):
                self.clock_skew = clock_skew(datetime.now(UTC), date)
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


def _authorization(credentials: Credentials) -> Mapping[str, str]:
    return {"Authorization": credentials.authorization} if credentials.authorization else {}


def _event(path: str, line: bytes) -> dict[str, Any]:
    """Return one event of a watch; one of type ERROR, such as an expired resourceVersion, is raised."""
    event = orjson.loads(line)
    if not (isinstance(event, dict) and isinstance(event.get("object"), dict)):
        raise InvalidValue("an event without an object")
    if event.get("type") == "ERROR":
        status = int(event["object"].get("code") or 0)
        raise ClusterError(clip(f"WATCH {path}: {status}: {event['object'].get('message')}"), status=status)
    return event


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


def clock_skew(now: datetime, date: str) -> timedelta | None:
    """Return how far `now` is ahead of a header Date (RFC 9110 section 6.6.1); None where that is no date.

    The header holds whole seconds: a time within its second is no difference.
    """
    try:
        behind = now - parsedate_to_datetime(date)
    except (TypeError, ValueError):
        return None
    second = timedelta(seconds=1)
    return behind if behind < timedelta(0) else max(behind - second, timedelta(0))
