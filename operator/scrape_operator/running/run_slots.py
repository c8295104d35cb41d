"""Bounded room for runs: who finds it full waits its turn, first come, first served. Used by the pool."""

import asyncio
from collections import deque
from typing import Any


class Room:
    """`size` places. Whoever entered must leave."""

    def __init__(self, size: int) -> None:
        self._free = size
        self._turns: deque[asyncio.Future[None]] = deque()

    async def enter(self, stop: asyncio.Future[Any], patience: float | None) -> bool:
        """Take a place, waiting for it up to `patience` seconds; False where that was not enough, or `stop` came."""
        if self._free > 0:
            self._free -= 1
            return True
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._turns.append(turn)
        try:
            first: set[asyncio.Future[Any]] = {turn, stop}
            await asyncio.wait(first, timeout=patience, return_when=asyncio.FIRST_COMPLETED)
        except asyncio.CancelledError:
            if turn.done():
                self.leave()
            raise
        finally:
            turn.cancel()  # one that has come stays done
        return not turn.cancelled()

    def leave(self) -> None:
        """Give the place to whoever has waited longest."""
        while self._turns:
            turn = self._turns.popleft()
            if not turn.done():
                turn.set_result(None)
                return
        self._free += 1
