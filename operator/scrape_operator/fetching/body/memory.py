"""The memory for bodies: what a process holds of them at the same time is bounded, and requests wait for their share.

A body counts from the moment it exceeds SMALL_BYTES until its response is dropped. Bodies of up to MEDIUM_BYTES have a
share of their own, so that they never wait for big ones. A big body reserves all that it may become at once: it never
waits for more while it holds memory that others wait for.
"""

import asyncio
import weakref
from collections import deque
from collections.abc import Callable
from contextlib import AbstractContextManager, suppress
from typing import Final

from scrape_operator.core.net.documents import Response
from scrape_operator.core.runs.reasons import Reason
from scrape_operator.fetching.failures import HopFailed

SMALL_BYTES: Final = 2**18
MEDIUM_BYTES: Final = 2**20
DEFAULT_BYTES: Final = 2**28


class _Share:
    """Bytes that are granted in the order in which they were asked for."""

    def __init__(self, total: int) -> None:
        self.total = total
        self._free = total
        self._waiting: deque[tuple[int, asyncio.Future[None]]] = deque()

    async def reserve(self, size: int) -> None:
        if not self._waiting and size <= self._free:
            self._free -= size
            return
        granted = asyncio.get_running_loop().create_future()
        self._waiting.append((size, granted))
        try:
            await granted
        except asyncio.CancelledError:
            if granted.done() and not granted.cancelled():
                self.release(size)
            else:
                with suppress(ValueError):
                    self._waiting.remove((size, granted))
                self._grant()
            raise

    def release(self, size: int) -> None:
        self._free += size
        self._grant()

    def _grant(self) -> None:
        while self._waiting and self._waiting[0][0] <= self._free:
            size, granted = self._waiting.popleft()
            if not granted.cancelled():
                self._free -= size
                granted.set_result(None)


class BodyMemory:
    """The memory for all bodies of a process."""

    def __init__(self, total: int = DEFAULT_BYTES) -> None:
        self.medium = _Share(max(total // 2, MEDIUM_BYTES))
        self.big = _Share(max(total - total // 2, MEDIUM_BYTES))


class BodyReservation:
    """The memory of one body while it is read. `pause` stops the request's timer while it waits."""

    def __init__(self, memory: BodyMemory, pause: Callable[[], AbstractContextManager[None]]) -> None:
        self._memory = memory
        self._pause = pause
        self._medium = 0
        self._big = 0

    async def cover(self, size: int, most: int, *, is_announced: bool = False) -> None:
        """Reserve memory for `size` bytes of a body that has at most `most`, or as many where that is announced.

        Raises:
            HopFailed: TooLarge, if there is not as much memory for bodies.

        """
        is_surely_big = is_announced and most > MEDIUM_BYTES
        if size > SMALL_BYTES and not self._medium and not is_surely_big:
            with self._pause():
                await self._memory.medium.reserve(MEDIUM_BYTES)
            self._medium = MEDIUM_BYTES
        if size > (SMALL_BYTES if is_surely_big else MEDIUM_BYTES) and not self._big:
            reserved = min(most, self._memory.big.total)
            with self._pause():
                await self._memory.big.reserve(reserved)
            self._big = reserved
        if self._big and size > self._big:
            raise HopFailed(
                Reason.TOO_LARGE,
                f"sent a body of more than {self._big} bytes, the operator's memory for bodies: raise its memory limit",
            )

    def release(self) -> None:
        """Release all that is reserved."""
        for share, size in ((self._memory.medium, self._medium), (self._memory.big, self._big)):
            if size:
                share.release(size)
        self._medium = self._big = 0

    def hand_over(self, response: Response) -> None:
        """Keep what the body needs until its response is dropped, and give back the rest."""
        if self._big > len(response.body):
            self._memory.big.release(self._big - len(response.body))
            self._big = len(response.body)
        if self._medium or self._big:
            weakref.finalize(response, self.release)
