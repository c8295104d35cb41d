"""Rows of deleted schedules go by dataPolicy, and cost nothing while they stay."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy.sql.selectable import FromClause

from scrape_operator.core.runs.run import DataPolicy, StoredSpec
from scrape_operator.storage.runs import deleted
from scrape_operator.storage.store import SQLRunStore
from scrape_operator.storage.tables import items, schedules, scrape_runs, scrape_target_runs
from tests.storage.values import claim_of, items_of, minute, result_of, rows_of, skip_of, target_of

DELETE = StoredSpec(data_policy=DataPolicy.DELETE)
RETAIN = StoredSpec(history_max_age=timedelta(hours=2))
TABLES = (schedules, scrape_runs, scrape_target_runs, items)


async def run(store: SQLRunStore, number: float, uid: str, **others: Any) -> None:
    claim = claim_of(number, uid=uid, **others)
    assert await store.claim(claim)
    await store.finish(result_of(claim, target_of(items_of(a="1"))))


async def counts(store: SQLRunStore) -> list[int]:
    return [await count(store, table) for table in TABLES]


async def count(store: SQLRunStore, table: FromClause) -> int:
    return len(await rows_of(store, table))


@pytest.fixture(autouse=True)
def small_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let few rows need several batches."""
    monkeypatch.setattr(deleted, "ROWS_AT_ONCE", 2)
    monkeypatch.setattr(deleted, "SCHEDULES_AT_ONCE", 2)


async def test_under_delete_all_rows_go_within_minutes(store: SQLRunStore) -> None:
    for uid in ("uid-1", "uid-2", "uid-3", "live"):
        for number in range(3):
            await run(store, number, uid, spec=DELETE)
    await store.mark_deleted(["uid-1", "uid-2", "uid-3"], minute(3))
    await store.prune_deleted(minute(3))
    assert await counts(store) == [4, 12, 12, 4]
    await store.prune_deleted(minute(5))
    assert await counts(store) == [1, 3, 3, 1]


async def test_under_retain_runs_go_by_age_and_items_stay(store: SQLRunStore) -> None:
    for uid in ("uid-1", "uid-2", "uid-3"):
        await run(store, 0, uid, spec=RETAIN)
        await run(store, 60, uid, spec=RETAIN)
    await store.mark_deleted(["uid-1", "uid-2", "uid-3"], minute(61))
    for hours, runs in ((1.5, 6), (2.5, 3), (3.5, 0)):
        for _page in range(3):
            await store.prune_deleted(minute(60 * hours))
        assert await counts(store) == [3, runs, runs, 3]


async def test_the_row_of_a_schedule_goes_with_its_last_run(store: SQLRunStore) -> None:
    await store.skip(skip_of(0, spec=RETAIN))
    await store.mark_deleted(["uid-1"], minute(1))
    for hours, left in ((1, 1), (3, 0)):
        for _page in range(2):
            await store.prune_deleted(minute(60 * hours))
        assert await count(store, schedules) == left


async def test_what_is_running_stays_until_it_ends(store: SQLRunStore) -> None:
    claim = claim_of(0, spec=DELETE)
    await store.claim(claim)
    await store.mark_deleted(["uid-1"], minute(1))
    await store.prune_deleted(minute(10))
    assert await counts(store) == [1, 1, 0, 0]
    await store.finish(result_of(claim))
    await store.prune_deleted(minute(10))
    assert await counts(store) == [0, 0, 0, 0]


async def test_the_policy_is_that_of_the_last_slot(store: SQLRunStore) -> None:
    await run(store, 0, "uid-1", spec=DELETE)
    await run(store, 1, "uid-1", spec=RETAIN)
    await store.mark_deleted(["uid-1"], minute(2))
    await store.prune_deleted(minute(10))
    assert await counts(store) == [1, 2, 2, 1]


@pytest.mark.parametrize(
    ("before", "edited", "left"),
    [(RETAIN, DELETE, [0, 0, 0, 0]), (DELETE, RETAIN, [1, 1, 1, 1])],
    ids=["to Delete", "to Retain"],
)
async def test_an_edit_after_the_last_slot_decides(
    store: SQLRunStore, before: StoredSpec, edited: StoredSpec, left: list[int]
) -> None:
    await run(store, 0, "uid-1", spec=before)
    state = await store.load_state("uid-1")
    await store.note_edited({"uid-1": edited, "never-ran": DELETE})
    assert await store.load_state("uid-1") == state
    await store.mark_deleted(["uid-1"], minute(2))
    await store.prune_deleted(minute(10))
    assert await counts(store) == left


async def test_deleted_schedules_are_not_loaded_at_start(store: SQLRunStore) -> None:
    for number in range(20):
        await run(store, 0, f"dead-{number}")
    await run(store, 0, "live")
    await store.mark_deleted([f"dead-{number}" for number in range(20)], minute(1))
    assert list(await store.load_states()) == ["live"]
    known = await store.load_state("dead-3")
    assert known is not None
    assert known.runs == 1


async def test_states_are_those_of_the_watched_namespaces(store: SQLRunStore) -> None:
    await run(store, 0, "uid-1", namespace="one")
    await run(store, 0, "uid-2", namespace="two")
    assert list(await store.load_states(["two", "three"])) == ["uid-2"]


async def test_a_deletion_keeps_its_time(store: SQLRunStore) -> None:
    await run(store, 0, "uid-1")
    await store.mark_deleted(["uid-1", "never-ran"], minute(1))
    await store.mark_deleted(["uid-1"], minute(2))
    assert [row["deleted_at"] for row in await rows_of(store, schedules)] == [minute(1)]
