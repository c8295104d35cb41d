"""A reading is complete only if every counter of the platform is met; else nothing that it lacks counts as gone."""

from datetime import timedelta
from random import Random

import pytest

from scrape_operator.core.runs.reasons import Reason
from scrape_operator.core.runs.retry import RetryPolicy
from tests.dev.bookmakers.faults import Fault
from tests.dev.bookmakers.world import BOOKS
from tests.support.fetching import session_of

all_books = pytest.mark.parametrize("book", BOOKS)
TWO_TRIES = RetryPolicy(2, timedelta(0), timedelta(0), ("GET", "POST"))


def shorten(scene, book: str) -> int:
    """Let a bookmaker's list end early, or lack some; return how many of its events are missing then."""
    offered = scene.world.offered(book)
    match book:
        case "SportyBet":
            scene.sportybet.last_page = 0
            return len(offered)
        case "BetPawa":
            scene.betpawa.last = 20
            return len(offered) - 20
        case _:
            scene.bet9ja.empty_leagues = {2, 5}
            return sum(one.league.number in {2, 5} for one in offered)


@all_books
@pytest.mark.parametrize("values", [{}, {"horizon": "48h"}], ids=["all", "with a horizon"])
async def test_a_list_that_ends_early_says_how_many_events_are_missing(scene, book, values) -> None:
    if book == "SportyBet":
        scene.sportybet.hidden = missing = 7
    else:
        missing = shorten(scene, book)
    reading = await scene.read(book, markets=["1x2"], **values)
    assert reading.failure is None
    assert reading.items
    assert reading.context.losses.count == missing
    assert {loss.failure.reason for loss in reading.context.losses.kept} == {Reason.EXPECTATION_FAILED}


@all_books
async def test_a_healthy_list_is_complete_with_a_horizon_too(scene, book) -> None:
    reading = await scene.read(book, markets=["1x2"], horizon="24h")
    assert reading.context.is_complete


async def test_an_empty_page_with_a_total_of_0_does_not_lower_the_first_total(scene) -> None:
    for fixture in list(scene.world.fixtures) * 2:
        scene.world.fixtures.append(fixture.__class__(**vars(fixture) | {"number": len(scene.world.fixtures)}))
    scene.sportybet.last_page = 1
    reading = await scene.read("SportyBet", markets=["1x2"])
    assert reading.failure is None
    assert reading.context.losses.count == len(scene.world.offered("SportyBet")) - 100


async def test_a_list_without_a_total_proves_nothing(scene) -> None:
    scene.sportybet.has_total = False
    assert not (await scene.read("SportyBet", markets=["1x2"])).context.is_complete


async def test_a_league_without_a_size_proves_nothing(scene) -> None:
    scene.bet9ja.has_sizes = False
    reading = await scene.read("Bet9ja", markets=["1x2"])
    assert len(reading.items) == len(scene.world.offered("Bet9ja"))
    assert not reading.context.is_complete


@all_books
async def test_named_leagues_that_are_not_listed_are_named_and_not_covered(scene, book) -> None:
    field = {"SportyBet": "tournaments", "BetPawa": "competitions", "Bet9ja": "leagues"}[book]
    listed = {"SportyBet": "3", "BetPawa": "99003", "Bet9ja": "1990003"}[book]
    values = {"markets": ["1x2"], field: [listed, "777"]}
    reading = await scene.read(book, **values)
    assert reading.context.is_complete
    assert any("777" in note and "not listed" in note for note in reading.context.notes)
    payload = scene.platforms[book].sink_payload(scene.config(book, **values), reading.items, reading.context)
    assert {event.competition_id for event in payload.content.events} == payload.content.coverage.competitions


@all_books
async def test_events_that_vanished_since_they_were_listed_are_counted_and_end_nothing(scene, book) -> None:
    offered = [one.number for one in scene.world.offered(book)]
    scene.sites[book].vanished = gone = set(Random(3).sample(offered, 3))
    reading = await scene.read(book, markets=["*"])
    assert reading.failure is None
    assert reading.context.is_complete
    assert reading.context.counters["vanished"] == 3
    assert set(reading.prices()) == set(offered) - gone


@all_books
async def test_events_that_vanish_in_bulk_are_not_taken_for_gone(scene, book) -> None:
    offered = [one.number for one in scene.world.offered(book)]
    scene.sites[book].vanished = set(offered[::4])
    reading = await scene.read(book, markets=["*"])
    assert reading.failure is not None or not reading.context.is_complete


@all_books
@pytest.mark.parametrize(
    "fault", [Fault.EMPTY, Fault.WAF_EMPTY, Fault.WAF_PAGE, Fault.CUT], ids=lambda fault: fault.name.lower()
)
async def test_one_answer_without_json_is_tried_again(scene, clients, book, fault) -> None:
    site = scene.sites[book]
    site.fault, site.healthy_requests, site.faulty_requests = fault, 1, 1
    reading = await scene.read(book, session_of(clients, retry=TWO_TRIES), markets=["1x2"])
    assert reading.failure is None
    assert reading.context.is_complete
    assert reading.prices() == scene.truth(book, "1x2")


@all_books
async def test_an_answer_without_json_at_every_try_has_its_reason(scene, clients, book) -> None:
    scene.sites[book].fault = Fault.EMPTY
    reading = await scene.read(book, session_of(clients, retry=TWO_TRIES), markets=["1x2"])
    assert reading.failure is not None
    assert reading.failure.reason is Reason.PLATFORM_CHANGED
    assert scene.sites[book].requests.total() == 2


@all_books
async def test_headers_of_the_config_are_sent_in_place_of_the_adapters_own(scene, book) -> None:
    await scene.read(book, markets=["1x2"], headers={"User-Agent": "reader/1", "accept": "application/json, */*"})
    sent = {name.lower(): value for name, value in scene.sites[book].headers.items()}
    assert (sent["user-agent"], sent["accept"]) == ("reader/1", "application/json, */*")


async def test_sportybets_operid_is_sent_if_it_is_configured(scene) -> None:
    for values, expected in (({}, None), ({"operid": "2"}, "2")):
        await scene.read("SportyBet", markets=["1x2"], **values)
        assert scene.sportybet.headers.get("operid") == expected
