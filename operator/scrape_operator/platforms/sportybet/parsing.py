"""From SportyBet's answers to events. Pure; `adapter` asks, this reads.

A price is offered where market status is 0, neither event nor market is banned, the outcome is active and its odds
exceed 1: market statuses 1 and 2 were seen with outcomes that called themselves active.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from scrape_operator.core.errors import ScrapeFailed
from scrape_operator.core.odds.model import PriceKey
from scrape_operator.core.runs.reasons import Reason
from scrape_operator.platforms.odds.events import BookEvent, OddsSheet, RawPrice
from scrape_operator.platforms.odds.markets import MARKETS as CANONICAL
from scrape_operator.platforms.odds.markets import LineKind
from scrape_operator.platforms.odds.numbers import read_epoch_ms, read_line, read_price
from scrape_operator.platforms.odds.outcomes import read_outcome
from scrape_operator.platforms.shapes import changed, digits_only, inner, mapping, number, objects, required_list, text
from scrape_operator.platforms.sportybet.markets import MARKETS, SPECIFIERS

NAME = "SportyBet"
SUCCESS = 10_000
INVALID_ARGUMENT = 19_000

_GENIUS_PREFIX = "1111111"
_GENIUS_LENGTH = 15  # the prefix and the eight digits of an id


@dataclass(frozen=True, slots=True)
class Tournament:
    """One entry of the tree of sports; `size` is how many events it says it has."""

    id: str
    name: str
    country: str
    size: int | None


@dataclass(frozen=True, slots=True)
class Page:
    """One page of events, each with its tournament, for `parse_event`. `total` is the size of the whole list."""

    entries: Sequence[tuple[Mapping[str, Any], Mapping[str, Any]]]
    total: int | None = None


def open_envelope(answer: Any, where: str) -> Any:
    """Give `data` of a successful answer; every answer is HTTP 200, `bizCode` says how it went.

    Raises:
        ScrapeFailed: RateLimited for a code that is not known, PlatformChanged for no code or a refused argument.

    """
    code = number(inner(answer, "bizCode"))
    if code is None:
        raise changed(where, "an object with bizCode", answer)
    if code == SUCCESS:
        return inner(answer, "data")
    said = text(inner(answer, "innerMsg")) or text(inner(answer, "message"))
    if code == INVALID_ARGUMENT:
        raise changed(where, f"bizCode {SUCCESS}", f"{code}, argument refused: {said}")
    message = f"{where} answered bizCode {code} ({said}), as it does when asked too much"
    raise ScrapeFailed(Reason.RATE_LIMITED, message, http_status=200)


def parse_tournaments(data: Any, where: str) -> list[Tournament]:
    """Read the tree of sports, categories and tournaments; the pseudo category `top` repeats some, which count once.

    Raises:
        ScrapeFailed: PlatformChanged where there is no tree.

    """
    sports = objects(required_list(inner(data, "sportList"), f"{where} data.sportList"))
    found: dict[str, Tournament] = {}
    for sport in sports:
        for category in objects(sport.get("categories")):
            for entry in objects(category.get("tournaments")):
                one = Tournament(text(entry.get("id")), text(entry.get("name")), _country(category), _size(entry))
                if one.id and (one.id not in found or not found[one.id].country):
                    found[one.id] = one
    return list(found.values())


def _country(category: Mapping[str, Any]) -> str:
    return "" if category.get("id") == "sr:category:top" else text(category.get("name"))


def _size(entry: Mapping[str, Any]) -> int | None:
    return number(entry.get("eventSize"))


def parse_upcoming(data: Any, where: str) -> Page:
    """Read a page of `pcUpcomingEvents`.

    Raises:
        ScrapeFailed: PlatformChanged where there is no list.

    """
    tournaments = required_list(inner(data, "tournaments"), f"{where} data.tournaments")
    return Page(_entries(tournaments), number(inner(data, "totalNum")))


def parse_tournament_events(data: Any, where: str) -> Page:
    """Read `pcEvents`, whose data is the list of tournaments itself.

    Raises:
        ScrapeFailed: PlatformChanged where there is no list.

    """
    return Page(_entries(required_list(data, f"{where} data")))


def _entries(tournaments: Any) -> list[tuple[Mapping[str, Any], Mapping[str, Any]]]:
    return [(event, around) for around in objects(tournaments) for event in objects(around.get("events"))]


def parse_event(event: Mapping[str, Any], tournament: Mapping[str, Any] | None = None) -> BookEvent | None:
    """Read one event, of a listing (with its `tournament`) or of `event`. None without id, teams or time."""
    event_id, home, away = (text(event.get(name)) for name in ("eventId", "homeTeamName", "awayTeamName"))
    starts_at = read_epoch_ms(event.get("estimateStartTime"))
    if not (event_id and home and away and starts_at):
        return None
    around = tournament or {}
    category = mapping(inner(event, "sport", "category"))
    league = mapping(category.get("tournament"))
    sheet = read_markets(event)
    return BookEvent(
        bookmaker=NAME,
        event_id=event_id,
        home=home,
        away=away,
        starts_at=starts_at,
        country=text(category.get("name")) or text(around.get("categoryName")),
        competition=text(league.get("name")) or text(around.get("name")),
        competition_id=text(league.get("id")) or text(around.get("id")),
        sportradar_id=digits_only(event_id.removeprefix("sr:match:")),
        genius_id=_genius_id(event.get("eventSource")),
        prices=sheet.prices,
        raw=tuple(sheet.raw),
        dropped=sheet.dropped,
    )


def _genius_id(sources: Any) -> str | None:
    source = mapping(inner(sources, "preMatchSource"))
    if source.get("sourceType") != "BET_GENIUS":
        return None
    digits = text(source.get("sourceId"))
    return digits_only(digits.removeprefix(_GENIUS_PREFIX) if len(digits) == _GENIUS_LENGTH else digits)


def read_markets(event: Mapping[str, Any]) -> OddsSheet:
    """Read the offered prices of an event's markets: one market object holds one line."""
    sheet = OddsSheet()
    if event.get("banned"):
        return sheet
    for market in objects(event.get("markets")):
        if number(market.get("status")) == 0 and not market.get("banned"):
            _read_market(market, sheet)
    return sheet


def _read_market(market: Mapping[str, Any], sheet: OddsSheet) -> None:
    market_id, specifier = text(market.get("id")), text(market.get("specifier"))
    name, ids = MARKETS.get(market_id, ("", {}))
    known = CANONICAL.get(name)
    line = _line(specifier, known.line) if known else None
    fits = known is not None and (
        bool(specifier) if line is not None else not specifier and known.line is LineKind.NONE
    )
    for outcome in objects(market.get("outcomes")):
        price = read_price(outcome.get("odds")) if number(outcome.get("isActive")) == 1 else None
        if price is None:
            continue
        outcome_id, label = text(outcome.get("id")), text(outcome.get("desc"))
        chosen = (ids.get(outcome_id) or read_outcome(label, known.outcomes)) if known and fits else None
        if chosen:
            sheet.offer(PriceKey(name, line, chosen), price)
        else:
            sheet.keep(RawPrice(market_id, specifier, label or outcome_id, price))


def _line(specifier: str, kind: LineKind) -> Any:
    """Give the line of a specifier that holds nothing else: `minsnr=30|total=2.5` is another bet than `total=2.5`."""
    name, _, value = specifier.partition("=")
    return read_line(value, kind) if name == SPECIFIERS.get(kind) and name else None
