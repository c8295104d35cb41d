"""Writes the page of markets: the canonical markets, and each bookmaker's ids of them. `make generate` runs it."""

from collections import defaultdict
from collections.abc import Iterable, Mapping

from scrape_operator.platforms.bet9ja import markets as bet9ja
from scrape_operator.platforms.betpawa import markets as betpawa
from scrape_operator.platforms.odds.markets import MARKETS, LineKind, Market, OutcomeKind
from scrape_operator.platforms.sportybet import markets as sportybet

HEAD = """# Markets

The names that `markets` of an adapter's config takes, that the tables of odds have, and that `scrape-operator odds -m`
takes. A market is one bet on one period. What is settled by another rule is another market: early-payout offers (`1up`,
`2up`) are never compared with `1x2`. Every other market of a bookmaker is kept as it is, in the item's `other_odds`.

`home` and `away` are the event's sides. A handicap is the line of the home side: -1 means that home gives a goal. An id
with `?` is named by public clients, and no recorded answer has been seen to hold it. This page is generated from the
tables of the adapters.

| market | line | outcomes | SportyBet | betPawa | Bet9ja |
|---|---|---|---|---|---|
"""

_LINES = {
    LineKind.NONE: "",
    LineKind.TOTAL: "total",
    LineKind.HANDICAP: "handicap",
    LineKind.ORDINAL: "number",
}
_OPEN = {OutcomeKind.HALF_FULL: "`home/draw` and so on, 9 in all", OutcomeKind.SCORE: "`2:1` and so on, `other`"}


def markets_page() -> str:
    """Return the text of the page."""
    ids = [_by_market(_pairs(sportybet.MARKETS)), _by_market(_pairs(betpawa.MARKETS)), _by_market(_bet9ja())]
    return HEAD + "".join(_row(market, ids) for market in MARKETS.values())


def _row(market: Market, ids: Iterable[Mapping[str, list[str]]]) -> str:
    outcomes = _OPEN.get(market.outcomes) or ", ".join(f"`{outcome}`" for outcome in market.outcomes.value)
    cells = [f"`{market.name}`", _LINES[market.line], outcomes]
    cells += [", ".join(f"`{name}`" for name in sorted(of[market.name])) for of in ids]
    return f"| {' | '.join(cells)} |\n"


def _pairs(markets: Mapping[str, tuple[str, Mapping[str, str]]]) -> Iterable[tuple[str, str]]:
    return ((name, market_id) for market_id, (name, _outcomes) in markets.items())


def _bet9ja() -> Iterable[tuple[str, str]]:
    for code, suffixes in bet9ja.MARKETS.items():
        mark = "?" if code in bet9ja.UNVERIFIED else ""
        for name in {name for name, _outcome in suffixes.values()}:
            yield name, f"S_{code}{mark}"
    yield from ((name, f"S_{code}") for code, name in bet9ja.LABELLED.items())


def _by_market(pairs: Iterable[tuple[str, str]]) -> Mapping[str, list[str]]:
    found: dict[str, list[str]] = defaultdict(list)
    for name, market_id in pairs:
        found[name].append(market_id)
    return found
