"""Pages that are read again where the list may have moved: when, how often, and what a failure of it means."""

from collections.abc import Callable
from typing import Any

import pytest
from aiohttp import web

from scrape_operator.clock import SystemClock
from scrape_operator.core.runs.baseline import Baseline, GoodRun
from scrape_operator.core.runs.run import RunStatus
from tests.running.targets.conftest import Scraping, Server, open_scraping

KEYED: dict[str, Any] = {"items": {"jmespath": "data"}, "fields": [{"name": "id", "jmespath": "id"}], "key": ["id"]}
BY_PAGE = {"pageParam": {"name": "page"}}
LINKED = {"nextLink": {"jmespath": "next"}}
CURSOR = {"cursor": {"param": "page", "from": {"jmespath": "cursor"}}}


class PagedServer:
    """Serves a list by pages of two. `before` is called before each answer, with the number of requests so far."""

    def __init__(self, server: Server, items: list[int], before: Callable[[int], None] = lambda _: None) -> None:
        self._server = server
        self.items = items
        self.before = before
        server.answer = self.answer

    async def answer(self, request: web.Request) -> web.Response:
        self.before(len(self._server.requests))
        page = int(request.query.get("page", 1))
        data: list[dict[str, Any]] = [{"id": item} for item in self.items[2 * page - 2 : 2 * page]]
        following = None if 2 * page >= len(self.items) else str(page + 1)
        link = following and f"?page={following}"
        return web.json_response({"data": data, "next": link, "cursor": following})


def pages(server: Server) -> list[str]:
    return [request.query.get("page", "1") for request in server.requests]


@pytest.mark.parametrize(
    ("paginate", "expected"),
    [(BY_PAGE, ["1", "2", "3"]), (LINKED, ["1", "2"]), (CURSOR, ["1", "2"])],
    ids=["pageParam", "nextLink", "cursor"],
)
async def test_a_list_that_does_not_move_is_read_once_after_its_first_run(
    scrape: Scraping, server: Server, paginate, expected
) -> None:
    PagedServer(server, [1, 2, 3])
    for again in [["1", "2"], [], []] if paginate != CURSOR else [[], []]:
        server.requests.clear()
        result = await scrape(server.url, paginate=paginate, extract=KEYED)
        assert pages(server) == expected + again
        assert (result.status, result.warnings, result.complete) == (RunStatus.SUCCEEDED, (), True)
        assert [item.data["id"] for item in result.items] == list("123")


async def test_a_trial_reads_once(server: Server) -> None:
    PagedServer(server, [1, 2, 3])
    async with open_scraping(is_trial=True) as scrape:
        await scrape(server.url, paginate=BY_PAGE, extract=KEYED)
    assert pages(server) == ["1", "2", "3"]


@pytest.mark.parametrize(("mode", "again"), [("Upsert", []), ("Snapshot", ["1", "2"])])
async def test_after_a_restart_only_snapshots_are_read_again(
    scrape: Scraping, server: Server, mode: str, again: list[str]
) -> None:
    PagedServer(server, [1, 2, 3])
    scrape.memory.baseline = Baseline((GoodRun(3),))
    for more in (again, list[str]()):
        server.requests.clear()
        await scrape(server.url, paginate=BY_PAGE, extract=KEYED | {"mode": mode})
        assert pages(server) == ["1", "2", "3", *more]


async def test_one_page_is_read_once(scrape: Scraping, server: Server) -> None:
    PagedServer(server, [1])
    await scrape(server.url, paginate=BY_PAGE, extract=KEYED)
    assert pages(server) == ["1", "2"]


async def test_a_first_run_reads_again_where_an_item_came_twice(scrape: Scraping, server: Server) -> None:
    served = PagedServer(server, [1, 2, 3, 4])
    served.before = lambda number: served.items.insert(0, 0) if number == 2 else None
    result = await scrape(server.url, paginate=BY_PAGE, extract=KEYED)
    assert [item.data["id"] for item in result.items] == list("01234")
    assert pages(server) == ["1", "2", "3", "4", "1", "2", "3", "4", "1", "2", "3"]
    assert result.complete


