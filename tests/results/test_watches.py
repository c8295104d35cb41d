"""Watches over loopback: every change once, whoever asks how, and a clean end."""

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from functools import partial

import pytest

from scrape_operator.core.results import ListQuery
from scrape_operator.core.runs.run import RunClaim
from scrape_operator.results import feed as feeding
from scrape_operator.results import watches as watching
from scrape_operator.storage.store import SQLRunStore
from tests.results.api import DEFAULT_RUNS, ITEMS, METADATA, RUNS, TABLE, Api, open_api
from tests.storage.values import claim_of, items_of, minute, result_of, skip_of, target_of
from tests.support.waiting import eventually

FAR = datetime.now(UTC) + timedelta(days=1)
INITIAL = {"sendInitialEvents": "true", "resourceVersionMatch": "NotOlderThan", "allowWatchBookmarks": "true"}


@pytest.fixture
async def api(store: SQLRunStore, url: str) -> AsyncIterator[Api]:
    async with open_api(url) as opened:
        yield opened


async def begun(store: SQLRunStore, number: int, **others: str) -> RunClaim:
    claim = claim_of(number, **others)
    await store.claim(claim)
    return claim


async def ended(store: SQLRunStore, number: int, **others: str) -> None:
    claim = await begun(store, number, **others)
    await store.finish(result_of(claim, target_of(items_of(a=str(number)))))


async def revision(api: Api) -> str:
    found: str = (await api.list(RUNS))["metadata"]["resourceVersion"]
    return found


@contextlib.asynccontextmanager
async def unread(api: Api) -> AsyncIterator[None]:
    """A watch by a client that reads one byte of the answer and no more, until it goes."""
    host, port = api.url.removeprefix("http://").split(":")
    reader, writer = await asyncio.open_connection(host, int(port), limit=1)
    writer.write(f"GET {RUNS}?watch=true HTTP/1.1\r\nHost: a\r\nX-Remote-User: a\r\n\r\n".encode())
    await reader.read(1)
    try:
        yield
    finally:
        writer.close()


async def fill_buffers(store: SQLRunStore) -> None:
    """Store more than the buffers of a connection take."""
    for number in range(16):
        await store.skip(skip_of(number, message="m" * 2**20))


def errors(caplog: pytest.LogCaptureFixture) -> list[logging.LogRecord]:
    return [record for record in caplog.records if record.levelno >= logging.ERROR]


async def test_a_watch_shows_what_follows_a_list(store: SQLRunStore, api: Api) -> None:
    await ended(store, 0)
    async with api.watch(resourceVersion=await revision(api)) as stream:
        claim = await begun(store, 1)
        assert await stream.take(1) == [("ADDED", "Running")]
        await store.finish(result_of(claim, target_of()))
        assert await stream.take(1) == [("MODIFIED", "Succeeded")]
        await store.skip(skip_of(2))
        assert await stream.take(1) == [("ADDED", "Skipped")]
        await store.prune("uid-1", successful=1, failed=1, older_than=minute(-9))
        assert await stream.take(1) == [("DELETED", "Succeeded")]


async def test_a_watch_that_comes_back_misses_nothing(store: SQLRunStore, api: Api) -> None:
    first = await revision(api)
    for number in range(3):
        await ended(store, number)
    async with api.watch(resourceVersion=first) as stream:
        seen = [await stream.next() for _ in range(3)]
    assert [event["type"] for event in seen] == ["ADDED"] * 3
    reached = seen[1]["object"]["metadata"]["resourceVersion"]
    async with api.watch(resourceVersion=reached) as stream:
        assert await stream.next() == seen[2]
        await begun(store, 4)
        assert await stream.take(1) == [("ADDED", "Running")]


async def test_initial_events_end_with_a_bookmark(store: SQLRunStore, api: Api) -> None:
    for number in range(3):
        await ended(store, number)
    async with api.watch(**INITIAL, limit="1") as stream:
        assert await stream.take(3) == [("ADDED", "Succeeded")] * 3
        bookmark = await stream.next()
        assert bookmark["type"] == "BOOKMARK"
        assert bookmark["object"]["metadata"]["annotations"] == {"k8s.io/initial-events-end": "true"}
        assert bookmark["object"]["metadata"]["resourceVersion"] == await revision(api)
        await begun(store, 4)
        assert await stream.take(1) == [("ADDED", "Running")]


