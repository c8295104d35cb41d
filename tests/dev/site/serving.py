"""Brings the demo site up on a socket: inside a running loop, or in a thread of its own."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from tests.dev.site.site import DemoSite
from tests.dev.site.tls import certificates
from tests.support.threads import ThreadedContext
from tests.support.web import listening, serving


@asynccontextmanager
async def serve_site(
    host: str = "127.0.0.1", port: int = 0, *, site: DemoSite | None = None, tls_port: int = 0
) -> AsyncIterator[DemoSite]:
    """Serve a site (a new one where none is given) while the block runs; `url` and `tls_url` say where.

    Raises:
        OSError: a port is taken.

    """
    demo = site or DemoSite()
    async with (
        serving(demo.app, shutdown_timeout=0.5) as server,
        listening(server, host, port) as demo.url,
        listening(server, host, tls_port, tls=certificates().server_context()) as demo.tls_url,
    ):
        yield demo


class SiteThread(ThreadedContext[DemoSite]):
    """Serves a site from a thread, for tests and programs that are not asynchronous.

    Example: `with SiteThread() as site: ... site.url ... site.counts["/shop"]`.
    """

    def __init__(self, site: DemoSite | None = None, host: str = "127.0.0.1", port: int = 0, tls_port: int = 0) -> None:
        super().__init__(serve_site(host, port, site=site, tls_port=tls_port))
