"""Rows through the results API are those of the database; where it is closed, another way is named."""

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from scrape_operator.cli.absent import Sought, report_absence
from scrape_operator.cluster.client import ClusterClient
from scrape_operator.cluster.credentials import Credentials
from scrape_operator.core.errors import ClusterError, NotFound
from scrape_operator.core.ids import parse_run_ids
from scrape_operator.core.reading import ItemQuery, RemovedRuns, RowReader, RunQuery, read_all
from scrape_operator.core.runs.run import RunStatus
from scrape_operator.plugin.results_rows import NotServed, ResultsRows
from scrape_operator.results.front_proxy import Caller
from scrape_operator.storage.reading.history import SQLHistoryReader, open_history
from scrape_operator.storage.store import open_store
from tests.results.api import Access, open_api
from tests.storage.values import minute, settings_for
from tests.support.databases import make_sqlite
from tests.support.odd_rows import store_odd_rows
from tests.support.web import served_by

TOKEN = "Bearer of-the-caller"


class TokenAccess(Access):
    """Takes the caller's token for what the API server makes of it."""

    def authenticate(self, request: web.Request) -> Caller | None:
        return Caller("caller") if request.headers.get("Authorization") == TOKEN else None


def client_of(url: str) -> ClusterClient:
    async def load() -> Credentials:
        return Credentials(url, None, None, None, TOKEN)

    return ClusterClient(load)


@dataclass
class Both:
    """The rows of one database, read both ways. `begun` counts how often the results API was said to be read."""

    database: SQLHistoryReader
    results: ResultsRows
    access: TokenAccess
    begun: list[str]


@pytest.fixture
async def both(tmp_path: Path, prompt_writes: None) -> AsyncIterator[Both]:
    url = make_sqlite(tmp_path / "runs.db")
    access, begun = TokenAccess(), list[str]()
    async with open_store(settings_for(url)) as store:
        await store_odd_rows(store)
        async with (
            open_api(url, access=access) as api,
            open_history(settings_for(url)) as database,
            client_of(api.url) as client,
        ):
            yield Both(database, ResultsRows(client, lambda: begun.append("")), access, begun)


async def runs_of(reader: RowReader, query: RunQuery, limit: int) -> list[object]:
    """Return runs with their targets, which are asked for while their page is read."""
    runs = read_all(lambda after: reader.runs(query, after, limit))
    return [(run, await reader.target_runs([run.id])) async for run in runs]


@pytest.mark.parametrize("limit", [1, 3, 500])
@pytest.mark.parametrize(
    ("query", "count"),
    [
        pytest.param(RunQuery("default"), 6, id="all of a namespace"),
        pytest.param(RunQuery("default", "quotes"), 5, id="one schedule"),
        pytest.param(RunQuery("default", "quotes", (RunStatus.FAILED, RunStatus.PARTIALLY_SUCCEEDED)), 1, id="failed"),
        pytest.param(RunQuery("default", "quotes", since=minute(1)), 3, id="since"),
        pytest.param(RunQuery("default", "quotes", since=minute(0), until=minute(1)), 1, id="until"),
        pytest.param(RunQuery("default", since=minute(1) + timedelta(microseconds=1)), 3, id="a microsecond later"),
        pytest.param(RunQuery("team"), 0, id="another namespace"),
    ],
)
async def test_runs_are_those_of_the_database(both: Both, query: RunQuery, count: int, limit: int) -> None:
    expected = await runs_of(both.database, query, limit)
    assert len(expected) == count
    assert await runs_of(both.results, query, limit) == expected
    assert len(both.begun) == 1


async def test_one_run_is_found_in_its_namespace(both: Both) -> None:
    run = (await both.database.runs(RunQuery("default", "shop"))).rows[0]
    ids = parse_run_ids(str(run.id))
    with pytest.raises(NotServed, match="no run of this ID in namespace team"):
        await both.results.runs(RunQuery("team", ids=ids))
    with pytest.raises(NotServed, match="by whole IDs alone"):
        await both.results.runs(RunQuery(ids=parse_run_ids(str(run.id)[:9])))
    assert both.begun == []
    assert (await both.results.runs(RunQuery("default", ids=ids))).rows == [run]
    assert len(both.begun) == 1


