"""An event loop whose time jumps to the next timer instead of passing: hours of back-off cost nothing."""

import asyncio
import selectors
from collections.abc import Coroutine
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

Result = TypeVar("Result")

START = datetime(2026, 11, 24, 10, 0, 0, tzinfo=UTC)
"""The wall clock at time zero of a virtual loop."""


class _JumpingSelector(selectors.DefaultSelector):
    now = 0.0

    def select(self, timeout=None):
        assert timeout is not None, "every task waits, and no timer is set"
        self.now += timeout
        return super().select(0)


class VirtualTimeLoop(asyncio.SelectorEventLoop):
    def __init__(self) -> None:
        self._jumping = _JumpingSelector()
        super().__init__(self._jumping)

    def time(self) -> float:
        return self._jumping.now

    def block(self, seconds: float) -> None:
        """Let time pass while no task runs, as a long computation does."""
        self._jumping.now += seconds


class LoopClock:
    """The wall clock and the monotonic clock of the running virtual loop."""

    def now(self) -> datetime:
        return START + timedelta(seconds=self.monotonic())

    def monotonic(self) -> float:
        return virtual_time()


def run_virtual(coroutine: Coroutine[Any, Any, Result]) -> Result:
    """Run to the end, in a time that begins at zero."""
    with asyncio.Runner(loop_factory=VirtualTimeLoop) as runner:
        return runner.run(coroutine)


def virtual_time() -> float:
    """Return the running loop's time: the clock of what runs in it."""
    return asyncio.get_running_loop().time()
