"""Forms that were recorded of the bookmakers' answers, with own values: what each means, and what stays raw."""

from typing import Any

import pytest

from scrape_operator.core.odds.model import line_text
from scrape_operator.platforms.bet9ja import parsing as bet9ja
from scrape_operator.platforms.betpawa import parsing as betpawa
from scrape_operator.platforms.odds.events import OddsSheet
from scrape_operator.platforms.sportybet import parsing as sportybet

Canonical = dict[str, str]
"""Price by `market[@line]/outcome`."""


def canonical(sheet: OddsSheet) -> Canonical:
    return {
        f"{key.market}{'@' if key.line is not None else ''}{line_text(key.line)}/{key.outcome}": str(price)
        for key, price in sheet.prices.items()
    }


# ---- betPawa: rows of prices ----------------------------------------------------------------------------------------


def pawa(market: str, *rows: dict[str, Any], name: str = "") -> OddsSheet:
    return betpawa.read_markets({"markets": [{"marketType": {"id": market, "name": name}, "row": list(rows)}]})


def over(odds: float = 1.9, **more: Any) -> dict[str, Any]:
    return {"name": "Over", "typeId": "5001", "odds": odds, **more}


def sided(name: str, odds: float, handicap: str = "", **more: Any) -> dict[str, Any]:
    return {"name": name, "odds": odds, **({"handicap": handicap} if handicap else {}), **more}


PAWA: dict[str, tuple[OddsSheet, Canonical]] = {
    "the specifier holds quarters, the price its line": (
        pawa("5000", {"specifier": {"total": "10"}, "handicap": 10, "prices": [over(handicap="2.5")]}),
        {"over_under@2.5/over": "1.9"},
    ),
    "quarters alone": (pawa("5000", {"handicap": 11, "prices": [over()]}), {"over_under@2.75/over": "1.9"}),
    "a specifier alone": (
        pawa("5000", {"specifier": {"total": "3.5"}, "prices": [over()]}),
        {"over_under@3.5/over": "1.9"},
    ),
    "a specifier that the quarters contradict": (
        pawa("5000", {"specifier": {"total": "10"}, "handicap": 10, "prices": [over()]}),
        {},
    ),
    "a text that the quarters contradict": (pawa("5000", {"handicap": 12, "prices": [over(handicap="2.5")]}), {}),
    "a handicap of 0 is left out": (
        pawa("3774", {"prices": [sided("1", 1.8, typeId="3775"), sided("2", 2.0, typeId="3776")]}),
        {"asian_handicap@0/home": "1.8", "asian_handicap@0/away": "2.0"},
    ),
    "away's text has the other sign": (
        pawa("3774", {"handicap": -2, "prices": [sided("1", 1.8, "-0.5"), sided("2", 2.0, "+0.5")]}),
        {"asian_handicap@-0.5/home": "1.8", "asian_handicap@-0.5/away": "2.0"},
    ),
    "texts of two sides that contradict each other": (
        pawa("3774", {"prices": [sided("1", 1.8, "-0.5"), sided("2", 2.0, "-0.5")]}),
        {},
    ),
    "a European handicap, whose draw names either side": (
        pawa(
            "4724",
            {
                "handicap": -4,
                "prices": [sided("1", 4.5, "Home -1"), sided("X", 4.1, "Away -1"), sided("2", 1.6, "Away +1")],
            },
        ),
        {"european_handicap@-1/home": "4.5", "european_handicap@-1/draw": "4.1", "european_handicap@-1/away": "1.6"},
    ),
    "a first half's European handicap": (
        pawa("4716", {"specifier": {"hcp": "-1"}, "prices": [sided("1", 6.5)]}),
        {"european_handicap_1st_half@-1/home": "6.5"},
    ),
    "the next goal by its formatted handicap": (
        pawa("28000224", {"formattedHandicap": "1", "prices": [sided("1", 1.7), sided("None", 9.0), sided("2", 2.4)]}),
        {"next_goal@1/home": "1.7", "next_goal@1/none": "9.0", "next_goal@1/away": "2.4"},
    ),
    "a type id that the name contradicts": (
        pawa("3743", {"prices": [sided("2", 2.1, typeId="3744"), sided("X", 3.3, typeId="3745")]}),
        {"1x2/draw": "3.3"},
    ),
    "suspended as a text": (
        pawa("3743", {"prices": [sided("1", 2.1, suspended="false"), sided("2", 3.1, suspended="true")]}),
        {"1x2/home": "2.1"},
    ),
    "an early payout among the plain prices": (
        pawa("3743", {"prices": [sided("1", 1.7, additionalInfo={"anyUp": "ONE_UP"})]}),
        {"1x2_1up/home": "1.7"},
    ),
    "version 3 names the price otherwise": (
        pawa("3743", {"prices": [{"name": "1", "price": 2.18}]}),
        {"1x2/home": "2.18"},
    ),
    "odds that are left out": (pawa("3743", {"prices": [{"name": "1", "suspended": False}]}), {}),
}

