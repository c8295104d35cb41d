"""Runs and items are read a page at a time, also while an operator writes them."""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import pytest
from sqlalchemy import text

from scrape_operator.core.errors import InvalidValue, StoreUnavailable
from scrape_operator.core.ids import RunIDs
from scrape_operator.core.reading import ChangeQuery, ItemQuery, RemovedRuns, RunQuery, read_all
from scrape_operator.core.runs.items import Change, Item
from scrape_operator.core.runs.reasons import Reason
from scrape_operator.core.runs.run import RunStatus
from scrape_operator.storage.reading.history import SQLHistoryReader, open_history
from scrape_operator.storage.reading.tokens import encode_token
from scrape_operator.storage.store import SQLRunStore
from tests.storage.values import claim_of, failed_of, items_of, minute, result_of, settings_for, skip_of, target_of

RUN_ID = UUID("01ffb3c4-0000-7000-8000-00000000abcd")


@pytest.fixture
async def history(store: SQLRunStore, url: str) -> AsyncIterator[SQLHistoryReader]:
    """Read the runs of two schedules beside the store that is open."""
    for number in range(3):
        claim = claim_of(number)
        await store.claim(claim)
        items = [Item.of({"n": n}, ["n"]) for n in range(number * 3 + 1)]
        await store.finish(result_of(claim, target_of(items), target_of(items_of(a="1"), name="other")))
    await store.skip(skip_of(3, message="one\x00still runs"))
    other = claim_of(4, uid="uid-2", name="shop", namespace="team", id=RUN_ID)
    await store.claim(other)
    await store.finish(failed_of(other, target_of(name="shop", status=RunStatus.FAILED, reason=Reason.TIMEOUT)))
    async with open_history(settings_for(url)) as opened:
        yield opened


async def test_the_newest_run_comes_first(history: SQLHistoryReader) -> None:
    runs = (await history.runs(RunQuery())).rows
    assert [(run.name, run.status) for run in runs] == [
        ("shop", "FAILED"),
        ("quotes", "SKIPPED"),
        *[("quotes", "SUCCEEDED")] * 3,
    ]


async def test_runs_that_were_removed_are_counted(store: SQLRunStore, history: SQLHistoryReader) -> None:
    assert await history.removed_runs(RunQuery("default", "quotes")) == RemovedRuns(0, minute(0), None)
    await store.prune("uid-1", successful=1, failed=1, older_than=minute(-9))
    assert await history.removed_runs(RunQuery("default", "quotes")) == RemovedRuns(2, minute(2), None)
    assert await history.removed_runs(RunQuery("team")) == RemovedRuns(0, None, minute(4))
    assert await history.removed_runs(RunQuery("nowhere")) == RemovedRuns()


async def test_a_run_is_read_as_it_was_stored(history: SQLHistoryReader) -> None:
    run = (await history.runs(RunQuery("default", "quotes", [RunStatus.SUCCEEDED]), limit=1)).rows[0]
    assert (run.scheduled_for, run.started_at) == (minute(2), minute(2) + timedelta(seconds=1))
    assert run.duration == 5
    assert (run.items_scraped, run.items_total, run.items_new, run.items_changed) == (8, 8, 3, 0)


async def test_a_skipped_due_time_has_no_duration(history: SQLHistoryReader) -> None:
    (run,) = (await history.runs(RunQuery(statuses=[RunStatus.SKIPPED]))).rows
    assert run.duration is None
    assert (run.reason, run.message) == ("SkippedOverlap", "one\N{REPLACEMENT CHARACTER}still runs")


@pytest.mark.parametrize(
    ("query", "count"),
    [
        pytest.param(RunQuery("default"), 4, id="namespace"),
        pytest.param(RunQuery("team", "shop"), 1, id="namespace and name"),
        pytest.param(RunQuery("default", "shop"), 0, id="name in another namespace"),
        pytest.param(RunQuery(statuses=[RunStatus.FAILED, RunStatus.SKIPPED]), 2, id="statuses"),
        pytest.param(RunQuery("default", since=minute(2)), 2, id="since"),
        pytest.param(RunQuery("default", until=minute(2)), 2, id="until"),
        pytest.param(RunQuery(ids=RunIDs(RUN_ID.hex)), 1, id="whole ID"),
        pytest.param(RunQuery(ids=RunIDs(RUN_ID.hex[:9])), 1, id="beginning of an ID"),
        pytest.param(RunQuery(ids=RunIDs(RUN_ID.hex[:-1] + "0")), 0, id="unknown ID"),
        pytest.param(RunQuery(ids=RunIDs("0")), 5, id="beginning of all IDs"),
    ],
)
async def test_runs_are_restricted(history: SQLHistoryReader, query: RunQuery, count: int) -> None:
    assert len((await history.runs(query)).rows) == count


@pytest.mark.parametrize("limit", [1, 2, 3, 5, 6])
async def test_pages_of_runs_cover_all_once(history: SQLHistoryReader, limit: int) -> None:
    expected = (await history.runs(RunQuery())).rows
    found = [run async for run in read_all(lambda after: history.runs(RunQuery(), after, limit))]
    assert found == list(expected)


