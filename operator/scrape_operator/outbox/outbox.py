"""The one retry loop of the product: delivers what is put into it until it has arrived, or is given up."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Hashable
from functools import partial
from random import random as uniform
from typing import Generic, TypeVar

from scrape_operator.core.backoff import Backoff
from scrape_operator.core.errors import ScrapeOperatorError
from scrape_operator.core.ports import Clock
from scrape_operator.outbox.queue import OutboxLimits, OutboxQueue

logger = logging.getLogger(__name__)

BACKOFF = Backoff(initial_seconds=0.5, max_seconds=30.0)
LOG_INTERVAL_SECONDS = 10.0
"""How often failures are logged, defects apart from refusals: an outage fails every delivery."""

Key = TypeVar("Key", bound=Hashable)
Item = TypeVar("Item")


class NotReady(ScrapeOperatorError):
    """A delivery is not possible yet, which is no failure; it is tried again after `seconds`."""

    def __init__(self, seconds: float) -> None:
        super().__init__(f"not ready for {seconds:g} s")
        self.seconds = seconds


def replace(_before: Item, after: Item) -> Item:
    """Return the later of two items under one key: the usual way to merge them."""
    return after


class Outbox(Generic[Key, Item]):
    """Delivers items by `deliver`, each key one at a time. Needs `run` as a task; no failure ends it.

    `deliver` returns whether it asked anything of the other side: where it did not, its token is returned.
    An error is retried with back-off, after `retry_after` seconds where the error names them, up to `max_attempts`.
    """

    def __init__(
        self,
        name: str,
        deliver: Callable[[Key, Item], Awaitable[bool]],
        clock: Clock,
        limits: OutboxLimits,
        *,
        merge: Callable[[Item, Item], Item] = replace,
        rank: Callable[[Key], float] = lambda _key: 0.0,
        backoff: Backoff = BACKOFF,
        max_attempts: int | None = None,
        random: Callable[[], float] = uniform,
    ) -> None:
        self._name = name
        self._deliver = deliver
        self._clock = clock
        self._backoff = backoff
        self._max_attempts = max_attempts
        self._random = random
        self._queue: OutboxQueue[Key, Item] = OutboxQueue(limits, merge=merge, rank=rank)
        self._tasks: set[asyncio.Task[bool]] = set()
        self._wake = asyncio.Event()
        self._asleep_until = float("-inf")
        self._quiet_until = {False: float("-inf"), True: float("-inf")}

    @property
    def pending(self) -> int:
        """How many keys wait or are in flight."""
        return len(self._queue)

    @property
    def dropped(self) -> int:
        """How many items were given up since the start."""
        return self._queue.dropped

    def items(self) -> tuple[tuple[Key, Item], ...]:
        """Return everything that waits or is in flight, by key."""
        return self._queue.items()

    def urgency(self, key: Key) -> int:
        """Return the urgency of what waits under a key; 0 where nothing does."""
        return self._queue.urgency(key)

    def put(self, key: Key, item: Item, *, urgency: int = 0, delay: float = 0.0) -> None:
        """Enqueue an item, to be delivered after `delay` seconds; an urgent one at once. Never blocks."""
        at = self._queue.put(key, item, now=self._clock.monotonic(), urgency=urgency, delay=delay)
        if at is not None and (urgency or at < self._asleep_until):
            self._wake.set()

    def forget(self, key: Key) -> None:
        """Drop what waits under a key."""
        self._queue.forget(key)
        self._wake.set()

    async def run(self) -> None:
        """Deliver until this task is canceled. Deliveries in flight then continue: `flush` waits for them."""
        while True:
            self._wake.clear()
            self._launch()
            await self._sleep()

    async def flush(self, within: float, *, min_urgency: int = 0) -> bool:
        """Deliver all that is at least so urgent within `within` seconds, beyond the budget and without delays.

        Return whether all of it arrived. What is in flight at the end of that time is canceled.
        """
        self._queue.hurry(self._clock.monotonic())
        try:
            async with asyncio.timeout(within):
                while self._queue.has(min_urgency):
                    self._wake.clear()
                    self._launch(is_metered=False, min_urgency=min_urgency)
                    await self._sleep(is_metered=False, min_urgency=min_urgency)
        except TimeoutError:
            logger.warning("outbox not empty at the end", extra={"outbox": self._name, "pending": len(self._queue)})
        has_arrived = not self._queue.has(min_urgency)
        for task in tuple(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        return has_arrived

    def _launch(self, *, is_metered: bool = True, min_urgency: int = 0) -> None:
        """Start every delivery that may start now."""
        now = self._clock.monotonic()
        while taken := self._queue.take(now, is_metered=is_metered, min_urgency=min_urgency):
            task = asyncio.ensure_future(self._deliver(*taken))
            self._tasks.add(task)
            task.add_done_callback(partial(self._ended, taken[0]))

    async def _sleep(self, *, is_metered: bool = True, min_urgency: int = 0) -> None:
        """Wait until something arrives or ends, or the time of what waits has come."""
        now = self._clock.monotonic()
        at = self._queue.wake_at(now, is_metered=is_metered, min_urgency=min_urgency)
        self._asleep_until = float("inf") if at is None else at
        try:
            async with asyncio.timeout(None if at is None else max(0.0, at - now)):
                await self._wake.wait()
        except TimeoutError:
            return
        finally:
            self._asleep_until = float("-inf")

    def _ended(self, key: Key, task: asyncio.Task[bool]) -> None:
        """Report the end of a delivery to the queue."""
        self._tasks.discard(task)
        now = self._clock.monotonic()
        error = None if task.cancelled() else task.exception()
        if task.cancelled():
            self._queue.postponed(key, now, delay=0.0)
        elif isinstance(error, NotReady):
            self._queue.postponed(key, now, delay=error.seconds)
        elif error is not None:
            self._fail(key, error, now)
        else:
            if not task.result():
                self._queue.refund()
            self._queue.delivered(key, now)
        self._wake.set()

    def _fail(self, key: Key, error: BaseException, now: float) -> None:
        failures = self._queue.failures(key)
        is_last = self._max_attempts is not None and failures + 1 >= self._max_attempts
        self._log_failure(key, error, now, is_last=is_last)
        if is_last:
            self._queue.give_up(key, now)
            return
        delay = self._backoff.delay(failures, self._random, retry_after=getattr(error, "retry_after", None))
        self._queue.failed(key, now, delay=delay)

    def _log_failure(self, key: Key, error: BaseException, now: float, *, is_last: bool) -> None:
        """Log a failure, but not every one of an outage; a defect with its traceback."""
        is_defect = not isinstance(error, ScrapeOperatorError | TimeoutError)
        if now < self._quiet_until[is_defect] and not is_last:
            return
        self._quiet_until[is_defect] = now + LOG_INTERVAL_SECONDS
        logger.log(
            logging.ERROR if is_defect else logging.WARNING,
            "delivery given up" if is_last else "delivery failed and is retried",
            extra={
                "outbox": self._name,
                "key": str(key),
                "pending": len(self._queue),
                "error": str(error) or type(error).__name__,
            },
            exc_info=error if is_defect else None,
        )
