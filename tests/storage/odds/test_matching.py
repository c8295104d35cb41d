"""Events of several bookmakers become one by SportRadar's id, by Genius Sports', or, marked weak, by names and time."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from scrape_operator.core.odds.matching import match_events
from scrape_operator.core.odds.model import OddsEvent
from scrape_operator.storage.odds.sink import OddsSink
from scrape_operator.storage.store import SQLRunStore, open_store
from scrape_operator.storage.tables import (
    events,
    odds,
    odds_changes,
    platform_events,
)
from tests.storage.odds.database import Database
from tests.storage.odds.values import (
    KICK_OFF,
    event_of,
    matched,
    offered,
    prices_of,
    query,
    read_at,
    reading_of,
    store_at,
    together,
)
from tests.storage.values import rows_of, settings_for

OFFER = prices_of(home="2.15")
BET9JA = event_of(OFFER, bookmaker="Bet9ja", away="Baobab Utd")
BETPAWA = event_of(OFFER, bookmaker="BetPawa")
SPORTYBET = event_of(OFFER, bookmaker="SportyBet")


def without_ids(event: OddsEvent) -> OddsEvent:
    return replace(event, sportradar_id=None, genius_id=None)


async def test_events_with_one_sportradar_id_are_one(store: SQLRunStore) -> None:
    await store_at(
        store, 0, *(reading_of(event, name=event.bookmaker.lower()) for event in (BET9JA, BETPAWA, SPORTYBET))
    )
    (event,) = await rows_of(store, events)
    assert await matched(store) == together([("Bet9ja-1", "id"), ("BetPawa-1", "id"), ("SportyBet-1", "id")])
    assert {name: event[name] for name in ("sportradar_id", "match_kind", "home", "away", "starts_at")} == {
        "sportradar_id": "81000001",
        "match_kind": "id",
        "home": "Acacia Rovers",
        "away": "Baobab United",
        "starts_at": KICK_OFF,
    }


async def test_schedules_apart_come_together_all_the_same(store: SQLRunStore) -> None:
    await read_at(store, 0, BET9JA, uid="uid-1")
    (first,) = await rows_of(store, events)
    await read_at(store, 1, BETPAWA, uid="uid-2")
    await read_at(store, 2, SPORTYBET, uid="uid-3")
    (event,) = await rows_of(store, events)
    assert event["id"] == first["id"]


async def test_a_genius_id_joins_where_the_other_id_is_missing(store: SQLRunStore) -> None:
    await read_at(store, 0, replace(SPORTYBET, genius_id="13900001"), uid="uid-1")
    await read_at(
        store, 1, replace(BETPAWA, sportradar_id=None, genius_id="13900001", home="Quite another"), uid="uid-2"
    )
    (event,) = await rows_of(store, events)
    assert (event["sportradar_id"], event["genius_id"], event["match_kind"]) == ("81000001", "13900001", "id")


async def test_names_and_kick_off_join_what_has_no_id_and_say_so(store: SQLRunStore) -> None:
    await read_at(store, 0, without_ids(BET9JA), uid="uid-1")
    await read_at(store, 1, SPORTYBET, uid="uid-2")
    assert await matched(store) == together([("Bet9ja-1", "weak"), ("SportyBet-1", "id")])
    assert [row["match_kind"] for row in await rows_of(store, events)] == ["weak"]


async def test_an_event_alone_without_an_id_is_matched_by_nothing(store: SQLRunStore) -> None:
    await read_at(store, 0, without_ids(BET9JA))
    assert await matched(store) == together([("Bet9ja-1", "none")])


async def test_two_events_that_were_taken_for_one_part_when_their_ids_differ(store: SQLRunStore) -> None:
    await read_at(store, 0, without_ids(BET9JA), uid="uid-1")
    await read_at(store, 1, without_ids(BETPAWA), uid="uid-2")
    assert await matched(store) == together([("Bet9ja-1", "weak"), ("BetPawa-1", "weak")])
    await read_at(store, 5, replace(BET9JA, sportradar_id="81000001"), uid="uid-1")
    assert await matched(store) == together([("Bet9ja-1", "id"), ("BetPawa-1", "weak")])
    await read_at(store, 6, replace(BETPAWA, sportradar_id="81000002"), uid="uid-2")
    assert await matched(store) == together([("Bet9ja-1", "id")], [("BetPawa-1", "id")])
    assert {row["sportradar_id"] for row in await rows_of(store, events)} == {"81000001", "81000002"}


async def test_two_rows_that_turn_out_to_be_one_event_become_one(store: SQLRunStore) -> None:
    await read_at(store, 0, replace(without_ids(BET9JA), home="Quite another"), uid="uid-1")
    await read_at(store, 1, BETPAWA, uid="uid-2")
    kept = {row["sportradar_id"]: row["id"] for row in await rows_of(store, events)}
    assert len(kept) == 2
    await read_at(store, 5, BET9JA, uid="uid-1")
    (event,) = await rows_of(store, events)
    assert event["id"] == kept["81000001"]
    assert await query(store, "SELECT count(*) FROM event_odds WHERE event_id = :id", id=event["id"]) == [(2,)]


async def test_an_event_that_moves_in_time_moves_for_all(store: SQLRunStore) -> None:
    later = KICK_OFF + timedelta(hours=2)
    await store_at(
        store, 0, *(reading_of(event, name=event.bookmaker.lower()) for event in (BET9JA, BETPAWA, SPORTYBET))
    )
    moved = [replace(event, starts_at=later) for event in (BET9JA, BETPAWA)]
    await store_at(store, 5, *(reading_of(event, name=event.bookmaker.lower()) for event in moved))
    assert [row["starts_at"] for row in await rows_of(store, events)] == [later]


async def test_an_event_that_was_listed_anew_takes_the_place_of_the_old_one(store: SQLRunStore) -> None:
    await read_at(store, 0, SPORTYBET, uid="uid-1")
    await read_at(store, 1, BET9JA, uid="uid-2")
    await read_at(store, 5, replace(BET9JA, event_id="new"), uid="uid-2")
    (event,) = await rows_of(store, events)
    assert set(await offered(store)) == {"Bet9ja 1x2/home", "SportyBet 1x2/home"}
    assert len(await query(store, "SELECT 1 FROM event_odds WHERE event_id = :id", id=event["id"])) == 2


async def test_what_began_long_ago_keeps_its_event(store: SQLRunStore) -> None:
    await store_at(store, 0, *(reading_of(event, name=event.bookmaker.lower()) for event in (BET9JA, BETPAWA)))
    old = await matched(store)
    new = event_of(OFFER, event_id="new", sportradar_id="81000009", starts_at=KICK_OFF + timedelta(days=9))
    await read_at(store, 5 * 24 * 60, new)
    assert await matched(store) == old | together([("new", "id")])


@pytest.mark.postgres
async def test_replicas_that_store_at_the_same_time_agree(migrated_postgres_url: str) -> None:
    chosen = settings_for(migrated_postgres_url)
    books = [event_of(OFFER, bookmaker=f"Book {number}") for number in range(8)]
    async with open_store(chosen, [OddsSink()]) as one, open_store(chosen, [OddsSink()]) as other:
        await asyncio.gather(
            *(read_at([one, other][n % 2], n, book, uid=f"uid-{n}") for n, book in enumerate([*books, *books]))
        )
        assert len(await rows_of(one, events)) == 1
        assert len(await rows_of(one, platform_events)) == len(await rows_of(one, odds)) == 8


# ---- whatever comes in whatever order -------------------------------------------------------------------------------

TEAMS = ("Acacia Rovers", "Baobab United", "Cedar Town", "Dune City U19", "Dune City")
BOOKS = ("Bet9ja", "BetPawa", "SportyBet")


@st.composite
def listings(draw: st.DrawFn) -> list[OddsEvent]:
    """Draw what three bookmakers list: few matches, ids that lack, are shared, or contradict each other."""
    identities = draw(st.lists(st.tuples(st.sampled_from(BOOKS), st.sampled_from("abc")), max_size=8, unique=True))
    return [
        event_of(
            {"1x2/home": "2.15"},
            bookmaker=bookmaker,
            event_id=f"{bookmaker}-{letter}",
            home=draw(st.sampled_from(TEAMS)),
            away=draw(st.sampled_from(TEAMS)),
            starts_at=KICK_OFF + draw(st.sampled_from([timedelta(0), timedelta(minutes=3), timedelta(hours=40)])),
            sportradar_id=draw(st.sampled_from([None, "1", "2", "3"])),
            genius_id=draw(st.sampled_from([None, None, "7", "8"])),
        )
        for bookmaker, letter in identities
    ]


EXAMPLES = settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)


@EXAMPLES
@given(listed=listings(), data=st.data())
def test_the_matches_depend_on_what_is_listed_and_not_on_the_order(
    database: Database, listed: list[OddsEvent], data: st.DataObject
) -> None:
    expected = {
        frozenset(event.event_id for event in found.events.values()): found.weak
        for found in match_events(listed).matched
    }
    in_another_order = data.draw(st.permutations(listed))
    first = database.run(database.matches_of(listed))
    assert database.run(database.matches_of(in_another_order)) == first
    assert {frozenset(name for name, _ in group) for group in first} == set(expected)
    weak = {name for group in first for name, kind in group if kind == "weak"}
    assert weak == {name for group, books in expected.items() for name in group if name.split("-")[0] in books}


@EXAMPLES
@given(before=listings(), listed=listings())
def test_what_was_believed_before_leaves_no_trace(
    database: Database, before: list[OddsEvent], listed: list[OddsEvent]
) -> None:
    """Every event is read as something else first, and then as what it is."""
    names = {event.event_id for event in listed}
    believed = [event for event in before if event.event_id in names]
    assert database.run(database.matches_of([*believed, *listed])) == database.run(database.matches_of(listed))


PRICES = st.decimals(Decimal("1.01"), Decimal(9_999_999), places=8).map(lambda price: price.normalize())


@EXAMPLES
@given(price=PRICES, line=st.integers(-40, 40))
def test_every_price_comes_back_as_it_went_in(database: Database, price: Decimal, line: int) -> None:
    name = f"asian_handicap@{Decimal(line) / 4:f}/home"

    async def stored() -> tuple[Any, list[dict[str, Any]]]:
        await database.empty()
        for number in (0, 1):
            await read_at(database.store, number, event_of({name: f"{price:f}"}))
        found = await offered(database.store)
        return found, await rows_of(database.store, odds_changes)

    assert database.run(stored()) == ({f"Bet9ja asian_handicap@{(Decimal(line) / 4).normalize():f}/home": price}, [])