@pytest.mark.parametrize("query", [{}, {"resourceVersion": "0"}])
async def test_without_a_revision_a_watch_begins_with_what_is_there(
    store: SQLRunStore, api: Api, query: dict[str, str]
) -> None:
    await ended(store, 0)
    async with api.watch(**query) as stream:
        assert await stream.take(1) == [("ADDED", "Succeeded")]


async def test_initial_events_can_be_left_out(store: SQLRunStore, api: Api) -> None:
    await ended(store, 0)
    query = {**INITIAL, "sendInitialEvents": "false"}
    async with api.watch(**query) as stream:
        await begun(store, 1)
        assert await stream.take(1) == [("ADDED", "Running")]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({"sendInitialEvents": "true"}, 422),
        ({"sendInitialEvents": "true", "resourceVersionMatch": "Exact"}, 422),
        ({"resourceVersionMatch": "NotOlderThan"}, 422),
        ({"sendInitialEvents": "perhaps"}, 400),
        ({"resourceVersion": "abc"}, 400),
        ({"resourceVersion": "9" * 30}, 400),
        ({"timeoutSeconds": "-1"}, 400),
    ],
)
async def test_parameters_that_do_not_go_together_are_refused(api: Api, query: dict[str, str], expected: int) -> None:
    assert (await api.get(RUNS, watch="true", **query))[0] == expected


async def test_items_cannot_be_watched(api: Api) -> None:
    assert (await api.get(ITEMS, watch="true"))[0] == 405


async def test_a_selector_sees_runs_come_and_go(store: SQLRunStore, api: Api) -> None:
    since = await revision(api)
    running = {"labelSelector": "status=Running", "resourceVersion": since}
    finished = {"fieldSelector": "status.phase=Succeeded,spec.schedule=quotes", "resourceVersion": since}
    async with api.watch(**running) as goes_on, api.watch(DEFAULT_RUNS, **finished) as has_ended:
        claim, other = await begun(store, 0), await begun(store, 1, uid="uid-2", name="shop", namespace="team")
        assert await goes_on.take(2) == [("ADDED", "Running")] * 2
        for one in (claim, other):
            await store.finish(result_of(one, target_of()))
        assert await goes_on.take(2) == [("DELETED", "Succeeded")] * 2
        assert await has_ended.take(1) == [("ADDED", "Succeeded")]
        await store.mark_deleted(["uid-1", "uid-2"], minute(9))
        await begun(store, 2)
        assert await has_ended.take(1) == [("DELETED", "Succeeded")]
        assert await goes_on.take(1) == [("ADDED", "Running")]


async def test_a_run_that_came_and_went_meanwhile_is_not_shown(
    store: SQLRunStore, api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watching, "BOOKMARK_SECONDS", 0.05)
    since = await revision(api)
    for number in range(3):
        await ended(store, number)
    await store.prune("uid-1", successful=1, failed=1, older_than=minute(-9))
    async with api.watch(resourceVersion=since, allowWatchBookmarks="true") as stream:
        assert await stream.take(2) == [("ADDED", "Succeeded"), ("BOOKMARK", await revision(api))]


async def test_forgotten_changes_end_a_watch_with_410(store: SQLRunStore, api: Api) -> None:
    since = await revision(api)
    for number in range(4):
        await ended(store, number)
    await store.prune("uid-1", successful=2, failed=1, older_than=minute(-9))
    await store.prune("uid-1", successful=1, failed=1, older_than=minute(-9))
    await store.prune_deleted(FAR)
    for begin in (since, str(int(since) + 1_000_000)):
        async with api.watch(resourceVersion=begin) as stream:
            event = await stream.next()
            assert (event["type"], event["object"]["code"]) == ("ERROR", 410)
            assert await stream.next_or_end() is None


async def test_a_watch_ends_cleanly_after_its_time(api: Api) -> None:
    async with api.watch(timeoutSeconds="1") as stream:
        assert await stream.next_or_end() is None


async def test_bookmarks_tell_how_far_a_quiet_watch_is(
    store: SQLRunStore, api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watching, "BOOKMARK_SECONDS", 0.05)
    await ended(store, 0)
    since = await revision(api)
    async with api.watch(resourceVersion=since, allowWatchBookmarks="true") as stream:
        assert await stream.take(1) == [("BOOKMARK", since)]
        await store.skip(skip_of(2))
        seen = [await stream.next()]
        while seen[-1]["type"] == "BOOKMARK":
            seen.append(await stream.next())
        assert seen[-1]["type"] == "ADDED"
        reached = await revision(api)
        assert await stream.take(1) == [("BOOKMARK", reached)]


