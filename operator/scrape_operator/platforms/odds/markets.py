"""The markets that can be compared across bookmakers, and their outcomes. Adapters map their ids to these names.

A market is one bet on one period: what is settled by another rule is another market. Early-payout offers (1UP, 2UP)
pay bets of 1X2 that 1X2 loses; they are never merged into it. A market without a name here is kept as its platform
writes it (`RawPrice`).
"""

from dataclasses import dataclass
from enum import Enum

from scrape_operator.core.odds.model import OddsMarket


class LineKind(Enum):
    """What a market's line is, if it has one."""

    NONE = "none"
    TOTAL = "total"
    """Goals, corners or bookings to be over or under; never negative."""
    HANDICAP = "handicap"
    """What is added to the home side's score: -1 means that home gives a goal."""
    ORDINAL = "ordinal"
    """Which goal, counted from 1."""


class OutcomeKind(Enum):
    """What the outcomes of a market are; the listed kinds have a closed set of names."""

    THREE_WAY = ("home", "draw", "away")
    TWO_WAY = ("home", "away")
    OVER_UNDER = ("over", "under")
    YES_NO = ("yes", "no")
    ODD_EVEN = ("odd", "even")
    DOUBLE_CHANCE = ("home_draw", "home_away", "draw_away")
    SIDES_OR_NONE = ("home", "none", "away")
    DRAW_AWAY = ("draw", "away")
    HOME_DRAW = ("home", "draw")
    HALF_FULL = ("home/draw", "…")
    """Half-time and full-time result, joined by a slash: nine names."""
    SCORE = ("2:1", "…")
    """Goals of home and away, or `other`."""


@dataclass(frozen=True, slots=True)
class Market:
    """One market: its name, what its line means, and what its outcomes are."""

    name: str
    outcomes: OutcomeKind
    line: LineKind = LineKind.NONE

    def as_odds_market(self) -> OddsMarket:
        """Return the definition that the tables of odds keep. A list of outcomes that is open has no names there."""
        is_open = self.outcomes in {OutcomeKind.HALF_FULL, OutcomeKind.SCORE}
        winners = 2 if self.outcomes is OutcomeKind.DOUBLE_CHANCE else 1
        return OddsMarket(self.name, () if is_open else self.outcomes.value, winners)


_FULL_TIME = (
    Market("1x2", OutcomeKind.THREE_WAY),
    Market("over_under", OutcomeKind.OVER_UNDER, LineKind.TOTAL),
    Market("btts", OutcomeKind.YES_NO),
    Market("double_chance", OutcomeKind.DOUBLE_CHANCE),
    Market("draw_no_bet", OutcomeKind.TWO_WAY),
    Market("asian_handicap", OutcomeKind.TWO_WAY, LineKind.HANDICAP),
    Market("european_handicap", OutcomeKind.THREE_WAY, LineKind.HANDICAP),
)
_MORE_FULL_TIME = (
    Market("home_total", OutcomeKind.OVER_UNDER, LineKind.TOTAL),
    Market("away_total", OutcomeKind.OVER_UNDER, LineKind.TOTAL),
    Market("odd_even", OutcomeKind.ODD_EVEN),
    Market("ht_ft", OutcomeKind.HALF_FULL),
    Market("correct_score", OutcomeKind.SCORE),
    Market("next_goal", OutcomeKind.SIDES_OR_NONE, LineKind.ORDINAL),
    Market("home_to_score", OutcomeKind.YES_NO),
    Market("away_to_score", OutcomeKind.YES_NO),
    Market("home_no_bet", OutcomeKind.DRAW_AWAY),
    Market("away_no_bet", OutcomeKind.HOME_DRAW),
)
_HALVES = (
    *(Market(f"{market.name}_1st_half", market.outcomes, market.line) for market in _FULL_TIME),
    Market("1x2_2nd_half", OutcomeKind.THREE_WAY),
    Market("over_under_2nd_half", OutcomeKind.OVER_UNDER, LineKind.TOTAL),
    Market("asian_handicap_2nd_half", OutcomeKind.TWO_WAY, LineKind.HANDICAP),
    Market("european_handicap_2nd_half", OutcomeKind.THREE_WAY, LineKind.HANDICAP),
)
_COUNTS = (
    Market("corners_1x2", OutcomeKind.THREE_WAY),
    Market("corners_over_under", OutcomeKind.OVER_UNDER, LineKind.TOTAL),
    Market("bookings_1x2", OutcomeKind.THREE_WAY),
    Market("bookings_over_under", OutcomeKind.OVER_UNDER, LineKind.TOTAL),
)
_EARLY_PAYOUT = (
    Market("1x2_1up", OutcomeKind.THREE_WAY),
    Market("1x2_2up", OutcomeKind.THREE_WAY),
    Market("double_chance_1up", OutcomeKind.DOUBLE_CHANCE),
)

MARKETS = {market.name: market for market in (*_FULL_TIME, *_MORE_FULL_TIME, *_HALVES, *_COUNTS, *_EARLY_PAYOUT)}
"""Every market with a canonical name. Names are kept in databases: they are added, never changed."""

MAIN_MARKETS = tuple(market.name for market in _FULL_TIME)
"""What is read where a config names no markets."""
