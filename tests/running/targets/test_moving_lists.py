"""Lists that move while they are paged and followed: what stayed is read, and no key comes twice."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest
from aiohttp import web
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from scrape_operator.core.runs.run import RunStatus, TargetResult
from tests.running.targets.conftest import open_scraping
from tests.support.web import served_by

PAGE = 4
OVERLAP = 2
EXTRACT = {
    "items": {"jmespath": "data"},
    "fields": [{"name": "id", "jmespath": "id"}, {"name": "at", "jmespath": "at"}],
    "key": ["id"],
}
WAYS: Mapping[str, Mapping[str, Any]] = {
    "page": {"pageParam": {"name": "page"}},
    "offset": {"offsetParam": {"name": "skip", "limitName": "take", "limit": PAGE}},
    "cursor": {"cursor": {"param": "before", "from": {"jmespath": "cursor"}}},
    "link": {"nextLink": {"jmespath": "next"}},
    "header": {"nextLink": {"linkHeader": "next"}},
    "numbered link": {"nextLink": {"jmespath": "nextNumber"}},
    "overlap": {"offsetParam": {"name": "skip", "limit": PAGE - OVERLAP}},
}
COUNTED = ("page", "offset")
STABLE = ("cursor", "link", "header")


@dataclass(frozen=True, slots=True)
class Move:
    """What happens to the list before a page of it is answered.

    Items vanish, an item takes another place (`sorts`), and new ones come, at `at`.
    """

    new: int = 0
    gone: tuple[int, ...] = ()
    sorts: tuple[int, int] | None = None
    at: int = 0


@dataclass
class MovingList:
    """A list, newest first, whose pages are counted, or begin below the last item of the page before.

    It moves when a page is requested, unless it `rests`. `stayed` are the items that were in it all the time since.
    """

    items: list[int]
    moves: list[Move]
    rests: bool = False
    stayed: set[int] = field(default_factory=set)
    pages: int = 0
    newest: int = 0

    def __post_init__(self) -> None:
        self.stayed = set(self.items)
        self.newest = max(self.items, default=0)

    def move(self) -> None:
        if self.rests:
            return
        move = self.moves[self.pages] if self.pages < len(self.moves) else Move()
        self.pages += 1
        for index in move.gone:
            if self.items:
                self.stayed.discard(self.items.pop(index % len(self.items)))
        if move.sorts and self.items:
            source, target = (index % len(self.items) for index in move.sorts)
            self.items.insert(target, self.items.pop(source))
        place = move.at % (len(self.items) + 1)
        self.items[place:place] = range(self.newest + move.new, self.newest, -1)
        self.newest += move.new

    def page(self, query: Mapping[str, str]) -> list[int]:
        if "before" in query:
            return [item for item in self.items if item < int(query["before"])][:PAGE]
        skip = int(query["skip"]) if "skip" in query else (int(query.get("page", 1)) - 1) * PAGE
        return self.items[skip : skip + PAGE]

    async def answer(self, request: web.Request) -> web.Response:
        if request.path == "/robots.txt":
            return web.Response(status=404)
        if request.path.startswith("/items/"):
            return self.detail(int(request.path.rpartition("/")[2]))
        self.move()
        found = self.page(request.query)
        last = str(found[-1]) if len(found) == PAGE else None
        data = [{"id": item, "at": self.pages, "link": f"/items/{item}"} for item in found]
        link = None if last is None else f"{request.path}?before={last}"
        headers = {"Link": f'<{link}>; rel="next"'} if link else {}
        following = None if last is None else f"{request.path}?page={int(request.query.get('page', 1)) + 1}"
        body = {"data": data, "cursor": last, "next": link, "nextNumber": following}
        return web.json_response(body, headers=headers)

    def detail(self, item: int) -> web.Response:
        if item not in self.items:
            return web.Response(status=404)
        return web.json_response({"twice": 2 * item})


def scraped(
    moving: MovingList, way: str, *, rested: bool = False, then_rests: bool = False, **target: Any
) -> TargetResult:
    """Scrape a moving list over a socket, after a run in which it did not move if `rested`.

    With `then_rests` the result is that of a second run, in which it no longer moves.
    """

    async def scrape() -> TargetResult:
        async with served_by(moving.answer) as address, open_scraping() as run:
            options = {
                "paginate": {**WAYS[way], "maxPages": 100},
                "extract": EXTRACT,
                "expect": {"minItems": 0},
                **target,
            }
            if rested:
                moving.rests = True
                await run(f"{address}/list", **options)
                moving.rests = False
            result = await run(f"{address}/list", **options)
            moving.rests = then_rests
            return await run(f"{address}/list", **options) if then_rests else result

    return asyncio.run(scrape())


def ids(result: TargetResult) -> list[int]:
    return [int(str(item.data["id"])) for item in result.items]


def check(result: TargetResult, moving: MovingList) -> None:
    assert moving.stayed <= found_once(result)


def found_once(result: TargetResult) -> set[int]:
    """Return the items that were found, after a look that none of them has a key of another one."""
    found = ids(result)
    assert len(found) == len(set(found)) == len({item.key for item in result.items})
    return set(found)


def says_that_it_moves(result: TargetResult) -> bool:
    """Return whether a run says that items may be missing. Nothing is taken as gone then."""
    says_so = any("items that stayed may be missing" in warning for warning in result.warnings)
    assert not (says_so and result.complete)
    return says_so


growth = st.lists(st.builds(Move, new=st.integers(0, PAGE - 1)), max_size=12)
slow = st.lists(
    st.builds(Move, new=st.integers(0, 1), gone=st.lists(st.integers(0, 60), max_size=OVERLAP).map(tuple)), max_size=12
)
anything = st.lists(
    st.builds(Move, new=st.integers(0, 3 * PAGE), gone=st.lists(st.integers(0, 60), max_size=3).map(tuple)),
    max_size=12,
)
removals = st.builds(
    Move,
    new=st.integers(0, 2),
    at=st.integers(0, 60),
    gone=st.lists(st.integers(0, 60), max_size=2).map(tuple),
)
sorting = st.builds(Move, sorts=st.tuples(st.integers(0, 60), st.integers(0, 60)))
quick = settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@quick
@given(count=st.integers(0, 30), moves=growth, way=st.sampled_from(COUNTED))
def test_counted_pages_of_a_list_that_grows_lose_nothing(count: int, moves: list[Move], way: str) -> None:
    moving = MovingList(list(range(count, 0, -1)), moves)
    result = scraped(moving, way)
    assert result.status.is_good  # where most items came twice with other values, a warning counts as a breach
    check(result, moving)


@quick
@given(count=st.integers(0, 30), moves=slow)
def test_offsets_whose_pages_overlap_lose_nothing_where_no_more_vanishes(count: int, moves: list[Move]) -> None:
    moving = MovingList(list(range(count, 0, -1)), moves)
    result = scraped(moving, "overlap")
    assert result.status.is_good
    check(result, moving)


@quick
@given(count=st.integers(0, 30), moves=anything, way=st.sampled_from(STABLE))
def test_pages_after_the_last_item_lose_nothing_whatever_moves(count: int, moves: list[Move], way: str) -> None:
    moving = MovingList(list(range(count, 0, -1)), moves)
    result = scraped(moving, way)
    assert result.status is RunStatus.SUCCEEDED
    check(result, moving)


@quick
@given(count=st.integers(0, 20), moves=anything, way=st.sampled_from(STABLE))
def test_details_of_what_stayed_are_read_and_items_keep_their_order(count: int, moves: list[Move], way: str) -> None:
    moving = MovingList(list(range(count, 0, -1)), moves)
    follow = {"link": {"jmespath": "link"}, "fields": [{"name": "twice", "jmespath": "twice", "type": "Integer"}]}
    result = scraped(moving, way, follow=follow)
    check(result, moving)
    assert result.status.is_good
    details = {int(str(item.data["id"])): item.data["twice"] for item in result.items}
    assert {item: details[item] for item in moving.stayed} == {item: 2 * item for item in moving.stayed}
    assert ids(result) == sorted(ids(result), reverse=True)


@quick
@given(count=st.integers(0, 30), moves=st.lists(removals | sorting, max_size=40), way=st.sampled_from(COUNTED))
def test_the_next_run_finds_what_the_first_one_missed(count: int, moves: list[Move], way: str) -> None:
    moving = MovingList(list(range(count, 0, -1)), moves)
    result = scraped(moving, way, then_rests=True)
    assert result.status.is_good
    check(result, moving)


@quick
@given(
    count=st.integers(0, 30), moves=st.lists(removals, max_size=40), way=st.sampled_from((*COUNTED, "numbered link"))
)
def test_the_first_run_loses_no_item_that_stayed_or_says_so(count: int, moves: list[Move], way: str) -> None:
    moving = MovingList(list(range(count, 0, -1)), moves)
    result = scraped(moving, way)
    assert moving.stayed <= found_once(result) or says_that_it_moves(result)


@pytest.mark.parametrize("way", [*COUNTED, "numbered link"])
def test_an_item_that_another_one_hid_is_found_by_the_first_run(way: str) -> None:
    moving = MovingList(list(range(10, 0, -1)), [Move(), Move(gone=(0,))])
    result = scraped(moving, way)
    assert found_once(result) == set(range(10, 0, -1))  # 6 moved to the page that was read; 10 was there then
    assert result.complete


@quick
@given(
    count=st.integers(0, 30), moves=st.lists(removals, max_size=40), way=st.sampled_from((*COUNTED, "numbered link"))
)
def test_a_later_run_loses_no_item_that_was_known_or_says_so(count: int, moves: list[Move], way: str) -> None:
    moving = MovingList(list(range(count, 0, -1)), moves)
    result = scraped(moving, way, rested=True)
    known = set(range(1, count + 1))
    assert moving.stayed & known <= found_once(result) or says_that_it_moves(result)


def test_an_item_that_comes_twice_is_kept_as_it_was_last() -> None:
    moving = MovingList(list(range(8, 0, -1)), [Move(), Move(new=2)])
    result = scraped(moving, "page")
    at = {int(str(item.data["id"])): int(str(item.data["at"])) for item in result.items}
    assert at == {10: 5, 9: 5, 8: 1, 7: 1, 6: 2, 5: 2, 4: 2, 3: 2, 2: 3, 1: 3}
    assert any("2 items repeat another one" in warning for warning in result.warnings)
