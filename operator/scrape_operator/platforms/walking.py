"""Many requests of one kind, a bounded number at a time; one that fails is lost, many that fail end the walk.

Adapters walk leagues and events with it. Pace belongs to the fetcher's host budget; the width here bounds memory.
"""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable, Iterator
from typing import TypeVar

from scrape_operator.core.errors import ScrapeFailed
from scrape_operator.core.runs.reasons import Reason
from scrape_operator.platforms.port import ScrapeContext

ENOUGH_LOSSES = 5
"""So many failures, with no success in between, are no accident: the platform is away, or throttles."""

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


async def walk(
    subjects: Iterable[Subject],
    read: Callable[[Subject], Awaitable[Found]],
    context: ScrapeContext,
    *,
    width: int,
    name: Callable[[Subject], str],
) -> AsyncGenerator[Found, None]:
    """Read subjects side by side, `width` at a time, and give what was found as it comes.

    Close the iterator where it is not read to its end: what is under way is then cancelled.

    Raises:
        ScrapeFailed: what can't get better (Blocked and the like), or the last of several failures in a row.

    """
    coming = iter(subjects)
    running: dict[asyncio.Task[Found], Subject] = {}
    in_a_row = 0
    try:
        while True:
            _fill(running, coming, read, width)
            if not running:
                return
            done, _ = await asyncio.wait(running, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                subject = running.pop(task)
                failure = _failure_of(task)
                if failure is None:
                    in_a_row = 0
                    yield task.result()
                    continue
                in_a_row += 1
                if failure.reason in _FINAL or in_a_row >= ENOUGH_LOSSES:
                    raise failure
                context.lose(name(subject), failure)
    finally:
        await _cancel(running)


def _fill(
    running: dict[asyncio.Task[Found], Subject],
    coming: Iterator[Subject],
    read: Callable[[Subject], Awaitable[Found]],
    width: int,
) -> None:
    while len(running) < width:
        subject = next(coming, None)
        if subject is None:
            return
        running[asyncio.ensure_future(_run(read, subject))] = subject


async def _run(read: Callable[[Subject], Awaitable[Found]], subject: Subject) -> Found:
    return await read(subject)


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
