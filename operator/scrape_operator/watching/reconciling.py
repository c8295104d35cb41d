"""Finds what the watch missed: a list of metadata drops objects that are gone, and adds those that were missed.

kopf never reports a deletion that it did not see, and its watch can stop while it seems to be running.
"""

import asyncio
import logging
import time
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Protocol

from scrape_operator.api.kinds.registry import Kind
from scrape_operator.watching.handlers import Handlers, ObjectHandler, is_terminating

logger = logging.getLogger(__name__)

SETTLE_SECONDS = 5.0
"""A change that was listed less long ago may still be on its way through the watch."""

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


@dataclass(frozen=True, slots=True)
class _Suspect:
    """An object that was not known as a list showed it, and when that was, by `time.monotonic`."""

    kind: Kind
    metadata: Mapping[str, Any]
    listed_at: float


class Reconciler:
    """Compares what was handled with the lists of the API server, kind by kind."""

    def __init__(self, source: ObjectSource, namespaces: Sequence[str], handlers: Handlers) -> None:
        self._source = source
        self._namespaces = namespaces
        self._handlers = handlers
        self._suspects: dict[str, _Suspect] = {}
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
                _handle(kind, partial(handler.applied, at_once=False), obj)
                seen.add(obj["metadata"]["uid"])
                if len(seen) % APPLIED_IN_A_ROW == 0:
                    await asyncio.sleep(0)
            self._drop(kind, handler, before, seen)
            handler.listed()
            count += len(seen)
        self.last_list_at = time.monotonic()
        return count

    async def compare(self) -> None:
        """Drop the objects whose deletion the watch missed, and note those it may have missed. Raises ClusterError.

        `handle_missed` looks at them again, when the watch had time to report them.
        """
        for kind, handler in self._handlers.items():
            before, seen = handler.known(), set[str]()
            async for obj in self._source.metadata(kind, self._namespaces):
                metadata = obj["metadata"]
                if is_terminating(metadata):
                    continue
                seen.add(metadata["uid"])
                if not handler.knows(metadata):
                    self._suspects.setdefault(metadata["uid"], _Suspect(kind, metadata, time.monotonic()))
            self._drop(kind, handler, before, seen)
        self.last_list_at = time.monotonic()

    async def handle_missed(self) -> int:
        """Handle the noted objects that the watch has not reported by now. Return how many. Raises ClusterError."""
        missed = 0
        settled = time.monotonic() - SETTLE_SECONDS
        for uid, suspect in list(self._suspects.items()):
            if suspect.listed_at > settled:
                continue
            del self._suspects[uid]  # whatever comes of it: the next list shows it again
            handler, metadata = self._handlers[suspect.kind], suspect.metadata
            if not handler.knows(metadata):
                obj = await self._source.get(suspect.kind, metadata.get("namespace"), metadata["name"])
                if obj is not None and not handler.knows(obj["metadata"]):
                    missed += _handle(suspect.kind, handler.applied, obj)
        return missed

    async def recompile(self, kind: Kind, recompile: Callable[[Mapping[str, Any]], None], namespace: str | None) -> int:
        """Compile the plans of a namespace again, or of all of them, and return how many. Raises ClusterError."""
        namespaces = self._namespaces if namespace is None else [namespace]
        count = 0
        async for obj in self._source.objects(kind, namespaces):
            _handle(kind, recompile, obj)
            count += 1
            if count % APPLIED_IN_A_ROW == 0:
                await asyncio.sleep(0)
        return count

    @staticmethod
    def _drop(kind: Kind, handler: ObjectHandler, before: Mapping[str, str], seen: set[str]) -> None:
        for uid, name in before.items():
            if uid not in seen:
                logger.warning("deletion was not seen by the watch", extra={"kind": kind.kind, "object": name})
                handler.removed(uid)


def _handle(kind: Kind, handle: Callable[[Mapping[str, Any]], None], obj: Mapping[str, Any]) -> bool:
    """Handle an object, and return whether that worked: a defect must not keep others from being handled."""
    try:
        handle(obj)
    except Exception:
        metadata = obj["metadata"]
        name = "/".join(filter(None, (metadata.get("namespace"), metadata.get("name"))))
        logger.exception("object could not be handled", extra={"kind": kind.kind, "object": name})
        return False
    return True
