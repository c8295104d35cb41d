"""Finds what the watch missed: a list of metadata drops objects that are gone, and adds those that were missed.

kopf never reports a deletion that it did not see, and its watch can stop while it seems to be running.
"""

import asyncio
import logging
import time
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from typing import Any, Protocol

from scrape_operator.api.kinds.registry import Kind
from scrape_operator.watching.handlers import Handlers, ObjectHandler, is_terminating

logger = logging.getLogger(__name__)

SETTLE_SECONDS = 5.0
"""A change younger than this may still be on its way through the watch."""

APPLIED_IN_A_ROW = 20
"""Objects that are handled before runs get their turn."""


class ObjectSource(Protocol):
    """Where objects are listed: `cluster.objects`."""

    def objects(self, kind: Kind, namespaces: Sequence[str]) -> AsyncGenerator[dict[str, Any]]:
        """Yield every object of a kind."""

    def metadata(self, kind: Kind, namespaces: Sequence[str]) -> AsyncGenerator[dict[str, Any]]:
        """Yield the metadata of every object of a kind."""

    async def get(self, kind: Kind, namespace: str | None, name: str) -> dict[str, Any] | None:
        """Return one object, or None if it does not exist."""

    async def is_served(self, kind: Kind, namespaces: Sequence[str]) -> bool:
        """Return whether the API server serves the kind."""


class Reconciler:
    """Compares what was handled with the lists of the API server, kind by kind."""

    def __init__(self, source: ObjectSource, namespaces: Sequence[str], handlers: Handlers) -> None:
        self._source = source
        self._namespaces = namespaces
        self._handlers = handlers
        self.last_list_at: float | None = None
        """When the last list ended, by `time.monotonic`."""

    async def prime(self) -> int:
        """Handle every object of every kind from one paged list, and return how many there are.

        What was handled before and is not in the list is dropped. Raises ClusterError.
        """
        count = 0
        for kind, handler in self._handlers.items():
            before, seen = handler.known(), set[str]()
            async for obj in self._source.objects(kind, self._namespaces):
                handler.applied(obj, at_once=False)
                seen.add(obj["metadata"]["uid"])
                if len(seen) % APPLIED_IN_A_ROW == 0:
                    await asyncio.sleep(0)
            self._drop(kind, handler, before, seen)
            handler.listed()
            count += len(seen)
        self.last_list_at = time.monotonic()
        return count

    async def reconcile(self) -> int:
        """Correct what the watch missed, and return how many additions and changes that were. Raises ClusterError."""
        suspects = [
            (kind, metadata)
            for kind, handler in self._handlers.items()
            for metadata in await self._drift(kind, handler)
        ]
        self.last_list_at = time.monotonic()
        if suspects:
            await asyncio.sleep(SETTLE_SECONDS)
        missed = [(kind, metadata) for kind, metadata in suspects if not self._handlers[kind].knows(metadata)]
        for kind, metadata in missed:
            obj = await self._source.get(kind, metadata.get("namespace"), metadata["name"])
            if obj is not None:
                self._handlers[kind].applied(obj)
        return len(missed)

    async def drop_deleted(self) -> None:
        """Drop the objects whose deletion the watch missed. Raises ClusterError."""
        for kind, handler in self._handlers.items():
            await self._drift(kind, handler)

    async def recompile(self, kind: Kind, recompile: Callable[[Mapping[str, Any]], None], namespace: str | None) -> int:
        """Compile the plans of a namespace again, or of all of them, and return how many. Raises ClusterError."""
        namespaces = self._namespaces if namespace is None else [namespace]
        count = 0
        async for obj in self._source.objects(kind, namespaces):
            recompile(obj)
            count += 1
            if count % APPLIED_IN_A_ROW == 0:
                await asyncio.sleep(0)
        return count

    async def _drift(self, kind: Kind, handler: ObjectHandler) -> list[Mapping[str, Any]]:
        """Drop objects that are gone; return the metadata of those that are not known as they are."""
        before, seen, suspects = handler.known(), set[str](), []
        async for obj in self._source.metadata(kind, self._namespaces):
            metadata = obj["metadata"]
            if is_terminating(metadata):
                continue
            seen.add(metadata["uid"])
            if not handler.knows(metadata):
                suspects.append(metadata)
        self._drop(kind, handler, before, seen)
        return suspects

    @staticmethod
    def _drop(kind: Kind, handler: ObjectHandler, before: Mapping[str, str], seen: set[str]) -> None:
        for uid, name in before.items():
            if uid not in seen:
                logger.warning("deletion was not seen by the watch", extra={"kind": kind.kind, "object": name})
                handler.removed(uid)
