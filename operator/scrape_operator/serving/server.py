"""The endpoints of a process: /healthz and /readyz for the kubelet, /metrics for Prometheus.

Everybody who reaches the pod's address may call them, so that requests are bounded in size, time and number.
"""

import asyncio
import errno
import logging
import os
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager

from aiohttp import web

from scrape_operator.core.errors import InvalidSettings

logger = logging.getLogger(__name__)

Problems = Callable[[], Sequence[str]]
Metrics = Callable[[], tuple[bytes, str]]

MAX_CONNECTIONS = 128
MAX_LINE_BYTES = 4096
MAX_HEADERS = 64
MAX_BODY_BYTES = 1024
HEADER_SECONDS = 30.0
LINGER_SECONDS = 1.0
SHUTDOWN_SECONDS = 2.0
PROBLEMS_MAX = 50
PROBLEM_MAX_LENGTH = 500


@asynccontextmanager
async def serve(
    host: str,
    port: int,
    *,
    live: Problems,
    ready: Problems,
    metrics: Metrics,
    header_seconds: float = HEADER_SECONDS,
) -> AsyncIterator[int]:
    """Serve while the block runs; the value is the port that was bound (0 asks for a free one).

    `live` and `ready` return what is wrong, one line each; nothing is 200, anything is 503. A connection that does
    not send a whole request head within `header_seconds`, or is idle for as long, is closed.

    Raises:
        InvalidSettings: The address or the port cannot be used.

    """
    runner = web.AppRunner(
        _application(live, ready, metrics),
        access_log=None,
        keepalive_timeout=header_seconds,
        lingering_time=LINGER_SECONDS,
        max_line_size=MAX_LINE_BYTES,
        max_field_size=MAX_LINE_BYTES,
        max_headers=MAX_HEADERS,
        shutdown_timeout=SHUTDOWN_SECONDS,
    )
    await runner.setup()
    try:
        listener = await _listen(_bounded(runner), host, port)
        try:
            yield listener.sockets[0].getsockname()[1]
        finally:
            listener.close()
    finally:
        await runner.cleanup()


async def _listen(protocols: Callable[[], asyncio.Protocol], host: str, port: int) -> asyncio.Server:
    try:
        return await asyncio.get_running_loop().create_server(protocols, host, port)
    except OSError as error:
        if error.errno in {errno.EADDRINUSE, errno.EACCES}:
            variable, remedy = "SCRAPE_OPERATOR_LISTEN_PORT", "choose another port"
        else:
            variable, remedy = "SCRAPE_OPERATOR_LISTEN_HOST", "set it to an address of this machine"
        problem = os.strerror(error.errno) if error.errno and error.errno > 0 else error.strerror
        raise InvalidSettings(f"{variable}: cannot listen on {host}:{port}: {problem}: {remedy}") from error


def _bounded(runner: web.AppRunner) -> Callable[[], asyncio.Protocol]:
    """Return what accepts connections; of too many the oldest is closed, so that a probe is still answered."""

    def accept() -> asyncio.Protocol:
        server = runner.server
        if server is None:
            raise ConnectionAbortedError("the server is closed")
        open_ = server.connections
        if len(open_) >= MAX_CONNECTIONS:
            open_[0].force_close()
        return server()

    return accept


def _application(live: Problems, ready: Problems, metrics: Metrics) -> web.Application:
    async def healthz(_request: web.Request) -> web.Response:
        return _probe(live)

    async def readyz(_request: web.Request) -> web.Response:
        return _probe(ready)

    async def metrics_(_request: web.Request) -> web.Response:
        body, content_type = metrics()
        return web.Response(body=body, headers={"Content-Type": content_type})

    application = web.Application(client_max_size=MAX_BODY_BYTES)
    application.router.add_get("/healthz", healthz)
    application.router.add_get("/readyz", readyz)
    application.router.add_get("/metrics", metrics_)
    return application


def _probe(ask: Problems) -> web.Response:
    """Answer a probe. A check that fails is a problem, too: no answer would pass for health."""
    try:
        problems = list(ask())
    except Exception as error:
        logger.exception("health check failed")
        problems = [f"the check itself failed: {type(error).__name__}"]
    if not problems:
        return web.Response(text="ok\n")
    lines = (" ".join(line.split())[:PROBLEM_MAX_LENGTH] for line in problems[:PROBLEMS_MAX])
    return web.Response(status=503, text="".join(f"{line}\n" for line in lines))
