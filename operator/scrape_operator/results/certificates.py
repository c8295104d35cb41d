"""Keeps the certificate of the results API: makes it, renews it, and writes the CA to trust into the APIService.

All replicas do the same work on one Secret; a write names the version that was read, so that one of them wins and the
others take over what it wrote. The API server trusts the CA of the next certificate before any replica shows it.
"""

import asyncio
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Protocol

from scrape_operator.cluster.serving_certificate import SecretContent, ServedBy
from scrape_operator.core.backoff import Backoff
from scrape_operator.core.errors import ClusterError
from scrape_operator.core.ports import Clock
from scrape_operator.results.authority import Pair, make_pair, read_pair, valid_authorities
from scrape_operator.results.trust import ListenerContext

logger = logging.getLogger(__name__)

LOOK_SECONDS = 30.0
"""How often Secret, APIService and files are looked at."""

RETRY_SECONDS = 2.0
"""How soon again while something stands in the way; it doubles each time, up to LOOK_SECONDS."""

SETTLE_SECONDS = 60.0
"""How long the API server has trusted a CA before its certificate is shown: several API servers each see it later."""


class Place(Protocol):
    """The Secret and the APIService: `cluster.serving_certificate`. Every method raises ClusterError."""

    async def read_secret(self) -> SecretContent | None:
        """Return the content of the Secret, or None if it does not exist."""

    async def write_secret(self, content: SecretContent) -> bool:
        """Replace keys of the Secret. Return False if it was written since it was read."""

    async def read_api_service(self) -> ServedBy | None:
        """Return what the APIService says, or None if it does not exist."""

    async def write_ca_bundle(self, seen: ServedBy, bundle: bytes) -> bool:
        """Set the caBundle. Return False if the APIService was changed since it was read."""


@dataclass(frozen=True, slots=True)
class Stored:
    """What the Secret holds. Unreadable parts are None."""

    current: Pair | None
    following: Pair | None
    """The certificate that is shown as soon as the API server trusts its CA."""
    former_authority: bytes = b""
    """The CA of the certificate before: a replica may still show it."""

    def bundle(self, now: datetime) -> bytes:
        """Return the CAs that the API server is to trust."""
        parts = [pair.authority for pair in (self.current, self.following) if pair]
        return valid_authorities(b"".join([*parts, self.former_authority]), now)


def read_stored(data: Mapping[str, bytes]) -> Stored:
    """Return what the data of the Secret mean."""
    return Stored(
        read_pair(data.get("tls.crt", b""), data.get("tls.key", b""), data.get("ca.crt", b"")),
        read_pair(data.get("next-tls.crt", b""), data.get("next-tls.key", b""), data.get("next-ca.crt", b"")),
        data.get("former-ca.crt", b""),
    )


def secret_data(stored: Stored) -> Mapping[str, bytes]:
    """Return the data of the Secret; an empty value removes its key."""
    data = {"former-ca.crt": stored.former_authority}
    for prefix, pair in (("", stored.current), ("next-", stored.following)):
        data[f"{prefix}tls.crt"] = pair.certificate if pair else b""
        data[f"{prefix}tls.key"] = pair.key if pair else b""
        data[f"{prefix}ca.crt"] = pair.authority if pair else b""
    return data


def advance(stored: Stored, names: Sequence[str], now: datetime, *, is_settled: bool) -> Stored | None:
    """Return what the Secret should hold next, or None if it is as it should be.

    `is_settled` says that the API server has trusted the CA of the following certificate for long enough.
    """
    current, following = stored.current, stored.following
    if following and (not following.serves(names, now) or now >= following.renew_at):
        following = None  # made long ago, by a process that ended before it could be shown
    if current is None or not current.serves(names, now):
        return Stored(following or make_pair(names, now), None)
    if following is None and now >= current.renew_at:
        return replace(stored, following=make_pair(names, now))
    if following is not None and is_settled:
        return Stored(following, None, current.authority)
    return None if following is stored.following else replace(stored, following=None)


def pause_after(failures: int) -> float:
    """Return the seconds to wait after so many looks in a row at which something stood in the way."""
    return Backoff(RETRY_SECONDS, LOOK_SECONDS).ceiling(failures - 1) if failures else LOOK_SECONDS


