"""Turns at a limited number of places, shared evenly among schedules. Used by `pool`."""

import asyncio
from collections import Counter, deque
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager


class FairTurns:
    """Grants places round robin by requester. While others wait, each requester has one place at most.

    Requesters for which `is_first` is true go before the others.
    """

    def __init__(self, places: int, is_first: Callable[[str], bool] = lambda _: True) -> None:
        self._free = places
        self._is_first = is_first
        self._held: Counter[str] = Counter()
        self._waiting: dict[str, deque[asyncio.Future[None]]] = {}

    @asynccontextmanager
    async def turn(self, requester: str) -> AsyncIterator[None]:
        """Wait for a place and hold it inside the context."""
        await self._acquire(requester)
        try:
            yield
        finally:
            self._release(requester)

    def others_wait(self, requester: str) -> bool:
        """Return whether another requester waits for a place."""
        return any(waiting != requester for waiting in self._waiting)

    async def _acquire(self, requester: str) -> None:
        granted = asyncio.get_running_loop().create_future()
        self._waiting.setdefault(requester, deque()).append(granted)
        self._grant()
        try:
            await granted
        except asyncio.CancelledError:
            if granted.done() and not granted.cancelled():
                self._release(requester)
            else:
                self._remove(requester, granted)
            raise

    def _release(self, requester: str) -> None:
        self._free += 1
        self._held[requester] -= 1
        if not self._held[requester]:
            del self._held[requester]
        self._grant()

    def _grant(self) -> None:
        while self._free and self._waiting:
            # Of those with the fewest places, whoever was not granted one for the longest time.
            requester = min(self._waiting, key=lambda waiting: (self._held[waiting], not self._is_first(waiting)))
            granted = self._waiting[requester].popleft()
            queue = self._waiting.pop(requester)
            if queue:
                self._waiting[requester] = queue
            if not granted.cancelled():
                self._free -= 1
                self._held[requester] += 1
                granted.set_result(None)

    def _remove(self, requester: str, granted: asyncio.Future[None]) -> None:
        queue = self._waiting.get(requester)
        if queue is not None and granted in queue:
            queue.remove(granted)
            if not queue:
                del self._waiting[requester]
