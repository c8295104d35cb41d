"""Changes of runs for all watches: one poller reads them, and keeps the latest.

A watch holds no queue, only the revision that it has reached. So a slow client costs no memory: what is not kept here
any more is read from the database again.
"""

import asyncio
import logging
from collections import deque
from dataclasses import dataclass, field, replace

from scrape_operator.core.errors import ScrapeOperatorError
from scrape_operator.core.results import Changes, ResultReader, RevisionExpired

logger = logging.getLogger(__name__)

POLL_SECONDS = 1.0
KEPT_BATCHES = 60
KEPT_CHANGES = 5000


@dataclass(frozen=True, slots=True)
class Batch:
    """Changes after `changes.since`. Nothing happened from there to `quiet_until`, so watches in between start there.

    `rendered` is a cache of events, which many watches send in the same form.
    """

    changes: Changes
    quiet_until: int
    rendered: dict[object, bytes] = field(default_factory=dict)

    @property
    def size(self) -> int:
        """Return the number of changes, targets included."""
        targets = sum(len(run.targets) for run in self.changes.runs)
        return len(self.changes.runs) + targets + len(self.changes.deleted)


class ChangeFeed:
    """Passes changes on to watches. Needs `run` as a task."""

    def __init__(self, reader: ResultReader, poll_seconds: float = POLL_SECONDS) -> None:
        self._reader = reader
        self._poll_seconds = poll_seconds
        self._batches: deque[Batch] = deque()
        self._last_change: int | None = None
        self._checked = 0
        self._news = asyncio.Event()
        self._wanted = asyncio.Event()
        self._polling = asyncio.Lock()
        self._watches = 0
        self._is_closed = False

    @property
    def is_closed(self) -> bool:
        """Whether all watches are to end."""
        return self._is_closed

    @property
    def reached(self) -> int:
        """The revision up to which all changes were passed on."""
        return self._checked

    @property
    def watches(self) -> int:
        """The number of watches."""
        return self._watches

    async def run(self) -> None:
        """Poll while there are watches, for ever."""
        is_away = False
        while True:
            await self._wanted.wait()
            try:
                await self.poll()
            except ScrapeOperatorError as error:
                if not is_away:
                    logger.warning("watches of runs wait for the database", extra={"error": str(error)})
                is_away = True
            else:
                is_away = False
            await asyncio.sleep(self._poll_seconds)

    def join(self) -> None:
        """Count a watch."""
        self._watches += 1
        self._wanted.set()

    def leave(self) -> None:
        """Count a watch no more; after the last one nothing is polled and kept."""
        self._watches -= 1
        if not self._watches:
            self._wanted.clear()
            self._restart(None)

    async def poll(self) -> None:
        """Read what changed since the last time.

        Raises:
            StoreUnavailable: the database is away.

        """
        async with self._polling:
            if self._last_change is None:
                self._restart(await self._reader.last_revision())
            try:
                while await self._advance():
                    pass
            except RevisionExpired as error:
                logger.warning("watches of runs begin anew", extra={"error": str(error)})
                self._restart(await self._reader.last_revision())

    async def next(self, since: int, seconds: float) -> Batch | None:
        """Return the next changes after a revision; None says that there are none up to `reached`.

        None comes after so many seconds, or when the feed is closed. What came at that moment is returned.

        Raises:
            RevisionExpired: changes are forgotten; the client must list again.
            StoreUnavailable: the database is away.

        """
        deadline = asyncio.get_running_loop().time() + seconds
        is_over = False
        while True:
            news = self._news
            batch = await self._find(since)
            if batch is not None or is_over or self._is_closed:
                return batch
            try:
                async with asyncio.timeout_at(deadline):
                    await news.wait()
            except TimeoutError:
                is_over = True

    def close(self) -> None:
        """Let all watches end."""
        self._is_closed = True
        self._announce()

    async def _find(self, since: int) -> Batch | None:
        if self._last_change is None or since > self._checked:
            await self.poll()
        if self._last_change is None or since > self._checked:
            raise RevisionExpired(f"the revision {since} is not reached yet: list again")
        if since >= self._last_change:
            return None
        batch = next((batch for batch in self._batches if since < batch.changes.until), None)
        if batch is None:
            return await self._older(since, self._last_change)
        first = batch.changes.since
        if first <= since <= batch.quiet_until:
            return batch
        return await self._older(since, first if since < first else batch.changes.until)

    async def _older(self, since: int, until: int) -> Batch:
        return Batch(await self._reader.changes(since, until), since)

    async def _advance(self) -> bool:
        """Read the next changes. Return whether there may be more."""
        changes = await self._reader.changes(self._checked)
        if changes.runs or changes.deleted:
            before = self._checked if self._last_change is None else self._last_change
            self._batches.append(Batch(replace(changes, since=before), self._checked))
            self._last_change = self._checked = changes.until
            while len(self._batches) > KEPT_BATCHES or sum(batch.size for batch in self._batches) > KEPT_CHANGES:
                self._batches.popleft()
            self._announce()
            return True
        self._checked = changes.until
        return False

    def _restart(self, revision: int | None) -> None:
        self._batches.clear()
        self._last_change, self._checked = revision, revision or 0
        self._announce()

    def _announce(self) -> None:
        """Wake all watches that wait."""
        self._news.set()
        self._news = asyncio.Event()
