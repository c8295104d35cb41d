"""Reads events from betPawa's answers, versions 3 and 4 alike. Pure: `adapter` makes the requests.

Version 4 leaves out what is false, 0, null or empty, and writes counters as text. A price is offered where it is not
suspended and its odds (`odds`; `price` in version 3) exceed 1.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache
from typing import Any

from scrape_operator.core.odds.model import PriceKey
from scrape_operator.platforms.betpawa.markets import EARLY_PAYOUT, MARKETS, SPECIFIERS
from scrape_operator.platforms.json_values import (
    MAX_TEXT,
    flag,
    inner,
    mapping,
    number,
    objects,
    required_list,
    single_id,
    text,
)
from scrape_operator.platforms.odds.events import BookEvent, OddsSheet, RawPrice
from scrape_operator.platforms.odds.markets import MARKETS as CANONICAL
from scrape_operator.platforms.odds.markets import LineKind, Market
from scrape_operator.platforms.odds.outcomes import read_outcome
from scrape_operator.platforms.odds.values import read_line, read_price, read_utc

NAME = "BetPawa"
FOOTBALL = "2"

_OWN_LINE = re.compile(r"(?:(Home|Away) )?([+-]?[0-9.]+)", re.ASCII)
_SIDED = frozenset({"home", "away", "over", "under"})
"""The outcomes whose prices name the row's line."""
_QUARTERS = 4
_NO_UP = frozenset({"", "NO_UP"})


@dataclass(frozen=True, slots=True)
class Competition:
    """One competition; `size` is the number of upcoming events that it claims. Version 4 leaves out a 0."""

    id: str
    name: str
    country: str
    size: int


def parse_competitions(answer: Any, where: str) -> list[Competition]:
    """Read the regions and competitions of a sport.

    Raises:
        ScrapeFailed: PlatformChanged where there is no tree.

    """
    found = []
    for sport in objects(required_list(inner(answer, "withRegions"), f"{where} withRegions")):
        for region in objects(sport.get("regions")):
            country = text(inner(region, "region", "name"))
            for entry in objects(region.get("competitions")):
                about = mapping(entry.get("competition"))
                size = number(inner(entry, "eventCounts", "upcoming")) or 0
                found.append(Competition(text(about.get("id")), text(about.get("name")), country, size))
    return [competition for competition in found if competition.id]


def parse_listing(answer: Any, where: str) -> list[Mapping[str, Any]]:
    """Return the events of the answer to one query, for `parse_event`.

    Raises:
        ScrapeFailed: PlatformChanged where there is no list.

    """
    responses = objects(required_list(inner(answer, "responses"), f"{where} responses"))
    lists = (required_list(response.get("responses") or [], f"{where} responses[].responses") for response in responses)
    return [event for listed in lists for event in objects(listed)]


def is_thin(event: Mapping[str, Any]) -> bool:
    """Return whether an event comes without its widgets, which hold other ids: its own page has them, if any."""
    return not isinstance(event.get("widgets"), list | dict)


def parse_event(event: Mapping[str, Any]) -> BookEvent | None:
    """Read one event, of a listing or alone. None without id, teams or time.

    Teams come from the participants: the event's name may have more in it, such as "(n)" for neutral ground.
    """
    sides = {number(side.get("position")): text(side.get("name")) for side in objects(event.get("participants"))}
    event_id, home, away = text(event.get("id")), sides.get(1), sides.get(2)
    starts_at = read_utc(event.get("startTime"))
    if not (event_id and home and away and starts_at):
        return None
    sheet = read_markets(event)
    return BookEvent(
        bookmaker=NAME,
        event_id=event_id,
        home=home,
        away=away,
        starts_at=starts_at,
        country=text(inner(event, "region", "name")),
        competition=text(inner(event, "competition", "name")),
        competition_id=text(inner(event, "competition", "id")),
        sportradar_id=_widget(event, "SPORTRADAR"),
        genius_id=_widget(event, "GENIUSSPORTS"),
        prices=sheet.prices,
        raw=tuple(sheet.raw),
        dropped=sheet.dropped,
    )


def _widget(event: Mapping[str, Any], kind: str) -> str | None:
    widgets = (widget for widget in objects(event.get("widgets")) if widget.get("type") == kind)
    return single_id(*(widget.get("id") for widget in widgets))


def read_markets(event: Mapping[str, Any]) -> OddsSheet:
    """Read the offered prices of an event's markets: each row of a market is one line."""
    sheet = OddsSheet()
    for market in objects(event.get("markets")):
        about = mapping(market.get("marketType"))
        market_id = text(about.get("id"))
        name, _ids = MARKETS.get(market_id, ("", {}))
        kind = _Kind(market_id, text(about.get("name")), CANONICAL.get(name))
        for row in objects(market.get("row")):
            _read_row(row, kind, sheet)
    return sheet


