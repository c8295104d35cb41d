"""Work that would block the event loop: a thread does it where there is much of it. Used by the steps of targets."""

import asyncio
from collections.abc import Callable
from typing import TypeVar

R = TypeVar("R")

MANY_ITEMS = 500
"""More items are hashed in a thread: so many take about 7 ms with 20 fields each."""

BIG_BYTES = 2**20
"""Bigger bodies are hashed in a thread: so many bytes take about 2 ms."""


async def off_loop(work: Callable[[], R], *, is_much: bool) -> R:
    """Return the result of some work. A thread does it if it is much: the switch costs more than little work."""
    return await asyncio.to_thread(work) if is_much else work()