@pytest.mark.parametrize("limit", [1, 3, 500])
@pytest.mark.parametrize(
    ("query", "count"),
    [
        pytest.param(ItemQuery("default"), 5, id="all of a namespace"),
        pytest.param(ItemQuery("default", "quotes"), 4, id="one schedule"),
        pytest.param(ItemQuery("default", "quotes", with_gone=True), 5, id="with those that are gone"),
        pytest.param(ItemQuery("default", "quotes", "other"), 2, id="one target"),
        pytest.param(ItemQuery("default", changed_since=minute(1)), 2, id="since"),
        pytest.param(ItemQuery("default", changed_until=minute(1)), 3, id="until"),
        pytest.param(ItemQuery("default", "a,b=c\\"), 0, id="a name that none can have"),
    ],
)
async def test_items_are_those_of_the_database(both: Both, query: ItemQuery, count: int, limit: int) -> None:
    expected = [item async for item in read_all(lambda after: both.database.items(query, after, limit))]
    assert len(expected) == count
    assert [item async for item in read_all(lambda after: both.results.items(query, after, limit))] == expected


async def test_rows_of_a_schedule_that_is_not_there_are_sought_in_the_database(both: Both) -> None:
    for reading in (
        both.results.runs(RunQuery("default", "gone")),
        both.results.items(ItemQuery("default", "gone", with_gone=True)),
    ):
        with pytest.raises(NotServed, match="there is no ScrapeSchedule default/gone"):
            await reading
    assert (await both.results.items(ItemQuery("default", "gone"))).rows == []


async def test_the_api_decides_what_the_caller_may_list(both: Both) -> None:
    both.access.denied.add("default")
    with pytest.raises(NotServed, match="you may not list scraperuns in namespace default"):
        await both.results.runs(RunQuery("default"))
    assert both.begun == []
    assert both.access.asked[-1] == ("caller", "list", "scraperuns", "default", "")


ITEM_COUNTS = dict.fromkeys(("scraped", "total", "new", "changed", "gone"), 0)
RUN: dict[str, Any] = {
    "metadata": {"uid": "0199b0c2-6f3e-7c4a-9d52-0f6e5a1b7c88", "namespace": "default"},
    "spec": {"schedule": "quotes", "scheduleUid": "u", "scheduleGeneration": 1, "trigger": "scheduled", "missed": 0},
    "status": {"phase": "Running", "items": {}},
}


def listed(*items: Any, following: str = "") -> web.Response:
    return web.json_response({"metadata": {"continue": following} if following else {}, "items": items})


@dataclass
class Server:
    """Answers the first page and the second one as told."""

    answers: list[Callable[[], web.Response]]
    asked: list[dict[str, str]] = field(default_factory=list)

    async def handle(self, request: web.Request) -> web.Response:
        self.asked.append(dict(request.query))
        return self.answers[len(self.asked) - 1]()


CLOSED = [
    pytest.param(lambda: web.Response(status=404, text="404 page not found"), "is not enabled", id="404"),
    pytest.param(lambda: web.json_response({"message": "forbidden"}, status=403), "you may not list", id="403"),
    pytest.param(lambda: web.Response(status=503, text="service unavailable"), "does not answer", id="503"),
    pytest.param(lambda: listed(RUN), "is of another version", id="without a slot"),
    pytest.param(lambda: listed("text"), "is of another version", id="no object"),
    pytest.param(lambda: web.Response(text="<html>"), "is of another version", id="no JSON"),
    pytest.param(lambda: web.Response(text="[" * 100_000), "is of another version", id="too deep"),
    pytest.param(lambda: web.json_response([]), "is of another version", id="no list"),
]


@pytest.mark.parametrize(("answer", "reason"), CLOSED)
async def test_a_first_page_that_is_not_served_says_why(answer: Callable[[], web.Response], reason: str) -> None:
    begun: list[str] = []
    server = Server([answer])
    async with served_by(server.handle) as url, client_of(url) as client:
        with pytest.raises(NotServed, match=reason):
            await ResultsRows(client, lambda: begun.append("")).runs(RunQuery("default"))
    assert begun == []


@pytest.mark.parametrize(("answer", "reason"), CLOSED)
async def test_a_later_page_that_is_not_served_is_an_error(answer: Callable[[], web.Response], reason: str) -> None:
    server = Server([lambda: listed(following="next"), answer])
    async with served_by(server.handle) as url, client_of(url) as client:
        rows = ResultsRows(client, lambda: None)
        await rows.runs(RunQuery("default"))
        with pytest.raises(ClusterError) as failed:
            await rows.runs(RunQuery("default"), "next")
    assert not isinstance(failed.value, NotServed)


@pytest.mark.parametrize("status", [400, 401, 429, 500])
async def test_other_refusals_are_errors(status: int) -> None:
    server = Server([lambda: web.json_response({"message": "no"}, status=status)] * 2)
    async with served_by(server.handle) as url, client_of(url) as client:
        with pytest.raises(ClusterError, match=f"{status}: no") as failed:
            await ResultsRows(client, lambda: None).runs(RunQuery("default"))
    assert not isinstance(failed.value, NotServed)


