"""Conditional targets: what did not change is not read again."""

from collections.abc import Mapping

import pytest
from aiohttp import web

from scrape_operator.core.runs.reasons import Reason
from scrape_operator.core.runs.run import RunStatus
from scrape_operator.core.runs.target_memory import FORGOTTEN
from tests.running.targets.conftest import NOTHING, Scraping, Server, serve

CONDITIONAL = {"conditional": True}
UNCHANGED = (RunStatus.SUCCEEDED, Reason.NOT_MODIFIED, 0)


async def test_an_unchanged_body_is_neither_parsed_nor_stored(scrape: Scraping, server: Server) -> None:
    serve(server, [1, 2])
    first = await scrape(server.url, http=CONDITIONAL)
    second = await scrape(server.url, http=CONDITIONAL)
    assert (first.reason, len(first.items)) == (Reason.SUCCEEDED, 2)
    assert (second.status, second.reason, len(second.items)) == UNCHANGED
    assert (second.requests, second.pages, second.complete, second.revalidation) == (1, 0, False, None)


async def test_a_changed_body_is_read(scrape: Scraping, server: Server) -> None:
    serve(server, [1], [1, 2], [1, 2], [1])
    reasons = [(await scrape(server.url, http=CONDITIONAL)).reason for _ in range(4)]
    assert reasons == [Reason.SUCCEEDED, Reason.SUCCEEDED, Reason.NOT_MODIFIED, Reason.SUCCEEDED]


async def test_without_conditional_everything_is_read(scrape: Scraping, server: Server) -> None:
    serve(server, [1])
    results = [await scrape(server.url) for _ in range(2)]
    assert [(result.reason, result.revalidation) for result in results] == [(Reason.SUCCEEDED, None)] * 2


@pytest.mark.parametrize(
    "other",
    [
        {"http": {**CONDITIONAL, "params": [{"name": "q", "value": "1"}]}},
        {"http": {**CONDITIONAL, "headers": [{"name": "X-Token", "value": "other"}]}},
        {"extract": {"items": {"jmespath": "data"}, "fields": [{"name": "n", "jmespath": "id"}]}},
        {"extract": {"items": {"jmespath": "data"}, "fields": [{"name": "id", "jmespath": "id"}], "key": ["id"]}},
    ],
    ids=["params", "credentials", "fields", "key"],
)
async def test_another_request_or_plan_is_read_anew(scrape: Scraping, server: Server, other) -> None:
    serve(server, [1])
    await scrape(server.url, http=CONDITIONAL)
    assert (await scrape(server.url, **{"http": CONDITIONAL, **other})).reason is Reason.SUCCEEDED


async def test_what_was_not_stored_in_full_is_read_again(scrape: Scraping, server: Server) -> None:
    serve(server, [1])
    expect = {"minItems": 2}
    results = [await scrape(server.url, http=CONDITIONAL, expect=expect) for _ in range(2)]
    assert [result.reason for result in results] == [Reason.EXPECTATION_FAILED] * 2
    assert [result.revalidation for result in results] == [FORGOTTEN] * 2


async def test_what_was_not_stored_at_all_leaves_what_is_known(scrape: Scraping, server: Server) -> None:
    serve(server, [1], [], [1])
    results = [await scrape(server.url, http=CONDITIONAL) for _ in range(3)]
    assert [result.reason for result in results] == [Reason.SUCCEEDED, Reason.SELECTOR_MISSED, Reason.NOT_MODIFIED]


async def test_pages_are_unchanged_if_all_of_them_are(scrape: Scraping, server: Server) -> None:
    last = 3

    async def answer(request: web.Request) -> web.Response:
        page = int(request.query["page"])
        return web.json_response({"data": [{"id": 10 * page + last}] if page < 3 else []})

    server.answer = answer
    paginate = {"pageParam": {"name": "page"}}
    first = await scrape(server.url, http=CONDITIONAL, paginate=paginate)
    second = await scrape(server.url, http=CONDITIONAL, paginate=paginate)
    last = 4
    third = await scrape(server.url, http=CONDITIONAL, paginate=paginate)
    assert [result.reason for result in (first, second, third)] == [
        Reason.SUCCEEDED,
        Reason.NOT_MODIFIED,
        Reason.SUCCEEDED,
    ]
    assert (second.requests, len(second.items)) == (3, 0)


