"""Group commit: one task turns what many callers ask for at the same time into one transaction.

A transaction costs as much as ten of the operations that it holds. While one runs, operations queue; the next takes
all of them, and a store that is busy, as it shows when a transaction held several, lets them gather for a moment
(PostgreSQL's commit_delay and commit_siblings do so, too). An idle store answers at once.

Rules: an operation succeeds or fails by itself. Where the database is away, all that wait are told so,
since they would only fail one after the other. Where it refuses a batch, each of its operations gets a
transaction of its own, and the one that is to blame fails alone. An operation that was accepted is
executed, even if its caller was cancelled; closing executes what was accepted.
"""

import asyncio
import logging
import time
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Self, TypeVar

from sqlalchemy import Connection

from scrape_operator.core.errors import ScrapeOperatorError, StoreUnavailable
from scrape_operator.storage.errors import StoreRefused

logger = logging.getLogger(__name__)

MAX_OPERATIONS = 500
MAX_WEIGHT = 10_000
MAX_PENDING = 5_000

GATHER_SECONDS = 0.03
"""A busy store begins transactions no sooner than this one after the other: some thirty a second."""

P = TypeVar("P")
R = TypeVar("R")

Apply = Callable[[Connection, Sequence[P]], Sequence[R]]
"""Does one kind of operation for many payloads at once, and gives one answer for each, in order."""

Answers = list[tuple["_Operation", Any]]

Transact = Callable[[Callable[[Connection], Answers]], Awaitable[Answers]]
"""Does work in a transaction; raises StoreUnavailable or StoreRefused."""

TransactionObserver = Callable[[float, int], None]
"""Is told the seconds that a committed transaction took, and how many operations it held."""


@dataclass(slots=True, eq=False)
class _Operation:
    apply: Apply[Any, Any]
    payload: Any
    weight: int
    alone: bool = False
    answer: asyncio.Future[Any] = field(default_factory=lambda: asyncio.get_running_loop().create_future())

    def succeed(self, answer: object) -> None:
        if not self.answer.done():
            self.answer.set_result(answer)

    def fail(self, error: ScrapeOperatorError) -> None:
        if not self.answer.done():
            own = type(error)(*error.args)  # one exception raised in many tasks would mix their tracebacks
            own.__cause__ = error
            self.answer.set_exception(own)
            self.answer.exception()  # nobody may wait for it any more, which is no reason for a warning


class Committer:
    """Takes operations, and answers each when its transaction has ended. Use as a context manager.

    `max_pending` operations are accepted and not yet answered at a time.
    """

    def __init__(
        self,
        transact: Transact,
        on_transaction: TransactionObserver | None = None,
        *,
        max_pending: int = MAX_PENDING,
    ) -> None:
        self._transact = transact
        self._on_transaction = on_transaction
        self._room = asyncio.Semaphore(max_pending)
        self._queue: deque[_Operation] = deque()
        self._news = asyncio.Event()
        self._closed = False
        self._busy = False
        self._begun = 0.0
        self._task: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        self._task = asyncio.create_task(self._run(), name="group commit")
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._closed = True
        self._news.set()
        if self._task is not None:
            await self._task

    async def submit(self, apply: Apply[P, R], payload: P, *, weight: int = 1) -> R:
        """Have `apply` done for `payload` in a coming transaction, and give its answer.

        `weight` is about the number of rows that it touches. Waits while too many are pending.

        Raises:
            StoreUnavailable: the database is away, or this store is closed.
            StoreRefused: this operation can't be done.

        """
        async with self._room:
            operation = self._accept(apply, payload, weight)
            self._queue.append(operation)
            answer: R = await operation.answer
            return answer

    async def submit_urgent(self, apply: Apply[P, R], payload: P) -> R:
        """Do the same before all that waits: for what must not be late because the store is busy."""
        operation = self._accept(apply, payload, 1)
        self._queue.appendleft(operation)
        answer: R = await operation.answer
        return answer

    def submit_unattended(self, apply: Apply[P, object], payload: P) -> None:
        """Have it done after all that waits now, and tell nobody. A closed store does nothing."""
        if not self._closed:
            self._queue.append(self._accept(apply, payload, 1))

    def _accept(self, apply: Apply[Any, Any], payload: object, weight: int) -> _Operation:
        if self._closed:
            raise StoreUnavailable("the store is closed")
        self._news.set()
        return _Operation(apply, payload, weight)

    async def _run(self) -> None:
        try:
            while self._queue or not self._closed:
                if self._queue:
                    await self._gather()
                    await self._commit(self._take())
                else:
                    self._news.clear()
                    await self._news.wait()
        finally:
            self._closed = True
            self._fail(self._drain(), StoreUnavailable("the store is closed"))

    async def _gather(self) -> None:
        """Let more come, where more will."""
        begun, now = self._begun, time.monotonic()
        if self._busy and now - begun < GATHER_SECONDS and not self._closed:
            await asyncio.sleep(begun + GATHER_SECONDS - now)
        self._begun = time.monotonic()

    def _take(self) -> list[_Operation]:
        batch = [self._queue.popleft()]
        weight = batch[0].weight
        while self._queue and len(batch) < MAX_OPERATIONS and not batch[0].alone and not self._queue[0].alone:
            weight += self._queue[0].weight
            if weight > MAX_WEIGHT:
                break
            batch.append(self._queue.popleft())
        self._busy = len(batch) > 1
        return batch

    def _drain(self) -> list[_Operation]:
        waiting = list(self._queue)
        self._queue.clear()
        return waiting

    async def _commit(self, batch: list[_Operation]) -> None:
        started = time.monotonic()
        try:
            answers = await self._transact(lambda connection: _apply(connection, batch))
        except StoreRefused as error:
            self._isolate(batch, error)
        except ScrapeOperatorError as error:
            self._fail([*batch, *self._drain()], StoreUnavailable(str(error)))
        except asyncio.CancelledError:
            self._fail(batch, StoreUnavailable("the store is closed"))
            raise
        else:
            for operation, answer in answers:
                operation.succeed(answer)
            self._tell(time.monotonic() - started, len(batch))

    def _tell(self, seconds: float, operations: int) -> None:
        if self._on_transaction is None:
            return
        try:
            self._on_transaction(seconds, operations)
        except Exception:  # whoever counts must not end what is counted
            logger.exception("the observer of transactions failed")

    def _isolate(self, batch: list[_Operation], error: StoreRefused) -> None:
        if len(batch) == 1:
            batch[0].fail(error)
            return
        for operation in reversed(batch):
            operation.alone = True
            self._queue.appendleft(operation)

    @staticmethod
    def _fail(operations: Sequence[_Operation], error: StoreUnavailable) -> None:
        for operation in operations:
            operation.fail(error)


def _apply(connection: Connection, batch: Sequence[_Operation]) -> Answers:
    """Do all operations of a kind at once."""
    kinds: dict[Apply[Any, Any], list[_Operation]] = {}
    for operation in batch:
        kinds.setdefault(operation.apply, []).append(operation)
    answers: Answers = []
    for apply, operations in kinds.items():
        given = apply(connection, [operation.payload for operation in operations])
        answers.extend(zip(operations, given, strict=True))
    return answers
