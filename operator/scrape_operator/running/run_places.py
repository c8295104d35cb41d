"""A semaphore for runs, in the order of arrival, with a timeout and a stop. A run that only waits lends its place."""

import asyncio
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any


class RunPlaces:
    """The `size` places of the pool. Each acquired place must be released."""

    def __init__(self, size: int) -> None:
        self._free = size
        self._waiters: deque[asyncio.Future[None]] = deque()

    async def acquire(self, stop: asyncio.Future[Any], timeout_seconds: float | None) -> bool:
        """Acquire a place. Return False if none was free within the timeout, or `stop` was set before."""
        if self._free > 0:
            self._free -= 1
            return True
        waiter: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiters.append(waiter)
        try:
            first: set[asyncio.Future[Any]] = {waiter, stop}
            await asyncio.wait(first, timeout=timeout_seconds, return_when=asyncio.FIRST_COMPLETED)
        except asyncio.CancelledError:
            if waiter.done():
                self.release()
            raise
        finally:
            waiter.cancel()  # one that was set stays done
        return not waiter.cancelled()

    def release(self) -> None:
        """Pass the place to the run that has waited longest."""
        while self._waiters and self._free >= 0:
            waiter = self._waiters.popleft()
            if not waiter.done():
                waiter.set_result(None)
                return
        self._free += 1

    def take_back(self) -> None:
        """Take a place that was lent, without waiting: more than `size` runs may be active until one ends."""
        self._free -= 1


class LentPlace:
    """The place of one run, which is lent while all of its targets wait for hosts or for their next try."""

    def __init__(self, places: RunPlaces, targets: int) -> None:
        self._places = places
        self._targets = targets
        self._waits = 0

    @contextmanager
    def lent(self) -> Iterator[None]:
        """Return a context manager for the time in which one target only waits."""
        self._waits += 1
        if self._waits == self._targets:
            self._places.release()
        try:
            yield
        finally:
            if self._waits == self._targets:
                self._places.take_back()
            self._waits -= 1
