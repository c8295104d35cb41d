"""`python -m tests.dev.site [PORT]`: serve the demo site, and bookmakers on the three ports after it, until Ctrl-C."""

import asyncio
import sys
from contextlib import suppress

from tests.dev.bookmakers.thread import BookmakersThread
from tests.dev.site.serving import serve_site

DEFAULT_PORT = 18080


async def serve(port: int) -> None:
    """Serve on the loopback address."""
    with BookmakersThread(ports=range(port + 1, port + 4)) as books:
        async with serve_site(port=port) as site:
            print(f"the demo site is at {site.url}; Ctrl-C ends it")
            for name, book in books.sites.items():
                print(f"{name} is at {book.url}")
            await asyncio.Event().wait()


if __name__ == "__main__":
    with suppress(KeyboardInterrupt):
        asyncio.run(serve(int(sys.argv[1]) if len(sys.argv) > 1 else DEFAULT_PORT))
