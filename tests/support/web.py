"""Serves an aiohttp application over a socket, and leaves no connection open."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from ssl import SSLContext
from typing import Any

from aiohttp import web

ACCEPT_STEPS = 5
"""Steps of the loop until an accepted connection belongs to the server; the loop takes three for it."""


@asynccontextmanager
async def served(
    app: web.Application, host: str = "127.0.0.1", port: int = 0, *, tls: SSLContext | None = None, **options: Any
) -> AsyncIterator[str]:
    """Serve an application (on a free port, where none is named) while the block runs; the value is its address.

    The host 0.0.0.0 stands for all of 127.0.0.0/8. Options are those of `web.AppRunner`.

    Raises:
        OSError: the port is taken.

    """
    async with serving(app, **options) as server, listening(server, host, port, tls=tls) as address:
        yield address


@asynccontextmanager
async def serving(app: web.Application, **options: Any) -> AsyncIterator[web.Server]:
    """Run an application while the block runs; the value answers what `listening` accepts inside of the block.

    At the end each connection is ended: aiohttp forgets those that come during its shutdown.
    """
    runner = web.AppRunner(app, **{"access_log": None, "shutdown_timeout": 0.1, **options})
    await runner.setup()
    server = runner.server
    assert server is not None
    try:
        yield server
    finally:
        transports = [connection.transport for connection in server.connections]
        await runner.cleanup()
        for connection in server.connections:
            connection.force_close()
        for transport in transports:
            if transport is not None:
                transport.abort()  # over TLS it still waits for the other side to say that it closes
        await take_steps()


@asynccontextmanager
async def listening(
    server: web.Server, host: str = "127.0.0.1", port: int = 0, *, tls: SSLContext | None = None
) -> AsyncIterator[str]:
    """Accept connections for a server while the block runs; the value is the address. Raises OSError as `served`."""
    listener = await asyncio.get_running_loop().create_server(server, host, port, ssl=tls)
    try:
        name = "127.0.0.1" if host == "0.0.0.0" else host
        yield f"{'https' if tls else 'http'}://{name}:{listener.sockets[0].getsockname()[1]}"
    finally:
        await stop_listening(listener)


def served_by(
    handler: Callable[[web.Request], Awaitable[web.StreamResponse]], host: str = "127.0.0.1"
) -> AbstractAsyncContextManager[str]:
    """Serve every path and method by one handler while the block runs; the value is the address."""
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", handler)
    return served(app, host)


async def stop_listening(listener: asyncio.Server) -> None:
    """Close a listener once what it accepted has an owner.

    asyncio leaves a connection open that is accepted just before `close` (python/cpython#109564).
    """
    for socket in listener.sockets:
        asyncio.get_running_loop().remove_reader(socket.fileno())
    await take_steps()
    listener.close()


async def take_steps() -> None:
    """Let the loop finish what was begun with connections."""
    for _ in range(ACCEPT_STEPS):
        await asyncio.sleep(0)
