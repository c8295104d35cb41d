"""Lists and objects as clients get them, over loopback."""

import json
import re
from collections.abc import AsyncIterator, Sequence
from typing import Any

import pytest

from scrape_operator.core.runs.items import ItemMode
from scrape_operator.core.runs.reasons import Reason
from scrape_operator.core.runs.run import RunStatus
from scrape_operator.results.kinds import ScrapeItem, ScrapeRun
from scrape_operator.storage.store import SQLRunStore
from tests.results.api import DEFAULT_ITEMS, DEFAULT_RUNS, ITEMS, METADATA, RUNS, TABLE, Api, open_api
from tests.storage.values import claim_of, failed_of, items_of, result_of, skip_of, target_of
from tests.support.odd_rows import DATA, deep, store_odd_rows


@pytest.fixture
async def api(store: SQLRunStore, url: str) -> AsyncIterator[Api]:
    """Serve what two schedules left."""
    for number in range(2):
        claim = claim_of(number)
        await store.claim(claim)
        seen = items_of(**{str(n): "1" for n in range(2 - number)})
        main = target_of(seen, mode=ItemMode.SNAPSHOT, warnings=("a warning",), phases={"connect": 0.5}, requests=3)
        await store.finish(result_of(claim, main, target_of(items_of(a="1"), name="other")))
    await store.skip(skip_of(2))
    failed = claim_of(3, uid="uid-2", name="shop", namespace="team")
    await store.claim(failed)
    await store.finish(failed_of(failed, target_of(name="page", status=RunStatus.FAILED, reason=Reason.TIMEOUT)))
    await store.claim(claim_of(59, uid="uid-2", name="shop", namespace="team"))
    async with open_api(url) as opened:
        yield opened


def names(shown: Any) -> Sequence[str]:
    return [obj["metadata"]["name"] for obj in shown["items"]]


def cells(shown: Any) -> Sequence[Sequence[Any]]:
    return [row["cells"] for row in shown["rows"]]


async def test_a_table_has_finished_cells(api: Api) -> None:
    shown = await api.list(RUNS, accept=TABLE)
    assert [column["name"] for column in shown["columnDefinitions"] if not column["priority"]] == [
        "Name", "Schedule", "Status", "Reason", "Items", "Changed", "Duration", "Age",
    ]  # fmt: skip
    assert [row[1:] for row in cells(shown)] == [
        ["shop", "Running", "", None, None, "59.0s", "59s", "", "", None, None],
        ["shop", "Failed", "Timeout", 0, 0, "5.0s", "56m", "it failed", "0/1", 0, 0],
        ["quotes", "Skipped", "SkippedOverlap", None, None, "", "57m", "one still runs", "", None, None],
        ["quotes", "Succeeded", "Succeeded", 2, 1, "5.0s", "58m", "", "2/2", 3, 0],
        ["quotes", "Succeeded", "Succeeded", 3, 3, "5.0s", "59m", "", "2/2", 3, 0],
    ]
    assert shown["rows"][0]["object"]["kind"] == "PartialObjectMetadata"
    assert shown["rows"][0]["object"]["metadata"]["namespace"] == "team"


async def test_an_object_has_all_of_a_run(api: Api) -> None:
    shown = await api.list(DEFAULT_RUNS, labelSelector="status=Succeeded", limit="1")
    (listed,) = shown["items"]
    status, run = await api.get(f"{DEFAULT_RUNS}/{listed['metadata']['name']}")
    assert (status, run) == (200, listed)
    assert (run["kind"], run["metadata"]["labels"]) == (
        "ScrapeRun", {"schedule": "quotes", "status": "Succeeded", "trigger": "scheduled"},
    )  # fmt: skip
    assert run["status"]["targets"][0]["warnings"] == ["a warning"]
    assert run["status"]["targets"][0]["phases"] == {"connect": 0.5}
    assert run["status"]["startTime"] == "2026-11-24T10:01:01.250000Z"
    assert run["metadata"]["creationTimestamp"] == "2026-11-24T10:01:01Z"
    assert run["spec"]["slot"] == "2026-11-24T10:01:00.250Z"


