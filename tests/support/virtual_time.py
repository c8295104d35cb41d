"""An event loop whose time jumps to the next timer instead of passing: hours of back-off cost nothing."""

import asyncio
import selectors
from collections.abc import Coroutine
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any, TypeVar

Result = TypeVar("Result")

START = datetime(2026, 11, 24, 10, 0, 0, tzinfo=UTC)
"""The wall clock at time zero of a virtual loop."""


SOCKET_SECONDS = 0.0005
"""How long, in real time, something that was sent over a socket may be on its way."""


class _JumpingSelector(selectors.DefaultSelector):
    now = 0.0

    def select(self, timeout=None):
        assert timeout is not None, "every task waits, and no timer is set"
        self.now += timeout
        return super().select(0)


class _PatientSelector(_JumpingSelector):
    """Jumps when nothing comes over sockets: what this machine sends to itself needs no virtual time."""

    def select(self, timeout=None):
        return selectors.DefaultSelector.select(self, 0 if timeout == 0 else SOCKET_SECONDS) or super().select(timeout)


class VirtualTimeLoop(asyncio.SelectorEventLoop):
    """A loop in virtual time. With `has_sockets`, servers and clients in it may talk over sockets of this machine."""

    def __init__(self, *, has_sockets: bool = False) -> None:
        self._jumping = _PatientSelector() if has_sockets else _JumpingSelector()
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


def run_virtual(coroutine: Coroutine[Any, Any, Result], *, has_sockets: bool = False) -> Result:
    """Run to the end, in a time that begins at zero."""
    with asyncio.Runner(loop_factory=partial(VirtualTimeLoop, has_sockets=has_sockets)) as runner:
        return runner.run(coroutine)


def virtual_time() -> float:
    """Return the running loop's time: the clock of what runs in it."""
    return asyncio.get_running_loop().time()
