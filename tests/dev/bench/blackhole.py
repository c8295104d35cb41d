"""A server that takes every connection and answers robots.txt alone, on all of this machine's loopback addresses.

A robots.txt that does not come ends a run after ten seconds: without one, no run would hang for longer.
"""

import asyncio
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from tests.dev.bench.site_process import site_process

NO_RULES = b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"


class Silent(asyncio.Protocol):
    """Says that there is no robots.txt, and nothing else."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        if data.startswith(b"GET /robots.txt "):
            self._transport.write(NO_RULES)


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
