"""Budgets of days on both databases: not one more than the limit, whoever asks, and nothing lost over a restart."""

import asyncio
from datetime import date, timedelta

from sqlalchemy import update

from scrape_operator.core.net.day_budgets import DayCount, DayDemand, DayGrant, DayLimit, Unit
from scrape_operator.storage.store import SQLRunStore, open_store
from scrape_operator.storage.tables import day_budgets
from tests.storage.values import settings_for

TODAY = date(2026, 11, 29)
SHOP = DayLimit("ScrapePolicy/default/shop", "ScrapePolicy shop", Unit.REQUESTS, 1_000)
SHOP_BYTES = DayLimit(SHOP.key, SHOP.policy, Unit.BYTES, 2**40)
CLUSTER = DayLimit("ClusterScrapePolicy/default", "ClusterScrapePolicy default", Unit.REQUESTS, 1_500)


def demand(wanted: int, limit: DayLimit = SHOP, day: date = TODAY) -> DayDemand:
    return DayDemand(limit, day, wanted)


async def test_demands_are_counted_up_to_the_limit(store: SQLRunStore) -> None:
    assert await store.reserve_day(demand(10)) == DayGrant(10, 10)
    assert await store.reserve_day(demand(985)) == DayGrant(985, 995)
    assert await store.reserve_day(demand(10)) == DayGrant(5, 1_000)
    assert await store.reserve_day(demand(10)) == DayGrant(0, 1_000)


async def test_units_policies_and_days_are_apart(store: SQLRunStore) -> None:
    for one in (demand(10), demand(2**33, SHOP_BYTES), demand(3, CLUSTER), demand(7, day=TODAY - timedelta(days=1))):
        assert await store.reserve_day(one) == DayGrant(one.wanted, one.wanted)
    assert sorted(await store.read_day(TODAY)) == [
        DayCount(CLUSTER.key, Unit.BYTES, 0),
        DayCount(CLUSTER.key, Unit.REQUESTS, 3),
        DayCount(SHOP.key, Unit.BYTES, 2**33),
        DayCount(SHOP.key, Unit.REQUESTS, 10),
    ]


async def test_many_that_ask_at_once_get_the_limit_together(store: SQLRunStore) -> None:
    grants = await asyncio.gather(*(store.reserve_day(demand(wanted)) for wanted in range(1, 80)))
    assert sum(grant.granted for grant in grants) == 1_000
    assert max(grant.counted for grant in grants) == 1_000


async def test_two_processes_get_the_limit_together(url: str) -> None:
    async with open_store(settings_for(url)) as one:
        first = await asyncio.gather(*(one.reserve_day(demand(11)) for _ in range(60)))
    async with open_store(settings_for(url)) as other:
        second = await asyncio.gather(*(other.reserve_day(demand(11)) for _ in range(60)))
        assert [one.counted for one in await other.read_day(TODAY) if one.unit is Unit.REQUESTS] == [1_000]
    assert sum(grant.granted for grant in (*first, *second)) == 1_000


async def test_what_was_reserved_and_not_spent_is_taken_back(store: SQLRunStore) -> None:
    await store.reserve_day(demand(10))
    await store.release_day(demand(4))
    assert await store.reserve_day(demand(1_000)) == DayGrant(994, 1_000)
    await store.release_day(demand(5_000))
    assert await store.reserve_day(demand(1)) == DayGrant(1, 1)
    await store.release_day(demand(1, CLUSTER))


async def test_a_limit_that_was_lowered_grants_nothing(store: SQLRunStore) -> None:
    await store.reserve_day(demand(10))
    lowered = DayLimit(SHOP.key, SHOP.policy, Unit.REQUESTS, 5)
    assert await store.reserve_day(demand(1, lowered)) == DayGrant(0, 10)


async def test_earlier_days_are_deleted(store: SQLRunStore) -> None:
    for age in range(4):
        await store.reserve_day(demand(1, day=TODAY - timedelta(days=age)))
    await store.prune_days(TODAY - timedelta(days=1))
    counted = [len(await store.read_day(TODAY - timedelta(days=age))) for age in range(4)]
    assert counted == [2, 2, 0, 0]


async def test_large_counts_are_kept(store: SQLRunStore) -> None:
    most = 2**50
    limit = DayLimit("ScrapePolicy/default/large", "ScrapePolicy large", Unit.BYTES, most)
    await store.reserve_day(demand(1, limit))
    await store._database.write(lambda connection: connection.execute(update(day_budgets).values(bytes=most - 1)))
    assert await store.reserve_day(demand(5, limit)) == DayGrant(1, most)
