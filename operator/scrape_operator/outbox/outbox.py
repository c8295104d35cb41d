"""The one retry loop of the product: delivers what is put into it until it has arrived, or is given up."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Hashable
from contextlib import suppress
from functools import partial
from math import inf
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

    `queue` has what waits or is in flight.

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
        self.queue: OutboxQueue[Key, Item] = OutboxQueue(limits, merge=merge, rank=rank)
        self._tasks: set[asyncio.Task[bool]] = set()
        self._wake = asyncio.Event()
        self._asleep_until = -inf
        self._quiet_until = {False: -inf, True: -inf}

    def put(self, key: Key, item: Item, *, urgency: int = 0, delay: float = 0.0) -> None:
        """Enqueue an item, to be delivered after `delay` seconds; an urgent one at once. Never blocks."""
        at = self.queue.put(key, item, now=self._clock.monotonic(), urgency=urgency, delay=delay)
        if at < self._asleep_until:
            self._wake.set()

    def forget(self, key: Key) -> None:
        """Drop what waits under a key."""
        self.queue.forget(key)
        self._wake.set()

    async def run(self) -> None:
        """Deliver until this task is canceled. Deliveries in flight then continue: `flush` waits for them."""
        while True:
            await self._launch_and_wait()

    async def flush(self, within: float, *, min_urgency: int = 0) -> bool:
        """Deliver all that is at least so urgent within `within` seconds, beyond the budget and without delays.

        Return whether all of it arrived. What is less urgent is dropped, and what is in flight at the end is canceled.
        """
        self.queue.hurry(self._clock.monotonic(), min_urgency)
        try:
            async with asyncio.timeout(within):
                while self.queue.has(min_urgency):
                    await self._launch_and_wait()
        except TimeoutError:
            logger.warning("outbox not empty at the end", extra={"outbox": self._name, "pending": len(self.queue)})
        has_arrived = not self.queue.has(min_urgency)
        for task in tuple(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        return has_arrived

    async def _launch_and_wait(self) -> None:
        """Start every delivery that may start now, and wait until something arrives or ends, or more may start."""
        self._wake.clear()
        now = self._clock.monotonic()
        while taken := self.queue.take(now):
            task = asyncio.ensure_future(self._deliver(*taken))
            self._tasks.add(task)
            task.add_done_callback(partial(self._ended, taken[0]))
        at = self.queue.wake_at(now)
        self._asleep_until = inf if at is None else at
        with suppress(TimeoutError):
            async with asyncio.timeout(None if at is None else at - now):
                await self._wake.wait()

    def _ended(self, key: Key, task: asyncio.Task[bool]) -> None:
        """Report the end of a delivery to the queue."""
        self._tasks.discard(task)
        now = self._clock.monotonic()
        if task.cancelled():
            self.queue.postponed(key, now, delay=0.0)
        elif (error := task.exception()) is None:
            if not task.result():
                self.queue.refund()
            self.queue.delivered(key, now)
        elif isinstance(error, NotReady):
            self.queue.postponed(key, now, delay=error.seconds)
        else:
            self._fail(key, error, now)
        self._wake.set()

    def _fail(self, key: Key, error: BaseException, now: float) -> None:
        failures = self.queue.failures(key)
        is_last = self._max_attempts is not None and failures + 1 >= self._max_attempts
        self._log_failure(key, error, now, is_last=is_last)
        if is_last:
            self.queue.delivered(key, now)
            return
        delay = self._backoff.delay(failures, self._random, retry_after=getattr(error, "retry_after", None))
        self.queue.failed(key, now, delay=delay)

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
                "pending": len(self.queue),
                "error": str(error) or type(error).__name__,
            },
            exc_info=error if is_defect else None,
        )
