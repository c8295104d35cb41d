"""The results of HTTP targets, over real sockets."""

import asyncio

import pytest
from aiohttp import web

from scrape_operator.core.runs.outcome import Outcome
from scrape_operator.core.runs.reasons import Reason
from scrape_operator.core.runs.run import RunStatus
from tests.running.targets.conftest import Scraping, Server

FAILED, PARTIAL, SUCCEEDED = RunStatus.FAILED, RunStatus.PARTIALLY_SUCCEEDED, RunStatus.SUCCEEDED


def data(*ids: object) -> web.Response:
    return web.json_response({"data": [{"id": identity} for identity in ids]})


async def test_a_target_tells_what_it_read_and_spent(scrape: Scraping, server: Server) -> None:
    async def answer(_request: web.Request) -> web.Response:
        return data(1, 2)

    server.answer = answer
    result = await scrape(server.url)
    assert (result.status, result.reason, result.message) == (SUCCEEDED, Reason.SUCCEEDED, "")
    assert [item.data for item in result.items] == [{"id": "1"}, {"id": "2"}]
    assert (result.http_status, result.requests, result.pages) == (200, 1, 1)
    assert result.bytes == len(b'{"data": [{"id": 1}, {"id": 2}]}')
    assert 0 < result.duration < 30
    assert result.complete
    assert result.warnings == ()


@pytest.mark.parametrize(
    ("expect", "status", "reason"),
    [
        ({}, FAILED, Reason.EXPECTATION_FAILED),
        ({"minItems": 0}, SUCCEEDED, Reason.SUCCEEDED),
        ({"minItems": 3, "onBreach": "Warn"}, FAILED, Reason.EXPECTATION_FAILED),
    ],
)
@pytest.mark.parametrize(
    "empty",
    [{"status": 204}, {"status": 205}, {}, {"text": " \n"}],
    ids=["204", "205", "no body", "white space"],
)
async def test_an_empty_answer_has_no_items(
    scrape: Scraping, server: Server, empty, expect: dict[str, object], status: RunStatus, reason: Reason
) -> None:
    async def answer(_request: web.Request) -> web.Response:
        return web.Response(**empty)

    server.answer = answer
    result = await scrape(server.url, expect=expect)
    assert (result.status, result.reason, len(result.items)) == (status, reason, 0)
    assert (result.breach is None) == (status is SUCCEEDED)


async def test_content_without_items_is_a_missed_selector_and_fails(scrape: Scraping, server: Server) -> None:
    async def answer(_request: web.Request) -> web.Response:
        return data()

    server.answer = answer
    result = await scrape(server.url)
    assert (result.status, result.reason) == (FAILED, Reason.SELECTOR_MISSED)
    assert "expect.minItems" in result.message
    assert not result.complete


@pytest.mark.parametrize(
    ("on_breach", "status", "kept"), [("Warn", PARTIAL, 2), ("Fail", FAILED, 0)], ids=["warn", "fail"]
)
async def test_a_breach_goes_by_on_breach(
    scrape: Scraping, server: Server, on_breach: str, status: RunStatus, kept: int
) -> None:
    async def answer(_request: web.Request) -> web.Response:
        return data(1, 2)

    server.answer = answer
    result = await scrape(server.url, expect={"minItems": 3, "onBreach": on_breach})
    assert (result.status, result.reason, len(result.items)) == (status, Reason.EXPECTATION_FAILED, kept)
    assert result.breach == "2 items, expected at least 3 (expect.minItems)"


async def test_duplicate_and_missing_keys_are_warnings(scrape: Scraping, server: Server) -> None:
    async def answer(_request: web.Request) -> web.Response:
        return data("a", None, "b", "a")

    server.answer = answer
    fields = [{"name": "id", "jmespath": "id"}, {"name": "kind", "jmespath": "type(@)"}]
    result = await scrape(server.url, extract={"items": {"jmespath": "data"}, "fields": fields, "key": ["id"]})
    assert result.status is SUCCEEDED
    assert [item.data["id"] for item in result.items] == ["a", "b"]
    assert not result.complete  # an item was there and was dropped
    assert any("all parts of extract.key are missing (id)" in warning for warning in result.warnings)
    assert any("1 items repeat another one" in warning for warning in result.warnings)


@pytest.mark.parametrize(
    ("answers", "expected"),
    [
        ([503, 503, 503], (FAILED, Reason.HTTP_STATUS, 503, 3)),
        ([503, 200], (SUCCEEDED, Reason.SUCCEEDED, 200, 2)),
        ([404], (FAILED, Reason.HTTP_STATUS, 404, 1)),
        ([403], (FAILED, Reason.BLOCKED, 403, 1)),
    ],
    ids=str,
)
async def test_what_was_spent_is_told_of_all_tries(scrape: Scraping, server: Server, answers, expected) -> None:
    left = iter(answers)

    async def answer(_request: web.Request) -> web.Response:
        status = next(left)
        return data(1) if status == 200 else web.Response(status=status, text="no")

    server.answer = answer
    retry = {"attempts": 3, "initialDelay": "10ms", "maxDelay": "20ms"}
    result = await scrape(server.url, retry=retry)
    assert (result.status, result.reason, result.http_status, result.requests) == expected
    assert result.bytes >= 0


