"""The memory for bodies: what a process holds of them at the same time is bounded, and requests wait for their share.

A body counts from the moment it exceeds SMALL_BYTES until its response is dropped. Bodies of up to MEDIUM_BYTES have a
share of their own, so that they never wait for big ones; most of them need no more of it than PAGE_BYTES. A big body
reserves all that it may become at once: it never waits for more while it holds memory that others wait for. It does not
hold a turn at its host while it waits, since others may wait for that turn. A GET or HEAD is closed, waits, and is sent
again with its memory reserved.
"""

import asyncio
import weakref
from collections import deque
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext, suppress
from typing import Final

from scrape_operator.core.net.documents import Response
from scrape_operator.core.runs.reasons import Reason
from scrape_operator.fetching.failures import HopFailed

SMALL_BYTES: Final = 2**16
PAGE_BYTES: Final = 2**18
MEDIUM_BYTES: Final = 2**20
DEFAULT_BYTES: Final = 2**28


class _Share:
    """Bytes that are granted in the order in which they were asked for."""

    def __init__(self, total: int) -> None:
        self.total = total
        self._free = total
        self._waiting: deque[tuple[int, asyncio.Future[None]]] = deque()

    def try_reserve(self, size: int) -> bool:
        is_free = not self._waiting and size <= self._free
        if is_free:
            self._free -= size
        return is_free

    async def reserve(self, size: int) -> None:
        if self.try_reserve(size):
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


class _Part:
    """What one body holds of a share."""

    def __init__(self, share: _Share) -> None:
        self.share = share
        self.size = 0

    def shrink(self, size: int = 0) -> None:
        """Give back all but `size` bytes."""
        if self.size > size:
            self.share.release(self.size - size)
            self.size = size


class BodyMemory:
    """The memory for all bodies of a process."""

    def __init__(self, total: int = DEFAULT_BYTES) -> None:
        self.medium = _Share(max(total // 2, MEDIUM_BYTES))
        self.big = _Share(max(total - total // 2, MEDIUM_BYTES))


class BodyMemoryBusy(Exception):
    """A body needs memory that others hold. `BodyReservation.wait` waits for it, without a turn at the host."""


class BodyReservation:
    """The memory of one body while it is read.

    A request that `is_repeatable` never waits while it is open: `cover` raises BodyMemoryBusy, and the request is sent
    again when the memory is reserved. Other requests wait while they are open, and `pause` stops their timer.
    """

    def __init__(
        self,
        memory: BodyMemory,
        pause: Callable[[], AbstractContextManager[None]] = nullcontext,
        *,
        is_repeatable: bool = False,
    ) -> None:
        self._pause = pause
        self._is_repeatable = is_repeatable
        self._wanted: tuple[_Part, int] | None = None
        self._medium = _Part(memory.medium)
        self._big = _Part(memory.big)

    async def cover(self, size: int, most: int, *, is_announced: bool = False) -> None:
        """Reserve memory for `size` bytes of a body that has at most `most`, or as many where that is announced.

        Raises:
            HopFailed: TooLarge, if there is not as much memory for bodies.
            BodyMemoryBusy: the request must be closed, and sent again after `wait`.

        """
        is_surely_big = is_announced and most > MEDIUM_BYTES
        if size > SMALL_BYTES and not (self._big.size or is_surely_big):
            await self._cover_medium(most if is_announced else size)
        needed = min(most, self._big.share.total)
        if size > (SMALL_BYTES if is_surely_big else MEDIUM_BYTES) and self._big.size < needed:
            self._big.shrink()  # reserved for an earlier answer, which was smaller
            await self._reserve(self._big, needed)
        if self._big.size and size > self._big.size:
            limit = f"{self._big.size} bytes, the operator's memory for bodies: raise its memory limit"
            raise HopFailed(Reason.TOO_LARGE, f"sent a body of more than {limit}")

    async def _cover_medium(self, size: int) -> None:
        """Reserve a part of the share for medium bodies. Who can't be sent again takes all of it at once."""
        needed = PAGE_BYTES if size <= PAGE_BYTES and self._is_repeatable else MEDIUM_BYTES
        if self._medium.size < needed:
            await self._reserve(self._medium, needed)

    async def wait(self) -> None:
        """Wait for the memory that `cover` did not get, and reserve it."""
        if self._wanted is None:
            return
        part, size = self._wanted
        await part.share.reserve(size)
        self._wanted = None
        part.size = size

    async def _reserve(self, part: _Part, size: int) -> None:
        """Reserve `size` bytes of a share, of which some may be reserved."""
        missing = size - part.size
        if not part.share.try_reserve(missing):
            if self._is_repeatable:
                self._wanted = part, size
                raise BodyMemoryBusy
            with self._pause():
                await part.share.reserve(missing)
        part.size = size

    def release(self) -> None:
        """Release all that is reserved."""
        self._big.shrink()
        self._medium.shrink()

    def hand_over(self, response: Response) -> None:
        """Keep what the body needs until its response is dropped, and give back the rest."""
        for part in (self._big, self._medium):
            part.shrink(len(response.body))
        if self._medium.size or self._big.size:
            weakref.finalize(response, self.release)
