"""Bets seen from the other side: a bookmaker that lists home and away the other way round offers the same bets."""

from scrape_operator.core.odds.model import PriceKey

_SIDES = {"home": "away", "away": "home"}
_OUTCOMES = {**_SIDES, "home_draw": "draw_away", "draw_away": "home_draw"}


def other_side(key: PriceKey) -> PriceKey:
    """Return the key of the same bet where home and away change places. Twice is the key itself.

    A handicap is what home is given, so that its sign changes: away with -1 is home with +1.
    """
    market, line, outcome = key
    if line is not None and "handicap" in market:
        line = -line  # of zero it is zero, without a sign
    return PriceKey(other_market(market), line, _other_outcome(outcome))


def other_market(market: str) -> str:
    """Return the market of the other side: `home_total` is `away_total`."""
    side, separator, rest = market.partition("_")
    return f"{_SIDES[side]}_{rest}" if separator and side in _SIDES else market


def _other_outcome(outcome: str) -> str:
    if outcome in _OUTCOMES:
        return _OUTCOMES[outcome]
    home, colon, away = outcome.partition(":")
    if colon:
        return f"{away}:{home}"
    half, slash, full = outcome.partition("/")
    return f"{_SIDES.get(half, half)}/{_SIDES.get(full, full)}" if slash else outcome
