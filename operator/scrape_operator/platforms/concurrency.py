"""Reads many subjects of one kind, a bounded number at a time. Adapters read leagues and events with it.

A subject that fails is a loss; several failures in a row end the reading. The rate of requests belongs to the fetcher's
host budget, the width here bounds memory.
"""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Generic, TypeVar

from scrape_operator.core.errors import ScrapeFailed
from scrape_operator.core.runs.reasons import Reason
from scrape_operator.platforms.port import ScrapeContext

MAX_FAILURES_IN_A_ROW = 5
"""So many failures without a success in between mean that the platform is away, or throttles."""

MAX_VANISHED_SHARE = 0.05
"""If a larger share of the subjects is gone, the platform is taken to refuse them: none counts as gone."""

VANISHED = "vanished"
"""The counter of subjects that were listed and are gone by now."""

_FINAL = frozenset(
    {
        Reason.BLOCKED,
        Reason.BLOCKED_ADDRESS,
        Reason.AUTH_FAILED,
        Reason.ROBOTS_DISALLOWED,
        Reason.POLICY_DENIED,
        Reason.BUDGET_EXHAUSTED,
        Reason.INVALID_SPEC,
    }
)

Subject = TypeVar("Subject")
Found = TypeVar("Found")


class Vanished(ScrapeFailed):
    """The platform says that there is no such subject. Its reason applies if too many subjects answer so."""


@dataclass(frozen=True)
class Reading(Generic[Subject, Found]):
    """How subjects are read: `read` one, `width` at a time; `name` one in messages."""

    read: Callable[[Subject], Awaitable[Found]]
    name: Callable[[Subject], str]
    width: int


class _Failures:
    """The failures of one reading: which end it, which are losses, and which subjects are gone."""

    def __init__(self, context: ScrapeContext) -> None:
        self._context = context
        self._in_a_row = 0
        self._read = 0
        self._vanished: list[tuple[str, Vanished]] = []

    def succeed(self) -> None:
        self._read += 1
        self._in_a_row = 0

    def fail(self, subject: str, failure: ScrapeFailed) -> None:
        """Record a failure. Raises it if it ends the reading."""
        self._in_a_row += 1
        if failure.reason in _FINAL or self._in_a_row >= MAX_FAILURES_IN_A_ROW:
            self._lose_vanished()
            raise failure
        if isinstance(failure, Vanished):
            self._vanished.append((subject, failure))
        else:
            self._context.lose(subject, failure)

    def finish(self) -> None:
        """Count the subjects that are gone; more than is plausible are losses."""
        gone, subjects = len(self._vanished), len(self._vanished) + self._read
        if gone >= MAX_FAILURES_IN_A_ROW and gone > MAX_VANISHED_SHARE * subjects:
            self._lose_vanished()
        elif gone:
            self._context.count(VANISHED, gone)
        self._vanished.clear()

    def _lose_vanished(self) -> None:
        for subject, failure in self._vanished:
            self._context.lose(subject, failure)


async def read_concurrently(
    subjects: Iterable[Subject], reading: Reading[Subject, Found], context: ScrapeContext
) -> AsyncGenerator[Found, None]:
    """Read subjects side by side and yield what was found as it comes.

    Close the generator where it is not read to its end: requests that are under way are then cancelled.

    Raises:
        ScrapeFailed: a failure that no other subject would escape (Blocked and the like), or the last of several
            in a row.

    """
    remaining = iter(subjects)
    running: dict[asyncio.Task[Found], Subject] = {}
    failures = _Failures(context)
    try:
        while _start(running, remaining, reading):
            done, _ = await asyncio.wait(running, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                subject = running.pop(task)
                failure = _failure_of(task)
                if failure is not None:
                    failures.fail(reading.name(subject), failure)
                    continue
                failures.succeed()
                yield task.result()
        failures.finish()
    finally:
        await _cancel(running)


def _start(
    running: dict[asyncio.Task[Found], Subject], remaining: Iterator[Subject], reading: Reading[Subject, Found]
) -> bool:
    """Start as many subjects as fit; return whether any is running."""
    while len(running) < reading.width:
        try:
            subject = next(remaining)
        except StopIteration:
            break
        running[asyncio.ensure_future(_run(reading, subject))] = subject
    return bool(running)


async def _run(reading: Reading[Subject, Found], subject: Subject) -> Found:
    return await reading.read(subject)


def _failure_of(task: "asyncio.Task[Found]") -> ScrapeFailed | None:
    error = task.exception()
    if error is None or isinstance(error, ScrapeFailed):
        return error
    raise error


async def _cancel(running: "Iterable[asyncio.Task[Found]]") -> None:
    tasks = list(running)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
