"""CPU per request of the fetch path, beside bare aiohttp, bare httpx over aiohttp, and Scrapy, on the same server."""

import asyncio
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable, Sequence
from importlib.util import find_spec

import aiohttp
import httpx
from httpx_aiohttp import AiohttpTransport

from scrape_operator.core.net.access import Access
from scrape_operator.core.net.documents import Request
from scrape_operator.fetching.fetcher import open_fetcher
from scrape_operator.settings import Settings
from tests.dev.bench.static import static_site
from tests.support.fetching import NO_RETRY, requester
from tests.support.paths import ROOT

ROUNDS, REQUESTS, AT_ONCE = 5, 1000, 4
INSTALL_SCRAPY = ".venv/bin/uv pip install --require-hashes --requirements requirements-bench.lock"

Fetch = Callable[[], Awaitable[object]]


async def timed(fetch: Fetch) -> float:
    """Return the CPU microseconds per request of many requests, a few at a time."""

    async def some() -> None:
        for _ in range(REQUESTS // AT_ONCE):
            await fetch()

    began = time.process_time()
    await asyncio.gather(*(some() for _ in range(AT_ONCE)))
    return (time.process_time() - began) / REQUESTS * 1e6


async def measure(url: str) -> Sequence[str]:
    """Take turns, so that a noisy moment hits all; the best round counts."""
    async with (
        aiohttp.ClientSession() as bare,
        httpx.AsyncClient(transport=AiohttpTransport()) as layered,
        open_fetcher(Settings(allow_cidrs="127.0.0.0/8")) as fetcher,
    ):

        async def by_aiohttp() -> None:
            async with bare.get(url) as response:
                await response.read()

        async def by_httpx() -> None:
            await layered.get(url)

        async def by_session() -> None:
            await fetcher.open_session(requester(), NO_RETRY, Access()).fetch(Request(url))

        paths: dict[str, Fetch] = {
            "aiohttp": by_aiohttp,
            "httpx over aiohttp": by_httpx,
            "one session each": by_session,
        }
        best = dict.fromkeys(paths, float("inf"))
        for _ in range(ROUNDS):
            for name, fetch in paths.items():
                best[name] = min(best[name], await timed(fetch))
    ratio = best["one session each"] / best["httpx over aiohttp"]
    return [*(f"{name}: {cost:.0f} us of CPU per request" for name, cost in best.items()), f"ratio: {ratio:.2f}"]


def scrapy_line(url: str) -> str:
    """Return what Scrapy costs, or how to install it."""
    if find_spec("scrapy") is None:
        return f"scrapy: not installed: {INSTALL_SCRAPY}"
    command = [sys.executable, "-m", "tests.dev.bench.scrapy_requests", url, *map(str, (ROUNDS, REQUESTS, AT_ONCE))]
    done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=ROOT)
    return f"scrapy: {float(done.stdout):.0f} us of CPU per request"


def run() -> Sequence[str]:
    """Measure, and return the lines to print."""
    with static_site() as url:
        return [*asyncio.run(measure(url)), scrapy_line(url)]
