"""Whatever ids are missing and however names are written: no wrong pair, and no fixture is torn apart."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from scrape_operator.core.odds.matching import match_events
from scrape_operator.core.odds.model import OddsEvent

KICKOFF = datetime(2026, 12, 25, 16, tzinfo=UTC)
BOOKS = ("SportyBet", "BetPawa", "Bet9ja")
CLUBS = [f"{first} {last}" for first in ("Acacia", "Baobab", "Cedar", "Dune") for last in ("Rovers", "United", "Town")]


@st.composite
def truths(draw) -> list[list[OddsEvent]]:
    """Fixtures in which no club plays twice, each at some bookmakers, with some ids missing and names written anew."""
    clubs = draw(st.permutations(CLUBS))
    fixtures = []
    for number in range(draw(st.integers(1, 6))):
        home, away = clubs[2 * number], clubs[2 * number + 1]
        squad = draw(st.sampled_from(["", " U19", " (W)"]))
        genius = draw(st.sampled_from([None, str(500 + number)]))
        fixture = [
            OddsEvent(
                book,
                f"{book}-{number}",
                draw(spellings(home)) + squad,
                draw(spellings(away)) + squad,
                KICKOFF + timedelta(minutes=draw(st.sampled_from([0, 1]))),
                sportradar_id=draw(st.sampled_from([str(900 + number), None])),
                genius_id=genius if draw(st.booleans()) else None,
            )
            for book in draw(st.sets(st.sampled_from(BOOKS), min_size=1))
        ]
        fixtures.append(fixture)
    return fixtures


def spellings(club: str) -> st.SearchStrategy[str]:
    forms = [club, f"{club} FC", club.upper(), club.replace("United", "Utd"), club.replace("a", "á")]
    return st.sampled_from(forms)


@settings(max_examples=200, deadline=None)
@given(truths(), st.randoms(use_true_random=False))
def test_no_pair_is_wrong_and_all_that_share_an_id_are_together(fixtures, random) -> None:
    events = [event for fixture in fixtures for event in fixture]
    random.shuffle(events)
    matched = match_events(events).matched
    assert sorted(event.event_id for one in matched for event in one.events.values()) == sorted(
        event.event_id for event in events
    )
    for one in matched:
        assert len({event.event_id.rpartition("-")[2] for event in one.events.values()}) == 1
        assert one.weak <= one.events.keys()
    for fixture in fixtures:
        with_id = {event.event_id for event in fixture if event.sportradar_id}
        holders = [one for one in matched if with_id & {event.event_id for event in one.events.values()}]
        assert len(holders) <= 1
    assert match_events(sorted(events, key=lambda event: event.event_id)).matched == matched


@settings(deadline=None)
@given(truths())
def test_where_nothing_is_missing_every_fixture_is_one_group_and_none_is_weak(fixtures) -> None:
    events = [
        replace(event, sportradar_id=str(900 + number)) for number, fixture in enumerate(fixtures) for event in fixture
    ]
    matched = match_events(events).matched
    assert len(matched) == len(fixtures)
    assert not any(one.weak for one in matched)


@settings(deadline=None)
@given(truths())
def test_where_every_id_is_missing_clear_names_still_find_their_fixture(fixtures) -> None:
    events = [replace(event, sportradar_id=None, genius_id=None) for fixture in fixtures for event in fixture]
    assert len(match_events(events).matched) == len(fixtures)
