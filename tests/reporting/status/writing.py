"""A status writer at work in virtual time, against an API server in memory."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

from scrape_operator.core.schedule.state import ScheduleState
from scrape_operator.reporting.status.build import build_status
from scrape_operator.reporting.status.writer import StatusWriter
from tests.support import virtual_time
from tests.support.fake_api_server import FakeApiServer

UID = "uid-1"
AT_ONCE = 0.5
A_WHILE = 5.0


class Bench:
    """A writer at work, and all that it tells."""

    def __init__(self, rate: float) -> None:
        self.api = FakeApiServer()
        self.gone: list[str] = []
        self.fails = False
        self.foreign: set[str] = set()
        self.results: list[str] = []
        self.transitions: list[tuple[str, dict[str, str]]] = []
        self.writer = StatusWriter(
            self.api,
            virtual_time.LoopClock(),
            owner="me",
            writes_per_second=rate,
            ownership=self,
            on_gone=self.lost,
            on_transition=self.transitioned,
            on_written=self.status_written,
            random=lambda: 1.0,
        )

    def owns(self, uid: str) -> bool:
        return uid not in self.foreign

    def lost(self, uid: str) -> None:
        self._listen()
        self.gone.append(uid)

    def _listen(self) -> None:
        if self.fails:
            raise RuntimeError("broken listener")

    def transitioned(self, key: Any, before: Any, conditions: Any) -> None:
        self._listen()
        self.transitions.append((key.uid, {one.type: one.status for one in before}))

    def status_written(self, result: str, seconds: float) -> None:
        self._listen()
        assert seconds >= 0
        self.results.append(result)

    async def settle(self, seconds: float = A_WHILE) -> None:
        await asyncio.sleep(seconds)

    @property
    def writes(self) -> int:
        return len(self.api.writes)


@asynccontextmanager
async def working(rate: float) -> AsyncIterator[Bench]:
    bench = Bench(rate)
    task = asyncio.create_task(bench.writer.run())
    try:
        yield bench
        assert not task.done(), "nothing may end the writer"
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        await bench.writer.flush(0.0)


def at_work(test: Callable[[Bench], Awaitable[None]], rate: float = 20.0) -> None:
    async def main() -> None:
        async with working(rate) as bench:
            await test(bench)

    virtual_time.run_virtual(main())


def carried(plan: Any, state: ScheduleState, owner: str = "me") -> dict[str, object]:
    """The status that an object carries when a process starts."""
    return build_status(plan, state, now=virtual_time.START, owner=owner)
