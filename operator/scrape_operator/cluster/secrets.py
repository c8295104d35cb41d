"""Reads Secrets for `fetching`, with a short cache: many runs of a second use the same one."""

import asyncio
import logging
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from scrape_operator.cluster.client import HTTP_FORBIDDEN, HTTP_NOT_FOUND
from scrape_operator.core.errors import ClusterError, InvalidValue, ScrapeFailed
from scrape_operator.core.net.secret_data import secret_data
from scrape_operator.core.ports import Clock
from scrape_operator.core.recent import Recent
from scrape_operator.core.runs.reasons import Reason

logger = logging.getLogger(__name__)

FRESH_SECONDS = 1.0
"""How long a Secret is used without asking for it again. The next run after a change reads it, while thousands of runs
that share one ask for it once a second."""

MISSING_SECONDS = 5.0
"""How long it is remembered that a Secret does not exist, so that many runs do not ask at once."""

PATIENT_SECONDS = 2.0
"""How long a run waits for the API server to say whether a Secret has changed. Then what was read last is used."""

MAX_CACHED = 10_000

Place = tuple[str, str]
"""Namespace and name."""


class Session(Protocol):
    """Sends requests to the API server: `cluster.client`."""

    async def request(self, method: str, path: str) -> dict[str, Any]:
        """Send one request and return the object of the answer. Raises ClusterError."""


@dataclass(frozen=True, slots=True)
class _Cached:
    """What was read at `at` (monotonic). `data` is None where the Secret cannot be had, for the reason `problem`."""

    at: float
    version: str = ""
    data: Mapping[str, bytes] | None = None
    problem: str = ""


class ClusterSecrets:
    """The `SecretReader` of a cluster. A Secret of the same resourceVersion is the same mapping object."""

    def __init__(self, client: Session, clock: Clock) -> None:
        self._client = client
        self._clock = clock
        self._cache: Recent[Place, _Cached] = Recent(MAX_CACHED)
        self._reading: dict[Place, asyncio.Task[_Cached]] = {}

    async def read(self, namespace: str, name: str) -> Mapping[str, bytes]:
        """Return the data of a Secret, decoded.

        Where the API server is away or slow, what was read last is returned: runs go on without it.

        Raises:
            ScrapeFailed: SecretNotFound; it does not exist, or must not or cannot be read.

        """
        place = (namespace, name)
        known = self._cache.get(place)
        if known is None or not self._is_fresh(known):
            known = await self._read_once(place, known)
        if known.data is None:
            raise ScrapeFailed(Reason.SECRET_NOT_FOUND, f"Secret {namespace}/{name} {known.problem}")
        return known.data

    def _is_fresh(self, known: _Cached) -> bool:
        age = self._clock.monotonic() - known.at
        return age < (MISSING_SECONDS if known.data is None else FRESH_SECONDS)

    async def _read_once(self, place: Place, known: _Cached | None) -> _Cached:
        """Read a Secret that is `known` from before or not; callers that come meanwhile share the request."""
        task = self._reading.get(place)
        if task is None:
            task = self._reading[place] = asyncio.create_task(self._refresh(place))
            task.add_done_callback(lambda _task: self._reading.pop(place, None))
        patience = PATIENT_SECONDS if known is not None and known.data is not None else None
        await asyncio.wait({task}, timeout=patience)
        return known if known is not None and not task.done() else task.result()

    async def _refresh(self, place: Place) -> _Cached:
        namespace, name = place
        before, now = self._cache.get(place), self._clock.monotonic()
        try:
            found = await self._client.request("GET", f"/api/v1/namespaces/{namespace}/secrets/{name}")
        except ClusterError as error:
            read = self._failed(place, before, error, now)
        else:
            read = _decoded(found, before, now)
        self._cache[place] = read
        return read

    @staticmethod
    def _failed(place: Place, before: _Cached | None, error: ClusterError, now: float) -> _Cached:
        if error.status == HTTP_NOT_FOUND:
            return _Cached(now, problem="does not exist: create it, or change its name in the spec")
        if error.status == HTTP_FORBIDDEN:
            return _Cached(
                now,
                problem="must not be read by the operator: allow it with the chart's secrets.allow, or grant get on it",
            )
        if before is not None and before.data is not None:
            logger.warning("secret not refreshed", extra={"secret": "/".join(place), "error": str(error)})
            return _Cached(now - FRESH_SECONDS + MISSING_SECONDS, before.version, before.data)
        return _Cached(now, problem=f"cannot be read: {error}")


def _decoded(found: Mapping[str, Any], before: _Cached | None, now: float) -> _Cached:
    """Return the data of a Secret as it was read, or what is known already where its version is the same."""
    version = str(found["metadata"].get("resourceVersion", ""))
    if before is not None and before.data is not None and version and before.version == version:
        return _Cached(now, version, before.data)
    try:
        return _Cached(now, version, secret_data(found))
    except InvalidValue as error:
        return _Cached(now, problem=f"cannot be read: {error}")
