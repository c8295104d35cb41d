"""A site with ordinary pages, pages that are costly to read, refusals and slow bodies, at all loopback addresses."""

import asyncio
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from aiohttp import web

from tests.dev.bench.site_process import site_process
from tests.support.web import served

RETRY_AFTER_SECONDS = 5
SLOW_SECONDS = 10
PIECES = 100
COSTLY = b"<p>" * 5_000
"""A selector that counts elements within elements takes libxml2 hours on it."""

_ITEM = "<li><b>product {number}</b> <i>{number}.99</i><p>" + "words of a description " * 40


def page_of(size_bytes: int) -> bytes:
    """Return a page of about this size: a list of products with a description of 920 bytes each."""
    count = size_bytes // len(_ITEM)
    return ("<ul>" + "".join(_ITEM.format(number=number) for number in range(count))).encode()


async def answer_page(request: web.Request) -> web.Response:
    """Answer with a page of as many bytes as the path says."""
    return web.Response(body=page_of(int(request.match_info["size"])), content_type="text/html")


async def answer_costly(request: web.Request) -> web.Response:
    """Answer with a page that is costly to read."""
    return web.Response(body=COSTLY, content_type="text/html")


async def refuse(request: web.Request) -> web.Response:
    """Answer that too many requests were sent."""
    return web.Response(status=429, headers={"Retry-After": str(RETRY_AFTER_SECONDS)})


async def answer_slowly(request: web.Request) -> web.StreamResponse:
    """Answer with a body that takes ten seconds."""
    response = web.StreamResponse(headers={"Content-Type": "text/html"})
    with suppress(ConnectionError):  # the run ends before the body
        await response.prepare(request)
        for _ in range(PIECES):
            await response.write(b"<p>")
            await asyncio.sleep(SLOW_SECONDS / PIECES)
    return response


def application() -> web.Application:
    """Return the site."""
    app = web.Application()
    app.router.add_get("/page/{size}", answer_page)
    app.router.add_get("/costly", answer_costly)
    app.router.add_get("/refused", refuse)
    app.router.add_get("/slow", answer_slowly)
    return app


async def main() -> None:
    """Serve on a free port, which is printed, until the parent is gone."""
    async with served(application(), "0.0.0.0") as address:
        print(address.rpartition(":")[2], flush=True)
        await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)


@contextmanager
def fairness_site() -> Iterator[int]:
    """Yield the port of a fresh server, which ends with the block."""
    with site_process(__name__) as port:
        yield int(port)


if __name__ == "__main__":
    asyncio.run(main())