async def test_the_columns_of_a_table_come_once(store: SQLRunStore, api: Api) -> None:
    await ended(store, 0)
    async with api.watch(accept=TABLE) as stream:
        first = await stream.next()
        await begun(store, 1)
        second = await stream.next()
    assert [column["name"] for column in first["object"]["columnDefinitions"]][:2] == ["Name", "Schedule"]
    assert second["object"]["columnDefinitions"] is None
    assert [event["object"]["rows"][0]["cells"][2] for event in (first, second)] == ["Succeeded", "Running"]


@pytest.mark.parametrize("accept", [TABLE, METADATA])
async def test_other_forms_have_deletions_and_bookmarks(store: SQLRunStore, api: Api, accept: str) -> None:
    await ended(store, 0)
    await ended(store, 1)
    async with api.watch(accept=accept, **INITIAL) as stream:
        events = [await stream.next() for _ in range(3)]
        await store.prune("uid-1", successful=1, failed=1, older_than=minute(-9))
        events.append(await stream.next())
    assert [event["type"] for event in events] == ["ADDED", "ADDED", "BOOKMARK", "DELETED"]


async def test_many_changes_are_rendered_once_and_shown_to_all(
    store: SQLRunStore, api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(feeding, "KEPT_CHANGES", 30)
    since = await revision(api)
    async with contextlib.AsyncExitStack() as stack:
        streams = [await stack.enter_async_context(api.watch(resourceVersion=since)) for _ in range(3)]
        await asyncio.gather(*(store.skip(skip_of(number)) for number in range(50)))
        for stream in streams:
            assert await stream.take(50) == [("ADDED", "Skipped")] * 50


async def test_dropped_watches_leave_nothing(store: SQLRunStore, api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watching, "MAX_WATCHES_OF_USER", 1000)
    since = await revision(api)
    for _ in range(10):
        async with contextlib.AsyncExitStack() as stack:
            for _ in range(100):
                await stack.enter_async_context(api.watch(resourceVersion=since))
            await eventually(lambda: api.feed.watches == 100)
    await eventually(lambda: api.feed.watches == 0)


async def test_a_client_that_does_not_read_is_given_up(
    store: SQLRunStore, api: Api, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(watching, "WRITE_SECONDS", 0.05)
    async with unread(api):
        await fill_buffers(store)
        await eventually(lambda: api.feed.watches == 0)
    assert errors(caplog) == []


async def test_a_client_that_goes_while_it_is_sent_much_leaves_nothing(
    store: SQLRunStore, api: Api, caplog: pytest.LogCaptureFixture
) -> None:
    async with unread(api):
        await fill_buffers(store)
    await eventually(lambda: api.feed.watches == 0)
    assert errors(caplog) == []


async def test_too_many_watches_are_refused(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watching, "MAX_WATCHES_OF_USER", 2)
    monkeypatch.setattr(watching, "MAX_WATCHES", 3)
    async with api.watch(), api.watch():
        status, shown = await api.get(RUNS, watch="true")
        assert (status, shown["reason"], shown["details"]["retryAfterSeconds"]) == (429, "TooManyRequests", 1)
        async with api.watch(user="b"):
            assert (await api.get(RUNS, watch="true", user="c"))[0] == 429
            assert (await api.get(RUNS))[0] == 200


async def test_a_stop_amid_the_initial_events_does_not_call_them_complete(
    store: SQLRunStore, api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watching, "ListQuery", partial(ListQuery, limit=1))
    for number in range(2):
        await ended(store, number)
    api.feed.close()
    async with api.watch(**INITIAL) as stream:
        assert await stream.take(1) == [("ADDED", "Succeeded")]
        assert await stream.next_or_end() is None


async def test_a_stop_of_the_server_ends_watches_cleanly(store: SQLRunStore, url: str) -> None:
    async with contextlib.AsyncExitStack() as stack:
        serving = open_api(url)
        api = await serving.__aenter__()
        stream = await stack.enter_async_context(api.watch())
        reading = asyncio.create_task(stream.next_or_end())
        api.feed.close()
        assert await reading is None
    await serving.__aexit__(None, None, None)
