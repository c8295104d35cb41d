"""Holds an asynchronous context open in the loop of a thread, for tests and programs that are not asynchronous."""

import asyncio
import threading
from concurrent.futures import Future
from contextlib import AbstractAsyncContextManager
from types import TracebackType
from typing import Any, Generic, TypeVar

from tests.support.web import take_steps

T = TypeVar("T")

START_SECONDS = 30.0
END_SECONDS = 30.0
CLOSING_SECONDS = 5.0


class ThreadedContext(Generic[T]):
    """Enters and leaves a context in a thread of its own. Example: `with ThreadedContext(served(app)) as url: …`."""

    def __init__(self, context: AbstractAsyncContextManager[T]) -> None:
        self._context = context
        self._stop = asyncio.Event()
        self._entered: Future[tuple[T, asyncio.AbstractEventLoop]] = Future()
        self._thread = threading.Thread(target=self._run, name=type(self).__name__, daemon=True)

    def start(self) -> T:
        """Enter the context and return its value.

        Raises:
            Exception: what the context raises on entry.
            TimeoutError: it was not entered within START_SECONDS.

        """
        self._thread.start()
        return self._entered.result(START_SECONDS)[0]

    def stop(self) -> None:
        """Leave the context, if it was entered, and wait for the end of the thread."""
        if self._entered.done() and self._thread.is_alive():
            self._entered.result()[1].call_soon_threadsafe(self._stop.set)
        self._thread.join(END_SECONDS)

    def __enter__(self) -> T:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def _run(self) -> None:
        try:
            asyncio.run(self._hold())
        except BaseException as error:
            if self._entered.done():
                raise
            self._entered.set_exception(error)

    async def _hold(self) -> None:
        async with self._context as value:
            self._entered.set_result((value, asyncio.get_running_loop()))
            await self._stop.wait()
        await _wait_for_connections()


async def _wait_for_connections() -> None:
    """Wait until the loop watches no socket but its own: TLS connections end with messages, after their owners."""
    loop: Any = asyncio.get_running_loop()
    end = loop.time() + CLOSING_SECONDS
    while len(loop._selector.get_map()) > 1 and loop.time() < end:
        await asyncio.sleep(0.01)
    await take_steps()
