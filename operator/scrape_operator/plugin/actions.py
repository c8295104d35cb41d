"""What the plugin does to a ScrapeSchedule: run it now, suspend it, resume it, wait for the outcome."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from scrape_operator.api.kinds.registry import SCRAPE_SCHEDULE
from scrape_operator.cluster.client import HTTP_NOT_FOUND, ClusterClient
from scrape_operator.core.errors import ClusterError, NotDone, NotFound
from scrape_operator.plugin.names import suggest
from scrape_operator.plugin.requested_run import RequestedRun
from scrape_operator.scheduling.requests import REQUEST_ANNOTATION

MERGE_PATCH = "application/merge-patch+json"
POLL_SECONDS = 0.5


@dataclass(frozen=True, slots=True)
class Place:
    """One object: its namespace and name."""

    namespace: str
    name: str

    @property
    def path(self) -> str:
        """Return the object's path at the API server."""
        return SCRAPE_SCHEDULE.path(self.namespace, self.name)

    def __str__(self) -> str:
        return f"{self.namespace}/{self.name}"


async def read(client: ClusterClient, place: Place) -> dict[str, Any]:
    """Return the object.

    Raises:
        NotFound: There is no such object.
        ClusterError: The API server refused or was not reached.

    """
    try:
        return await client.request("GET", place.path)
    except ClusterError as error:
        if error.status == HTTP_NOT_FOUND:
            hint = await suggest(client, place.namespace, place.name) or "kubectl get scs -A lists all"
            raise NotFound(f"there is no ScrapeSchedule {place}: {hint}") from error
        raise


async def set_suspended(client: ClusterClient, place: Place, *, is_suspended: bool) -> None:
    """Set spec.suspend. Raises NotFound and ClusterError."""
    await _patch(client, place, {"spec": {"suspend": is_suspended}})


async def request_run(client: ClusterClient, place: Place) -> RequestedRun:
    """Ask for a run by hand. Raises NotFound and ClusterError."""
    before = await read(client, place)
    token = datetime.now(UTC).isoformat(timespec="microseconds")
    await _patch(client, place, {"metadata": {"annotations": {REQUEST_ANNOTATION: token}}})
    return RequestedRun(token, before)


async def await_run(client: ClusterClient, place: Place, requested: RequestedRun, timeout_seconds: float) -> str:
    """Return the history line of a run that was asked for, once it has ended.

    Raises:
        NotDone: It did not end in time.
        ClusterError: The API server refused or was not reached.

    """
    try:
        async with asyncio.timeout(timeout_seconds):
            while True:
                line = requested.line_in(await read(client, place))
                if line is not None:
                    return line
                await asyncio.sleep(POLL_SECONDS)
    except TimeoutError:
        message = f"the run of {place} did not end within {timeout_seconds:g} s: kubectl describe scs {place.name}"
        raise NotDone(message) from None


async def _patch(client: ClusterClient, place: Place, patch: Mapping[str, Any]) -> None:
    await read(client, place)
    await client.request("PATCH", place.path, body=patch, content_type=MERGE_PATCH)