@pytest.mark.parametrize(
    "options",
    [
        {"extract": KEYED | {"key": None}},
        {"extract": KEYED | {"fields": [*KEYED["fields"], {"name": "at", "value": "FetchedAt"}], "key": ["at"]}},
        {"http": {"method": "POST", "body": {"json": {}}}},
    ],
    ids=["without a key", "by a key that is not from the page", "by a method that is not sent again"],
)
async def test_what_cannot_be_recognized_or_repeated_is_read_once(scrape: Scraping, server: Server, options) -> None:
    served = PagedServer(server, [1, 2, 3])
    served.before = lambda number: served.items.insert(0, 0) if number == 2 else None
    await scrape(server.url, **{"paginate": BY_PAGE, "extract": KEYED, **options})
    assert pages(server) == ["1", "2", "3"]


@pytest.mark.parametrize(
    ("gone", "expected"),
    [
        (1, ["1", "2", "3"]),
        (2, ["1", "2", "3"]),
        (3, ["1", "2", "3", "1", "2"]),
        (4, ["1", "2", "3", "1", "2"]),
    ],
    ids=["the first of all", "one inside a page", "one between two pages", "the last of all"],
)
async def test_a_later_run_reads_again_what_may_have_been_missed(
    scrape: Scraping, server: Server, gone: int, expected: list[str]
) -> None:
    served = PagedServer(server, [1, 2, 3, 4])
    await scrape(server.url, paginate=BY_PAGE, extract=KEYED)
    server.requests.clear()
    served.items.remove(gone)
    result = await scrape(server.url, paginate=BY_PAGE, extract=KEYED)
    assert pages(server) == expected
    assert (len(result.items), result.complete, result.warnings) == (3, True, ())


@pytest.mark.parametrize("paginate", [LINKED, BY_PAGE], ids=["nextLink", "pageParam"])
async def test_what_is_found_for_a_gap_keeps_its_place(scrape: Scraping, server: Server, paginate) -> None:
    served = PagedServer(server, [1, 2, 3, 4, 5])
    await scrape(server.url, paginate=paginate, extract=KEYED)
    begun = len(server.requests)
    served.before = lambda number: served.items.remove(1) if number == begun + 2 else None
    result = await scrape(server.url, paginate=paginate, extract=KEYED)
    assert [item.data["id"] for item in result.items] == list("12345")
    assert result.found["id"] == 100
    assert result.complete


async def test_a_list_that_never_rests_is_said_to_move_and_nothing_is_gone(scrape: Scraping, server: Server) -> None:
    served = PagedServer(server, [1, 2, 3, 4])
    served.before = lambda number: served.items.insert(0, 100 + number)
    result = await scrape(server.url, paginate={**BY_PAGE, "maxPages": 100}, extract=KEYED)
    assert result.status is RunStatus.SUCCEEDED
    assert not result.complete
    assert any("items that stayed may be missing" in warning for warning in result.warnings)


async def test_a_reading_that_fails_is_a_warning_and_nothing_is_gone(scrape: Scraping, server: Server) -> None:
    served = PagedServer(server, [1, 2, 3, 4])

    def fail_later(number: int) -> None:
        if number == 2:
            served.items.insert(0, 0)
        if number > 4:
            raise web.HTTPForbidden

    served.before = fail_later
    result = await scrape(server.url, paginate=BY_PAGE, extract=KEYED)
    assert (result.status, len(result.items), result.complete) == (RunStatus.SUCCEEDED, 4, False)
    warnings = " / ".join(result.warnings)
    assert "the pages could not be read again, so items that moved may be missing: Blocked" in warnings


class LateClock(SystemClock):
    """The machine's clock, as much later as a test says."""

    late = 0.0

    def monotonic(self) -> float:
        return super().monotonic() + self.late


async def test_without_time_for_it_nothing_is_read_again(server: Server) -> None:
    clock = LateClock()

    def pass_time(number: int) -> None:
        clock.late += 6
        if number == 2:
            served.items.insert(0, 0)

    served = PagedServer(server, [1, 2, 3], pass_time)
    async with open_scraping(clock) as scrape:
        result = await scrape(server.url, paginate=BY_PAGE, extract=KEYED, seconds=30)
    assert (result.status, len(result.items), result.complete) == (RunStatus.SUCCEEDED, 3, False)
    assert pages(server) == ["1", "2", "3"]
    assert any("spec.timeout" in warning for warning in result.warnings)
