"""Whole simulated worlds, read by the adapters, stand in the tables as they are: events, prices, changes, matches."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from decimal import Decimal

import pytest

from scrape_operator.core.odds.model import line_text
from scrape_operator.core.runs.run import TargetResult
from scrape_operator.settings import Settings
from scrape_operator.storage.store import SQLRunStore
from tests.dev.bookmakers.scene import FIRST_NUMBER, Scene, open_scene
from tests.dev.bookmakers.world import BOOKS
from tests.storage.odds.values import FOREVER, exact, query, store_at
from tests.storage.values import items_of, target_of
from tests.support.fetching import open_session

MARKETS = ("1x2", "over_under", "double_chance", "asian_handicap")

Offers = dict[tuple[str, int, str, str, str], Decimal]
"""Price by bookmaker, number of the match, market, line and outcome."""


@pytest.fixture
async def scene() -> AsyncIterator[Scene]:
    async with (
        open_session(Settings(allow_cidrs="127.0.0.0/8")) as fetcher,
        open_scene(fetcher, leagues=10, events=60) as opened,
    ):
        yield opened


async def read(scene: Scene, book: str) -> TargetResult:
    """Read a bookmaker as a run does."""
    reading = await scene.read(book, markets=list(MARKETS))
    assert reading.failure is None
    payload = scene.platforms[book].sink_payload(
        scene.config(book, markets=list(MARKETS)), reading.items, reading.context
    )
    assert payload is not None
    return target_of(items_of(), name=book.lower(), sink_payload=replace(payload, fresh_until=FOREVER))


async def run(scene: Scene, store: SQLRunStore, minutes: float) -> None:
    """Read all bookmakers side by side, in one run."""
    await store_at(store, minutes, *await asyncio.gather(*(read(scene, book) for book in BOOKS)))


def truth(scene: Scene) -> Offers:
    return {
        (book, number, *key): price
        for book in BOOKS
        for number, prices in scene.truth(book, *MARKETS).items()
        for key, price in prices.items()
    }


async def stored(store: SQLRunStore) -> Offers:
    rows = await query(store, "SELECT bookmaker, bookmaker_event_id, market, line, outcome, price FROM event_odds")
    return {
        (book, number_of(book, event), market, line_text(None if line is None else exact(line)), outcome): exact(price)
        for book, event, market, line, outcome, price in rows
    }


def number_of(book: str, event_id: str) -> int:
    return int(event_id.rsplit(":", 1)[-1]) - FIRST_NUMBER[book]


async def test_the_views_show_the_worlds_truth_while_it_moves(scene: Scene, store: SQLRunStore) -> None:
    await run(scene, store, 0)
    before = truth(scene)
    assert await stored(store) == before
    assert await query(store, "SELECT count(*) FROM odds_changes") == [(0,)]
    scene.world.tick += 1
    await run(scene, store, 5)
    after = truth(scene)
    assert await stored(store) == after
    moved = [key for key in before if before[key] != after.get(key)]
    assert moved
    assert await query(store, "SELECT count(*) FROM odds_changes") == [(len(moved),)]


async def test_books_match_by_id_and_what_has_none_by_name(scene: Scene, store: SQLRunStore) -> None:
    await run(scene, store, 0)
    rows = await query(store, "SELECT event_id, bookmaker, bookmaker_event_id, match_kind FROM platform_events")
    numbers = {(event, number_of(book, theirs)) for event, book, theirs, _ in rows}
    offered = {fixture.number for book in BOOKS for fixture in scene.world.offered(book)}
    assert len(numbers) == len({event for event, _ in numbers}) == len(offered)
    weak = {(book, number_of(book, theirs)) for _, book, theirs, kind in rows if kind == "weak"}
    assert weak == {
        (book, one.number) for book in BOOKS for one in scene.world.offered(book) if one.has_ids[book] == "none"
    }


async def test_the_comparison_is_what_the_truth_says(scene: Scene, store: SQLRunStore) -> None:
    await run(scene, store, 0)
    offers = truth(scene)
    best: dict[tuple[int, str, str, str], Decimal] = {}
    for (_, number, market, line, outcome), price in offers.items():
        key = (number, market, line, outcome)
        best[key] = max(price, best.get(key, price))
    columns = "sportradar_id, market, line, outcome, best_price"
    rows = await query(store, f"SELECT DISTINCT {columns} FROM odds_comparison WHERE sportradar_id IS NOT NULL")
    found = {}
    for sportradar_id, market, line, outcome, price in rows:
        number = int(sportradar_id) - FIRST_NUMBER["SportyBet"]
        found[number, market, line_text(None if line is None else exact(line)), outcome] = exact(price)
    assert found.items() <= best.items()
    assert len(found) > len(best) / 2