@pytest.mark.parametrize(("path", "model"), [(RUNS, ScrapeRun), (ITEMS, ScrapeItem)])
async def test_objects_have_the_form_of_their_model(api: Api, path: str, model: Any) -> None:
    shown = await api.list(path)
    assert shown["items"]
    for obj in shown["items"]:
        members = {key: value for key, value in obj.items() if key not in {"apiVersion", "kind", "metadata"}}
        model.model_validate_json(json.dumps(members))


async def test_metadata_alone_is_shown_on_demand(api: Api) -> None:
    shown = await api.list(RUNS, accept=METADATA)
    assert shown["kind"] == "PartialObjectMetadataList"
    assert {tuple(obj) for obj in shown["items"]} == {("apiVersion", "kind", "metadata")}


@pytest.mark.parametrize(("included", "member"), [("None", None), ("Metadata", "metadata"), ("Object", "status")])
async def test_rows_hold_what_the_client_includes(api: Api, included: str, member: str | None) -> None:
    shown = await api.list(RUNS, accept=TABLE, includeObject=included)
    assert (member is None) == ("object" not in shown["rows"][0])
    assert member is None or member in shown["rows"][0]["object"]


@pytest.mark.parametrize(
    "accept", ["", "*/*", "application/vnd.kubernetes.protobuf", "application/json;as=Table;v=v9;g=meta.k8s.io"]
)
async def test_whatever_is_accepted_the_answer_is_json(api: Api, accept: str) -> None:
    assert (await api.list(RUNS, accept=accept))["kind"] == "ScrapeRunList"


async def test_chunks_cover_all_once(api: Api) -> None:
    expected = await api.list(RUNS)
    found: list[str] = []
    query, revisions = {"limit": "2"}, set()
    while True:
        page = await api.list(RUNS, **query)
        found += names(page)
        revisions.add(page["metadata"]["resourceVersion"])
        if "continue" not in page["metadata"]:
            break
        query["continue"] = page["metadata"]["continue"]
    assert found == names(expected)
    assert len(revisions) == 1


@pytest.mark.parametrize(
    ("query", "count"),
    [
        ({"labelSelector": "schedule=shop"}, 2),
        ({"labelSelector": "schedule==shop,status!=Running"}, 1),
        ({"labelSelector": "status in (Failed, Running)"}, 2),
        ({"labelSelector": "status notin (Failed,Running),trigger"}, 3),
        ({"labelSelector": "target=page"}, 1),
        ({"labelSelector": "!target"}, 4),
        ({"labelSelector": "colour"}, 0),
        ({"labelSelector": "!colour"}, 5),
        ({"labelSelector": "colour!=red"}, 5),
        ({"fieldSelector": "spec.schedule=quotes"}, 3),
        ({"fieldSelector": "status.phase!=Succeeded,metadata.namespace=default"}, 1),
        ({"fieldSelector": "status.reason="}, 1),
        ({"fieldSelector": "status.reason!="}, 4),
        ({"fieldSelector": "spec.trigger=manual"}, 0),
        ({"fieldSelector": "metadata.name=nobody"}, 0),
        ({"fieldSelector": "metadata.name!=nobody"}, 5),
        ({"fieldSelector": r"spec.schedule=a\,b\=c"}, 0),
        ({"fieldSelector": r"spec.schedule!=a\,b,spec.schedule=shop"}, 2),
        ({"fieldSelector": "metadata.uid=nobody"}, 0),
        ({"fieldSelector": "metadata.uid!=nobody"}, 5),
        ({"sinceTime": "2026-11-24T10:02:00.25Z"}, 3),
        ({"sinceTime": "2026-11-24T11:02:00.250001+01:00"}, 2),
        ({"sinceTime": "2026-11-24T10:02:00.25Z", "limit": "1", "labelSelector": "status=Failed"}, 1),
        ({"sinceTime": ""}, 5),
        ({"untilTime": "2026-11-24T10:02:00.25Z"}, 2),
        ({"sinceTime": "2026-11-24T10:01:00Z", "untilTime": "2026-11-24T10:02:00.25Z"}, 1),
    ],
)
async def test_selectors_choose(api: Api, query: dict[str, str], count: int) -> None:
    assert len((await api.list(RUNS, **query))["items"]) == count


