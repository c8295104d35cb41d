"""Fair prices of a football match from the goals that both sides are expected to score (independent Poisson)."""

import math
from collections.abc import Callable, Iterator
from decimal import ROUND_HALF_EVEN, Decimal
from functools import lru_cache

MOST = 9
Prices = dict[str, dict[str, dict[str, Decimal | None]]]
"""market -> line ("" where there is none) -> outcome -> price; None: closed."""

_CENT = Decimal("0.01")
_DEAREST = 250.0

Scores = list[tuple[int, int, float]]
Wins = Callable[[int, int], float]
"""1 where the bet wins at that score, 0 where it loses, 0.5 where the stake comes back."""


def scores(home: float, away: float) -> Scores:
    homes, aways = _poisson(home), _poisson(away)
    return [(h, a, p * q) for h, p in enumerate(homes) for a, q in enumerate(aways)]


def _poisson(mean: float) -> list[float]:
    some = [math.exp(-mean) * mean**goals / math.factorial(goals) for goals in range(MOST)]
    return [share / sum(some) for share in some]


def price(table: Scores, wins: Wins, margin: float) -> Decimal | None:
    """Return decimal odds with the bookmaker's margin, or None where they would not exceed 1."""
    won = sum(p for h, a, p in table if wins(h, a) == 1)
    lost = sum(p for h, a, p in table if wins(h, a) == 0)
    fair = (won + lost) / max(won, 1e-6)
    odds = Decimal(min(1 + (fair - 1) / margin, _DEAREST)).quantize(_CENT, ROUND_HALF_EVEN)
    return odds if odds > 1 else None


def _three(shift: float = 0) -> dict[str, Wins]:
    return {
        "home": lambda h, a: float(h + shift > a),
        "draw": lambda h, a: float(h + shift == a),
        "away": lambda h, a: float(h + shift < a),
    }


def _two(shift: float = 0) -> dict[str, Wins]:
    return {
        "home": lambda h, a: _side(h + shift - a),
        "away": lambda h, a: _side(a - h - shift),
    }


def _side(lead: float) -> float:
    return 0.5 if lead == 0 else float(lead > 0)


def _total(line: float, of: Callable[[int, int], int] = lambda h, a: h + a) -> dict[str, Wins]:
    return {"over": lambda h, a: _side(of(h, a) - line), "under": lambda h, a: _side(line - of(h, a))}


def _home_goals(home: int, _away: int) -> int:
    return home


def _away_goals(_home: int, away: int) -> int:
    return away


_DOUBLE: dict[str, Wins] = {
    "home_draw": lambda h, a: float(h >= a),
    "home_away": lambda h, a: float(h != a),
    "draw_away": lambda h, a: float(h <= a),
}
_BOTH: dict[str, Wins] = {"yes": lambda h, a: float(bool(h and a)), "no": lambda h, a: float(not (h and a))}
_PARITY: dict[str, Wins] = {"odd": lambda h, a: float((h + a) % 2), "even": lambda h, a: float((h + a + 1) % 2)}


def _bets() -> Iterator[tuple[str, str, str, dict[str, Wins]]]:
    """Return market, line, period and bets of everything that the world's bookmakers may offer."""
    yield "1x2", "", "full", _three()
    yield "double_chance", "", "full", _DOUBLE
    yield "draw_no_bet", "", "full", _two()
    yield "btts", "", "full", _BOTH
    yield "odd_even", "", "full", _PARITY
    yield "1x2_1up", "", "full", _three(0.25)
    yield "1x2_2up", "", "full", _three(-0.25)
    for line in ("0.5", "1.5", "2", "2.5", "2.75", "3", "3.5", "4.5"):
        yield "over_under", line, "full", _total(float(line))
    for line in ("-1.5", "-1", "-0.5", "0", "0.5", "0.75", "1.5"):
        yield "asian_handicap", line, "full", _two(float(line))
    for line in ("-2", "-1", "1"):
        yield "european_handicap", line, "full", _three(float(line))
    for line in ("0.5", "1.5"):
        yield "home_total", line, "full", _total(float(line), _home_goals)
        yield "away_total", line, "full", _total(float(line), _away_goals)
        yield "over_under_1st_half", line, "half", _total(float(line))
        yield "over_under_2nd_half", line, "half", _total(float(line))
    yield "1x2_1st_half", "", "half", _three()
    yield "1x2_2nd_half", "", "half", _three()
    yield "btts_1st_half", "", "half", _BOTH
    for line in ("8.5", "9.5", "10.5"):
        yield "corners_over_under", line, "corners", _total(float(line))


BETS = tuple(_bets())


@lru_cache(maxsize=4096)
def all_prices(home: float, away: float, margin: float) -> Prices:
    """Price everything for one match at one bookmaker. Costs milliseconds, so it is remembered: don't change it."""
    tables = {
        "full": scores(home, away),
        "half": scores(home * 0.45, away * 0.45),
        "corners": scores(home * 2 + 1.5, away * 2 + 1.5),
    }
    prices: Prices = {}
    for market, line, period, bets in BETS:
        outcomes = {outcome: price(tables[period], wins, margin) for outcome, wins in bets.items()}
        prices.setdefault(market, {})[line] = outcomes
    return prices
