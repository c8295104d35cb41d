"""A server that costs next to nothing: one answer, made up once, from a process of its own.

The benches measure the operator with it, not the site. A path with `/large` has more products. One with `/tagged` gives
an ETag, and answers 304 to a request that names one. Each answer to `/restless` has another number beside the products.
"""

import asyncio
import itertools
import json
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from tests.dev.bench.site_process import site_process

FEW, MANY = 20, 1_000
FIRST_NUMBER = 1_000_000


def body_of(count: int) -> bytes:
    """Return the document with so many products."""
    products = [{"sku": f"sku-{n}", "price": {"amount": f"{n}.99"}, "name": "x" * 60} for n in range(count)]
    return json.dumps({"data": products, "number": FIRST_NUMBER}).encode()


def answer_of(body: bytes, tag: bytes = b"") -> bytes:
    """Return the response with a body, and with a header field."""
    head = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n%sContent-Length: %d\r\n\r\n"
    return head % (tag, len(body)) + body


NUMBERS = itertools.count(FIRST_NUMBER)
TAG = b'ETag: "1"\r\n'
ANSWER, LARGE, TAGGED, LARGE_TAGGED = (answer_of(body_of(count), tag) for tag in (b"", TAG) for count in (FEW, MANY))
NOT_MODIFIED = b"HTTP/1.1 304 Not Modified\r\n" + TAG + b"\r\n"


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
            answer = self._answer()
            self._head = b""
            self._transport.write(answer * count)

    def _answer(self) -> bytes:
        target = self._head.partition(b"\r\n")[0]
        is_tagged, is_large = b"/tagged" in target, b"/large" in target
        if b"/restless" in target:
            return (LARGE if is_large else ANSWER).replace(b"%d" % FIRST_NUMBER, b"%d" % next(NUMBERS))
        if is_tagged and b"if-none-match" in self._head.lower():
            return NOT_MODIFIED
        if is_tagged:
            return LARGE_TAGGED if is_large else TAGGED
        return LARGE if is_large else ANSWER


HOSTS = 50
"""A host gets four requests at the same time by default: many schedules on one would measure that limit."""


async def main() -> None:
    """Serve on a free port of all hosts, which is printed, until the parent is gone."""
    loop = asyncio.get_running_loop()
    server = await loop.create_server(Static, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    await loop.create_server(Static, [f"127.0.0.{number}" for number in range(2, HOSTS + 1)], port)
    print(port, flush=True)
    await loop.run_in_executor(None, sys.stdin.read)


@contextmanager
def static_site() -> Iterator[str]:
    """Return the URL of a fresh server, which ends with the block."""
    with static_hosts() as urls:
        yield urls[0]


@contextmanager
def static_hosts() -> Iterator[Sequence[str]]:
    """Return the URLs of a fresh server at its hosts, which ends with the block."""
    with site_process(__name__) as port:
        yield [f"http://127.0.0.{number}:{int(port)}/products" for number in range(1, HOSTS + 1)]


if __name__ == "__main__":
    asyncio.run(main())
