"""Serves the three bookmakers from a thread, with odds that move: for the demo and for tests that run a process."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from types import TracebackType
from typing import Self

from tests.dev.bookmakers import bet9ja, betpawa, sportybet
from tests.dev.bookmakers.faults import Bookmaker, serving
from tests.dev.bookmakers.world import World
from tests.support.threads import ThreadedContext

MOVE_SECONDS = 5.0


class BookmakersThread:
    """A world that begins now. `sites` are by name, each with its `url`; `ports` (0: free ones) in their order."""

    def __init__(
        self, leagues: int = 6, events: int = 24, ports: Sequence[int] = (0, 0, 0), *, moving: bool = True
    ) -> None:
        self.world = World(leagues, events, start=datetime.now(UTC).replace(microsecond=0))
        self.sites: Mapping[str, Bookmaker] = {
            "SportyBet": sportybet.SportyBetSite(self.world),
            "BetPawa": betpawa.BetPawaSite(self.world),
            "Bet9ja": bet9ja.Bet9jaSite(self.world),
        }
        self._moving = moving
        self._thread = ThreadedContext(self._served(ports))

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._thread.stop()

    @asynccontextmanager
    async def _served(self, ports: Sequence[int]) -> AsyncIterator[None]:
        async with serving(*self.sites.values(), ports=ports):
            moving = asyncio.create_task(self._move())
            yield
            moving.cancel()

    async def _move(self) -> None:
        while self._moving:
            await asyncio.sleep(MOVE_SECONDS)
            self.world.tick += 1