async def test_a_name_is_a_field(api: Api) -> None:
    name = names(await api.list(RUNS))[2]
    assert names(await api.list(RUNS, fieldSelector=f"metadata.name={name}")) == [name]
    assert name not in names(await api.list(RUNS, fieldSelector=f"metadata.name!={name}"))


async def test_the_id_of_a_run_is_a_field(api: Api) -> None:
    run = (await api.list(RUNS))["items"][2]
    selector = "metadata.uid=" + run["metadata"]["uid"]
    assert (await api.list(RUNS, fieldSelector=selector))["items"] == [run]
    status, shown = await api.get(ITEMS, fieldSelector="metadata.uid=x")
    assert (status, "field label not supported" in shown["message"]) == (400, True)


@pytest.mark.parametrize(
    "query",
    [
        {"labelSelector": "a in (b"},
        {"labelSelector": "a,"},
        {"labelSelector": "a b"},
        {"labelSelector": "a>1"},
        {"labelSelector": "a=" + "x" * 64},
        {"labelSelector": ",".join(f"k{n}=v" for n in range(33))},
        {"labelSelector": "a" * 5000},
        {"fieldSelector": "spec.colour=red"},
        {"fieldSelector": "nothing"},
        {"limit": "-1"},
        {"limit": "x"},
        {"continue": "bm9uZQ"},
        {"continue": "x" * 9000},
        {"includeObject": "Everything"},
        {"sinceTime": "yesterday"},
        {"sinceTime": "2026-11-24T10:00:00"},
        {"untilTime": "2026-11-24T10:00:00"},
        {"sinceTime": "0001-01-01T00:00:00+10:00"},
    ],
)
async def test_malformed_queries_are_refused(api: Api, query: dict[str, str]) -> None:
    status, shown = await api.get(RUNS, accept=TABLE, **query)
    assert (status, shown["kind"], shown["reason"]) == (400, "Status", "BadRequest")


async def test_items_that_changed_since_are_listed(api: Api) -> None:
    assert len((await api.list(ITEMS, sinceTime="2026-11-24T10:01:00Z"))["items"]) == 0
    assert len((await api.list(ITEMS, sinceTime="2026-11-24T10:00:00Z"))["items"]) == 3


async def test_items_that_changed_before_a_time_are_listed(api: Api) -> None:
    assert len((await api.list(ITEMS, untilTime="2026-11-24T10:01:00Z"))["items"]) == 3
    assert len((await api.list(ITEMS, untilTime="2026-11-24T10:00:00Z"))["items"]) == 0


async def test_items_are_listed(api: Api) -> None:
    shown = await api.list(DEFAULT_ITEMS, accept=TABLE)
    assert [[*row[1:4], *row[7:]] for row in cells(shown)] == [
        ["quotes", "other", "Present", '{"name":"a","text":"1"}'],
        ["quotes", "quotes", "Present", '{"name":"0","text":"1"}'],
        ["quotes", "quotes", "Gone", '{"name":"1","text":"1"}'],
    ]
    gone = await api.list(DEFAULT_ITEMS, labelSelector="status=Gone")
    (name,) = names(gone)
    status, item = await api.get(f"{DEFAULT_ITEMS}/{name}")
    assert (status, item) == (200, gone["items"][0])
    assert item["data"] == {"name": "1", "text": "1"}
    assert item["metadata"]["labels"] == {"schedule": "quotes", "target": "quotes", "status": "Gone"}
    assert len((await api.list(DEFAULT_ITEMS, fieldSelector=f"metadata.name={name}"))["items"]) == 1


async def test_the_form_of_one_object_is_negotiated(api: Api) -> None:
    name = names(await api.list(DEFAULT_RUNS))[0]
    table = (await api.get(f"{DEFAULT_RUNS}/{name}", accept=TABLE))[1]
    assert [row[0] for row in cells(table)] == [name]
    alone = METADATA.replace("List", "")
    assert (await api.get(f"{DEFAULT_RUNS}/{name}", accept=alone))[1]["kind"] == "PartialObjectMetadata"


