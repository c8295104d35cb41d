"""Reads events from Bet9ja's answers. Pure: `adapter` makes the requests.

Odds are one flat dictionary, `{sport}_{market}[@line]_{outcome}` to a text. A suspended price has no flag: it is "1",
"-", empty or left out. A collection is an object by id or a list (PHP's arrays).
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any

from scrape_operator.core.errors import ScrapeFailed
from scrape_operator.core.odds.model import PriceKey
from scrape_operator.core.runs.reasons import Reason
from scrape_operator.platforms.bet9ja.markets import IMPLIED_LINES, LABELLED, MARKETS
from scrape_operator.platforms.concurrency import Vanished
from scrape_operator.platforms.json_values import changed, entries, inner, mapping, number, objects, single_id, text
from scrape_operator.platforms.odds.events import MAX_PRICES, BookEvent, OddsSheet, RawPrice
from scrape_operator.platforms.odds.markets import MARKETS as CANONICAL
from scrape_operator.platforms.odds.markets import LineKind
from scrape_operator.platforms.odds.outcomes import read_outcome
from scrape_operator.platforms.odds.values import read_line, read_price, read_utc

NAME = "Bet9ja"
SOCCER = "1"
MAX_KEYS = 2 * MAX_PRICES
MAX_KEY = 64

_LONGEST_KEY = 128
"""The most characters that `_KEY` matches. A longer key is cut, so that it does not fill the cache."""
_BETWEEN_TEAMS = " - "
_GOOD = frozenset({"OK", "D"})
_KEY = re.compile(r"(S|B|T|LIVES)_([^@_]{1,40})(?:@([^_]{1,20}))?_(.{1,60})", re.ASCII)
_FOOTBALL = frozenset({"S", "LIVES"})


@dataclass(frozen=True, slots=True)
class League:
    """One league of the tree; `size` is the number of events that it claims, None where it claims none."""

    id: str
    name: str
    country: str
    size: int | None


def open_envelope(answer: Any, where: str) -> Any:
    """Return `D` of a good answer; it is False or empty where there is no such thing any more.

    Raises:
        ScrapeFailed: RateLimited for R "E", PlatformChanged for anything else that is not good.

    """
    status = text(inner(answer, "R"))
    if status in _GOOD:
        return inner(answer, "D")
    if status == "E":
        message = f"{where} answered R=E: it is asked too much, or there is no such thing"
        raise ScrapeFailed(Reason.RATE_LIMITED, message, http_status=200)
    said = text(inner(answer, "D", "ERROR_MESSAGE"))
    raise changed(where, "R=OK", f"R={status} {said}" if status else answer)


def open_event_envelope(answer: Any, where: str) -> Any:
    """Return `D` of the answer to a request for one event.

    Raises:
        Vanished: R is "E" or D is empty: the event is gone, or, where many answer so, too much is asked.
        ScrapeFailed: as `open_envelope`.

    """
    status = text(inner(answer, "R"))
    if status == "E" or (status in _GOOD and not inner(answer, "D")):
        message = f"{where} answered that there is no such event, or that it is asked too much"
        raise Vanished(Reason.RATE_LIMITED, message, http_status=200)
    return open_envelope(answer, where)


def parse_leagues(data: Any, where: str) -> list[League]:
    """Read the tree of sports, countries and leagues; only soccer's.

    Raises:
        ScrapeFailed: PlatformChanged where there is no tree, or no soccer in it.

    """
    sports = list(entries(inner(data, "PAL")))
    soccer = [sport for sport_id, sport in sports if _is_soccer(sport_id, sport)]
    if not soccer:
        raise changed(f"{where} D.PAL", f"the sport {SOCCER} (Soccer)", inner(data, "PAL"))
    found = {}
    for _id, country in entries(soccer[0].get("SG")):
        name = text(country.get("SG_DESC"))
        for key, league in entries(country.get("G")):
            league_id = key or text(league.get("GID")) or text(league.get("ID"))
            if league_id.isdigit():
                found[league_id] = League(league_id, text(league.get("G_DESC")), name, number(league.get("NUM")))
    return list(found.values())


def _is_soccer(sport_id: str, sport: Mapping[str, Any]) -> bool:
    return SOCCER in {sport_id, text(sport.get("SID"))} or text(sport.get("S_DESC")).lower() == "soccer"


def is_outright(event: Mapping[str, Any]) -> bool:
    """Return whether an entry of a league is not a match, but a bet on its winner or the like: it lacks two teams."""
    described = text(event.get("DS"))
    return bool(described) and _BETWEEN_TEAMS not in described


def parse_league(data: Any, where: str) -> list[tuple[Mapping[str, Any], Mapping[str, Any]]]:
    """Return the events of a league, each with the league, for `parse_event`.

    Raises:
        ScrapeFailed: PlatformChanged where there is no list.

    """
    if not data:
        return []
    if not isinstance(data, dict) or not isinstance(data.get("E"), list | dict):
        raise changed(f"{where} D", "an object with the list E", data)
    about = {name: value for name, value in data.items() if name != "E"}
    return [(event, about) for event in objects(data["E"])]


def parse_event(event: Mapping[str, Any], league: Mapping[str, Any] | None = None) -> BookEvent | None:
    """Read one event, of a listing (with its `league`), of GetEvent or GetLiveEvent. None without id, teams or time."""
    about = {**(league or {}), **mapping(event.get("AA")), **mapping(event.get("A")), **event}
    event_id = text(about.get("ID"))
    home, _, away = (part.strip() for part in text(about.get("DS")).partition(_BETWEEN_TEAMS))
    starts_at = _starts_at(about)
    if not (event_id and home and away and starts_at):
        return None
    sheet = read_odds(event.get("O"), _market_names(event))
    return BookEvent(
        bookmaker=NAME,
        event_id=event_id,
        home=home,
        away=away,
        starts_at=starts_at,
        country=text(about.get("SG")),
        competition=text(about.get("GN")),
        competition_id=text(about.get("GID")),
        sportradar_id=single_id(about.get("EXTID"), about.get("BRMATCHID")),
        prices=sheet.prices,
        raw=tuple(sheet.raw),
        dropped=sheet.dropped,
    )


def _starts_at(about: Mapping[str, Any]) -> datetime | None:
    """Read the kick-off; STARTDATE has no zone and is UTC, as the other bookmakers' times for the same event show."""
    return read_utc(about.get("STARTDATEUTC")) or read_utc(about.get("STARTDATE"))


