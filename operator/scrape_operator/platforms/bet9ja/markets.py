"""Bet9ja's market codes and outcome suffixes for football, as they stand in the keys of the odds dictionary.

`1X21` is 1UP and `1X22` is 2UP; the first half's 1X2 is `1X21T`. What is not here is kept raw.
"""

from collections.abc import Mapping

_THREE_WAY = {"1": "home", "X": "draw", "2": "away"}
_TWO_WAY = {"1": "home", "2": "away"}
_OVER_UNDER = {"O": "over", "U": "under"}
_YES_NO = {"Y": "yes", "N": "no"}
_DOUBLE_CHANCE = {"1X": "home_draw", "12": "home_away", "X2": "draw_away"}
_EUROPEAN = {"1H": "home", "XH": "draw", "2H": "away"}


def _of(market: str, suffixes: Mapping[str, str]) -> Mapping[str, tuple[str, str]]:
    return {suffix: (market, outcome) for suffix, outcome in suffixes.items()}


MARKETS: Mapping[str, Mapping[str, tuple[str, str]]] = {
    "1X2": _of("1x2", _THREE_WAY),
    "OU": _of("over_under", _OVER_UNDER),
    "OUA": _of("over_under", _OVER_UNDER),
    "GGNG": _of("btts", _YES_NO),
    "DC": _of("double_chance", _DOUBLE_CHANCE),
    "DNB": _of("draw_no_bet", _TWO_WAY),
    "AH": _of("asian_handicap", _TWO_WAY),
    "1X2HND": _of("european_handicap", _EUROPEAN),
    "HAOU": {
        **_of("home_total", {"OH": "over", "UH": "under"}),
        **_of("away_total", {"OA": "over", "UA": "under"}),
    },
    "OE": _of("odd_even", {"OD": "odd", "EV": "even"}),
    "HTS": _of("home_to_score", _YES_NO),
    "AWAYSCORE": _of("away_to_score", _YES_NO),
    "HOMENOBET": _of("home_no_bet", {"X": "draw", "2": "away"}),
    "AWAYNOBET": _of("away_no_bet", {"1": "home", "X": "draw"}),
    "1STGOAL": _of("next_goal", {"1": "home", "X": "none", "2": "away"}),
    "1X21T": _of("1x2_1st_half", _THREE_WAY),
    "OU1T": _of("over_under_1st_half", _OVER_UNDER),
    "DC1T": _of("double_chance_1st_half", _DOUBLE_CHANCE),
    "GGNG1T": _of("btts_1st_half", _YES_NO),
    "DNB1T": _of("draw_no_bet_1st_half", _TWO_WAY),
    "1X2HNDHT": _of("european_handicap_1st_half", {**_EUROPEAN, **_THREE_WAY}),
    "1X2HND2TN": _of("european_handicap_2nd_half", {**_EUROPEAN, **_THREE_WAY}),
    "AH1T": _of("asian_handicap_1st_half", _TWO_WAY),
    "AH2T": _of("asian_handicap_2nd_half", _TWO_WAY),
    "1X22T": _of("1x2_2nd_half", _THREE_WAY),
    "OU2T": _of("over_under_2nd_half", _OVER_UNDER),
    "TEAMCORNER": _of("corners_1x2", _THREE_WAY),
    "1X2CORNERS": _of("corners_1x2", _THREE_WAY),
    "OUCORNERS": _of("corners_over_under", _OVER_UNDER),
    "OUBOOK": _of("bookings_over_under", _OVER_UNDER),
    "1X2BOOK": _of("bookings_1x2", _THREE_WAY),
    "1X21": _of("1x2_1up", {"11": "home", "X1": "draw", "21": "away"}),
    "1X22": _of("1x2_2up", {"12": "home", "X2": "draw", "22": "away"}),
    "DC1X21": _of("double_chance_1up", {"11": "home_draw", "X1": "draw_away", "121": "home_away"}),
}
"""By market code: each suffix's canonical market and outcome."""

UNVERIFIED = frozenset({"AH1T", "AH2T", "1X2HND2TN", "1X2CORNERS"})
"""Codes that public clients name and that no recorded answer has been seen to hold."""

LABELLED = {"HTFT": "ht_ft", "CSFT": "correct_score"}
"""Market codes whose suffix is the outcome's label."""

IMPLIED_LINES = {"1STGOAL": "1"}
"""The line of a canonical market that the code implies."""

LISTED = frozenset({"1x2", "double_chance"})
"""What the listing of a league holds in full; of other markets it has some lines at best."""
