"""The adapters read whole simulated worlds over the operator's own fetcher, and find the truth."""

from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from scrape_operator.core.odds.matching import match_events
from scrape_operator.core.odds.model import line_text
from scrape_operator.core.times import rfc3339
from scrape_operator.platforms.betpawa.config import BetPawaConfig
from scrape_operator.platforms.odds.markets import MAIN_MARKETS
from tests.dev.bookmakers.scene import number_of
from tests.dev.bookmakers.world import BOOKS

all_books = pytest.mark.parametrize("book", BOOKS)


@all_books
@pytest.mark.parametrize(
    "markets",
    [
        pytest.param(MAIN_MARKETS, id="the main markets"),
        pytest.param(("1x2", "double_chance"), id="what listings hold"),
        pytest.param(
            ("1x2_1st_half", "over_under_2nd_half", "home_total", "corners_over_under"), id="halves and teams"
        ),
        pytest.param(("odd_even",), id="what every match has"),
    ],
)
async def test_every_event_and_every_offered_price_is_the_worlds_truth(scene, book, markets) -> None:
    reading = await scene.read(book, markets=list(markets))
    assert reading.failure is None
    assert reading.prices() == scene.truth(book, *markets)
    assert reading.context.is_complete


@all_books
async def test_with_every_market_what_has_no_canonical_name_is_kept_and_counted(scene, book) -> None:
    reading = await scene.read(book, markets=["*"])
    assert reading.prices() == scene.truth(book)
    assert all(item["other_odds"] for item in reading.items)
    strange = {"SportyBet": {"35 35", "18 18"}, "BetPawa": {"77001 First colour"}, "Bet9ja": {"S_COLOUR"}}
    assert reading.context.unknown == dict.fromkeys(strange[book], len(reading.items))


@all_books
async def test_an_early_payout_price_never_stands_in_1x2(scene, book) -> None:
    plain, early = await scene.read(book, markets=["1x2"]), await scene.read(book, markets=["1x2_1up", "1x2_2up"])
    assert plain.prices() == scene.truth(book, "1x2")
    assert early.prices() == scene.truth(book, "1x2_1up", "1x2_2up")


@all_books
async def test_odds_that_moved_are_read_as_they_are_now(scene, book) -> None:
    before = await scene.read(book, markets=["1x2"])
    scene.world.tick += 1
    after = await scene.read(book, markets=["1x2"])
    assert after.prices() == scene.truth(book, "1x2") != before.prices()


@all_books
async def test_the_horizon_leaves_out_what_begins_later(scene, book) -> None:
    reading = await scene.read(book, markets=["1x2"], horizon="24h")
    ahead = {one.number for one in scene.world.offered(book) if one.kickoff <= scene.world.start + timedelta(hours=24)}
    assert set(reading.prices()) == ahead != {one.number for one in scene.world.offered(book)}


@all_books
async def test_what_has_begun_is_left_out(scene, book) -> None:
    scene.world.start += timedelta(hours=30)
    reading = await scene.read(book, markets=["1x2"])
    assert reading.items
    assert all(event.starts_at > scene.world.start for event in reading.events)


@pytest.mark.parametrize(
    ("book", "field", "ids"),
    [
        pytest.param("BetPawa", "competitions", ["99001", "99003"], id="competitions of betPawa"),
        pytest.param("Bet9ja", "leagues", ["1990001", "1990003"], id="leagues of Bet9ja"),
    ],
)
async def test_only_named_leagues_are_read(scene, book, field, ids) -> None:
    reading = await scene.read(book, markets=["1x2"], **{field: ids})
    expected = {one.number for one in scene.world.offered(book) if one.league.number in {1, 3}}
    assert set(reading.prices()) == expected


async def test_events_carry_teams_times_league_and_ids(scene) -> None:
    by_number = {fixture.number: fixture for fixture in scene.world.fixtures}
    for book in BOOKS:
        for event in (await scene.read(book, markets=["1x2"])).events:
            fixture = by_number[number_of(event)]
            assert (event.home, event.away) == tuple(
                scene.world.name(book, one) for one in (fixture.home, fixture.away)
            )
            assert (event.starts_at, event.competition) == (fixture.kickoff, fixture.league.name)
            assert event.country == fixture.league.country
            knows = fixture.has_ids[book] == "sr"
            assert event.sportradar_id == (fixture.sportradar_id if knows else None)