async def test_a_body_that_can_not_be_read_keeps_its_status_and_cost(scrape: Scraping, server: Server) -> None:
    async def answer(_request: web.Request) -> web.Response:
        return web.Response(text="{broken", content_type="application/json")

    server.answer = answer
    result = await scrape(server.url)
    assert (result.status, result.reason) == (FAILED, Reason.DECODE_ERROR)
    assert (result.http_status, result.requests, result.bytes, result.pages) == (200, 1, 7, 0)


async def test_a_target_that_is_stopped_tells_what_it_spent(scrape: Scraping, server: Server) -> None:
    asked = asyncio.Event()

    async def answer(_request: web.Request) -> web.Response:
        asked.set()
        await asyncio.Event().wait()
        return web.Response()

    server.answer = answer
    target = scrape.start(server.url)
    await asked.wait()
    target.task.cancel()
    await asyncio.wait([target.task])
    result = target.result(Outcome(RunStatus.CANCELED, Reason.REPLACED, "a newer run took its place"))
    assert (result.status, result.reason) == (RunStatus.CANCELED, Reason.REPLACED)
    assert result.requests == 1
    assert result.duration > 0
    assert not result.complete


@pytest.mark.parametrize(
    ("keep", "is_good", "kept"),
    [("Never", True, 0), ("Never", False, 0), ("OnFailure", True, 0), ("OnFailure", False, 1), ("Always", True, 1)],
)
async def test_responses_are_kept_as_the_spec_says(
    scrape: Scraping, server: Server, keep: str, is_good: bool, kept: int
) -> None:
    async def answer(_request: web.Request) -> web.Response:
        return data(1) if is_good else data()

    server.answer = answer
    result = await scrape(server.url, spec={"keepBodies": keep})
    assert len(result.bodies) == kept
    for body in result.bodies:
        assert (body.page, body.url, body.http_status) == (0, f"{server.url}/", 200)
        assert body.unpack().body == (b'{"data": [{"id": 1}]}' if is_good else b'{"data": []}')
        assert body.content_type.startswith("application/json")


async def test_not_more_is_kept_than_the_bound(
    scrape: Scraping, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("scrape_operator.running.targets.kept_bodies.MAX_KEPT_BYTES", 100)

    async def answer(_request: web.Request) -> web.Response:
        return data(len(server.requests)) if len(server.requests) < 5 else data()

    server.answer = answer
    result = await scrape(server.url, spec={"keepBodies": "Always"}, paginate={"pageParam": {"name": "page"}})
    assert [body.page for body in result.bodies] == [0, 1]
    assert any("keepBodies" in warning for warning in result.warnings)


@pytest.mark.parametrize(
    ("method", "body", "sent"),
    [
        ("POST", {"json": {"q": "{ lamps }"}}, b'{"q":"{ lamps }"}'),
        ("PUT", {"form": [{"name": "a", "value": "1 2"}]}, b"a=1+2"),
        ("PATCH", {"text": "a"}, b"a"),
        ("GET", None, b""),
    ],
)
async def test_methods_and_bodies_are_sent(scrape: Scraping, server: Server, method: str, body, sent: bytes) -> None:
    seen: list[tuple[str, bytes]] = []

    async def answer(request: web.Request) -> web.Response:
        seen.append((request.method, await request.read()))
        return data(1)

    server.answer = answer
    result = await scrape(server.url, http={"method": method, **({"body": body} if body else {})})
    assert result.status is SUCCEEDED
    assert seen == [(method, sent)]


async def test_the_next_page_of_a_post_keeps_its_body_only_where_parameters_lead_on(
    scrape: Scraping, server: Server
) -> None:
    seen: list[tuple[str, str, bytes]] = []

    async def answer(request: web.Request) -> web.Response:
        seen.append((request.method, request.path_qs, await request.read()))
        return web.json_response({"data": [{"id": len(seen)}], "next": "/more" if len(seen) < 2 else None})

    server.answer = answer
    http = {"method": "POST", "body": {"text": "q"}}
    await scrape(f"{server.url}/", http=http, paginate={"nextLink": {"jmespath": "next"}})
    await scrape(f"{server.url}/", http=http, paginate={"pageParam": {"name": "p"}, "maxPages": 2})
    assert seen == [("POST", "/", b"q"), ("GET", "/more", b""), ("POST", "/?p=1", b"q"), ("POST", "/?p=2", b"q")]
