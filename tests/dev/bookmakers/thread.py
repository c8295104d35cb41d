"""Serves the three bookmakers from a thread, with odds that move: for the demo and for tests that run a process."""

import asyncio
import threading
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from types import TracebackType
from typing import Self

from tests.dev.bookmakers import bet9ja, betpawa, sportybet
from tests.dev.bookmakers.faults import Bookmaker, serving
from tests.dev.bookmakers.world import World

START_SECONDS = 20
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
        self._ports = ports
        self._moving = moving
        self._started = threading.Event()
        self._error: BaseException | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stop: asyncio.Event | None = None
        self._thread = threading.Thread(target=self._run, name="bookmakers", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        self._started.wait(START_SECONDS)
        if self._error is not None:
            raise self._error
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._loop is not None and self._stop is not None and self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(START_SECONDS)

    def _run(self) -> None:
        try:
            asyncio.run(self._serve())
        except BaseException as error:
            self._error = error
        finally:
            self._started.set()

    async def _serve(self) -> None:
        self._loop, self._stop = asyncio.get_running_loop(), asyncio.Event()
        async with serving(*self.sites.values(), ports=self._ports):
            self._started.set()
            while not self._stop.is_set():
                try:
                    await asyncio.wait_for(self._stop.wait(), MOVE_SECONDS)
                except TimeoutError:
                    self.world.tick += self._moving