def _market_names(event: Mapping[str, Any]) -> Mapping[str, str]:
    """Return the names of markets by id, as the list MK gives them."""
    return {text(market.get("ID")): text(market.get("DS")) for market in objects(event.get("MK"))}


def read_odds(odds: Any, names: Mapping[str, str]) -> OddsSheet:
    """Read the dictionary of odds; of half lines `OU` comes before `OUA`, which has the whole and quarter ones."""
    sheet = OddsSheet()
    keys = list(mapping(odds).items())[:MAX_KEYS]
    for key, value in sorted(keys, key=lambda pair: "_OUA@" in pair[0]):
        price = read_price(value.get("v") if isinstance(value, dict) else value)
        if price is None:
            continue
        read = read_key(key[: _LONGEST_KEY + 1])
        if isinstance(read, PriceKey):
            sheet.offer(read, price)
        else:
            market, line, outcome = read
            sheet.keep(RawPrice(market, names.get(market, ""), line, outcome, price))
    sheet.dropped += max(0, len(mapping(odds)) - MAX_KEYS)
    return sheet


@lru_cache(maxsize=16_384)
def read_key(key: str) -> PriceKey | tuple[str, str, str]:
    """Read a key of the dictionary into a canonical price key, or else into its three parts as they are written."""
    match = _KEY.fullmatch(key)
    if match is None:
        return "", "", key[:MAX_KEY]
    prefix, code, line, suffix = match.groups()
    raw = (f"{prefix}_{code}", line or "", suffix)
    chosen = _chosen(code, suffix) if prefix in _FOOTBALL else None
    if chosen is None:
        return raw
    market = CANONICAL[chosen[0]]
    line = line or IMPLIED_LINES.get(code)
    if market.line is LineKind.NONE:
        return raw if line else PriceKey(market.name, None, chosen[1])
    value = None if line is None else read_line(line, market.line)
    return raw if value is None else PriceKey(market.name, value, chosen[1])


def _chosen(code: str, suffix: str) -> tuple[str, str] | None:
    market = LABELLED.get(code)
    if market is None:
        return MARKETS.get(code, {}).get(suffix)
    outcome = read_outcome(suffix, CANONICAL[market].outcomes)
    return (market, outcome) if outcome else None
