"""A server that takes every connection and never answers, on all of this machine's loopback addresses."""

import asyncio
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from tests.dev.bench.site_process import site_process


class Silent(asyncio.Protocol):
    """Reads what comes, and says nothing."""


async def main() -> None:
    """Serve on a free port, which is printed, until the parent is gone."""
    loop = asyncio.get_running_loop()
    server = await loop.create_server(Silent, "0.0.0.0", 0, backlog=4096)
    print(server.sockets[0].getsockname()[1], flush=True)
    await loop.run_in_executor(None, sys.stdin.read)


@contextmanager
def black_hole() -> Iterator[int]:
    """Return the port of a fresh server, which ends with the block."""
    with site_process(__name__) as port:
        yield int(port)


if __name__ == "__main__":
    asyncio.run(main())
