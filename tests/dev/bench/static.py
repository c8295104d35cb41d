"""A server that costs next to nothing: one answer, made up once, from a process of its own.

The benches measure the operator with it, not the site.
"""

import asyncio
import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

PRODUCTS = [{"sku": f"sku-{n}", "price": {"amount": f"{n}.99"}, "name": "x" * 60} for n in range(20)]
BODY = json.dumps({"data": PRODUCTS}).encode()
ANSWER = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s" % (len(BODY), BODY)


class Static(asyncio.Protocol):
    """Answers each request head, on kept connections."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._head = b""

    def data_received(self, data: bytes) -> None:
        self._head += data
        count = self._head.count(b"\r\n\r\n")
        if count:
            self._head = b""
            self._transport.write(ANSWER * count)


async def main() -> None:
    """Serve on a free port, which is printed, until the parent is gone."""
    loop = asyncio.get_running_loop()
    server = await loop.create_server(Static, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await loop.run_in_executor(None, sys.stdin.read)


@contextmanager
def static_site() -> Iterator[str]:
    """Return the URL of a fresh server, which ends with the block."""
    with subprocess.Popen([sys.executable, __file__], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        yield f"http://127.0.0.1:{int(process.stdout.readline())}/products"
        process.kill()


if __name__ == "__main__":
    asyncio.run(main())
