"""SportyBet's market and outcome ids for football. The low ones are those of Betradar's Unified Odds Feed.

A market that is not here, or an outcome that neither table nor label explains, is kept raw.
"""

from collections.abc import Mapping

from scrape_operator.platforms.odds.markets import LineKind

_THREE_WAY = {"1": "home", "2": "draw", "3": "away"}
_OVER_UNDER = {"12": "over", "13": "under"}
_YES_NO = {"74": "yes", "76": "no"}
_DOUBLE_CHANCE = {"9": "home_draw", "10": "home_away", "11": "draw_away"}
_ASIAN = {"1714": "home", "1715": "away"}

MARKETS: Mapping[str, tuple[str, Mapping[str, str]]] = {
    "1": ("1x2", _THREE_WAY),
    "18": ("over_under", _OVER_UNDER),
    "29": ("btts", _YES_NO),
    "10": ("double_chance", _DOUBLE_CHANCE),
    "11": ("draw_no_bet", {"4": "home", "5": "away"}),
    "16": ("asian_handicap", _ASIAN),
    "14": ("european_handicap", {"1711": "home", "1712": "draw", "1713": "away"}),
    "19": ("home_total", _OVER_UNDER),
    "20": ("away_total", _OVER_UNDER),
    "26": ("odd_even", {"70": "odd", "72": "even"}),
    "8": ("next_goal", {"6": "home", "7": "none", "8": "away"}),
    "12": ("home_no_bet", {}),
    "13": ("away_no_bet", {}),
    "45": ("correct_score", {}),
    "47": ("ht_ft", {}),
    "60": ("1x2_1st_half", _THREE_WAY),
    "63": ("double_chance_1st_half", _DOUBLE_CHANCE),
    "64": ("draw_no_bet_1st_half", {"4": "home", "5": "away"}),
    "65": ("european_handicap_1st_half", {"1711": "home", "1712": "draw", "1713": "away"}),
    "66": ("asian_handicap_1st_half", _ASIAN),
    "68": ("over_under_1st_half", _OVER_UNDER),
    "75": ("btts_1st_half", _YES_NO),
    "83": ("1x2_2nd_half", _THREE_WAY),
    "87": ("european_handicap_2nd_half", {"1711": "home", "1712": "draw", "1713": "away"}),
    "88": ("asian_handicap_2nd_half", _ASIAN),
    "90": ("over_under_2nd_half", _OVER_UNDER),
    "162": ("corners_1x2", _THREE_WAY),
    "166": ("corners_over_under", _OVER_UNDER),
    "136": ("bookings_1x2", _THREE_WAY),
    "139": ("bookings_over_under", _OVER_UNDER),
    "60200": ("1x2_1up", _THREE_WAY),
    "60100": ("1x2_2up", _THREE_WAY),
    "60110": ("double_chance_1up", _DOUBLE_CHANCE),
}
"""By SportyBet's market id: the canonical market, and the outcomes by id where they are documented."""

MARKET_IDS = {name: market_id for market_id, (name, _outcomes) in MARKETS.items()}

SPECIFIERS = {LineKind.TOTAL: "total", LineKind.HANDICAP: "hcp", LineKind.ORDINAL: "goalnr"}
"""The specifier that holds a line of that kind."""
