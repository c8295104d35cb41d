"""Reads events from SportyBet's answers. Pure: `adapter` makes the requests.

A price is offered if the market status is 0, neither event nor market is banned, the outcome is active, and its odds
exceed 1. Market statuses 1 and 2 were seen with outcomes that are marked as active.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache
from typing import Any

from scrape_operator.core.errors import ScrapeFailed
from scrape_operator.core.odds.model import PriceKey
from scrape_operator.core.runs.reasons import Reason
from scrape_operator.platforms.concurrency import Vanished
from scrape_operator.platforms.json_values import (
    changed,
    digits_only,
    flag,
    inner,
    is_true,
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
from scrape_operator.platforms.odds.outcomes import read_label_line, read_outcome
from scrape_operator.platforms.odds.values import read_epoch_ms, read_line, read_price
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
    """Return `data` of a successful answer; every answer is HTTP 200, `bizCode` says how it went.

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


def open_event_envelope(answer: Any, where: str) -> Any:
    """Return `data` of the answer to a request for one event.

    Raises:
        Vanished: there is no such event any more: its id is refused, or there is no data.
        ScrapeFailed: as `open_envelope`.

    """
    code, data = number(inner(answer, "bizCode")), inner(answer, "data")
    if code == INVALID_ARGUMENT or (code == SUCCESS and not data):
        raise Vanished(Reason.PLATFORM_CHANGED, f"{where} has no such event (bizCode {code})", http_status=200)
    return open_envelope(answer, where)


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
    """Return Genius Sports' id of the prematch or live source, or None where they contradict each other."""
    found = (mapping(inner(sources, name)) for name in ("preMatchSource", "liveSource"))
    return single_id(*(_genius_digits(source) for source in found if source.get("sourceType") == "BET_GENIUS"))


def _genius_digits(source: Mapping[str, Any]) -> str:
    digits = text(source.get("sourceId"))
    return digits.removeprefix(_GENIUS_PREFIX) if len(digits) == _GENIUS_LENGTH else digits


def read_markets(event: Mapping[str, Any]) -> OddsSheet:
    """Read the offered prices of an event's markets: one market object holds one line."""
    sheet = OddsSheet()
    if flag(event.get("banned")):
        return sheet
    for market in objects(event.get("markets")):
        if number(market.get("status")) == 0 and not flag(market.get("banned")):
            _read_market(market, sheet)
    return sheet


def _read_market(market: Mapping[str, Any], sheet: OddsSheet) -> None:
    market_id, specifier = text(market.get("id")), text(market.get("specifier"))
    for outcome in objects(market.get("outcomes")):
        price = read_price(outcome.get("odds")) if is_true(outcome.get("isActive")) else None
        if price is None:
            continue
        outcome_id, label = text(outcome.get("id")), text(outcome.get("desc"))
        key = _price_key(market_id, specifier, outcome_id, label) if market_id in MARKETS else None
        if key:
            sheet.offer(key, price)
        else:
            label = label or outcome_id
            sheet.keep(RawPrice(market_id, _market_name(market), specifier, label, price))


@lru_cache(maxsize=4096)
def _price_key(market_id: str, specifier: str, outcome_id: str, label: str) -> PriceKey | None:
    """Return what a price is for, one object for all events; None where it has no canonical name."""
    name, ids = MARKETS[market_id]
    market = CANONICAL[name]
    line = _line(specifier, market.line)
    if line is None and (specifier or market.line is not LineKind.NONE):
        return None  # a bet with another specifier, or none, is another bet
    outcome = _outcome(ids.get(outcome_id), label, market, line)
    return PriceKey(name, line, outcome) if outcome else None


def _market_name(market: Mapping[str, Any]) -> str:
    return text(market.get("name")) or text(market.get("desc"))


def _outcome(by_id: str | None, label: str, market: Market, line: Decimal | None) -> str | None:
    """Return the outcome that id and label name, or None where they, or the label's line, contradict each other."""
    by_label = read_outcome(label, market.outcomes)
    outcome = by_id or by_label
    if outcome is None or (by_label is not None and by_label != outcome):
        return None
    written = read_label_line(label) if market.line in _LABELLED_LINES else None
    labelled = None if written is None else read_line(written, market.line)
    if labelled is None or line is None:
        return outcome
    is_away_line = market.line is LineKind.HANDICAP and outcome == "away" and ":" not in str(written)
    return outcome if labelled == (-line if is_away_line else line) else None


_LABELLED_LINES = frozenset({LineKind.TOTAL, LineKind.HANDICAP})


def _line(specifier: str, kind: LineKind) -> Decimal | None:
    """Return the line of a specifier that holds nothing else: `minsnr=30|total=2.5` is another bet than `total=2.5`."""
    name, _, value = specifier.partition("=")
    return read_line(value, kind) if name and name == SPECIFIERS.get(kind) else None
