"""The listener of the results API: HTTPS for the API server, bounded in size, time and number of connections."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from aiohttp import web

from scrape_operator.core.errors import InvalidSettings

MAX_CONNECTIONS = 2000
"""Each watch has a connection of its own: the API server uses HTTP/1.1 here."""

MAX_LINE_BYTES = 32 * 1024
MAX_HEADERS = 512
"""The groups and extras of a caller are headers."""

IDLE_SECONDS = 120.0
"""Longer than the 90 s after which the API server closes idle connections, so that it uses no closed one."""

HANDSHAKE_SECONDS = 10.0
SHUTDOWN_SECONDS = 5.0


@asynccontextmanager
async def listen(
    application: web.Application,
    host: str,
    port: int,
    context: ssl.SSLContext | None,
    on_stop: Callable[[], None] = lambda: None,
) -> AsyncIterator[int]:
    """Serve while the block runs; the value is the port that was bound (0 asks for a free one).

    At the end `on_stop` lets watches end; the other requests may end within SHUTDOWN_SECONDS.

    Raises:
        InvalidSettings: The address or the port cannot be used.

    """
    runner = web.AppRunner(
        application,
        access_log=None,
        handler_cancellation=True,  # without it the handlers of watches go on after their clients have gone
        keepalive_timeout=IDLE_SECONDS,
        max_line_size=MAX_LINE_BYTES,
        max_field_size=MAX_LINE_BYTES,
        max_headers=MAX_HEADERS,
        shutdown_timeout=SHUTDOWN_SECONDS,
    )
    await runner.setup()
    try:
        listener = await _open(_bounded(runner), host, port, context)
        try:
            yield listener.sockets[0].getsockname()[1]
        finally:
            listener.close()
            on_stop()
    finally:
        await runner.cleanup()


async def _open(
    protocols: Callable[[], asyncio.BaseProtocol], host: str, port: int, context: ssl.SSLContext | None
) -> asyncio.Server:
    seconds = HANDSHAKE_SECONDS if context is not None else None
    try:
        return await asyncio.get_running_loop().create_server(
            protocols, host, port, ssl=context, ssl_handshake_timeout=seconds
        )
    except OSError as error:
        raise InvalidSettings(
            f"SCRAPE_OPERATOR_RESULTS_API_PORT: cannot listen on {host}:{port}: {error.strerror}: choose another port"
        ) from error


class _Refused(asyncio.Protocol):
    """Closes a connection that is too many."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Close it at once."""
        transport.close()


def _bounded(runner: web.AppRunner) -> Callable[[], asyncio.BaseProtocol]:
    def accept() -> asyncio.BaseProtocol:
        server = runner.server
        return _Refused() if server is None or len(server.connections) >= MAX_CONNECTIONS else server()

    return accept