async def test_all_books_match_by_id_and_only_events_without_ids_by_name(scene) -> None:
    events = [event for book in BOOKS for event in (await scene.read(book, markets=["1x2"])).events]
    matched = match_events(events).matched
    assert all(len({number_of(event) for event in one.events.values()}) == 1 for one in matched)
    offered = {fixture.number for book in BOOKS for fixture in scene.world.offered(book)}
    assert len(matched) == len(offered)
    weak = {(book, number_of(one.events[book])) for one in matched for book in one.weak}
    without = {(book, one.number) for book in BOOKS for one in scene.world.offered(book) if one.has_ids[book] == "none"}
    assert weak == without


async def test_betpawa_version_3_gives_the_same_odds(scene) -> None:
    scene.betpawa.version = "v3"
    reading = await scene.read("BetPawa", markets=["*"], apiVersion="v3")
    assert reading.failure is None
    assert reading.prices() == scene.truth("BetPawa")


async def test_betpawa_events_that_a_listing_by_markets_leaves_out_are_found(scene) -> None:
    reading = await scene.read("BetPawa", markets=["1x2"])
    assert len(reading.items) == len(scene.world.offered("BetPawa"))
    assert any(not item["odds"] for item in reading.items)


async def test_sportybet_events_that_are_counted_but_never_listed_are_reported(scene) -> None:
    scene.sportybet.hidden = 7
    reading = await scene.read("SportyBet", markets=["1x2"])
    assert reading.failure is None
    assert len(reading.items) == len(scene.world.offered("SportyBet"))
    assert reading.context.losses.count == 7
    assert any("7 events of the list lost" in line for line in reading.context.warnings())


async def test_one_throttled_league_of_bet9ja_is_lost_and_the_others_are_read(scene) -> None:
    scene.bet9ja.throttled_leagues = {2}
    reading = await scene.read("Bet9ja", markets=["1x2"])
    assert reading.failure is None
    assert set(reading.prices()) == {one.number for one in scene.world.offered("Bet9ja") if one.league.number != 2}
    assert reading.context.losses.kept[0].subject == "league 1990002"


async def test_only_named_tournaments_of_sportybet_are_read_by_post(scene) -> None:
    reading = await scene.read("SportyBet", markets=["1x2", "btts"], tournaments=["sr:tournament:1", "3"])
    expected = {one.number for one in scene.world.offered("SportyBet") if one.league.number in {1, 3}}
    assert reading.failure is None
    assert set(reading.prices()) == expected
    assert reading.prices().items() <= scene.truth("SportyBet", "1x2", "btts").items()
    assert scene.sportybet.requests == {"popularAndSportList": 1, "pcEvents": 1}
    assert reading.context.is_complete


@all_books
async def test_a_reading_for_the_tables_names_the_markets_that_were_asked_for(scene, book) -> None:
    reading = await scene.read(book, markets=["double_chance", "1x2", "correct_score"])
    config = scene.config(book, markets=["double_chance", "1x2", "correct_score"])
    odds = scene.platforms[book].sink_payload(config, reading.items, reading.context).content
    assert [(one.name, len(one.outcomes), one.winners) for one in odds.markets] == [
        ("1x2", 3, 1),
        ("correct_score", 0, 1),
        ("double_chance", 3, 2),
    ]
    assert {event.bookmaker for event in odds.events} == {book}


@all_books
async def test_the_tables_get_what_the_items_have(scene, book) -> None:
    reading = await scene.read(book, markets=["*"])
    for item, event in zip(reading.items, reading.events, strict=True):
        told = {name: item[name] for name in TOLD}
        assert told == {name: getattr(event, name) for name in TOLD}
        assert item["starts_at"] == rfc3339(event.starts_at)
        assert dict(prices_in(item["odds"])) == {
            (key.market, line_text(key.line), key.outcome): price for key, price in event.prices.items()
        }


TOLD = (
    *("bookmaker", "event_id", "sportradar_id", "genius_id", "sport", "country", "competition", "competition_id"),
    *("home", "away"),
)


def prices_in(odds: dict[str, Any]) -> Iterator[tuple[tuple[str, str, str], Decimal]]:
    for market, part in odds.items():
        lines = {"": part} if all(isinstance(price, str) for price in part.values()) else part
        for line, outcomes in lines.items():
            for outcome, price in outcomes.items():
                yield (market, line, outcome), Decimal(price)


def test_the_sites_of_a_brand_in_two_countries_are_two_bookmakers() -> None:
    names = [BetPawaConfig(country=country).bookmaker("BetPawa") for country in ("ng", "gh")]
    assert names == ["BetPawa", "BetPawa GH"]
