"""Transactions on either database: functions of a connection. `factory` makes them; `database` and `migrate` use them.

All statements of a function cost one switch, not one each. For SQLite, which is a library and no server, the switch
is to a thread and back. For PostgreSQL the driver is asynchronous, and SQLAlchemy lets the function wait for it.
"""

import asyncio
import sqlite3
import threading
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol, TypeVar, cast

from sqlalchemy import Connection, Engine
from sqlalchemy.engine import AdaptedConnection

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncEngine

T = TypeVar("T")

Work = Callable[[Connection], T]

READS: Mapping[str, Any] = {}
WRITES: Mapping[str, Any] = {"writes": True}
"""Options of a transaction that will write (SQLite takes its lock at once)."""


STEPS_BETWEEN_LOOKS = 100_000
"""Instructions of SQLite's virtual machine: one or two milliseconds."""


@dataclass(frozen=True, slots=True)
class Timeouts:
    """The longest time, in seconds, of a connect, a statement and a transaction on PostgreSQL."""

    connect: float = 5.0
    statement: float = 5.0
    transaction: float = 60.0


class Transactions(Protocol):
    """Runs functions, each in a transaction of its own that is committed if the function returns."""

    async def run(self, work: Work[T], options: Mapping[str, Any] = READS) -> T:
        """Execute the function, and return its result.

        Raises:
            TimeoutError: it took too long; whether it was committed is not known.
            Exception: what the driver or the work raised; nothing is committed then.

        """

    async def close(self) -> None:
        """Close all connections."""


class ThreadedTransactions:
    """Transactions of a synchronous engine: SQLite's. `timeout` is the longest time of one, in seconds."""

    def __init__(self, engine: Engine, *, threads: int, timeout: float) -> None:
        self._engine = engine
        self._threads = ThreadPoolExecutor(threads, thread_name_prefix="sqlite")
        self._timeout = timeout

    async def run(self, work: Work[T], options: Mapping[str, Any] = READS) -> T:
        """Execute the function in a thread. What takes too long, or is cancelled, is rolled back."""
        stop = threading.Event()

        def transact() -> T:
            with self._engine.connect() as connection, _stopping(connection, stop):
                return _transact(connection, lambda it: _unless(stop, work(it)), options)

        try:
            async with asyncio.timeout(self._timeout):
                return await asyncio.get_running_loop().run_in_executor(self._threads, transact)
        except (TimeoutError, asyncio.CancelledError):
            stop.set()
            raise

    async def close(self) -> None:
        """Wait for the transactions that run, and close all connections."""
        await asyncio.to_thread(self._threads.shutdown)
        self._engine.dispose()


class AsyncTransactions:
    """Transactions of an asynchronous engine: PostgreSQL's. `timeout` is the longest time of one, in seconds."""

    def __init__(self, engine: "AsyncEngine", *, timeout: float) -> None:
        self._engine = engine
        self._timeout = timeout

    async def run(self, work: Work[T], options: Mapping[str, Any] = READS) -> T:
        """Execute the function; while it waits for the database, other tasks run."""
        async with asyncio.timeout(self._timeout), self._engine.connect() as connection:
            return await connection.run_sync(_transact, work, options)

    async def close(self) -> None:
        """Close all connections."""
        await self._engine.dispose()


def aside(connection: Connection, work: Callable[..., T], *values: object) -> T:
    """Compute in a thread, inside a transaction, without blocking the event loop."""
    driver: Any = connection.connection.dbapi_connection
    if isinstance(driver, AdaptedConnection):
        result: T = driver.run_async(lambda _: asyncio.to_thread(work, *values))
        return result
    return work(*values)


def _transact(connection: Connection, work: Work[T], options: Mapping[str, Any]) -> T:
    """Commit what the function did. If it fails, closing the connection rolls back."""
    connection.execution_options(**options)
    transaction = connection.begin()
    try:
        answer = work(connection)
        transaction.commit()
    except TimeoutError:  # a rollback would wait in vain as well
        connection.invalidate()
        raise
    return answer


@contextmanager
def _stopping(connection: Connection, stop: threading.Event) -> Iterator[None]:
    """End a statement soon after `stop` is set: SQLite calls the handler every few instructions."""
    driver = cast("sqlite3.Connection", connection.connection.driver_connection)
    driver.set_progress_handler(lambda: int(stop.is_set()), STEPS_BETWEEN_LOOKS)
    try:
        yield
    finally:
        driver.set_progress_handler(None, 0)


def _unless(stop: threading.Event, answer: T) -> T:
    if stop.is_set():
        raise TimeoutError
    return answer
