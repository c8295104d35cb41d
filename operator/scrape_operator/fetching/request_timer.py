"""The timer of one request: it runs from sending a hop to the last byte of its answer, and stands still in pauses."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager

from scrape_operator.core.net.deadline import Deadline


class RequestTimer:
    """What is left of the time of a request. All hops share it. Times are in seconds, of the running loop's clock.

    It is an object of its own, and forgets its timeout: a timeout holds the task, and so all that the run has read.
    Together with whoever holds the timer they would be a cycle, which stays until the garbage collector finds it.
    """

    def __init__(self, seconds: float, deadline: Deadline) -> None:
        self.left = seconds
        self._deadline = deadline
        self._timeout: asyncio.Timeout | None = None

    def start(self) -> asyncio.Timeout:
        """Return the timeout of a hop: what is left, but not beyond the run's deadline."""
        self._timeout = asyncio.timeout(min(self.left, self._deadline.remaining()))
        return self._timeout

    def stop(self, spent: float) -> None:
        """Subtract what a hop has spent."""
        self._timeout = None
        self.left -= spent

    @contextmanager
    def paused(self) -> Iterator[None]:
        """Stand still while the block runs; the run's deadline goes on."""
        clock = asyncio.get_running_loop().time
        timeout, began = self._timeout, clock()
        when = timeout.when() if timeout else None
        if timeout is None or when is None:
            yield
            return
        timeout.reschedule(began + self._deadline.remaining())
        try:
            yield
        finally:
            now = clock()
            self.left += now - began
            if not timeout.expired():
                timeout.reschedule(min(when + now - began, now + self._deadline.remaining()))
