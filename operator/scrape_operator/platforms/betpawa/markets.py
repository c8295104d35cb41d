"""betPawa's market type ids for football, and the price type ids where they are documented.

The prices of the other markets are identified by their names ("1", "X", "Over"). Ids are texts.
"""

from collections.abc import Mapping

from scrape_operator.platforms.odds.markets import LineKind

MARKETS: Mapping[str, tuple[str, Mapping[str, str]]] = {
    "3743": ("1x2", {"3744": "home", "3745": "draw", "3746": "away"}),
    "5000": ("over_under", {"5001": "over", "5002": "under"}),
    "3795": ("btts", {"3796": "yes", "3797": "no"}),
    "4693": ("double_chance", {"4694": "home_draw", "4695": "draw_away", "4696": "home_away"}),
    "4703": ("draw_no_bet", {"4704": "home", "4705": "away"}),
    "3774": ("asian_handicap", {"3775": "home", "3776": "away"}),
    "4724": ("european_handicap", {"4725": "home", "4726": "draw", "4727": "away"}),
    "5006": ("home_total", {}),
    "5003": ("away_total", {}),
    "4833": ("odd_even", {}),
    "4706": ("ht_ft", {}),
    "28000869": ("correct_score", {}),
    "4429": ("correct_score", {}),
    "28000224": ("next_goal", {}),
    "3668": ("1x2_1st_half", {}),
    "4958": ("over_under_1st_half", {}),
    "4673": ("double_chance_1st_half", {}),
    "3789": ("btts_1st_half", {}),
    "4697": ("draw_no_bet_1st_half", {}),
    "4716": ("european_handicap_1st_half", {}),
    "4720": ("european_handicap_2nd_half", {}),
    "3747": ("asian_handicap_1st_half", {}),
    "3685": ("1x2_2nd_half", {}),
    "4976": ("over_under_2nd_half", {}),
    "3756": ("asian_handicap_2nd_half", {}),
    "1096787": ("corners_1x2", {}),
    "1096783": ("corners_over_under", {}),
    "1096774": ("bookings_1x2", {}),
    "1096764": ("bookings_over_under", {}),
    "28000810": ("1x2_1up", {}),
    "28000850": ("1x2_2up", {}),
    "80000": ("double_chance_1up", {}),
}
"""By market type id: the canonical market, and the outcomes by price type id."""

EARLY_PAYOUT = {
    ("1x2", "ONE_UP"): "1x2_1up",
    ("1x2", "TWO_UP"): "1x2_2up",
    ("double_chance", "ONE_UP"): "double_chance_1up",
}
"""The market of a price that `additionalInfo.anyUp` marks as one of early payout."""

SPECIFIERS = {LineKind.TOTAL: "total", LineKind.HANDICAP: "hcp", LineKind.ORDINAL: "goalnr"}
"""The member of a row's specifier that holds a line of that kind."""