# ---- SportyBet: one market object a line ----------------------------------------------------------------------------


def sporty(market: str, *outcomes: tuple[str, str, str], specifier: str = "", **more: Any) -> OddsSheet:
    listed = [{"id": one, "desc": label, "odds": odds, "isActive": 1} for one, label, odds in outcomes]
    about = {"id": market, "status": 0, "specifier": specifier, "outcomes": listed, "name": "a name", **more}
    return sportybet.read_markets({"markets": [about]})


SPORTY: dict[str, tuple[OddsSheet, Canonical]] = {
    "a score is the home side's line": (
        sporty("14", ("1711", "Home (0:1)", "4.40"), specifier="hcp=0:1"),
        {"european_handicap@-1/home": "4.40"},
    ),
    "a first half's European handicap": (
        sporty("65", ("1713", "Away (0:1)", "1.60"), specifier="hcp=0:1"),
        {"european_handicap_1st_half@-1/away": "1.60"},
    ),
    "a first half's draw no bet": (
        sporty("64", ("4", "Home", "1.5"), ("5", "Away", "2.4")),
        {"draw_no_bet_1st_half/home": "1.5", "draw_no_bet_1st_half/away": "2.4"},
    ),
    "a second half's Asian handicap": (
        sporty("88", ("1714", "Home (-0.5)", "2.1"), ("1715", "Away (+0.5)", "1.7"), specifier="hcp=-0.5"),
        {"asian_handicap_2nd_half@-0.5/home": "2.1", "asian_handicap_2nd_half@-0.5/away": "1.7"},
    ),
    "home no bet and away no bet": (
        sporty("12", ("776", "Draw", "3.1"), ("778", "Away", "1.4")),
        {"home_no_bet/draw": "3.1", "home_no_bet/away": "1.4"},
    ),
    "active as true": (
        sportybet.read_markets(
            {"markets": [{"id": "1", "status": "0", "outcomes": [{"id": "1", "odds": "2.1", "isActive": True}]}]}
        ),
        {"1x2/home": "2.1"},
    ),
    "active outcomes of a market that is closed": (sporty("1", ("1", "Home", "2.1"), status=2), {}),
    "banned as a text": (sporty("1", ("1", "Home", "2.1"), banned="true"), {}),
    "not banned as a text": (sporty("1", ("1", "Home", "2.1"), banned="false"), {"1x2/home": "2.1"}),
    "a label whose line the specifier contradicts": (
        sporty("18", ("12", "Over 3.5", "1.9"), ("13", "Under 2.5", "1.8"), specifier="total=2.5"),
        {"over_under@2.5/under": "1.8"},
    ),
    "a label that the id contradicts": (sporty("1", ("1", "Away", "2.1"), ("2", "Draw", "3.2")), {"1x2/draw": "3.2"}),
    "a specifier with more than a line": (sporty("18", ("12", "Over", "7.5"), specifier="minsnr=30|total=2.5"), {}),
    "a market without a canonical name": (sporty("999", ("1", "Blue", "4.2"), specifier="variant=sr:x:3+"), {}),
}

# ---- Bet9ja: one flat dictionary ------------------------------------------------------------------------------------

NINE: dict[str, tuple[OddsSheet, Canonical]] = {
    "a first half's European handicap with plain suffixes": (
        bet9ja.read_odds({"S_1X2HNDHT@-1_1": "6.5", "S_1X2HNDHT@-1_X": "5", "S_1X2HNDHT@-1_2": "1.3"}, {}),
        {
            "european_handicap_1st_half@-1/home": "6.5",
            "european_handicap_1st_half@-1/draw": "5",
            "european_handicap_1st_half@-1/away": "1.3",
        },
    ),
    "corners by either code": (
        bet9ja.read_odds({"S_TEAMCORNER_1": "1.7", "S_1X2CORNERS_X": "8.3"}, {}),
        {"corners_1x2/home": "1.7", "corners_1x2/draw": "8.3"},
    ),
    "Asian handicaps of halves": (
        bet9ja.read_odds({"S_AH1T@-0.25_1": "2.1", "S_AH2T@0_2": "1.8"}, {}),
        {"asian_handicap_1st_half@-0.25/home": "2.1", "asian_handicap_2nd_half@0/away": "1.8"},
    ),
    "half lines and Asian totals": (
        bet9ja.read_odds({"S_OUA@2.75_O": "2.2", "S_OU@2.5_O": "1.94", "S_OUA@2.5_O": "1.9"}, {}),
        {"over_under@2.5/over": "1.94", "over_under@2.75/over": "2.2"},
    ),
    "closed prices": (bet9ja.read_odds({"S_1X2_1": "1", "S_1X2_X": "-", "S_1X2_2": "", "S_DC_1X": None}, {}), {}),
    "live prices": (bet9ja.read_odds({"LIVES_1X2_1": {"v": 6.5}, "LIVES_1X2_2": {"v": 1}}, {}), {"1x2/home": "6.5"}),
    "1UP is no first half": (bet9ja.read_odds({"S_1X21_11": "1.6"}, {}), {"1x2_1up/home": "1.6"}),
    "a market without a canonical name": (bet9ja.read_odds({"S_COLOUR@1.5_RED": "2"}, {"S_COLOUR": "Colour"}), {}),
}

