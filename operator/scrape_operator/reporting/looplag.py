"""Measures how late the event loop is: the first sign that a process has too much to do."""

import asyncio
from collections.abc import Callable

PERIOD_SECONDS = 0.5


async def watch_loop_lag(report: Callable[[float], None], *, period: float = PERIOD_SECONDS) -> None:
    """Report by how many seconds a sleep of `period` seconds was too long, until this task is canceled."""
    loop = asyncio.get_running_loop()
    while True:
        due = loop.time() + period
        await asyncio.sleep(period)
        report(max(0.0, loop.time() - due))
