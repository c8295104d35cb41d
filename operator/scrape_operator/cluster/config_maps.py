"""Follows one ConfigMap: its data now, and again after each change."""

import asyncio
import logging
import random
from collections.abc import AsyncGenerator, Mapping
from typing import Any, Protocol

from scrape_operator.core.backoff import Backoff
from scrape_operator.core.errors import ClusterError

logger = logging.getLogger(__name__)

RETRY = Backoff(1.0, 30.0)


class Session(Protocol):
    """Sends requests to the API server: `cluster.client`."""

    async def request(self, method: str, path: str) -> dict[str, Any]:
        """Send one request and return the object of the answer. Raises ClusterError."""

    def watch(self, path: str, params: Mapping[str, str]) -> AsyncGenerator[dict[str, Any]]:
        """Yield the events of a watch until it ends. Raises ClusterError."""


async def follow_config_map(client: Session, namespace: str, name: str) -> AsyncGenerator[Mapping[str, str]]:
    """Yield the data of a ConfigMap, and again after each change, without an end.

    What was yielded last stays valid while the API server is away, or the ConfigMap is deleted.
    """
    failures, last = 0, None
    while True:
        try:
            async for data in _one_watch(client, namespace, name):
                failures = 0
                if data != last:
                    last = data
                    yield data
        except ClusterError as error:
            if not error.status or failures:
                logger.warning("ConfigMap not read", extra={"config_map": f"{namespace}/{name}", "error": str(error)})
            await asyncio.sleep(RETRY.delay(failures, random.random, retry_after=error.retry_after))
            failures += 1


async def _one_watch(client: Session, namespace: str, name: str) -> AsyncGenerator[Mapping[str, str]]:
    collection = f"/api/v1/namespaces/{namespace}/configmaps"
    found = await client.request("GET", f"{collection}/{name}")
    yield _data(found)
    params = {"fieldSelector": f"metadata.name={name}", "resourceVersion": str(found["metadata"]["resourceVersion"])}
    async for event in client.watch(collection, params):
        if event["type"] in {"ADDED", "MODIFIED"}:
            yield _data(event["object"])


def _data(found: Mapping[str, Any]) -> Mapping[str, str]:
    return {str(key): str(value) for key, value in (found.get("data") or {}).items()}