BOOKS = {"betPawa": PAWA, "SportyBet": SPORTY, "Bet9ja": NINE}
FORMS = {f"{book}: {name}": form for book, forms in BOOKS.items() for name, form in forms.items()}


@pytest.mark.parametrize(("sheet", "expected"), FORMS.values(), ids=FORMS)
def test_a_recorded_form_means_its_canonical_odds(sheet: OddsSheet, expected: Canonical) -> None:
    assert canonical(sheet) == expected


def test_what_is_not_certain_is_kept_raw_with_the_platforms_names() -> None:
    contradicted = pawa("5000", {"specifier": {"total": "10"}, "handicap": 10, "prices": [over()]}, name="Total")
    assert [raw[:4] for raw in contradicted.raw] == [("5000", "Total", "total=10", "Over")]
    colour = FORMS["Bet9ja: a market without a canonical name"][0]
    assert [raw[:4] for raw in colour.raw] == [("S_COLOUR", "Colour", "1.5", "RED")]
    strange = FORMS["SportyBet: a specifier with more than a line"][0]
    assert [raw[:4] for raw in strange.raw] == [("18", "a name", "minsnr=30|total=2.5", "Over")]


@pytest.mark.parametrize(
    ("written", "kick_off"),
    [
        ("2026-12-25T16:00Z", "2026-12-25 16:00:00+00:00"),
        ("2026-12-25 16:00", "2026-12-25 16:00:00+00:00"),
        ("2026-12-25T17:00:00+01:00", "2026-12-25 16:00:00+00:00"),
        ("2026-12-25T15:30:00.5-0030", "2026-12-25 16:00:00+00:00"),
    ],
)
def test_a_time_may_lack_seconds_or_have_an_offset(written: str, kick_off: str) -> None:
    teams = [{"position": 1, "name": "Acacia"}, {"position": 2, "name": "Baobab"}]
    event = betpawa.parse_event({"id": "1", "participants": teams, "startTime": written})
    assert event is not None
    assert str(event.starts_at) == kick_off


@pytest.mark.parametrize(
    ("sources", "genius_id"),
    [
        ({"liveSource": {"sourceType": "BET_GENIUS", "sourceId": "111111113990002"}}, "13990002"),
        ({"preMatchSource": {"sourceType": "BET_GENIUS", "sourceId": "13990002"}}, "13990002"),
        (
            {
                "preMatchSource": {"sourceType": "BET_GENIUS", "sourceId": "13990002"},
                "liveSource": {"sourceType": "BET_GENIUS", "sourceId": "13990003"},
            },
            None,
        ),
        ({"preMatchSource": {"sourceType": "BET_RADAR", "sourceId": "81000001"}}, None),
    ],
)
def test_the_genius_id_is_that_of_either_source(sources: dict[str, Any], genius_id: str | None) -> None:
    event = sportybet.parse_event(
        {
            "eventId": "sr:match:81000001",
            "homeTeamName": "Acacia",
            "awayTeamName": "Baobab",
            "estimateStartTime": 1798214400000,
            "eventSource": sources,
        }
    )
    assert event is not None
    assert (event.sportradar_id, event.genius_id) == ("81000001", genius_id)


def test_ids_that_contradict_each_other_are_none() -> None:
    about = {"ID": 1, "DS": "Acacia - Baobab", "STARTDATE": "2026-12-25 16:00:00"}
    for extra, found in (({"EXTID": "5", "BRMATCHID": "5"}, "5"), ({"EXTID": "5", "BRMATCHID": "6"}, None)):
        event = bet9ja.parse_event({**about, **extra})
        assert event is not None
        assert event.sportradar_id == found


def test_trees_may_be_lists_whose_sports_have_an_id_alone() -> None:
    tree = {"PAL": [{"SID": 1, "SG": [{"SG_DESC": "Savannaland", "G": [{"GID": 7, "G_DESC": "League", "NUM": 3}]}]}]}
    (league,) = bet9ja.parse_leagues(tree, "tree")
    assert (league.id, league.country, league.size) == ("7", "Savannaland", 3)
