"""Nothing of a run waits for the garbage collector: with big documents the memory of many runs would pile up."""

import asyncio
import gc
from collections.abc import Iterator

import pytest
from aiohttp import web

from tests.running.targets.conftest import Answer, Scraping, Server

PRODUCTS = {"data": [{"id": number} for number in range(20)]}
OF_A_RUN = {
    "TargetRun",
    "FetchSession",
    "Requester",
    "Response",
    "TargetResult",
    "ScrapeFailed",
    "HopFailed",
}
PAGES = {"nextLink": {"jmespath": "next"}}


async def products(_request: web.Request) -> web.StreamResponse:
    return web.json_response(PRODUCTS)


async def not_found(_request: web.Request) -> web.StreamResponse:
    return web.Response(status=404)


async def cut(request: web.Request) -> web.StreamResponse:
    answer = web.StreamResponse(headers={"Content-Length": "1000"})
    await answer.prepare(request)
    await answer.write(b"{")
    assert request.transport is not None
    request.transport.close()
    return answer


async def second_page_missing(request: web.Request) -> web.StreamResponse:
    return web.Response(status=404) if "page" in request.query else web.json_response(PRODUCTS | {"next": "?page=2"})


@pytest.fixture
def uncollected() -> Iterator[list[object]]:
    """Keep in `gc.garbage` what the collector finds."""
    gc.collect()
    gc.disable()
    gc.set_debug(gc.DEBUG_SAVEALL)
    yield gc.garbage
    gc.set_debug(0)
    gc.garbage.clear()
    gc.enable()


@pytest.mark.parametrize(
    ("answer", "options"),
    [
        pytest.param(products, {}, id="items"),
        pytest.param(products, {"http": {"conditional": False}}, id="read anew"),
        pytest.param(not_found, {}, id="404"),
        pytest.param(not_found, {"retry": {"attempts": 2, "initialDelay": "10ms"}}, id="tries"),
        pytest.param(cut, {}, id="an answer that is cut off"),
        pytest.param(second_page_missing, {"paginate": PAGES}, id="a later page that is lost"),
    ],
)
async def test_a_run_leaves_nothing_for_the_collector(
    scrape: Scraping, server: Server, uncollected: list[object], answer: Answer, options: dict[str, object]
) -> None:
    server.answer = answer
    await scrape(server.url, **options)
    await asyncio.sleep(0)
    gc.collect()
    assert {type(thing).__name__ for thing in uncollected} & OF_A_RUN == set()
