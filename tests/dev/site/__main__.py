"""`python -m tests.dev.site [PORT]`: serve the demo site until Ctrl-C.

Bookmakers are on the three ports after it, and on the fourth is the site for clients that show a certificate.
"""

import asyncio
import sys
from contextlib import suppress

from tests.dev.bookmakers.thread import BookmakersThread
from tests.dev.site.serving import serve_site
from tests.dev.site.tls import CA_SECRET, CLIENT_SECRET, certificates
from tests.support.paths import ROOT

DEFAULT_PORT = 18080
FOLDER = ROOT / ".demo" / "tls"


async def serve(port: int) -> None:
    """Serve on the loopback address."""
    with BookmakersThread(ports=range(port + 1, port + 4)) as books:
        async with serve_site(port=port, tls_port=port + 4) as site:
            print(f"the demo site is at {site.url}; Ctrl-C ends it")
            for name, book in books.sites.items():
                print(f"{name} is at {book.url}")
            certificates().write(FOLDER)
            print(f"clients with a certificate are let in at {site.tls_url}; Secrets for them:")
            print(f"  kubectl create secret generic {CA_SECRET} --from-file={FOLDER}/ca.crt")
            print(f"  kubectl create secret tls {CLIENT_SECRET} --cert={FOLDER}/tls.crt --key={FOLDER}/tls.key")
            await asyncio.Event().wait()


if __name__ == "__main__":
    with suppress(KeyboardInterrupt):
        asyncio.run(serve(int(sys.argv[1]) if len(sys.argv) > 1 else DEFAULT_PORT))
