"""Which operations wait for company, and for how long. The committer asks; time is an input, in monotonic seconds.

A transaction costs as much as ten of the operations that it holds. A store that is not busy begins each at once. One
that is, as it shows when a transaction held several, lets them gather: for a moment what a run waits for before it
begins, and longer what is left to write when it has ended. (PostgreSQL's commit_delay and commit_siblings do so, too.)
"""

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection

from scrape_operator.core.errors import ScrapeOperatorError

MAX_OPERATIONS = 500
MAX_WEIGHT = 10_000

GATHER_SECONDS = 0.03
"""A busy store begins transactions no sooner than this one after the other: some thirty a second."""

PATIENT_SECONDS = 0.25
"""So long what is patient waits while the store is busy, and is then written all at once."""


@dataclass(slots=True, eq=False)
class Operation:
    """What somebody waits for. `since` is when it was accepted; `alone` says that it gets a transaction of its own."""

    apply: Callable[[Connection, Sequence[Any]], Sequence[Any]]
    payload: Any
    since: float
    weight: int = 1
    patient: bool = False
    alone: bool = False
    answer: asyncio.Future[Any] = field(default_factory=lambda: asyncio.get_running_loop().create_future())

    def succeed(self, answer: object) -> None:
        """Give the answer, if somebody still waits for it."""
        if not self.answer.done():
            self.answer.set_result(answer)

    def fail(self, error: ScrapeOperatorError) -> None:
        """Give the reason why there is none."""
        if not self.answer.done():
            own = type(error)(*error.args)  # one exception raised in many tasks would mix their tracebacks
            own.__cause__ = error
            self.answer.set_exception(own)
            self.answer.exception()  # nobody may wait for it any more, which is no reason for a warning


class Gathering:
    """The operations that wait, in the order in which they came."""

    def __init__(self) -> None:
        self._prompt: deque[Operation] = deque()
        self._patient: deque[Operation] = deque()
        self._busy = False
        self._begun = float("-inf")

    def __len__(self) -> int:
        return len(self._prompt) + len(self._patient)

    def add(self, operation: Operation) -> bool:
        """Let it wait; give whether it may be sooner than what waited before."""
        waiting = self._patient if operation.patient else self._prompt
        waiting.append(operation)
        return len(waiting) == 1

    def add_first(self, operation: Operation) -> None:
        """Let it go before all that waits."""
        self._prompt.appendleft(operation)

    def pause(self, now: float) -> float:
        """Give how long more may gather, in seconds. Something waits."""
        if not self._busy:
            return 0.0
        prompt = self._begun + GATHER_SECONDS if self._prompt else float("inf")
        patient = self._patient[0].since + PATIENT_SECONDS if self._patient else float("inf")
        return max(0.0, min(prompt, patient) - now)

    def take(self, now: float) -> list[Operation]:
        """Give the operations of the next transaction: at least one, and of one that wants to be alone only that."""
        self._begun = now
        patient_too = not self._busy or not self._prompt or self._patient_is_due(now)
        batch = _taken(self._prompt, [], 0) if self._prompt else []
        if patient_too and self._patient and not (batch and batch[0].alone):
            batch = _taken(self._patient, batch, sum(operation.weight for operation in batch))
        self._busy = len(batch) > 1
        return batch

    def drain(self) -> list[Operation]:
        """Give all that waits."""
        waiting = [*self._prompt, *self._patient]
        self._prompt.clear()
        self._patient.clear()
        return waiting

    def _patient_is_due(self, now: float) -> bool:
        return bool(self._patient) and now >= self._patient[0].since + PATIENT_SECONDS


def _taken(waiting: deque[Operation], batch: list[Operation], weight: int) -> list[Operation]:
    """Take what still fits; the first always does."""
    while waiting and len(batch) < MAX_OPERATIONS:
        operation = waiting[0]
        weight += operation.weight
        if batch and (weight > MAX_WEIGHT or operation.alone or batch[0].alone):
            break
        batch.append(waiting.popleft())
    return batch