class OwnCertificate:
    """The certificate in the Secret. Needs `run` as a task; several replicas may run it."""

    def __init__(
        self,
        context: ListenerContext,
        place: Place,
        clock: Clock,
        *,
        namespace: str,
        service: str,
    ) -> None:
        self._context = context
        self._place = place
        self._clock = clock
        self._service = (namespace, service)
        self._names = (f"{service}.{namespace}.svc", f"{service}.{namespace}.svc.cluster.local")
        self._trusted_since: tuple[bytes, float] | None = None
        """The CA of the following certificate, and when the API server was first seen to trust it."""
        self._last_problem = ""

    async def run(self) -> None:
        """Look and act, without an end."""
        failures = 0
        while True:
            failures = 0 if await self.look() else failures + 1
            await asyncio.sleep(pause_after(failures))

    async def look(self) -> bool:
        """Bring Secret, listener and APIService one step further. Return False if it is worth another look soon."""
        try:
            problem = await self._act()
        except (ClusterError, ValueError) as error:
            problem = str(error)
        if problem and problem != self._last_problem:
            logger.warning("certificate of the results API", extra={"problem": problem})
        self._last_problem = problem
        return not problem

    async def _act(self) -> str:
        """Act, and return what stands in the way, or nothing."""
        content = await self._place.read_secret()
        if content is None:
            return "the Secret does not exist: the chart creates it with resultsApi.enabled; run helm upgrade"
        stored = read_stored(content.data)
        wanted = advance(stored, self._names, self._clock.now(), is_settled=self._is_settled(stored))
        if wanted is not None:
            if not await self._place.write_secret(replace(content, data=secret_data(wanted))):
                return "the Secret was written by another replica; it is read again"
            logger.info("certificate written", extra={"current": str(wanted.current), "next": str(wanted.following)})
            stored = wanted
        if stored.current is None:
            return "the Secret holds no certificate"
        self._context.use_certificate(stored.current.certificate, stored.current.key)
        return await self._publish(stored)

    def _is_settled(self, stored: Stored) -> bool:
        since = self._trusted_since
        return (
            stored.following is not None
            and since is not None
            and since[0] == stored.following.authority
            and self._clock.monotonic() - since[1] >= SETTLE_SECONDS
        )

    async def _publish(self, stored: Stored) -> str:
        """Make the API server trust the CAs, and return what stands in the way, or nothing."""
        seen = await self._place.read_api_service()
        if seen is None:
            return "the APIService does not exist: the results API is not reachable; run helm upgrade to create it"
        if seen.service != self._service:
            theirs, ours = "/".join(seen.service), "/".join(self._service)
            return f"the APIService names Service {theirs}, not {ours}: only one installation can serve results"
        bundle = stored.bundle(self._clock.now())
        if seen.ca_bundle != bundle and not await self._place.write_ca_bundle(seen, bundle):
            return "the APIService was changed meanwhile; it is read again"
        authority = stored.following.authority if stored.following else b""
        if self._trusted_since is None or self._trusted_since[0] != authority:
            self._trusted_since = (authority, self._clock.monotonic())
        return ""


class MountedCertificate:
    """A certificate in files that another program renews, such as cert-manager. Needs `run` as a task."""

    def __init__(self, context: ListenerContext, folder: Path) -> None:
        self._context = context
        self._folder = folder
        self._last_problem = ""

    async def run(self) -> None:
        """Look at the files every half minute, without an end."""
        failures = 0
        while True:
            failures = 0 if self.look() else failures + 1
            await asyncio.sleep(pause_after(failures))

    def look(self) -> bool:
        """Load the files if they have changed. Return False if that failed: the certificate before stays in use."""
        try:
            certificate, key = ((self._folder / name).read_bytes() for name in ("tls.crt", "tls.key"))
            self._context.use_certificate(certificate, key)
        except (OSError, ValueError) as error:
            if str(error) != self._last_problem:
                logger.warning("certificate of the results API not loaded", extra={"error": str(error)})
            self._last_problem = str(error)
            return False
        self._last_problem = ""
        return True
