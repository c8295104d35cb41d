"""Which operations share a transaction, and how long they wait for others. Time is an input, in monotonic seconds.

A transaction costs as much as ten of the operations that it holds. So transactions begin at least GATHER_SECONDS after
each other. Patient operations, such as the end of a run, gather for PATIENT_SECONDS. PostgreSQL's commit_delay waits in
the same way. The committer asks this module.
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
"""The shortest time from the begin of one transaction to that of the next: about thirty a second."""

PATIENT_SECONDS = 0.25
"""The time that a patient operation waits; all patient ones are then written at once."""


@dataclass(slots=True, eq=False)
class Operation:
    """What a caller waits for. `since` is when it was accepted; `alone` means that it gets a transaction of its own."""

    apply: Callable[[Connection, Sequence[Any]], Sequence[Any]]
    payload: Any
    since: float
    weight: int = 1
    patient: bool = False
    alone: bool = False
    answer: asyncio.Future[Any] = field(default_factory=lambda: asyncio.get_running_loop().create_future())

    def succeed(self, answer: object) -> None:
        """Set the answer, if a caller still waits for it."""
        if not self.answer.done():
            self.answer.set_result(answer)

    def fail(self, error: ScrapeOperatorError) -> None:
        """Set the reason why there is no answer."""
        if not self.answer.done():
            own = type(error)(*error.args)  # one exception raised in many tasks would mix their tracebacks
            own.__cause__ = error
            self.answer.set_exception(own)
            self.answer.exception()  # marks it as retrieved: asyncio warns otherwise, if the caller was canceled


class Gathering:
    """The operations that wait, in the order in which they came."""

    def __init__(self) -> None:
        self._prompt: deque[Operation] = deque()
        self._patient: deque[Operation] = deque()
        self._begun = float("-inf")

    def __len__(self) -> int:
        return len(self._prompt) + len(self._patient)

    def add(self, operation: Operation) -> bool:
        """Add an operation. Return whether the next transaction may begin sooner because of it."""
        waiting = self._patient if operation.patient else self._prompt
        waiting.append(operation)
        return len(waiting) == 1

    def add_first(self, operation: Operation) -> None:
        """Add an operation before all that waits."""
        self._prompt.appendleft(operation)

    def pause(self, now: float) -> float:
        """Return for how many seconds more operations may gather. Something waits."""
        prompt = self._begun + GATHER_SECONDS if self._prompt else float("inf")
        return max(0.0, min(prompt, self._patient_due) - now)

    def take(self, now: float) -> list[Operation]:
        """Return the operations of the next transaction: at least one, and only that one if it is to be alone."""
        self._begun = now
        batch = _taken(self._prompt, [])
        if not batch or (now >= self._patient_due and not batch[0].alone):
            batch = _taken(self._patient, batch)
        return batch

    def drain(self) -> list[Operation]:
        """Remove and return all that waits."""
        waiting = [*self._prompt, *self._patient]
        self._prompt.clear()
        self._patient.clear()
        return waiting

    @property
    def _patient_due(self) -> float:
        return self._patient[0].since + PATIENT_SECONDS if self._patient else float("inf")


def _taken(waiting: deque[Operation], batch: list[Operation]) -> list[Operation]:
    """Add the operations that still fit to a batch; the first always does."""
    weight = sum(operation.weight for operation in batch)
    while waiting and len(batch) < MAX_OPERATIONS:
        operation = waiting[0]
        weight += operation.weight
        if batch and (weight > MAX_WEIGHT or operation.alone or batch[0].alone):
            break
        batch.append(waiting.popleft())
    return batch
