"""Waits for something that gives no signal, in the running loop."""

import asyncio
from collections.abc import Callable


async def eventually(holds: Callable[[], object], within: float = 10.0) -> None:
    """Return when `holds` is true; fail after `within` seconds."""
    loop = asyncio.get_running_loop()
    end = loop.time() + within
    while not holds():
        assert loop.time() < end, "it never held"
        await asyncio.sleep(0.001)