async def test_pages_are_read_when_they_are_needed(both: Both) -> None:
    items = read_all(lambda after: both.results.items(ItemQuery("default"), after, 2))
    both.access.asked.clear()
    await anext(items)
    await anext(items)
    assert len(both.access.asked) == 1
    await anext(items)
    assert len(both.access.asked) == 2


async def test_rows_that_an_older_server_lists_in_spite_of_the_end_are_left_out() -> None:
    runs = [
        {**RUN, "spec": {**RUN["spec"], "slot": str(number), "scheduledFor": f"2026-11-24T10:0{number}:00.000000Z"}}
        for number in (2, 1)
    ]
    for run in runs:
        run["status"] = {**RUN["status"], "requests": 1, "bytes": 1, "owner": "o", "items": ITEM_COUNTS}
    server = Server([lambda: listed(*runs)])
    async with served_by(server.handle) as url, client_of(url) as client:
        page = await ResultsRows(client, lambda: None).runs(RunQuery("default", until=minute(1.5)))
    assert [run.slot for run in page.rows] == ["1"]
    assert server.asked[0]["untilTime"] == "2026-11-24T10:01:30.250000Z"


@pytest.mark.parametrize(("counted", "number"), [(7, 4), (3, 0), (None, None)])
async def test_removed_runs_are_counted_by_the_status_of_the_schedule(
    both: Both, counted: int | None, number: int | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def read(_rows: ResultsRows, _name: str) -> Any:
        return {"status": {"counters": {"runs": counted}}}

    monkeypatch.setattr(ResultsRows, "_object", read)
    removed = await both.results.removed_runs(RunQuery("default", "quotes"))
    stored = await both.database.removed_runs(RunQuery("default", "quotes"))
    assert removed == (RemovedRuns() if number is None else stored._replace(number=number))
    assert await both.results.removed_runs(RunQuery("default")) == RemovedRuns()


async def test_the_query_of_a_page_has_what_the_reader_wants() -> None:
    server = Server([lambda: listed(following="next"), listed])
    query = RunQuery("default", "a.b", (RunStatus.FAILED, RunStatus.PARTIALLY_SUCCEEDED), since=minute(1))
    async with served_by(server.handle) as url, client_of(url) as client:
        rows = ResultsRows(client, lambda: None)
        await rows.runs(replace(query, name=None))
        await rows.runs(replace(query, name=None), "next")
    first = {
        "limit": "500",
        "labelSelector": "status in (Failed,PartiallySucceeded)",
        "sinceTime": "2026-11-24T10:01:00.250000Z",
    }
    assert server.asked == [first, first | {"continue": "next"}]


@dataclass
class Cluster:
    """An API server with schedules of two namespaces, and a results API without rows."""

    listable: frozenset[str] = frozenset({"", "default", "team"})

    async def handle(self, request: web.Request) -> web.Response:
        *_group, place = request.path.partition("/v1alpha1/")
        namespace, _, name = place.removeprefix("namespaces/").partition("/scrape")
        if "results" in request.path:
            return listed()
        if "/" in name:
            return web.json_response({"message": "not found"}, status=404)
        at = namespace if name else ""
        if at not in self.listable:
            return web.json_response({"message": "forbidden"}, status=403)
        found = [("default", "quotes"), ("team", "shop")]
        return listed(*({"metadata": {"namespace": ns, "name": it}} for ns, it in found if at in {"", ns}))


@pytest.mark.parametrize(
    ("name", "listable", "hint"),
    [
        pytest.param("qoutes", {"", "default"}, "did you mean quotes?", id="similar"),
        pytest.param("qoutes", {"default"}, "did you mean quotes?", id="similar, with the rights of a namespace"),
        pytest.param("shop", {""}, "namespaces that have it: team (option -n)", id="another namespace"),
        pytest.param("zzz", set(), "a schedule is there from its first run on", id="without any right"),
    ],
)
async def test_an_unknown_name_is_said_to_be_none(name: str, listable: set[str], hint: str) -> None:
    cluster = Cluster(frozenset(listable))
    async with served_by(cluster.handle) as url, client_of(url) as client:
        rows = ResultsRows(client, lambda: None)
        assert (await rows.items(ItemQuery("default", name))).rows == []
        with pytest.raises(NotFound) as absent:
            await report_absence(rows, Sought("item", "default", name))
    assert str(absent.value) == f"no ScrapeSchedule default/{name} in the database: {hint}"


async def test_a_namespace_without_schedules_names_others(capsys: pytest.CaptureFixture[str]) -> None:
    async with served_by(Cluster().handle) as url, client_of(url) as client:
        rows = ResultsRows(client, lambda: None)
        assert (await rows.runs(RunQuery("nowhere"))).rows == []
        await report_absence(rows, Sought("run", "nowhere"))
    expected = "no run of any schedule in namespace nowhere; namespaces with schedules: default, team\n"
    assert capsys.readouterr().err == expected
