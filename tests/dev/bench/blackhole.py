"""A server that takes every connection and never answers, on all of this machine's loopback addresses."""

import asyncio
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager


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
    with subprocess.Popen([sys.executable, __file__], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        yield int(process.stdout.readline())
        process.kill()


if __name__ == "__main__":
    asyncio.run(main())
