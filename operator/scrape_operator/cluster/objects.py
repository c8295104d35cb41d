"""Reads objects of this product from the API server, and writes their statuses."""

import asyncio
from collections.abc import AsyncGenerator, Mapping, Sequence
from typing import Any

from scrape_operator.api.kinds.registry import SCRAPE_SCHEDULE, Kind, Scope
from scrape_operator.cluster.client import HTTP_CONFLICT, HTTP_NOT_FOUND, ClusterClient
from scrape_operator.core.errors import ClusterError
from scrape_operator.core.schedule.plan import ObjectKey

PAGE_SIZE = 100
"""Objects in one page of a list. Pages of 500 cost 45 MiB more at a restart with 3,000 schedules."""

WHOLE = "application/json"
METADATA = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1"


class ClusterObjects:
    """Objects of every kind of the table, by list and by name. Every method raises ClusterError."""

    def __init__(self, client: ClusterClient, *, page_size: int = PAGE_SIZE) -> None:
        self._client = client
        self._page_size = page_size

    async def objects(self, kind: Kind, namespaces: Sequence[str] = ()) -> AsyncGenerator[dict[str, Any]]:
        """Yield every object of a kind, from paged consistent lists. No namespaces means all of them."""
        for path in list_paths(kind, namespaces):
            async for item in self._pages(path, WHOLE):
                yield item

    async def metadata(self, kind: Kind, namespaces: Sequence[str] = ()) -> AsyncGenerator[dict[str, Any]]:
        """Yield the metadata of every object of a kind: half the bytes of the whole objects."""
        for path in list_paths(kind, namespaces):
            async for item in self._pages(path, METADATA):
                yield item

    async def is_served(self, kind: Kind, namespaces: Sequence[str] = ()) -> bool:
        """Return whether the API server serves the kind: its CRD is installed. Costs one list of one object."""
        try:
            await self._client.request("GET", list_paths(kind, namespaces)[0], accept=METADATA, params={"limit": "1"})
        except ClusterError as error:
            if error.status == HTTP_NOT_FOUND:
                return False
            raise
        return True

    async def get(self, kind: Kind, namespace: str | None, name: str) -> dict[str, Any] | None:
        """Return one object, or None if it does not exist."""
        try:
            return await self._client.request("GET", kind.path(namespace, name))
        except ClusterError as error:
            if error.status == HTTP_NOT_FOUND:
                return None
            raise

    async def patch_status(self, key: ObjectKey, status: Mapping[str, object]) -> bool:
        """Merge-patch the status of a ScrapeSchedule. Return False if it is gone, or another one has its name.

        The UID in the patch is a precondition: the server answers 409 where it differs.
        """
        path = f"{SCRAPE_SCHEDULE.path(key.namespace, key.name)}/status"
        body = {"metadata": {"uid": key.uid}, "status": status}
        try:
            await self._client.request("PATCH", path, body=body, content_type="application/merge-patch+json")
        except ClusterError as error:
            if error.status in {HTTP_NOT_FOUND, HTTP_CONFLICT}:
                return not await self._is_gone(key)
            raise
        return True

    async def _is_gone(self, key: ObjectKey) -> bool:
        """Return whether the object was replaced or deleted. Otherwise a conflict is worth another try."""
        known = await self.get(SCRAPE_SCHEDULE, key.namespace, key.name)
        if known is not None and known["metadata"]["uid"] == key.uid:
            raise ClusterError(f"conflict while writing the status of {key}", status=HTTP_CONFLICT)
        return True

    async def _pages(self, path: str, accept: str) -> AsyncGenerator[dict[str, Any]]:
        """Yield the items of a list; the API server works on the next page while one is used."""
        following: asyncio.Task[dict[str, Any]] | None = asyncio.create_task(self._page(path, accept))
        try:
            while following is not None:
                page = await following
                token = (page.get("metadata") or {}).get("continue")
                following = asyncio.create_task(self._page(path, accept, token)) if token else None
                for item in page.get("items") or ():
                    yield item
        finally:
            if following is not None:  # the caller has read enough
                following.cancel()
                await asyncio.gather(following, return_exceptions=True)

    async def _page(self, path: str, accept: str, token: str | None = None) -> dict[str, Any]:
        params = {"limit": str(self._page_size)} | ({"continue": token} if token else {})
        return await self._client.request("GET", path, accept=accept, params=params)


def list_paths(kind: Kind, namespaces: Sequence[str]) -> Sequence[str]:
    """Return the list paths of a kind in these namespaces, or the one for all of them."""
    if kind.scope is Scope.CLUSTER or not namespaces:
        return (kind.path(),)
    return [kind.path(namespace) for namespace in namespaces]
