"""Odds are stored with the run that read them: current prices, and a row for each change."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from scrape_operator.core.odds.model import Coverage, OddsMarket
from scrape_operator.core.runs.items import ItemCounts
from scrape_operator.core.runs.reasons import Reason
from scrape_operator.core.runs.run import RunStatus
from scrape_operator.storage.store import SQLRunStore
from scrape_operator.storage.tables import odds, odds_changes, platform_events
from tests.storage.odds.values import (
    KICK_OFF,
    MARKETS,
    ONE_X_TWO,
    OVER_UNDER,
    changes,
    event_of,
    offered,
    prices_of,
    query,
    read_at,
    reading_of,
    store_at,
)
from tests.storage.values import START, claim_of, items_of, minute, result_of, rows_of, target_of

OFFER = prices_of(home="2.15", draw="3.25", away="3.40")


async def test_a_first_reading_opens_prices_and_changes_none(store: SQLRunStore) -> None:
    await read_at(store, 0, event_of(OFFER | {"over_under@2.5/over": "1.95"}))
    assert await offered(store) == {
        "Bet9ja 1x2/home": Decimal("2.15"),
        "Bet9ja 1x2/draw": Decimal("3.25"),
        "Bet9ja 1x2/away": Decimal("3.40"),
        "Bet9ja over_under@2.5/over": Decimal("1.95"),
    }
    rows = await rows_of(store, odds)
    assert all(row["price"] == row["opening_price"] for row in rows)
    assert (
        {row["first_seen_at"] for row in rows}
        == {row["changed_at"] for row in rows}
        == {minute(0) + timedelta(seconds=6)}
    )
    assert await changes(store) == []


async def test_the_same_again_writes_nothing_but_when_it_was_seen(store: SQLRunStore) -> None:
    await read_at(store, 0, event_of(OFFER))
    before = await rows_of(store, odds)
    await read_at(store, 5, event_of(OFFER))
    assert await rows_of(store, odds) == before
    assert await rows_of(store, odds_changes) == []
    (seen,) = await rows_of(store, platform_events)
    assert (seen["first_seen_at"], seen["seen_at"]) == (
        minute(0) + timedelta(seconds=6),
        minute(5) + timedelta(seconds=6),
    )


async def test_a_price_that_moves_is_a_change_and_the_opening_price_stays(store: SQLRunStore) -> None:
    await read_at(store, 0, event_of(OFFER))
    await read_at(store, 5, event_of(OFFER | prices_of(home="2.20")))
    await read_at(store, 10, event_of(OFFER | prices_of(home="2.05")))
    assert await changes(store) == [
        ("1x2/home", Decimal("2.15"), Decimal("2.20")),
        ("1x2/home", Decimal("2.20"), Decimal("2.05")),
    ]
    rows = {row["outcome"]: row for row in await rows_of(store, odds)}
    assert (rows["home"]["price"], rows["home"]["opening_price"]) == (Decimal("2.05"), Decimal("2.15"))
    assert rows["home"]["changed_at"] == minute(10) + timedelta(seconds=6)
    assert rows["draw"]["changed_at"] == minute(0) + timedelta(seconds=6)


async def test_a_price_that_is_suspended_and_comes_back_is_two_changes(store: SQLRunStore) -> None:
    await read_at(store, 0, event_of(OFFER))
    await read_at(store, 5, event_of({"1x2/home": "2.15", "1x2/draw": "3.25"}))
    assert set(await offered(store)) == {"Bet9ja 1x2/home", "Bet9ja 1x2/draw"}
    await read_at(store, 10, event_of(OFFER))
    assert await changes(store) == [("1x2/away", Decimal("3.40"), None), ("1x2/away", None, Decimal("3.40"))]
    assert len(await offered(store)) == 3


async def test_an_event_without_any_price_left_has_all_withdrawn(store: SQLRunStore) -> None:
    await read_at(store, 0, event_of(OFFER))
    await read_at(store, 5, event_of())
    assert await offered(store) == {}
    assert len(await changes(store)) == 3


async def test_markets_that_were_not_asked_for_are_left_alone(store: SQLRunStore) -> None:
    totals = {"over_under@2.5/over": "1.95", "over_under@2.5/under": "1.85"}
    await read_at(store, 0, event_of(OFFER), markets=[ONE_X_TWO], uid="uid-1")
    await read_at(store, 1, event_of(totals), markets=[OVER_UNDER], uid="uid-2")
    await read_at(store, 5, event_of(OFFER), markets=[ONE_X_TWO], uid="uid-1")
    assert len(await offered(store)) == 5
    assert await changes(store) == []


async def test_two_schedules_of_one_platform_share_its_rows(store: SQLRunStore) -> None:
    await read_at(store, 0, event_of(OFFER), uid="uid-1")
    await read_at(store, 1, event_of(OFFER | prices_of(home="2.20")), uid="uid-2")
    assert len(await rows_of(store, platform_events)) == 1
    assert await changes(store) == [("1x2/home", Decimal("2.15"), Decimal("2.20"))]


async def test_of_an_event_that_a_reading_has_twice_the_last_counts(store: SQLRunStore) -> None:
    await read_at(store, 0, event_of(OFFER), event_of(prices_of(home="2.30")))
    assert await offered(store) == {"Bet9ja 1x2/home": Decimal("2.30")}


async def test_two_targets_of_a_run_may_read_the_same_event(store: SQLRunStore) -> None:
    one = reading_of(event_of(OFFER), name="one")
    other = reading_of(event_of(OFFER | prices_of(home="2.20")), name="other")
    await store_at(store, 0, one, other)
    assert await changes(store) == [("1x2/home", Decimal("2.15"), Decimal("2.20"))]


async def test_an_event_that_is_listed_no_more_is_withdrawn_and_may_return(store: SQLRunStore) -> None:
    other = event_of(OFFER, event_id="other", sportradar_id="81000002")
    await read_at(store, 0, event_of(OFFER), other)
    await read_at(store, 5, other)
    assert [row[0] for row in await query(store, "SELECT DISTINCT bookmaker_event_id FROM event_odds")] == ["other"]
    assert len(await changes(store)) == 3
    await read_at(store, 10, event_of(OFFER), other)
    assert len(await offered(store)) == 3
    assert [change[1:] for change in (await changes(store))[3:]] == [
        (None, Decimal("3.40")),
        (None, Decimal("3.25")),
        (None, Decimal("2.15")),
    ]


@pytest.mark.parametrize(
    "second",
    [
        pytest.param({"complete": False}, id="the reading is not complete"),
        pytest.param({"coverage": None}, id="nothing says what it covers"),
        pytest.param({"coverage": Coverage("BetPawa")}, id="it covers another bookmaker"),
        pytest.param({"coverage": Coverage("Bet9ja", until=KICK_OFF - timedelta(minutes=1))}, id="it ends before"),
        pytest.param({"coverage": Coverage("Bet9ja", competitions=frozenset({"7"}))}, id="it covers other leagues"),
        pytest.param({"status": RunStatus.FAILED}, id="the target failed"),
    ],
)
async def test_what_is_missing_is_not_withdrawn_where(store: SQLRunStore, second: dict[str, Any]) -> None:
    other = event_of(OFFER, event_id="other", sportradar_id="81000002")
    await read_at(store, 0, event_of(OFFER))
    await read_at(store, 5, other, **second)
    assert await changes(store) == []
    missing = "SELECT count(*) FROM event_odds WHERE bookmaker_event_id = 'Bet9ja-1'"
    assert await query(store, missing) == [(3,)]


async def test_an_empty_reading_withdraws_nothing(store: SQLRunStore) -> None:
    await read_at(store, 0, event_of(OFFER))
    await read_at(store, 5)
    assert await changes(store) == []


async def test_what_has_begun_keeps_its_closing_odds(store: SQLRunStore) -> None:
    other = event_of(OFFER, event_id="other", sportradar_id="81000002", starts_at=KICK_OFF + timedelta(days=1))
    await read_at(store, 0, event_of(OFFER), other)
    await read_at(store, 6 * 60, other)
    assert await changes(store) == []
    assert await query(store, "SELECT count(*) FROM event_odds") == [(6,)]


async def test_an_older_reading_that_comes_late_changes_nothing(store: SQLRunStore) -> None:
    other = event_of(OFFER, event_id="other", sportradar_id="81000002")
    late, later = claim_of(1, uid="uid-2"), claim_of(2, uid="uid-3")
    await store.claim(late)
    await store.claim(later)
    await read_at(store, 0, event_of(OFFER), other)
    await read_at(store, 5, event_of(OFFER | prices_of(home="2.20")))
    known = await changes(store), await offered(store)
    await store.finish(result_of(late, reading_of(event_of(OFFER | prices_of(home="9.00")))))
    await store.finish(result_of(later, reading_of(other)))
    assert (await changes(store), await offered(store)) == known


async def test_a_run_that_was_taken_over_stores_no_odds(store: SQLRunStore) -> None:
    claim = claim_of(0)
    await store.claim(claim)
    stranger = result_of(replace(claim, owner="operator-2"), reading_of(event_of(OFFER)))
    assert await store.finish(stranger) is None
    assert await rows_of(store, platform_events) == []


async def test_a_result_that_is_stored_twice_counts_once(store: SQLRunStore) -> None:
    await read_at(store, 0, event_of(OFFER))
    claim = claim_of(5)
    await store.claim(claim)
    result = result_of(claim, reading_of(event_of(OFFER | prices_of(home="2.20"))))
    assert await store.finish(result) == await store.finish(result)
    assert len(await changes(store)) == 1


async def test_odds_of_a_failed_target_are_not_stored(store: SQLRunStore) -> None:
    await store_at(store, 0, reading_of(event_of(OFFER), status=RunStatus.FAILED, reason=Reason.EXPECTATION_FAILED))
    assert await rows_of(store, platform_events) == []


async def test_items_and_odds_of_one_target_are_stored_together(store: SQLRunStore) -> None:
    both = replace(reading_of(event_of(OFFER)), items=items_of(a="1", b="2"))
    assert await store_at(store, 0, both, target_of(items_of(c="3"))) == ItemCounts(total=3, new=3)
    assert len(await offered(store)) == 3


async def test_a_reading_of_many_events_is_stored_whole(store: SQLRunStore) -> None:
    many = [event_of(OFFER, event_id=f"e{number}", sportradar_id=f"81{number:06}") for number in range(230)]
    await read_at(store, 0, *many)
    assert await query(store, "SELECT count(*), count(DISTINCT event_id) FROM event_odds") == [(690, 230)]
    await read_at(store, 5, *(replace(event, prices=event_of(prices_of(home="1.5")).prices) for event in many))
    assert await query(store, "SELECT count(*) FROM odds_changes") == [(690,)]
    assert await query(store, "SELECT count(*) FROM event_odds") == [(230,)]


async def test_what_a_database_can_not_hold_is_mended(store: SQLRunStore) -> None:
    strange = event_of({"1x2\0/ho\udc80me": "2.15"}, event_id="a\0b", home="Aca\0cia", sportradar_id=None)
    for number in (0, 5):
        await read_at(store, number, strange, markets=[OddsMarket("1x2\0")])
    assert await query(store, "SELECT market, outcome, home, bookmaker_event_id FROM event_odds") == [
        ("1x2\ufffd", "ho\ufffdme", "Aca\ufffdcia", "a\ufffdb")
    ]
    assert await changes(store) == []


@pytest.mark.parametrize("price", ["1", "0.5", "-3", "NaN", "Infinity", "1E+20", "1.000000001"])
async def test_what_is_no_offer_is_not_stored(store: SQLRunStore, price: str) -> None:
    await read_at(store, 0, event_of(prices_of(home=price, draw="3.25")))
    assert await offered(store) == {"Bet9ja 1x2/draw": Decimal("3.25")}


async def test_old_events_are_pruned_with_all_that_belongs_to_them(store: SQLRunStore) -> None:
    later = event_of(OFFER, event_id="later", sportradar_id="81000002", starts_at=KICK_OFF + timedelta(days=3))
    foreign = event_of(OFFER, bookmaker="SportyBet")
    await read_at(store, 0, event_of(OFFER), later)
    await read_at(store, 1, foreign, uid="uid-2")
    await read_at(store, 5, event_of(OFFER | prices_of(home="2.2")), later)
    await store.prune("uid-1", successful=9, failed=9, older_than=KICK_OFF + timedelta(days=1))
    left = await query(store, "SELECT bookmaker_event_id FROM platform_events ORDER BY id")
    assert left == [("later",), ("SportyBet-1",)]
    assert await query(store, "SELECT count(*) FROM events") == [(2,)]
    assert await query(store, "SELECT count(*) FROM odds") == [(6,)]
    assert await query(store, "SELECT count(*) FROM odds_changes") == [(0,)]
    await store.prune("uid-2", successful=9, failed=9, older_than=KICK_OFF + timedelta(days=1))
    assert await query(store, "SELECT sportradar_id FROM events") == [("81000002",)]


async def test_pruning_goes_on_until_nothing_old_is_left(store: SQLRunStore) -> None:
    many = [event_of(OFFER, event_id=f"e{number}", sportradar_id=f"81{number:06}") for number in range(410)]
    await read_at(store, 0, *many)
    await store.prune("uid-1", successful=9, failed=9, older_than=START + timedelta(days=30))
    assert await query(store, "SELECT count(*) FROM platform_events") == [(0,)]
    assert await query(store, "SELECT count(*) FROM odds") == [(0,)]


async def test_markets_are_defined_once_and_anew_when_they_differ(store: SQLRunStore) -> None:
    await read_at(store, 0, event_of(OFFER), markets=MARKETS)
    await read_at(store, 5, event_of(OFFER), markets=[replace(OVER_UNDER, outcomes=("over", "exactly", "under"))])
    rows = await query(store, "SELECT market, outcome_count, winners FROM odds_markets ORDER BY market")
    assert rows == [
        ("1x2", 3, 1),
        ("asian_handicap", 2, 1),
        ("correct_score", 0, 1),
        ("double_chance", 3, 2),
        ("over_under", 3, 1),
    ]
