"""The calls that we make to the API server: lists, one object, one status.

They go over our own aiohttp session: the official client costs 2.5 times the CPU for a status patch,
which at scale is the dearest thing that we do. Credentials come from the official client's loader.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from types import TracebackType
from typing import Any, Self

import aiohttp
import orjson

from scrape_operator import __version__
from scrape_operator.cluster.credentials import Credentials, load_credentials
from scrape_operator.core.errors import ClusterError
from scrape_operator.core.runs.run import clip
from scrape_operator.core.schedule.plan import ObjectKey

GROUP_PATH = "/apis/scrape-operator.dev/v1alpha1"
PLURAL = "scrapeschedules"
PAGE_SIZE = 100
"""Objects in one page of a list. Pages of 500 cost 45 MiB more at a restart with 3,000 schedules."""

USER_AGENT = f"scrape-operator/{__version__}"
"""The API server names the field manager in managedFields after what stands before the slash."""

REQUEST_TIMEOUT_SECONDS = 30
CREDENTIALS_MAX_AGE_SECONDS = 300.0
METADATA_LIST = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1"
HTTP_UNAUTHORIZED, HTTP_NOT_FOUND, HTTP_CONFLICT, HTTP_GONE, HTTP_ERROR = 401, 404, 409, 410, 400


class ClusterClient:
    """One session with the API server, with credentials that are read again before they grow old."""

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

    async def _ready(self, *, fresh: bool = False) -> tuple[aiohttp.ClientSession, Credentials]:
        loop = asyncio.get_running_loop()
        async with self._lock:
            if fresh or self._credentials is None or loop.time() - self._loaded_at > CREDENTIALS_MAX_AGE_SECONDS:
                await self._renew()
                self._loaded_at = loop.time()
            if self._session is None or self._credentials is None:
                raise ClusterError("no session with the API server")
            return self._session, self._credentials

    async def _renew(self) -> None:
        """Read the credentials; a new session only where the way in has changed, not for a new token."""
        credentials, before = await self._load(), self._credentials
        same_way = before is not None and self._way(before) == self._way(credentials)
        if not same_way or self._session is None:
            old = self._session
            connector = aiohttp.TCPConnector(limit=32, ssl=await asyncio.to_thread(credentials.ssl_context))
            timeout = aiohttp.ClientTimeout(total=REQUEST_TIMEOUT_SECONDS, sock_connect=10)
            self._session = aiohttp.ClientSession(connector=connector, timeout=timeout)
            if old is not None:
                await old.close()
        self._credentials = credentials

    @staticmethod
    def _way(credentials: Credentials) -> tuple[str | None, ...]:
        return credentials.server, credentials.ca_path, credentials.certificate_path

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
        """Make one call and give the answer's object. A 401 is tried again once with fresh credentials.

        Raises:
            ClusterError: refused (`status`, `retry_after` where given) or not reached (`status` 0).

        """
        for attempt in (0, 1):
            session, credentials = await self._ready(fresh=attempt == 1)
            headers = {"Accept": accept, "Content-Type": content_type, "User-Agent": USER_AGENT}
            if credentials.authorization:
                headers["Authorization"] = credentials.authorization
            data = None if body is None else orjson.dumps(body)
            try:
                async with session.request(
                    method, credentials.server + path, data=data, headers=headers, params=params
                ) as answer:
                    raw = await answer.read()
                    if answer.status == HTTP_UNAUTHORIZED and attempt == 0:
                        continue
                    if answer.status >= HTTP_ERROR:
                        raise refusal(method, path, answer.status, answer.headers.get("Retry-After"), raw)
                    return orjson.loads(raw) if raw else {}
            except (aiohttp.ClientError, TimeoutError, OSError, orjson.JSONDecodeError) as error:
                raise ClusterError(f"{method} {path}: {type(error).__name__}: {error}") from error
        raise ClusterError(f"{method} {path}: the API server does not know us", status=HTTP_UNAUTHORIZED)

    async def schedules(self, namespaces: Sequence[str] = ()) -> AsyncIterator[dict[str, Any]]:
        """Give every ScrapeSchedule, whole, from paged consistent lists."""
        for path in schedule_paths(namespaces):
            async for item in self._pages(path, "application/json"):
                yield item

    async def schedule_metadata(self, namespaces: Sequence[str] = ()) -> AsyncIterator[dict[str, Any]]:
        """Give the metadata of every ScrapeSchedule: what a reconcile needs at half the bytes."""
        for path in schedule_paths(namespaces):
            async for item in self._pages(path, METADATA_LIST):
                yield item

    async def _pages(self, path: str, accept: str) -> AsyncIterator[dict[str, Any]]:
        """Give the items of a list; the API server works on the next page while this one is taken up."""
        coming: asyncio.Task[dict[str, Any]] | None = asyncio.create_task(self._page(path, accept))
        try:
            while coming is not None:
                page = await coming
                token = (page.get("metadata") or {}).get("continue")
                coming = asyncio.create_task(self._page(path, accept, token)) if token else None
                for item in page.get("items") or ():
                    yield item
        finally:
            if coming is not None:  # nobody wants the rest
                coming.cancel()
                await asyncio.gather(coming, return_exceptions=True)

    async def _page(self, path: str, accept: str, token: str | None = None) -> dict[str, Any]:
        params = {"limit": str(PAGE_SIZE)}
        return await self.request("GET", path, accept=accept, params=params | {"continue": token} if token else params)

    async def get_schedule(self, namespace: str, name: str) -> dict[str, Any] | None:
        """Give one ScrapeSchedule, or None where it is gone."""
        try:
            return await self.request("GET", f"{GROUP_PATH}/namespaces/{namespace}/{PLURAL}/{name}")
        except ClusterError as error:
            if error.status == HTTP_NOT_FOUND:
                return None
            raise

    async def patch_status(self, key: ObjectKey, status: Mapping[str, object]) -> bool:
        """Merge-patch the status of this very object. False: it is gone, or its name is another's now.

        The UID in the patch is a precondition: the server answers 409 where it differs.
        """
        path = f"{GROUP_PATH}/namespaces/{key.namespace}/{PLURAL}/{key.name}/status"
        body = {"metadata": {"uid": key.uid}, "status": status}
        try:
            await self.request("PATCH", path, body=body, content_type="application/merge-patch+json")
        except ClusterError as error:
            if error.status in {HTTP_NOT_FOUND, HTTP_CONFLICT}:
                return not await self._is_gone(key)
            raise
        return True

    async def _is_gone(self, key: ObjectKey) -> bool:
        """Tell a replaced or deleted object from a mere conflict, which is worth another try."""
        known = await self.get_schedule(key.namespace, key.name)
        if known is not None and known["metadata"]["uid"] == key.uid:
            raise ClusterError(f"conflict while writing the status of {key}", status=HTTP_CONFLICT)
        return True


def schedule_paths(namespaces: Sequence[str]) -> Sequence[str]:
    """Give the list paths for these namespaces, or the one for all."""
    if not namespaces:
        return (f"{GROUP_PATH}/{PLURAL}",)
    return [f"{GROUP_PATH}/namespaces/{namespace}/{PLURAL}" for namespace in namespaces]


def refusal(method: str, path: str, status: int, retry_after: str | None, raw: bytes) -> ClusterError:
    """Turn an error answer into a ClusterError with the server's own words."""
    try:
        message = str(orjson.loads(raw)["message"])
    except (orjson.JSONDecodeError, KeyError, TypeError):
        message = raw[:200].decode("utf-8", "replace")
    seconds = float(retry_after) if retry_after and retry_after.isdigit() else None
    return ClusterError(clip(f"{method} {path}: {status}: {message}"), status=status, retry_after=seconds)


@asynccontextmanager
async def open_client() -> AsyncIterator[ClusterClient]:
    """Open the session of a process."""
    async with ClusterClient() as client:
        yield client
