"""Rows of skipped slots: none before the slots that came earlier, none lost while the database is away."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from datetime import datetime, timedelta
from uuid import UUID

import pytest

from scrape_operator.core.backoff import Backoff
from scrape_operator.core.errors import StoreUnavailable
from scrape_operator.core.runs.reasons import Reason
from scrape_operator.core.runs.run import RunClaim, RunResult, SkippedSlot
from scrape_operator.core.runs.slot import Due, Manual, Slot
from scrape_operator.core.schedule.decision import Skip
from scrape_operator.core.schedule.plan import SchedulePlan
from scrape_operator.core.schedule.state import ActiveRun, QueuedRun, ScheduleState
from scrape_operator.scheduling import skips as skips_module
from scrape_operator.scheduling.skips import StoredSkipJournal
from tests.support.clock import ManualClock
from tests.support.schedule_plans import NOON, RUN_ID, at, plan


class Store:
    """Takes skips, unless it is away."""

    def __init__(self) -> None:
        self.away = False
        self.slots: list[Slot] = []
        self.written = asyncio.Event()

    async def skip(self, skipped: SkippedSlot) -> bool:
        if self.away:
            raise StoreUnavailable("connection refused")
        self.slots.append(skipped.slot)
        self.written.set()
        return True


class Deaf:
    """An observer and a status that nobody reads."""

    def started(self, plan: SchedulePlan, claim: RunClaim, skew: float) -> None:
        pass

    def finished(self, plan: SchedulePlan, result: RunResult, counts: object, duration: float) -> None:
        pass

    def skipped(self, plan: SchedulePlan, reason: Reason, missed: int) -> None:
        pass

    def seed(self, plan: SchedulePlan, status: Mapping[str, object]) -> None:
        pass

    def changed(self, plan: SchedulePlan, state: ScheduleState) -> None:
        pass

    def refresh(self, plan: SchedulePlan, state: ScheduleState) -> None:
        pass

    def forget(self, uid: str) -> None:
        pass


@pytest.fixture
def store() -> Store:
    return Store()


@pytest.fixture
async def journal(store: Store, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[StoredSkipJournal]:
    monkeypatch.setattr(skips_module, "HELD_SECONDS", 0.0)
    monkeypatch.setattr(skips_module, "BACKOFF", Backoff(0.0, 0.0))
    made = StoredSkipJournal(store, ManualClock(), Deaf(), Deaf(), owner="replica-1")
    task = asyncio.create_task(made.run())
    yield made
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


def skip(due: datetime, slot: Slot | None = None) -> Skip:
    return Skip(slot or Due(due), due, Reason.SKIPPED_OVERLAP, "one is going on", 0)


def waiting(slot: Slot) -> ScheduleState:
    return ScheduleState(active={RUN_ID: ActiveRun(RUN_ID, slot)})


async def settle() -> None:
    for _ in range(100):
        await asyncio.sleep(0)


async def test_a_skip_is_counted_at_once_and_written(journal: StoredSkipJournal, store: Store) -> None:
    state = ScheduleState()
    journal.skip(plan(), state, skip(NOON))
    assert state.skipped == 1
    await store.written.wait()
    assert store.slots == [Due(NOON)]


async def test_rows_wait_for_a_database_that_is_away(journal: StoredSkipJournal, store: Store) -> None:
    store.away = True
    for minute in range(3):
        journal.skip(plan(), ScheduleState(), skip(at(minutes=minute)))
    await settle()
    assert store.slots == []
    store.away = False
    await settle()
    assert store.slots == [Due(at(minutes=minute)) for minute in range(3)]


async def test_a_row_waits_for_the_claim_of_an_earlier_slot(journal: StoredSkipJournal, store: Store) -> None:
    state = waiting(Due(NOON))
    journal.skip(plan(), state, skip(at(minutes=5)))
    await settle()
    assert store.slots == []
    state.active[RUN_ID] = ActiveRun(RUN_ID, Due(NOON), NOON)
    await store.written.wait()
    assert store.slots == [Due(at(minutes=5))]


async def test_a_row_waits_for_the_slot_that_waits_in_the_queue_and_then_for_its_claim(
    journal: StoredSkipJournal, store: Store
) -> None:
    state = ScheduleState(queued=QueuedRun(Due(NOON), NOON))
    state.active[UUID(int=1)] = ActiveRun(UUID(int=1), Due(NOON - timedelta(minutes=5)), NOON - timedelta(minutes=5))
    journal.skip(plan(), state, skip(at(minutes=5)))
    state.queued = None
    state.active = waiting(Due(NOON)).active
    await settle()
    assert store.slots == []
    state.active.clear()
    await store.written.wait()


async def test_the_skip_of_the_slot_that_waited_is_not_held_up_by_itself(
    journal: StoredSkipJournal, store: Store
) -> None:
    journal.skip(plan(), waiting(Due(NOON)), skip(NOON))
    await store.written.wait()


async def test_a_request_that_is_skipped_waits_for_nobody(journal: StoredSkipJournal, store: Store) -> None:
    journal.skip(plan(), waiting(Due(NOON)), skip(at(minutes=5), Manual("t1")))
    await store.written.wait()


async def test_at_the_end_rows_after_a_slot_without_row_are_left_to_the_next_process(store: Store) -> None:
    journal = StoredSkipJournal(store, ManualClock(), Deaf(), Deaf(), owner="replica-1")
    journal.skip(plan(), ScheduleState(), skip(NOON))
    journal.skip(plan(), waiting(Due(NOON)), skip(at(minutes=5)))
    await journal.flush()
    assert store.slots == [Due(NOON)]


async def test_rows_of_one_schedule_keep_their_order_over_an_outage(journal: StoredSkipJournal, store: Store) -> None:
    store.away = True
    state = ScheduleState()
    for minute in range(5):
        journal.skip(plan(), state, skip(at(minutes=minute)))
        await settle()
    store.away = False
    await settle()
    assert store.slots == [Due(at(minutes=minute)) for minute in range(5)]


async def test_a_row_that_the_store_refuses_is_lost_and_no_other(
    journal: StoredSkipJournal, store: Store, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    write = store.skip

    async def refuse_first(skipped: SkippedSlot) -> bool:
        if skipped.slot == Due(NOON):
            raise ValueError("a defect")
        return await write(skipped)

    monkeypatch.setattr(store, "skip", refuse_first)
    for minute in range(3):
        journal.skip(plan(), ScheduleState(), skip(at(minutes=minute)))
    await settle()
    assert store.slots == [Due(at(minutes=1)), Due(at(minutes=2))]
    assert [record.levelname for record in caplog.records] == ["ERROR"]


async def test_too_many_rows_are_counted_and_not_kept(
    journal: StoredSkipJournal, store: Store, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(skips_module, "MAX_ROWS", 3)
    store.away = True
    state = ScheduleState()
    for minute in range(5):
        journal.skip(plan(), state, skip(at(minutes=minute)))
    assert state.skipped == 5
    store.away = False
    await settle()
    assert len(store.slots) == 3
    assert [record for record in caplog.records if "a row is lost" in record.message]
