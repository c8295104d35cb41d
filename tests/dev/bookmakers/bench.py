"""The whole world of three bookmakers in one go: how long, how much CPU and memory, and whether all of it is true."""

import asyncio
import resource
import time
from collections.abc import Sequence

import orjson

from scrape_operator.core.odds.matching import match_events
from scrape_operator.fetching.fetcher import HttpFetcher, open_fetcher
from scrape_operator.fetching.session import FetchSession
from scrape_operator.platforms.bet9ja import parsing as bet9ja
from scrape_operator.platforms.betpawa import parsing as betpawa
from scrape_operator.platforms.odds.markets import MAIN_MARKETS
from scrape_operator.platforms.sportybet import parsing as sportybet
from scrape_operator.settings import Settings
from tests.dev.bookmakers.faults import Fault
from tests.dev.bookmakers.scene import Scene, number_of, open_scene
from tests.dev.bookmakers.world import BOOKS
from tests.support.fetching import NO_RETRY, requester, session_of

LEAGUES, EVENTS = 300, 1500
_LISTED = {"1", "18", "29", "10", "11", "16", "14"}
_TYPES = {"3743", "5000", "3795", "4693", "4703", "3774", "4724"}


def run() -> Sequence[str]:
    """Read 300 leagues and 1,500 events at each of three bookmakers, compare with the truth, and match them."""
    return asyncio.run(_run())


async def _run() -> Sequence[str]:
    async with (
        open_fetcher(Settings(allow_cidrs="127.0.0.0/8")) as fetcher,
        open_scene(session_of(fetcher), leagues=LEAGUES, events=EVENTS) as scene,
    ):
        lines = [*_parsing(scene)]
        for book in BOOKS:
            scene.truth(book)  # the world thinks up its prices here, not while it is timed
        began, cpu = time.perf_counter(), time.process_time()
        readings = await asyncio.gather(*(scene.read(book, _budgeted(scene, fetcher, book)) for book in BOOKS))
        spent = f"{time.perf_counter() - began:.1f} s, {time.process_time() - cpu:.1f} s CPU with the simulators"
        true = all(
            reading.prices() == scene.truth(book, *MAIN_MARKETS) for book, reading in zip(BOOKS, readings, strict=True)
        )
        sizes = ", ".join(f"{book} {len(reading.items)}" for book, reading in zip(BOOKS, readings, strict=True))
        lines.append(f"side by side: {spent}; events: {sizes}; all prices true: {true}")
        events = [event for reading in readings for event in reading.events]
        began = time.perf_counter()
        matched = match_events(events).matched
        took = time.perf_counter() - began
        wrong = sum(len({number_of(event) for event in one.events.values()}) > 1 for one in matched)
        weak = sum(len(one.weak) for one in matched)
        lines.append(
            f"matching: {len(events)} events into {len(matched)}, {weak} weak, {wrong} wrong, {took * 1000:.0f} ms"
        )
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
        return [*lines, f"peak memory of this process, simulators included: {peak} MiB"]


def _budgeted(scene: Scene, fetcher: HttpFetcher, book: str) -> FetchSession:
    """Return a session with the budgets of the adapter."""
    return fetcher.open_session(requester(book, scene.platforms[book].budgets(scene.config(book))), NO_RETRY)


def _parsing(scene: Scene) -> Sequence[str]:
    """Time the way from bytes to items, of a hundred events each."""
    some = {book: scene.world.offered(book)[:100] for book in BOOKS}
    listed = [scene.betpawa.event(one, _TYPES, Fault.NONE) for one in some["BetPawa"]]
    pages = {
        "SportyBet": {"tournaments": scene.sportybet.grouped(some["SportyBet"], _LISTED, Fault.NONE)},
        "BetPawa": {"responses": [{"responses": listed}]},
        "Bet9ja": {"E": [scene.bet9ja.event(one, None, Fault.NONE) for one in some["Bet9ja"]]},
    }
    lines = []
    for book, page in pages.items():
        body = orjson.dumps(page, default=str)
        began = time.process_time()
        for _ in range(5):
            events = _events(book, body)
        each = (time.process_time() - began) / 5
        speed = f"{each / len(events) * 1e6:.0f} us an event, {len(body) / each / 1e6:.1f} MB/s"
        lines.append(f"{book}: {len(body) / len(events) / 1000:.1f} kB an event, {speed}")
    return lines


def _events(book: str, body: bytes) -> list[object]:
    content = orjson.loads(body)
    if book == "SportyBet":
        read = [sportybet.parse_event(*entry) for entry in sportybet.parse_upcoming(content, book).entries]
    elif book == "BetPawa":
        read = [betpawa.parse_event(entry) for entry in betpawa.parse_listing(content, book)]
    else:
        read = [bet9ja.parse_event(*entry) for entry in bet9ja.parse_league(content, book)]
    return [event.as_item() for event in read if event is not None]
