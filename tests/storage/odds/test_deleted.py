"""Odds of deleted schedules go by dataPolicy and historyMaxAge, as the schedule's other rows do."""

from datetime import timedelta

import pytest

from scrape_operator.core.runs.run import DataPolicy, StoredSpec
from scrape_operator.storage.odds import sink, withdrawal
from scrape_operator.storage.runs import deleted
from scrape_operator.storage.store import SQLRunStore
from tests.storage.odds.values import KICK_OFF, event_of, matched, prices_of, query, read_at, together
from tests.storage.values import minute

OFFER = prices_of(home="2.10", draw="3.25", away="3.60")
DELETE = StoredSpec(data_policy=DataPolicy.DELETE)
RETAIN = StoredSpec(history_max_age=timedelta(hours=2))
TABLES = ("platform_events", "events", "odds", "odds_changes", "market_readings")


@pytest.fixture(autouse=True)
def small_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let few rows need several batches."""
    for module in (sink, withdrawal):
        monkeypatch.setattr(module, "PRUNED_AT_ONCE", 2)
    monkeypatch.setattr(deleted, "SCHEDULES_AT_ONCE", 1)


async def counts(store: SQLRunStore) -> list[int]:
    return [(await query(store, f"SELECT count(*) FROM {table}"))[0][0] for table in TABLES]


async def uids(store: SQLRunStore) -> list[str]:
    return [uid for (uid,) in await query(store, "SELECT uid FROM schedules ORDER BY uid")]


async def test_under_delete_all_odds_go_with_the_schedule(store: SQLRunStore) -> None:
    many = [event_of(OFFER, event_id=f"e{number}", sportradar_id=f"81{number:06}") for number in range(5)]
    await read_at(store, 0, *many, uid="uid-1", spec=DELETE)
    await read_at(store, 1, event_of(prices_of(home="2.2"), event_id="e0"), uid="uid-1", spec=DELETE, coverage=None)
    await store.mark_deleted(["uid-1"], minute(2))
    before = await counts(store)
    await store.prune_deleted(minute(2.5))
    assert await counts(store) == before, "a run on its way may still follow"
    await store.prune_deleted(minute(4))
    assert await counts(store) == [0, 0, 0, 0, 0]
    assert await uids(store) == []


async def test_odds_that_another_schedule_read_last_stay_and_are_matched_again(store: SQLRunStore) -> None:
    ours, theirs = (event_of(OFFER, bookmaker=name, sportradar_id=None) for name in ("Bet9ja", "SportyBet"))
    await read_at(store, 0, ours, uid="uid-1", spec=DELETE)
    await read_at(store, 1, theirs, uid="uid-2")
    assert await matched(store) == together([("Bet9ja-1", "weak"), ("SportyBet-1", "weak")])
    await store.mark_deleted(["uid-1"], minute(2))
    await store.prune_deleted(minute(4))
    await read_at(store, 5, theirs, uid="uid-2")
    assert await matched(store) == together([("SportyBet-1", "none")])
    assert await query(store, "SELECT count(*), min(match_kind) FROM events") == [(1, "none")]


async def test_under_retain_odds_go_when_their_events_are_old_enough(store: SQLRunStore) -> None:
    later = event_of(OFFER, event_id="later", sportradar_id="81000002", starts_at=KICK_OFF + timedelta(days=3))
    await read_at(store, 0, event_of(OFFER), later, uid="uid-1", spec=RETAIN)
    await store.mark_deleted(["uid-1"], minute(1))
    for hours, left in ((7, ["Bet9ja-1", "later"]), (9, ["later"]), (9 + 72, [])):
        for _page in range(2):
            await store.prune_deleted(minute(60 * hours))
        found = await query(store, "SELECT bookmaker_event_id FROM platform_events ORDER BY bookmaker_event_id")
        assert [event for (event,) in found] == left
    assert await counts(store) == [0, 0, 0, 0, 0]


async def test_the_row_of_a_schedule_stays_while_it_has_odds(store: SQLRunStore) -> None:
    """Its `historyMaxAge` says how long they stay."""
    far = event_of(OFFER, starts_at=KICK_OFF + timedelta(days=3))
    await read_at(store, 0, far, uid="uid-1", spec=RETAIN)
    await store.mark_deleted(["uid-1"], minute(1))
    for hours, left in ((24, ["uid-1"]), (24 * 4, [])):
        for _page in range(3):
            await store.prune_deleted(minute(60 * hours))
        assert await uids(store) == left


async def test_every_deleted_schedule_has_its_turn(store: SQLRunStore) -> None:
    for number in range(3):
        event = event_of(OFFER, event_id=f"e{number}", sportradar_id=f"81{number:06}")
        await read_at(store, number, event, uid=f"uid-{number}", spec=DELETE)
    await store.mark_deleted(["uid-0", "uid-1", "uid-2"], minute(4))
    for _page in range(4):
        await store.prune_deleted(minute(6))
    assert await counts(store) == [0, 0, 0, 0, 0]
    assert await uids(store) == []
