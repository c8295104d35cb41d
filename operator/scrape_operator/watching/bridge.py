"""kopf in a thread of its own, with a loop of its own: events come over, faults do not.

kopf cancels every task that is younger than itself when it ends, ends on some faults of the API server, and copies
each object twice while it lists. In its own thread it may do so: runs continue, and it is started again.
"""

import asyncio
import contextlib
import logging
import random
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import kopf

from scrape_operator.api.kinds.registry import Kind
from scrape_operator.cluster.credentials import Credentials
from scrape_operator.cluster.objects import PAGE_SIZE
from scrape_operator.core.backoff import Backoff

logger = logging.getLogger(__name__)

CREDENTIALS_LIFETIME = timedelta(minutes=10)
RESTART_SECONDS = 1.0
LOGIN_PAUSE_SECONDS = 1.0
WATCH_BACKOFF = Backoff(initial_seconds=0.4, max_seconds=30.0)

OnEvent = Callable[[Kind, str | None, Mapping[str, Any]], None]


class Backoffs:
    """Pauses between tries of a watch or list: growing to 30 s, jittered, without end.

    kopf ends the process after the last pause; while the API server is away, runs must continue.
    """

    def __iter__(self) -> Iterator[float]:
        """Yield the pauses in seconds."""
        for failures in range(1_000_000_000):
            yield WATCH_BACKOFF.delay(failures, random.random)


class NullDiffBaseStorage(kopf.DiffBaseStorage):
    """Store no last-handled configuration: generations detect changes.

    kopf's default storage deep-copies each object at each event, which is half of what an event costs.
    """

    def build(self, **_: Any) -> kopf.BodyEssence:
        """Return an empty essence."""
        return kopf.BodyEssence({})

    def fetch(self, **_: Any) -> kopf.BodyEssence | None:
        """Return None: nothing is stored."""
        return None

    def store(self, **_: Any) -> None:
        """Store nothing."""


class WatchThread:
    """Runs kopf until it is stopped, and starts it again when it ends by itself.

    `on_event` is called on the event loop of the caller of `start`. Times are those of `time.monotonic`.
    """

    def __init__(
        self,
        kinds: Iterable[Kind],
        namespaces: Sequence[str],
        read_credentials: Callable[[], Credentials],
        on_event: OnEvent,
        *,
        restart_seconds: float = RESTART_SECONDS,
    ) -> None:
        self._kinds = tuple(kinds)
        self._namespaces = namespaces
        self._read_credentials = read_credentials
        self._on_event = on_event
        self._restart_seconds = restart_seconds
        self._stop = threading.Event()
        self._restart = threading.Event()
        self._thread: threading.Thread | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._has_logged_in = False
        self.last_event_at = self.started_at = time.monotonic()

    @property
    def is_alive(self) -> bool:
        """Whether the thread runs; kopf itself may just be starting again."""
        return self._thread is not None and self._thread.is_alive()

    def start(self) -> None:
        """Begin to watch."""
        self._loop = asyncio.get_running_loop()
        self._thread = threading.Thread(target=self._run, name="kopf", daemon=True)
        self._thread.start()

    def restart(self) -> None:
        """Start kopf again."""
        self._restart.set()

    async def stop(self, patience: float = 10.0) -> None:
        """End kopf and its thread."""
        self._stop.set()
        self._restart.set()
        if self._thread is not None:
            await asyncio.to_thread(self._thread.join, patience)

    def _run(self) -> None:
        while not self._stop.is_set():
            self._restart.clear()
            self.started_at = time.monotonic()
            try:
                asyncio.run(self._operate())
            except Exception:
                logger.exception("watch ended by a fault")
            if not self._stop.is_set():
                logger.warning("watch has ended and is started again")
                self._stop.wait(self._restart_seconds)

    async def _operate(self) -> None:
        asyncio.get_running_loop().set_exception_handler(self._handle_fault)
        try:
            await kopf.operator(
                registry=self._registry(),
                settings=watch_settings(),
                standalone=True,
                clusterwide=not self._namespaces,
                namespaces=list(self._namespaces),
                stop_flag=self._restart,
            )
        finally:
            self._restart.set()  # kopf waits for the flag in a thread, which would keep this loop from closing

    def _handle_fault(self, loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        """Ignore what kopf's generators report when they are closed in the middle of a list or watch."""
        if not self._restart.is_set():
            loop.default_exception_handler(context)

    def _registry(self) -> kopf.OperatorRegistry:
        registry = kopf.OperatorRegistry()
        kopf.on.login(registry=registry)(self._login)
        for kind in self._kinds:
            handler = partial(self._event, kind)
            kopf.on.event(kind.group, kind.version, kind.plural, registry=registry, id=kind.plural)(handler)
        return registry

    async def _login(self, **_: Any) -> kopf.ConnectionInfo:
        """Return fresh credentials. The expiration makes them differ: kopf refuses an equal set again."""
        await asyncio.sleep(LOGIN_PAUSE_SECONDS if self._has_logged_in else 0)
        self._has_logged_in = True
        credentials = await asyncio.to_thread(self._read_credentials)
        scheme, _space, token = (credentials.authorization or "").partition(" ")
        return kopf.ConnectionInfo(
            server=credentials.server,
            ca_path=credentials.ca_path,
            insecure=not credentials.verify,
            certificate_path=credentials.certificate_path,
            private_key_path=credentials.private_key_path,
            scheme=scheme or None,
            token=token or None,
            expiration=datetime.now(UTC) + CREDENTIALS_LIFETIME,
        )

    async def _event(self, kind: Kind, event: kopf.RawEvent, **_: Any) -> None:
        self.last_event_at = time.monotonic()
        if self._loop is not None:
            with contextlib.suppress(RuntimeError):  # the other loop is closed: the process ends
                self._loop.call_soon_threadsafe(self._on_event, kind, event["type"], event["object"])


def watch_settings() -> kopf.OperatorSettings:
    """Return kopf's settings; each prevents a fault that was measured.

    chunk_size and idle_timeout: memory while listing. inactivity_timeout out of reach: it can cancel the watcher
    itself, so the time-outs of server and client end a silent watch. Endless backoffs: see `Backoffs`. posting and
    scanning off: no Events of kopf's own, no watch of CRDs and namespaces. The storage: see `NullDiffBaseStorage`.
    """
    settings = kopf.OperatorSettings()
    settings.watching.chunk_size = PAGE_SIZE
    settings.watching.inactivity_timeout = 1e9
    settings.watching.client_timeout = 300
    settings.watching.server_timeout = 240
    settings.queueing.idle_timeout = 0.1
    settings.networking.request_timeout = 30
    settings.networking.error_backoffs = Backoffs()
    settings.posting.enabled = False
    settings.scanning.disabled = True
    settings.persistence.diffbase_storage = NullDiffBaseStorage()
    settings.process.ultimate_exiting_timeout = None
    return settings