async def test_what_is_not_there_is_not_found(api: Api) -> None:
    run, item = names(await api.list(DEFAULT_RUNS))[0], names(await api.list(DEFAULT_ITEMS))[0]
    team = DEFAULT_RUNS.replace("default", "team")
    for path in (
        f"{DEFAULT_RUNS}/nobody",
        f"{DEFAULT_RUNS}/x{run}",
        f"{DEFAULT_RUNS}/{run[:-1]}b",
        f"{team}/{run}",
        f"{DEFAULT_ITEMS}/quotes-999",
        f"{DEFAULT_ITEMS}/{item.replace('quotes', 'shop')}",
        f"{DEFAULT_RUNS.replace('default', 'a%2Fb')}",
        f"{RUNS}x",
        "/apis/other",
    ):
        status, shown = await api.get(path)
        assert (status, shown["reason"]) == (404, "NotFound"), path


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
async def test_nothing_can_be_written(api: Api, method: str) -> None:
    for path in (RUNS, DEFAULT_RUNS, f"{DEFAULT_RUNS}/some", DEFAULT_ITEMS, "/apis"):
        status, shown = await api.get(path, method=method)
        assert (status, shown["reason"]) == (405, "MethodNotAllowed")


async def test_rights_are_checked_before_anything_is_looked_up(api: Api) -> None:
    name = names(await api.list(DEFAULT_RUNS))[0]
    api.access.asked.clear()
    api.access.denied.add("default")
    refused = [await api.get(f"{DEFAULT_RUNS}/{some}", user="eve") for some in (name, "nobody")]
    assert [status for status, _ in refused] == [403, 403]
    assert refused[0][1]["message"].replace(name, "nobody") == refused[1][1]["message"]
    assert 'User "eve" cannot get resource "scraperuns"' in refused[0][1]["message"]
    assert (await api.get(DEFAULT_RUNS))[0] == (await api.get(DEFAULT_RUNS, watch="true"))[0] == 403
    assert api.access.asked == [
        ("eve", "get", "scraperuns", "default", name),
        ("eve", "get", "scraperuns", "default", "nobody"),
        ("a", "list", "scraperuns", "default", ""),
        ("a", "watch", "scraperuns", "default", ""),
    ]


async def test_who_is_not_the_api_server_gets_nothing(api: Api) -> None:
    for path in (RUNS, "/apis", "/openapi/v2", "/other"):
        status, shown = await api.get(path, user="")
        assert (status, shown["reason"]) == (401, "Unauthorized")
    async with api.session.get(f"{api.url}/readyz") as answer:
        assert answer.status == 200


@pytest.fixture
async def odd(store: SQLRunStore, url: str) -> AsyncIterator[Api]:
    """Serve rows with all that rows can have."""
    await store_odd_rows(store)
    async with open_api(url) as opened:
        yield opened


@pytest.mark.parametrize("path", [RUNS, ITEMS])
async def test_times_are_micro_times_but_for_that_of_creation(odd: Api, path: str) -> None:
    shown = json.dumps((await odd.list(path))["items"])
    created = re.findall(r'"creationTimestamp": "([^"]+)"', shown)
    times = re.findall(r'"\w+(?:Time|For|since)": "([^"]+)"', shown)
    assert created
    assert times
    assert all(re.fullmatch(r"[-0-9]{10}T[:0-9]{8}Z", time) for time in created)
    assert all(re.fullmatch(r"[-0-9]{10}T[:0-9]{8}\.[0-9]{6}Z", time) for time in times)


@pytest.mark.parametrize("accept", ["application/json", TABLE])
async def test_integers_of_any_size_and_deep_lists_are_shown(odd: Api, accept: str) -> None:
    headers = {"Accept": accept, "X-Remote-User": "a"}
    async with odd.session.get(odd.url + ITEMS, params={"includeObject": "Object"}, headers=headers) as answer:
        shown = json.loads(await answer.text())
    objects = shown["items"] if accept != TABLE else [row["object"] for row in shown["rows"]]
    data = [obj["data"] for obj in objects]
    assert [one["many"] for one in data if "many" in one] == [DATA["many"]] * 3
    assert [one["deep"] for one in data if "deep" in one] == [deep(300)] * 2