@pytest.mark.parametrize("http", [NOTHING, CONDITIONAL], ids=["default", "conditional"])
async def test_a_list_whose_details_are_followed_is_read_each_time(
    scrape: Scraping, server: Server, http: Mapping[str, bool]
) -> None:
    async def answer(request: web.Request) -> web.Response:
        page = '<li><a href="/a">A</a>' if request.path == "/" else f"<p>{len(server.requests)}</p>"
        return web.Response(text=page, content_type="text/html")

    server.answer = answer
    extract = {"items": {"css": "li"}, "fields": [{"name": "n", "css": "a::text"}]}
    follow = {"link": {"css": "a::attr(href)"}, "fields": [{"name": "text", "css": "p::text"}]}
    results = [await scrape(f"{server.url}/", http=http, extract=extract, follow=follow) for _ in range(2)]
    assert [result.items[0].data["text"] for result in results] == ["2", "4"]


async def test_what_is_known_is_read_from_the_database_before_each_conditional_run(
    scrape: Scraping, server: Server
) -> None:
    serve(server, [1])
    for _ in range(3):
        await scrape(server.url, http=CONDITIONAL)
    assert scrape.memory.loads == 3
    for _ in range(3):
        await scrape(server.url)
    assert scrape.memory.loads == 3


class Versions:
    """A server whose document has versions, by ETag or by date, and that answers 304 to who has the present one."""

    def __init__(self, server: Server, *, header: str = "ETag", values: tuple[str, ...] = ('"1"', '"2"')) -> None:
        self.header, self.values = header, values
        self.number = 0
        self.asked: list[str | None] = []
        server.answer = self.answer

    async def answer(self, request: web.Request) -> web.Response:
        condition = "If-None-Match" if self.header == "ETag" else "If-Modified-Since"
        self.asked.append(request.headers.get(condition))
        value = self.values[self.number]
        if self.asked[-1] == value:
            return web.Response(status=304, headers={self.header: value})
        items = [{"id": self.number}, {"id": len(self.asked)}]
        return web.json_response({"data": items}, headers={self.header: value})


@pytest.mark.parametrize(
    ("header", "values"),
    [
        ("ETag", ('"1"', 'W/"2"')),
        ("Last-Modified", ("Wed, 25 Nov 2026 12:00:00 GMT", "Wed, 25 Nov 2026 13:00:00 GMT")),
    ],
)
async def test_304_is_no_change(scrape: Scraping, server: Server, header: str, values: tuple[str, str]) -> None:
    versions = Versions(server, header=header, values=values)
    results = [await scrape(server.url, http=CONDITIONAL) for _ in range(2)]
    versions.number = 1
    results += [await scrape(server.url, http=CONDITIONAL) for _ in range(2)]
    assert versions.asked == [None, values[0], values[0], values[1]]
    assert [result.reason for result in results] == [Reason.SUCCEEDED, Reason.NOT_MODIFIED] * 2
    assert (results[1].status, results[1].reason, len(results[1].items)) == UNCHANGED
    assert (results[1].http_status, results[1].bytes, results[1].requests) == (304, 0, 1)


async def test_without_conditional_304_is_never_asked_for(scrape: Scraping, server: Server) -> None:
    versions = Versions(server)
    for _ in range(2):
        assert (await scrape(server.url)).reason is Reason.SUCCEEDED
    assert versions.asked == [None, None]


@pytest.mark.parametrize("on_every_page", [True, False])
async def test_the_first_page_stands_for_all_where_every_page_had_a_validator(
    scrape: Scraping, server: Server, on_every_page: bool
) -> None:
    async def answer(request: web.Request) -> web.Response:
        page = int(request.query["page"])
        if request.headers.get("If-None-Match") == f'"{page}"':
            return web.Response(status=304)
        headers = {"ETag": f'"{page}"'} if on_every_page or page == 1 else {}
        return web.json_response({"data": [{"id": page}] if page < 3 else []}, headers=headers)

    server.answer = answer
    paginate = {"pageParam": {"name": "page"}}
    first = await scrape(server.url, http=CONDITIONAL, paginate=paginate)
    second = await scrape(server.url, http=CONDITIONAL, paginate=paginate)
    assert (first.reason, second.reason) == (Reason.SUCCEEDED, Reason.NOT_MODIFIED)
    assert second.requests == (1 if on_every_page else 3)
    assert all("If-None-Match" not in request.headers for request in server.requests if request.query["page"] != "1")
