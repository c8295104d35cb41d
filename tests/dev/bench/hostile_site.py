"""Hostile servers in a process of their own, each at its own address of the loopback network."""

import asyncio
import json
import struct
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from ipaddress import IPv4Address
from socket import SO_LINGER, SOL_SOCKET, socket

from tests.dev.bench.hostile_answers import Answer, big_json, big_page, hostile_answers
from tests.dev.bench.site_process import site_process

FIRST_ADDRESS = IPv4Address("127.0.1.1")
BIG_PAGES = 24
BIG_JSONS = 8
DRIP_SECONDS = 0.05
_NO_ROBOTS = b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"


def answers() -> Mapping[str, Answer]:
    """Return the answer of each server by its name."""
    pages = {f"big-page-{number}": big_page() for number in range(BIG_PAGES)}
    json_body = big_json()
    return {**hostile_answers(), **pages, **{f"big-json-{number}": json_body for number in range(BIG_JSONS)}}


class HostileServer:
    """Sends one answer to every request. Every fifth sends it for robots.txt, too."""

    def __init__(self, number: int, answer: Answer) -> None:
        self._answer = answer
        self._has_robots = number % 5 == 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer one request."""
        try:
            request = await reader.readuntil(b"\r\n\r\n")
            if b" /robots.txt " in request and not self._has_robots:
                writer.write(_NO_ROBOTS)
            else:
                await self._send(writer)
        except (OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError, asyncio.CancelledError):
            pass
        finally:
            writer.close()

    async def _send(self, writer: asyncio.StreamWriter) -> None:
        for piece in self._answer.pieces():
            writer.write(piece)
            await writer.drain()
        match self._answer.ending:
            case "close":
                pass
            case "reset":
                raw: socket = writer.get_extra_info("socket")
                raw.setsockopt(SOL_SOCKET, SO_LINGER, struct.pack("ii", 1, 0))
                writer.transport.abort()
            case "hang":
                await asyncio.sleep(60)
            case _:
                await self._go_on(writer)

    async def _go_on(self, writer: asyncio.StreamWriter) -> None:
        """Send more, slowly or as fast as it is read, until the other side hangs up."""
        while not writer.transport.is_closing():
            writer.write(self._answer.body[:1] if self._answer.ending == "drip" else self._answer.body or b"x")
            await writer.drain()
            await asyncio.sleep(DRIP_SECONDS if self._answer.ending == "drip" else 0)


async def main() -> None:
    """Serve each answer, and print the URLs as JSON, until the parent is gone."""
    urls, port, servers = {}, 0, []
    for number, (name, answer) in enumerate(answers().items()):
        address = str(FIRST_ADDRESS + number)
        server = await asyncio.start_server(HostileServer(number, answer).serve, address, port)
        port = server.sockets[0].getsockname()[1]
        servers.append(server)
        urls[name] = {"url": f"http://{address}:{port}/{name}", "format": answer.format}
    print(json.dumps(urls), flush=True)
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)


@contextmanager
def hostile_site() -> Iterator[Mapping[str, Mapping[str, str]]]:
    """Yield URL and format of each server by name; they end with the block."""
    with site_process(__name__) as urls:
        yield json.loads(urls)


if __name__ == "__main__":
    asyncio.run(main())
