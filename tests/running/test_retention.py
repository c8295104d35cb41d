"""History is kept within its limits: after so many rows, schedules side by side, later where the database was away."""

import asyncio
from datetime import datetime, timedelta

import pytest

from scrape_operator.core.errors import ScrapeOperatorError, StoreUnavailable
from scrape_operator.core.runs.reasons import Reason
from scrape_operator.core.runs.run import StoredSpec
from scrape_operator.core.schedule.plan import ObjectKey, SchedulePlan
from scrape_operator.running.retention import PRUNED_AT_ONCE, ROWS_BETWEEN_PRUNES, Retention
from tests.support.clock import ManualClock
from tests.support.fakes import MemoryStore


class PruningStore(MemoryStore):
    """Notes what it is asked to prune, and how many asked at the same time."""

    def __init__(self) -> None:
        super().__init__()
        self.pruned: list[tuple[str, int, int, datetime]] = []
        self.asking = self.most_asking = 0
        self.refuses = ""

    async def prune(self, uid: str, *, successful: int, failed: int, older_than: datetime) -> int:
        self.asking += 1
        self.most_asking = max(self.most_asking, self.asking)
        await asyncio.sleep(0)
        self.asking -= 1
        if self.away:
            raise StoreUnavailable("connection refused")
        if uid == self.refuses:
            raise ScrapeOperatorError("no")
        self.pruned.append((uid, successful, failed, older_than))
        return 0

    @property
    def uids(self) -> list[str]:
        return [uid for uid, *_ in self.pruned]


def plan_of(uid: str, limit: int = 7, failed_limit: int = 3) -> SchedulePlan:
    return SchedulePlan(
        ObjectKey(uid, "default", uid),
        generation=1,
        created_at=ManualClock().now(),
        successful_limit=limit,
        failed_limit=failed_limit,
        stored_spec=StoredSpec(history_max_age=timedelta(hours=2)),
    )


def rows(retention: Retention, uid: str, count: int, *limits: int) -> None:
    for _ in range(count):
        retention.skipped(plan_of(uid, *limits), Reason.SKIPPED_OVERLAP, 0)


@pytest.mark.parametrize(
    ("limits", "between"),
    [((100, 100), ROWS_BETWEEN_PRUNES), ((1000, 50), 10), ((5, 1000), 1), ((2, 2), 1), ((0, 0), 1)],
    ids=str,
)
async def test_the_first_row_and_then_every_so_many_are_followed_by_a_prune(
    limits: tuple[int, int], between: int
) -> None:
    store, clock = PruningStore(), ManualClock()
    retention = Retention(store, clock)
    for count, expected in ((1, 1), (between - 1, 1), (1, 2)):
        rows(retention, "a", count, *limits)
        await retention.prune_due()
        assert len(store.pruned) == expected
    assert store.pruned[0] == ("a", *limits, clock.now() - timedelta(hours=2))


async def test_an_edit_counts_at_once_for_rows_that_are_there_and_before_a_deletion() -> None:
    store = PruningStore()
    retention = Retention(store, ManualClock())
    retention.edited(plan_of("a", 1, 1))
    retention.edited(edited := plan_of("a", 2, 2))
    retention.forget("gone")
    await retention.prune_due()
    store.away = True
    await retention.prune_deleted()
    assert (store.edited, store.deleted) == ({}, [])
    store.away = False
    await retention.prune_deleted()
    assert [pruned[:3] for pruned in store.pruned] == [("a", 2, 2)]
    assert (store.edited, store.deleted) == ({"a": edited.stored_spec}, ["gone"])
    store.edited.clear()
    await retention.prune_deleted()
    assert store.edited == {}


async def test_schedules_are_pruned_side_by_side_and_not_all_at_once() -> None:
    store = PruningStore()
    retention = Retention(store, ManualClock())
    uids = [f"uid-{number}" for number in range(PRUNED_AT_ONCE + 5)]
    for uid in uids:
        rows(retention, uid, 1)
    await retention.prune_due()
    assert sorted(store.uids) == sorted(uids)
    assert store.most_asking == PRUNED_AT_ONCE


async def test_what_the_database_was_away_for_is_done_when_it_is_back() -> None:
    store = PruningStore()
    retention = Retention(store, ManualClock())
    store.away = True
    rows(retention, "a", 1)
    await retention.prune_due()
    store.away = False
    await retention.prune_due()
    assert store.uids == ["a"]


async def test_a_schedule_that_can_not_be_pruned_keeps_no_other_from_it(caplog: pytest.LogCaptureFixture) -> None:
    store = PruningStore()
    store.refuses = "a"
    retention = Retention(store, ManualClock())
    for uid in "abc":
        rows(retention, uid, 1)
    await retention.prune_due()
    assert sorted(store.uids) == ["b", "c"]
    assert "history of default/a could not be pruned" in caplog.text


async def test_a_schedule_that_is_gone_is_not_pruned() -> None:
    store = PruningStore()
    retention = Retention(store, ManualClock())
    rows(retention, "a", 1)
    retention.forget("a")
    await retention.prune_due()
    assert store.uids == []


async def test_a_schedule_that_is_gone_is_noted_once_the_database_is_back() -> None:
    store, clock = PruningStore(), ManualClock()
    retention = Retention(store, clock)
    retention.forget("uid-1")
    store.away = True
    await retention.prune_deleted()
    assert store.deleted == []
    store.away = False
    await retention.prune_deleted()
    await retention.prune_deleted()
    assert store.deleted == ["uid-1"]
