"""No wrong pair, whatever ids are missing; and every pair that ids or clear names give."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scrape_operator.core.odds.matching import match_events
from scrape_operator.core.odds.model import OddsEvent
from scrape_operator.core.odds.names import NOT_LISTED
from scrape_operator.core.odds.teams import club_likeness

KICKOFF = datetime(2026, 12, 25, 16, tzinfo=UTC)
BOOKS = ("SportyBet", "BetPawa", "Bet9ja")


def event(book: str, event_id: str, home="Acacia Rovers", away="Baobab United", **more) -> OddsEvent:
    return OddsEvent(book, event_id, home, away, more.pop("starts_at", KICKOFF), **more)


def groups(*events: OddsEvent) -> list[tuple[str, list[str], list[str]]]:
    return [(one.key, sorted(one.events), sorted(one.weak)) for one in match_events(events).matched]


def test_the_same_sportradar_id_is_the_same_event_also_where_names_differ_in_part() -> None:
    found = groups(
        event("SportyBet", "1", sportradar_id="81000001"),
        event("BetPawa", "2", "Acacia Rov. FC", "Baobab", sportradar_id="81000001"),
        event("Bet9ja", "3", "Acacia", "Baobab Utd", sportradar_id="81000001"),
    )
    assert found == [("sr:81000001", ["Bet9ja", "BetPawa", "SportyBet"], [])]


def test_the_genius_id_joins_what_sportradar_does_not() -> None:
    found = groups(
        event("SportyBet", "1", sportradar_id="81000002", genius_id="13990002"),
        event("BetPawa", "2", "Acacia", genius_id="13990002"),
    )
    assert found == [("sr:81000002", ["BetPawa", "SportyBet"], [])]


def test_without_ids_names_and_kick_off_join_and_are_marked_weak() -> None:
    found = groups(
        event("SportyBet", "1", "Acacia Rovers FC", sportradar_id="81000001"),
        event("Bet9ja", "3", "Acácia Rovers", "Baobab Utd"),
    )
    assert found == [("sr:81000001", ["Bet9ja", "SportyBet"], ["Bet9ja"])]


def test_an_event_that_has_the_id_is_not_weak_whichever_bookmaker_comes_first() -> None:
    found = groups(event("Bet9ja", "1", sportradar_id="81000001"), event("SportyBet", "3"))
    assert found == [("sr:81000001", ["Bet9ja", "SportyBet"], ["SportyBet"])]


def test_two_events_without_any_id_are_both_weak() -> None:
    found = groups(event("BetPawa", "2"), event("Bet9ja", "3"))
    assert found == [("bet9ja:3", ["Bet9ja", "BetPawa"], ["Bet9ja", "BetPawa"])]


@pytest.mark.parametrize(
    "other",
    [
        pytest.param({"home": "Acacia Rovers U19"}, id="juniors"),
        pytest.param({"home": "Acacia Rovers (W)"}, id="women"),
        pytest.param({"home": "Acacia Rovers II"}, id="a second team"),
        pytest.param({"home": "Acacia Rovers SRL"}, id="a simulated match"),
        pytest.param({"home": "Acacia Rangers"}, id="a club with a similar name"),
        pytest.param({"home": "Acacia"}, id="half of the name"),
        pytest.param({"home": "Baobab United", "away": "Acacia Rovers"}, id="the return match"),
        pytest.param({"starts_at": KICKOFF + timedelta(minutes=16)}, id="another kick-off"),
        pytest.param({"home": "", "away": ""}, id="no names"),
        pytest.param({"sport": "basketball"}, id="another sport"),
    ],
)
def test_names_that_are_not_clearly_the_same_stay_apart(other) -> None:
    mine = event("SportyBet", "1", sportradar_id="81000001")
    assert len(groups(mine, event("Bet9ja", "3", **other))) == 2


def test_a_name_that_fits_two_events_joins_neither() -> None:
    found = groups(
        event("SportyBet", "1", "Acacia Rovers", sportradar_id="1"),
        event("SportyBet", "2", "Acacia Rover", sportradar_id="2"),
        event("Bet9ja", "3", "Acacia Rovers"),
    )
    assert len(found) == 3


@pytest.mark.parametrize("other", [{"home": "Acacia Rovers U19"}, {"away": "Baobab United U19"}])
def test_another_squad_at_the_same_time_does_not_make_a_name_unclear(other: dict[str, str]) -> None:
    found = groups(
        event("SportyBet", "1", sportradar_id="1"),
        event("Bet9ja", "2", **other),
        event("Bet9ja", "3"),
    )
    assert [books for _key, books, _weak in found] == [["Bet9ja"], ["Bet9ja", "SportyBet"]]


def test_a_name_that_fits_two_events_with_different_ids_joins_neither() -> None:
    found = groups(
        event("BetPawa", "1"), event("Bet9ja", "2", sportradar_id="1"), event("SportyBet", "3", sportradar_id="2")
    )
    assert [books for _key, books, _weak in found] == [["BetPawa"], ["Bet9ja"], ["SportyBet"]]


@pytest.mark.parametrize(("written", "count"), [("Wanderers Xi", 1), ("Wanderers Xia", 2)])
def test_names_of_which_nine_tenths_are_the_same_are_clear(written: str, count: int) -> None:
    assert len(groups(event("SportyBet", "1", "Wanderers"), event("Bet9ja", "3", written))) == count


def test_two_teams_that_are_as_alike_either_way_are_listed_in_the_same_order() -> None:
    names = ("Acacia Rovers", "Acacia Rover")
    (matched,) = match_events([event(book, "1", *names, sportradar_id="1") for book in BOOKS]).matched
    assert matched.swapped == frozenset()


def test_different_sportradar_ids_are_never_joined_by_a_genius_id_or_by_names() -> None:
    found = groups(
        event("SportyBet", "1", sportradar_id="1", genius_id="7"),
        event("BetPawa", "2", sportradar_id="2", genius_id="7"),
    )
    assert [key for key, _books, _weak in found] == ["sr:1", "sr:2"]


def test_an_id_that_a_bookmaker_has_twice_joins_the_others_only() -> None:
    found = groups(
        event("SportyBet", "1", sportradar_id="1"),
        event("BetPawa", "2", sportradar_id="1"),
        event("Bet9ja", "3", sportradar_id="1"),
        event("Bet9ja", "4", sportradar_id="1"),
    )
    assert sorted(books for _key, books, _weak in found) == [["Bet9ja"], ["Bet9ja"], ["BetPawa", "SportyBet"]]


def apart(*events: OddsEvent) -> dict[str, str]:
    return {identity[1]: reason for identity, reason in match_events(events).apart.items()}


def test_an_id_on_matches_days_apart_was_used_again() -> None:
    events = (
        event("SportyBet", "1", sportradar_id="1"),
        event("BetPawa", "2", sportradar_id="1", starts_at=KICKOFF + timedelta(hours=36, seconds=1)),
    )
    assert len(groups(*events)) == 2
    assert set(apart(*events).values()) == {"SportRadar id 1 is on a kick-off more than 36 hours away"}
    nearer = replace(events[1], starts_at=KICKOFF + timedelta(hours=36))
    assert len(groups(events[0], nearer)) == 1


def test_two_books_that_agree_on_kick_off_are_joined_even_if_a_third_is_off_by_days() -> None:
    for off in range(3):
        events = [event(book, str(at), sportradar_id="1") for at, book in enumerate(BOOKS)]
        events[off] = replace(events[off], starts_at=KICKOFF + timedelta(days=4))
        assert sorted(len(books) for _key, books, _weak in groups(*events)) == [1, 2]
        assert list(apart(*events)) == [str(off)]


def test_squads_are_compared_by_team_also_where_teams_are_swapped() -> None:
    one = event("SportyBet", "1", "Acacia Rovers U19", "Baobab United", sportradar_id="81000001")
    other = event("BetPawa", "2", "Baobab United", "Acacia Rovers U19", sportradar_id="81000001")
    [matched] = match_events([one, other]).matched
    assert matched.swapped == {"SportyBet"}
    assert len(groups(one, replace(other, home="Baobab United U19", away="Acacia Rovers"))) == 2


def test_one_id_with_swapped_teams_is_one_event_that_is_swapped_at_the_minority() -> None:
    events = [event(book, str(at), sportradar_id="1") for at, book in enumerate(BOOKS)]
    for swapped in range(3):
        listed = [replace(one, home=one.away, away=one.home) if at == swapped else one for at, one in enumerate(events)]
        (matched,) = match_events(listed).matched
        assert matched.swapped == {BOOKS[swapped]}
    (pair,) = match_events([events[0], replace(events[1], home=events[1].away, away=events[1].home)]).matched
    assert pair.swapped == {"SportyBet"}
    (none,) = match_events(events).matched
    assert none.swapped == frozenset()


@pytest.mark.parametrize(
    ("other", "reason"),
    [
        pytest.param(
            {"home": "Cedar Town", "away": "Dune City"}, "other teams: Cedar Town - Dune City", id="other teams"
        ),
        pytest.param({"home": "Acacia", "away": "Acacia"}, None, id="one team is the same"),
        pytest.param({"home": "Acacia Xi", "away": "Cedar Town"}, None, id="one team is alike by three fifths"),
        pytest.param({"home": "Baobab United", "away": "Acacia Xi"}, None, id="alike and swapped"),
        pytest.param(
            {"home": "Acacia Dune", "away": "Baobab Metropolitana Wanderers"}, None, id="both are alike by three tenths"
        ),
        pytest.param(
            {"home": "Acacia Dune", "away": "Baobab Metropolitanas Wanderers"},
            "other teams: Acacia Dune - Baobab Metropolitanas Wanderers",
            id="one is alike by less",
        ),
        pytest.param(
            {"home": "Acacia Xia", "away": "Cedar Town"},
            "other teams: Acacia Xia - Cedar Town",
            id="alike by less",
        ),
        pytest.param(
            {"home": "Acacia Rovers U19"}, "another squad: Acacia Rovers U19 - Baobab United ()", id="juniors"
        ),
        pytest.param({"away": "Baobab United W"}, "another squad: Acacia Rovers - Baobab United W ()", id="women"),
        pytest.param(
            {"competition": "Women League"},
            "another squad: Acacia Rovers - Baobab United (Women League)",
            id="a women's league",
        ),
    ],
)
def test_one_id_with_other_teams_is_no_pair(other: dict[str, str], reason: str | None) -> None:
    mine = event("SportyBet", "1", sportradar_id="7")
    found = apart(mine, event("BetPawa", "2", **{"sportradar_id": "7", **other}))
    assert found.get("1") == (None if reason is None else f"SportRadar id 7 is on {reason}")


def test_squads_that_the_competition_names_need_not_be_in_the_teams_name() -> None:
    women = event("SportyBet", "1", "Acacia Rovers", "Baobab United", competition="Women League")
    named = event("Bet9ja", "2", "Acacia Rovers W", "Baobab United W", competition="Premier League Women")
    assert len(groups(women, named)) == 1


def test_two_groups_with_one_id_are_two_events() -> None:
    events = [event(book, str(at), sportradar_id="1") for at, book in enumerate(("A", "B", "C", "D"))]
    later = [replace(one, starts_at=KICKOFF + timedelta(days=7)) for one in events[2:]]
    assert [sorted(one.events) for one in match_events([*events[:2], *later]).matched] == [["A", "B"], ["C", "D"]]


def test_a_pair_by_genius_sports_and_one_with_a_sportradar_id_join_by_names() -> None:
    found = groups(
        event("BetPawa", "1", genius_id="7"),
        event("Bet9ja", "2", genius_id="7"),
        event("SportyBet", "3", sportradar_id="1"),
    )
    assert found == [("sr:1", ["Bet9ja", "BetPawa", "SportyBet"], ["Bet9ja", "BetPawa"])]


def test_groups_that_both_have_an_event_of_one_bookmaker_stay_apart_whatever_the_names_say() -> None:
    found = groups(
        event("BetPawa", "1", genius_id="7"),
        event("Bet9ja", "2", genius_id="7"),
        event("SportyBet", "3", sportradar_id="1"),
        event("BetPawa", "4", "Acacia Rovers FC", starts_at=KICKOFF + timedelta(minutes=5), sportradar_id="1"),
    )
    assert [books for _key, books, _weak in found] == [["Bet9ja", "BetPawa"], ["BetPawa", "SportyBet"]]


@pytest.mark.parametrize(
    ("mine", "other", "reason"),
    [
        pytest.param({}, {"starts_at": KICKOFF + timedelta(minutes=40)}, "40 minutes apart", id="another kick-off"),
        pytest.param(
            {},
            {"home": "Baobab United", "away": "Acacia Rovers"},
            "with home and away the other way round",
            id="swapped",
        ),
        pytest.param({"sportradar_id": "1"}, {"sportradar_id": "2"}, "with another SportRadar id", id="ids"),
        pytest.param(
            {"sportradar_id": "1", "genius_id": "1"},
            {"starts_at": KICKOFF + timedelta(hours=36)},
            "2160 minutes apart",
            id="ids of one alone, and a kick-off as far away as the same ids may have",
        ),
        pytest.param({}, {"home": "Acacia Xi"}, "its names are not clearly the same", id="three fifths of a name"),
        pytest.param({"genius_id": "1"}, {"genius_id": "2"}, "with another Genius Sports id", id="Genius ids"),
        pytest.param({}, {"home": "Acacia Rovers U19"}, "that is another squad", id="a squad"),
        pytest.param(
            {"home": "Sevilla"},
            {"home": "Sevvlla", "starts_at": KICKOFF + timedelta(minutes=40)},
            "40 minutes apart",
            id="three letters in common",
        ),
        pytest.param({}, {"home": "Acacia Rovers Sporting Club"}, "its names are not clearly the same", id="names"),
        pytest.param(
            {},
            {"home": "Acacia Rovers Sporting Club", "starts_at": KICKOFF + timedelta(minutes=15)},
            "its names are not clearly the same",
            id="names, and a kick-off that is near enough",
        ),
    ],
)
def test_an_unmatched_event_says_which_other_one_looks_like_it(mine, other, reason) -> None:
    found = apart(event("SportyBet", "1", **mine), event("Bet9ja", "3", **other))
    assert found["1"].startswith("Bet9ja lists ")
    assert found["1"].endswith(f", but {reason}")


@pytest.mark.parametrize(
    "other",
    [
        pytest.param({"home": "Cedar Town", "away": "Dune City"}, id="other teams"),
        pytest.param({"sport": "basketball"}, id="another sport"),
        pytest.param({"starts_at": KICKOFF + timedelta(hours=36, seconds=1)}, id="days later"),
        pytest.param({"home": "Acacia Xia"}, id="less than three fifths of a name"),
        pytest.param({"away": "Dune City"}, id="one team alone"),
    ],
)
def test_an_event_that_nobody_else_lists_says_so(other) -> None:
    assert apart(event("SportyBet", "1"), event("Bet9ja", "3", **other))["1"] == NOT_LISTED


def test_a_team_whose_words_begin_otherwise_is_no_look_alike_of_another_time() -> None:
    one, other = event("SportyBet", "1", away="Olympica"), event("Bet9ja", "3", away="Alympica")
    assert len(groups(one, other)) == 1
    assert set(apart(one, replace(other, starts_at=KICKOFF + timedelta(minutes=40))).values()) == {NOT_LISTED}


def test_a_bookmaker_that_lists_an_id_twice_is_told() -> None:
    found = apart(event("Bet9ja", "3", sportradar_id="1"), event("Bet9ja", "4", sportradar_id="1"))
    assert found == dict.fromkeys(("3", "4"), "its bookmaker lists SportRadar id 1 twice")


@pytest.mark.parametrize("minutes", [-15, -14, 0, 14, 15])
def test_weak_matches_tolerate_a_quarter_of_an_hour(minutes: int) -> None:
    mine = event("SportyBet", "1", sportradar_id="1")
    assert len(groups(mine, event("Bet9ja", "3", starts_at=KICKOFF + timedelta(minutes=minutes)))) == 1


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Manchester United", "Man Utd"),
        ("Athletic Bilbao", "Ath. Bilbao"),
        ("FC Köln", "Koln"),
        ("Saint-Étienne", "St Etienne"),
        ("Acacia U-19", "Acacia U19"),
        ("Acacia Women", "Acacia (W)"),
    ],
)
def test_two_ways_to_write_a_team_are_alike(one: str, other: str) -> None:
    assert club_likeness(one, other) >= 0.9


@settings(deadline=None)
@given(st.text(max_size=100), st.text(max_size=100))
def test_likeness_is_between_0_and_1_and_the_same_both_ways_for_itself(one: str, other: str) -> None:
    assert 0 <= club_likeness(one, other) <= 1
    assert club_likeness(one, one) in {0, 1}
