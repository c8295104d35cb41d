"""Brings the demo site up on a socket: inside a running loop, or in a thread of its own."""

import asyncio
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from types import TracebackType

from aiohttp import web

from tests.dev.site.site import DemoSite

START_SECONDS = 10


@asynccontextmanager
async def serve_site(
    host: str = "127.0.0.1", port: int = 0, *, site: DemoSite | None = None
) -> AsyncIterator[DemoSite]:
    """Serve a site (a new one where none is given) while the block runs; `url` says where.

    Raises:
        OSError: the port is taken.

    """
    served = site or DemoSite()
    runner = web.AppRunner(served.app, access_log=None, shutdown_timeout=0.5)
    await runner.setup()
    try:
        await web.TCPSite(runner, host, port).start()
        served.url = f"http://{host}:{runner.addresses[0][1]}"
        yield served
    finally:
        await runner.cleanup()


class SiteThread:
    """Serves a site from a thread, for tests and programs that are not asynchronous.

    Example: `with SiteThread() as site: ... site.url ... site.counts["/shop"]`.
    """

    def __init__(self, site: DemoSite | None = None, host: str = "127.0.0.1", port: int = 0) -> None:
        self._site = site
        self._address = (host, port)
        self._started: threading.Event = threading.Event()
        self._served: DemoSite | None = None
        self._error: BaseException | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stop: asyncio.Event | None = None
        self._thread = threading.Thread(target=self._run, name="demo-site", daemon=True)

    def start(self) -> DemoSite:
        """Serve, and give the site once it answers.

        Raises:
            OSError: the port is taken.

        """
        self._thread.start()
        self._started.wait(START_SECONDS)
        if self._error is not None:
            raise self._error
        if self._served is None:
            raise TimeoutError(f"the demo site did not start within {START_SECONDS} s")
        return self._served

    def stop(self) -> None:
        """Close the socket and end the thread."""
        if self._loop is not None and self._stop is not None and self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(START_SECONDS)

    def __enter__(self) -> DemoSite:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def _run(self) -> None:
        try:
            asyncio.run(self._serve())
        except BaseException as error:
            self._error = error
        finally:
            self._started.set()

    async def _serve(self) -> None:
        self._loop, self._stop = asyncio.get_running_loop(), asyncio.Event()
        host, port = self._address
        async with serve_site(host, port, site=self._site) as served:
            self._served = served
            self._started.set()
            await self._stop.wait()
