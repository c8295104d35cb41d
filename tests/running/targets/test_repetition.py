"""A document that is the same as in the last run is not read again; its result is as if it had been."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest
from aiohttp import web

from scrape_operator.core.runs.baseline import Baseline, GoodRun
from scrape_operator.core.runs.reasons import Reason
from scrape_operator.core.runs.repeated_items import RepeatedItems
from scrape_operator.core.runs.run import RunStatus, TargetResult
from scrape_operator.extraction.extractor import CompiledExtract
from scrape_operator.extraction.workers.pool import INLINE_BYTES
from tests.running.targets.conftest import ITEMS, Scraping, Server, open_scraping, serve
from tests.support.secrets import MemorySecrets

FIELD = {"name": "id", "jmespath": "id"}


def extract(*fields: Mapping[str, Any], **others: Any) -> dict[str, Any]:
    """Return an extract of the list with further fields."""
    return {"extract": {**ITEMS, "fields": [FIELD, *fields], **others}}


def repeated(result: TargetResult) -> UUID | None:
    """Return the run whose items the result repeats without having read them."""
    return result.items.of_run if isinstance(result.items, RepeatedItems) else None


@pytest.fixture(name="reads")
def _reads(monkeypatch: pytest.MonkeyPatch) -> list[bytes]:
    """Return the documents that are read in this process."""
    read: list[bytes] = []
    real = CompiledExtract.extract_within

    def extract_within(self: CompiledExtract, document: Any, work: Any) -> Any:
        read.append(document.body)
        return real(self, document, work)

    monkeypatch.setattr(CompiledExtract, "extract_within", extract_within)
    return read


async def test_the_result_is_that_of_a_run_that_reads(scrape: Scraping, server: Server, reads: list[bytes]) -> None:
    serve(server, [1, 2])
    results = [
        await scrape(server.url, **extract({"name": "same", "jmespath": "id", "type": "Integer"})) for _ in range(3)
    ]
    assert [repeated(result) for result in results] == [None, UUID(int=1), UUID(int=2)]
    assert len(reads) == 1
    read, *others = [replace(result, duration=0.0, items=list(result.items)) for result in results]
    assert others == [read, read]
    assert len(reads) == 3  # only because the items were asked for


async def test_items_are_read_once_however_often_they_are_asked_for(
    scrape: Scraping, server: Server, reads: list[bytes]
) -> None:
    serve(server, [1, 2, 3])
    first, second = [await scrape(server.url) for _ in range(2)]
    assert (len(second.items), second.items[1:], second.items[0]) == (3, first.items[1:], first.items[0])
    assert len(reads) == 2


@pytest.mark.parametrize(
    "spec",
    [
        extract({"name": "at", "value": "FetchedAt"}),
        extract({"name": "due", "value": "ScheduledFor"}),
        extract({"name": "when", "jmespath": "id", "type": "DateTime"}),
        extract(mode="Append"),
        {"paginate": {"pageParam": {"name": "page"}, "maxPages": 2}},
        {"expect": {"minItems": 3}},
        {"expect": {"coverage": [{"field": "id", "minPercent": 100}], "minItems": 4}},
        extract({"name": "no", "jmespath": "no"}),
    ],
    ids=["time", "due time", "date", "append", "pages", "breach", "coverage", "a warning"],
)
async def test_what_more_than_the_document_decides_is_read_each_time(
    scrape: Scraping, server: Server, spec: dict[str, Any]
) -> None:
    serve(server, ["1 Jan 2026", "2 Jan 2026"])
    results = [await scrape(server.url, **spec) for _ in range(3)]
    assert [repeated(result) for result in results] == [None] * 3


async def test_what_secrets_are_masked_in_is_read_each_time(server: Server) -> None:
    secrets = MemorySecrets({"shop": {"token": "first-secret"}})
    header = {"name": "X-Token", "valueFrom": {"secretKeyRef": {"name": "shop", "key": "token"}}}
    serve(server, ["first-secret", "second-secret"])
    async with open_scraping(secrets=secrets) as scrape:
        before = await scrape(server.url, http={"headers": [header]})
        secrets.secrets["shop"]["token"] = "second-secret"
        after = await scrape(server.url, http={"headers": [header]})
    assert [item.data["id"] for item in before.items] == ["************", "second-secret"]
    assert [item.data["id"] for item in after.items] == ["first-secret", "*************"]


async def test_another_document_is_read(scrape: Scraping, server: Server) -> None:
    serve(server, [1], [2], [2], [1], [1, 2])
    results = [await scrape(server.url) for _ in range(5)]
    assert [repeated(result) for result in results] == [None, None, UUID(int=2), None, None]
    assert [[item.data["id"] for item in result.items] for result in results] == [
        ["1"],
        ["2"],
        ["2"],
        ["1"],
        ["1", "2"],
    ]


@pytest.mark.parametrize(
    "other",
    [
        extract({"name": "again", "jmespath": "id"}),
        extract(key=["id"]),
        extract(mode="Snapshot"),
        {"expect": {"minItems": 2}},
    ],
    ids=["fields", "key", "mode", "expectations"],
)
async def test_an_edit_of_what_is_read_or_expected_is_heeded(
    scrape: Scraping, server: Server, other: dict[str, Any]
) -> None:
    serve(server, [1])
    await scrape(server.url)
    edited = await scrape(server.url, **other)
    assert repeated(edited) is None
    assert edited.status is (RunStatus.PARTIALLY_SUCCEEDED if "expect" in other else RunStatus.SUCCEEDED)


async def test_a_document_of_another_type_or_address_is_read(scrape: Scraping, server: Server) -> None:
    page = {"extract": {"format": "Auto", "items": {"css": "li"}, "fields": [{"name": "x", "css": "::text"}]}}
    body, types = "<ul><li>1</ul>", iter(["text/html", "text/html; charset=utf-7", "text/html"])

    async def answer(request: web.Request) -> web.Response:
        if request.path == "/old":
            raise web.HTTPFound("/new")
        return web.Response(body=body.encode(), headers={"Content-Type": next(types)})

    server.answer = answer
    results = [await scrape(server.url + path, **page) for path in ("/a", "/a", "/a")]
    assert [repeated(result) for result in results] == [None] * 3
    types = iter(["text/html"] * 3)
    moved = [await scrape(server.url + path, **page) for path in ("/old", "/old")]
    assert [repeated(result) for result in moved] == [None, UUID(int=4)]


async def test_a_run_that_failed_in_between_changes_nothing(scrape: Scraping, server: Server) -> None:
    serve(server, [1], [], [1])
    results = [await scrape(server.url) for _ in range(3)]
    assert [result.reason for result in results] == [Reason.SUCCEEDED, Reason.SELECTOR_MISSED, Reason.SUCCEEDED]
    assert repeated(results[2]) == UUID(int=1)


async def test_what_is_usual_is_asked_until_it_is_this_document(scrape: Scraping, server: Server) -> None:
    scrape.memory.baseline = Baseline((GoodRun(9),) * 9)
    serve(server, [1])
    results = [await scrape(server.url, expect={"maxDropPercent": 95}) for _ in range(12)]
    assert [repeated(result) is not None for result in results] == [False] * 10 + [True] * 2


async def test_a_document_that_is_read_in_a_process_of_its_own_is_read_each_time(
    scrape: Scraping, server: Server
) -> None:
    serve(server, ["x" * INLINE_BYTES])
    results = [await scrape(server.url) for _ in range(2)]
    assert [repeated(result) for result in results] == [None] * 2