@dataclass(frozen=True, slots=True)
class _Kind:
    """The market of a row: betPawa's id and name, and the canonical market if there is one."""

    id: str
    name: str
    market: Market | None

    def outcome(self, entry: Mapping[str, Any]) -> str | None:
        """Return the outcome of a price of a canonical market."""
        if self.market is None:
            return None
        return _outcome(self.id, text(entry.get("typeId")), text(entry.get("name")), text(entry.get("displayName")))


@lru_cache(maxsize=4096)
def _outcome(market_id: str, type_id: str, *labels: str) -> str | None:
    """Return the outcome that type id and labels name, or None where they contradict each other."""
    name, ids = MARKETS[market_id]
    by_id, kind = ids.get(type_id), CANONICAL[name].outcomes
    by_label = next((found for label in labels if (found := read_outcome(label, kind))), None)
    return None if by_id and by_label and by_id != by_label else by_id or by_label


def _read_row(row: Mapping[str, Any], kind: _Kind, sheet: OddsSheet) -> None:
    priced = [(kind.outcome(entry), entry) for entry in objects(row.get("prices"))]
    line = None if kind.market is None else row_line(row, priced, kind.market)
    fits = kind.market is not None and (line is not None or kind.market.line is LineKind.NONE)
    for outcome, entry in priced:
        offered = None if flag(entry.get("suspended")) else read_price(entry.get("odds") or entry.get("price"))
        if offered is None:
            continue
        name = _market_of(entry, kind.market) if kind.market and fits else None
        if outcome and name:
            sheet.offer(_price_key(name, line, outcome), offered)
        else:
            label = text(entry.get("name")) or text(entry.get("typeId"))
            sheet.keep(RawPrice(kind.id, kind.name, _raw_line(row, entry), label, offered))


@lru_cache(maxsize=4096)
def _price_key(market: str, line: Decimal | None, outcome: str) -> PriceKey:
    """Return the key of a price: one object for all events, since thousands share it."""
    return PriceKey(market, line, outcome)


def _market_of(entry: Mapping[str, Any], known: Market) -> str | None:
    any_up = text(inner(entry, "additionalInfo", "anyUp"))
    if any_up in _NO_UP or known.name in EARLY_PAYOUT.values():
        return known.name
    return EARLY_PAYOUT.get((known.name, any_up))


Priced = Sequence[tuple[str | None, Mapping[str, Any]]]
"""The prices of a row, each with its outcome."""


def row_line(row: Mapping[str, Any], prices: Priced, market: Market) -> Decimal | None:
    """Return the line of a row; None where it has none, or where it is given twice and differently.

    The text of the prices comes first, then the row's specifier. The row's `handicap`, four times the line, is a check:
    version 4 leaves it out where it is 0, version 3 has been seen to write it into the specifier.
    """
    if market.line is LineKind.NONE:
        return None
    if market.line is LineKind.ORDINAL:
        return _ordinal(row)
    written = {_own_line(entry.get("handicap"), outcome, market.line) for outcome, entry in prices} - {None}
    if len(written) > 1:
        return None
    specifier = inner(row, "specifier", SPECIFIERS[market.line])
    line = written.pop() if written else read_line(specifier, market.line)
    quarters = number(row.get("handicap"))
    if line is None and specifier is None:
        return _line_of_quarters(quarters, market.line)
    return line if quarters is None or line == Decimal(quarters) / _QUARTERS else None


def _own_line(value: Any, outcome: str | None, kind: LineKind) -> Decimal | None:
    """Return the row's line by the text of one price: of away's handicap with the other sign.

    The draw's text of a European handicap names either side, so it does not count.
    """
    match = _OWN_LINE.fullmatch(text(value))
    line = read_line(match[2], kind) if match else None
    if match is None or line is None or outcome not in _SIDED:
        return None
    is_of_away = kind is LineKind.HANDICAP and (match[1] == "Away" or (match[1] is None and outcome == "away"))
    return -line if is_of_away else line


def _ordinal(row: Mapping[str, Any]) -> Decimal | None:
    specifier = inner(row, "specifier", SPECIFIERS[LineKind.ORDINAL])
    return read_line(row.get("formattedHandicap") if specifier is None else specifier, LineKind.ORDINAL)


def _line_of_quarters(quarters: int | None, kind: LineKind) -> Decimal | None:
    if quarters is None:
        return Decimal(0) if kind is LineKind.HANDICAP else None
    return read_line(quarters / _QUARTERS, kind)


def _raw_line(row: Mapping[str, Any], entry: Mapping[str, Any]) -> str:
    specifier = mapping(row.get("specifier"))
    if specifier:
        return "|".join(f"{name}={text(value)}" for name, value in sorted(specifier.items()))[:MAX_TEXT]
    return text(entry.get("handicap")) or text(row.get("handicap"))
