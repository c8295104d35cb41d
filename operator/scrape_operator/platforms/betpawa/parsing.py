"""From betPawa's answers to events, versions 3 and 4 alike. Pure; `adapter` asks, this reads.

Version 4 leaves out what is false, 0, null or empty, and writes counters as text. A price is offered where it is not
suspended and its odds (`odds`; `price` in version 3) exceed 1.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from scrape_operator.core.odds.model import PriceKey
from scrape_operator.platforms.betpawa.markets import EARLY_PAYOUT, MARKETS, SPECIFIERS
from scrape_operator.platforms.odds.events import BookEvent, OddsSheet, RawPrice
from scrape_operator.platforms.odds.markets import MARKETS as CANONICAL
from scrape_operator.platforms.odds.markets import LineKind, Market
from scrape_operator.platforms.odds.numbers import read_line, read_price, read_utc
from scrape_operator.platforms.odds.outcomes import read_outcome
from scrape_operator.platforms.shapes import digits_only, inner, mapping, number, objects, required_list, text

NAME = "BetPawa"
FOOTBALL = "2"

_HOME_LINE = re.compile(r"(?:Home )?([+-]?[0-9.]+)", re.ASCII)
_QUARTERS = 4
_NO_UP = frozenset({"", "NO_UP"})


@dataclass(frozen=True, slots=True)
class Competition:
    """One competition; `size` is how many upcoming events it says it has."""

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
    """Give the events of the answer to one query, for `parse_event`.

    Raises:
        ScrapeFailed: PlatformChanged where there is no list.

    """
    responses = objects(required_list(inner(answer, "responses"), f"{where} responses"))
    lists = (required_list(response.get("responses") or [], f"{where} responses[].responses") for response in responses)
    return [event for listed in lists for event in objects(listed)]


def is_thin(event: Mapping[str, Any]) -> bool:
    """Whether an event comes without its widgets, which hold the ids of others: its own page has them, if any."""
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
    ids = (digits_only(widget.get("id")) for widget in objects(event.get("widgets")) if widget.get("type") == kind)
    return next((found for found in ids if found), None)


def read_markets(event: Mapping[str, Any]) -> OddsSheet:
    """Read the offered prices of an event's markets: each row of a market is one line."""
    sheet = OddsSheet()
    for market in objects(event.get("markets")):
        market_id = text(inner(market, "marketType", "id"))
        name, ids = MARKETS.get(market_id, ("", {}))
        for row in objects(market.get("row")):
            _read_row(row, market_id, CANONICAL.get(name), ids, sheet)
    return sheet


def _read_row(
    row: Mapping[str, Any], market_id: str, known: Market | None, ids: Mapping[str, str], sheet: OddsSheet
) -> None:
    prices = list(objects(row.get("prices")))
    line = _row_line(row, prices, known, ids) if known else None
    fits = known is not None and (line is not None or known.line is LineKind.NONE)
    for entry in prices:
        offered = None if entry.get("suspended") else read_price(entry.get("odds") or entry.get("price"))
        if offered is None:
            continue
        outcome = _outcome(entry, known, ids) if known and fits else None
        name = _market_of(entry, known) if known else None
        if outcome and name:
            sheet.offer(PriceKey(name, line, outcome), offered)
        else:
            label = text(entry.get("name")) or text(entry.get("typeId"))
            sheet.keep(RawPrice(market_id, _raw_line(row, entry), label, offered))


def _market_of(entry: Mapping[str, Any], known: Market) -> str | None:
    any_up = text(inner(entry, "additionalInfo", "anyUp"))
    if any_up in _NO_UP or known.name in EARLY_PAYOUT.values():
        return known.name
    return EARLY_PAYOUT.get((known.name, any_up))


def _outcome(entry: Mapping[str, Any], known: Market, ids: Mapping[str, str]) -> str | None:
    by_id = ids.get(text(entry.get("typeId")))
    if by_id:
        return by_id
    labels = (text(entry.get("name")), text(entry.get("displayName")))
    return next((found for label in labels if (found := read_outcome(label, known.outcomes))), None)


def _row_line(
    row: Mapping[str, Any], prices: Sequence[Mapping[str, Any]], known: Market, ids: Mapping[str, str]
) -> Decimal | None:
    """Give a row's line: the row's specifier, else the home or over price's text, else the row's quarters.

    The draw's text of a European handicap names either side; the quarters may be left out where they are 0.
    """
    if known.line is LineKind.NONE:
        return None
    written = inner(row, "specifier", SPECIFIERS[known.line])
    if written is not None:
        return read_line(written, known.line)
    if known.line is LineKind.ORDINAL:
        return None
    for entry in prices:
        match = _HOME_LINE.fullmatch(text(entry.get("handicap")))
        if match and _outcome(entry, known, ids) in {"home", "over"}:
            return read_line(match[1], known.line)
    quarters = row.get("handicap")
    if quarters is None:
        return Decimal(0) if known.line is LineKind.HANDICAP else None
    steps = number(quarters)
    return None if steps is None else read_line(steps / _QUARTERS, known.line)


def _raw_line(row: Mapping[str, Any], entry: Mapping[str, Any]) -> str:
    specifier = mapping(row.get("specifier"))
    if specifier:
        return "|".join(f"{name}={text(value)}" for name, value in sorted(specifier.items()))[:256]
    return text(entry.get("handicap")) or text(row.get("handicap"))
