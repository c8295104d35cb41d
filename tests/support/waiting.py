"""Waits for something that gives no signal, in the running loop."""

import asyncio
from collections.abc import Callable

WITHIN_SECONDS = 60.0
"""Only a test that fails waits so long, so it allows for a machine that is busy."""


async def eventually(holds: Callable[[], object], within: float = WITHIN_SECONDS) -> None:
    """Return when `holds` is true; fail after `within` seconds."""
    loop = asyncio.get_running_loop()
    end = loop.time() + within
    while not holds():
        assert loop.time() < end, "it never held"
        await asyncio.sleep(0.001)