@pytest.mark.parametrize("limit", [1, 2, 4, 7, 8])
async def test_pages_of_items_cover_all_once(history: SQLHistoryReader, limit: int) -> None:
    found = [item async for item in read_all(lambda after: history.items(ItemQuery(), after, limit))]
    assert [(item.target, item.key) for item in found] == [
        ("other", '["a"]'),
        *(("quotes", f"[{n}]") for n in range(7)),
    ]
    assert {(item.namespace, item.name) for item in found} == {("default", "quotes")}
    assert found[1].data == {"n": 0}


@pytest.mark.parametrize("target", [None, "quotes", "other"])
@pytest.mark.parametrize("limit", [1, 2, 3, 100])
async def test_pages_of_items_pass_from_schedule_to_schedule(
    history: SQLHistoryReader, store: SQLRunStore, target: str | None, limit: int
) -> None:
    for number, uid in enumerate(("uid-0", "uid-3", "uid-4"), 10):
        claim = claim_of(number, uid=uid, name=f"of-{uid}")
        await store.claim(claim)
        items = [] if uid == "uid-3" else [Item.of({"n": n}, ["n"]) for n in range(2)]
        await store.finish(result_of(claim, target_of(items), target_of(items_of(a="1"), name="other")))
    query = ItemQuery(namespace="default", target=target)
    rows = [row async for row in read_all(lambda after: history.items(query, after, limit))]
    places = [(row.schedule_uid, row.target, row.key) for row in rows]
    assert places == sorted(set(places))
    assert len(places) == {None: 15, "quotes": 11, "other": 4}[target]


async def test_a_page_is_not_disturbed_by_runs_that_come_meanwhile(
    history: SQLHistoryReader, store: SQLRunStore
) -> None:
    first = await history.runs(RunQuery(), limit=2)
    await store.skip(skip_of(9))
    second = await history.runs(RunQuery(), first.next, limit=2)
    assert [run.scheduled_for for run in (*first.rows, *second.rows)] == [minute(number) for number in (4, 3, 2, 1)]


async def test_items_that_are_gone_are_read_on_request(history: SQLHistoryReader, store: SQLRunStore) -> None:
    gone = text("UPDATE items SET gone_at = changed_at WHERE key = '[3]'")
    await store._database.write(lambda connection: connection.execute(gone))
    assert len((await history.items(ItemQuery("default", "quotes", "quotes"))).rows) == 6
    assert len((await history.items(ItemQuery("default", "quotes", "quotes", with_gone=True))).rows) == 7


async def test_targets_come_in_the_order_of_the_spec(history: SQLHistoryReader) -> None:
    run, *_ = (await history.runs(RunQuery("default", statuses=[RunStatus.SUCCEEDED]))).rows
    targets = await history.target_runs([run.id])
    assert [(target.target, target.items, target.warnings) for target in targets] == [
        ("quotes", 7, []),
        ("other", 1, []),
    ]


@pytest.mark.parametrize("limit", [1, 3, 8, 9])
async def test_pages_of_changes_cover_all_once(history: SQLHistoryReader, limit: int) -> None:
    query = ChangeQuery("default", "quotes")
    found = [change async for change in read_all(lambda after: history.changes(query, after, limit))]
    assert [change.id for change in found] == sorted((change.id for change in found), reverse=True)
    assert [(change.target, change.key) for change in found[-2:]] == [("quotes", "[0]"), ("other", '["a"]')]
    assert len(found) == 8


async def test_changes_are_restricted(history: SQLHistoryReader) -> None:
    (change,) = (await history.changes(ChangeQuery(target="other", kinds=[Change.NEW]))).rows
    assert (change.namespace, change.name, change.change) == ("default", "quotes", "NEW")
    assert (change.before, change.after) == (None, {"name": "a", "text": "1"})
    assert (await history.changes(ChangeQuery(kinds=[Change.GONE]))).rows == []
    assert (await history.changes(ChangeQuery("team", "shop"))).rows == []
    with pytest.raises(InvalidValue, match="page token"):
        await history.changes(ChangeQuery(), encode_token(["-1"]))


@pytest.mark.parametrize(
    "token",
    [
        pytest.param("", id="empty"),
        pytest.param("%%%", id="no base64"),
        pytest.param("W10", id="empty list"),
        pytest.param("e30", id="object"),
        pytest.param("WzFd", id="number"),
        pytest.param("é", id="not ASCII"),
        pytest.param(encode_token(["no-uuid"]), id="no run"),
        pytest.param(encode_token(["x" * 5000]), id="too long"),
        pytest.param("W" * 100_000, id="deeply nested"),
    ],
)
async def test_a_token_of_another_kind_is_refused(history: SQLHistoryReader, token: str) -> None:
    with pytest.raises(InvalidValue, match="page token"):
        await history.runs(RunQuery(), token)


@pytest.mark.parametrize("limit", [0, -1, 501])
async def test_a_page_is_bounded(history: SQLHistoryReader, limit: int) -> None:
    with pytest.raises(InvalidValue, match="1 to 500 rows"):
        await history.runs(RunQuery(), limit=limit)


async def test_nothing_can_be_written(history: SQLHistoryReader) -> None:
    with pytest.raises(StoreUnavailable, match=r"read-?only"):
        await history._database.rows(text("DELETE FROM items RETURNING id"))


async def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(InvalidValue, match=r"no SQLite file .*none\.db"):
        async with open_history(settings_for(f"sqlite:///{tmp_path}/none.db")):
            pass
