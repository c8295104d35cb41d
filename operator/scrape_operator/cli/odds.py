"""Prints for `odds` what bookmakers offer for events, side by side: as tables for people, as JSON for programs."""

import json
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from scrape_operator.core.durations import format_duration
from scrape_operator.core.odds import line_text
from scrape_operator.core.runs import clip
from scrape_operator.settings import Settings
from scrape_operator.storage.odds.comparing import BookOffer, ComparedEvent, MarketComparison, open_odds

FIRST_MARKETS = ("1x2",)
"""What is shown of each event where many are shown."""
WIDEST = 6
"""So many outcomes stand side by side; more of them, such as scores, stand below each other."""

Compared = Sequence[tuple[ComparedEvent, Sequence[MarketComparison]]]


async def compare_odds(
    settings: Settings, text: str | None, markets: Sequence[str], now: datetime, limit: int
) -> Compared:
    """Compare the odds of the events that a text names, or else of those that begin next."""
    async with open_odds(settings) as reader:
        if text is None:
            found, markets = await reader.upcoming(now, limit), markets or FIRST_MARKETS
        else:
            found = await reader.find(text, now, limit)
        return [(event, await reader.compare(event, markets)) for event in found]


def as_json(compared: Compared) -> str:
    """Write a comparison as JSON: prices, lines and margins are text, times RFC 3339."""
    return json.dumps([_event(event, markets) for event, markets in compared], indent=2, ensure_ascii=False)


def _event(event: ComparedEvent, markets: Sequence[MarketComparison]) -> dict[str, Any]:
    names = ("id", "sportradar_id", "genius_id", "sport", "country", "competition", "home", "away")
    facts = {name: getattr(event, name) for name in names}
    return facts | {
        "starts_at": _rfc3339(event.starts_at),
        "match_kind": event.match_kind,
        "markets": [_market(market) for market in markets],
    }


def _market(market: MarketComparison) -> dict[str, Any]:
    return {
        "market": market.market,
        "line": None if market.line is None else line_text(market.line),
        "best": {
            outcome: {
                "price": _price(max(book.prices[outcome] for book in holders)),
                "bookmakers": [book.bookmaker for book in holders],
            }
            for outcome in market.outcomes
            if (holders := [book for book in market.books if outcome in book.best])
        },
        "bookmakers": [_book(book) for book in market.books],
    }


def _book(book: BookOffer) -> dict[str, Any]:
    return {
        "bookmaker": book.bookmaker,
        "prices": {outcome: _price(price) for outcome, price in book.prices.items()},
        "margin": None if book.margin is None else f"{book.margin:f}",
        "seen_at": _rfc3339(book.seen_at),
    }


def print_tables(compared: Compared, now: datetime, console: Console) -> None:
    """Print a comparison: for each market books as rows and outcomes as columns, the best prices marked."""
    for event, markets in compared:
        console.print(_heading(event, now))
        if not markets:
            console.print(Text("  nothing of this is offered now"))
        for name in dict.fromkeys(market.market for market in markets):
            console.print(_table(name, [market for market in markets if market.market == name], now))
        console.print()


def _heading(event: ComparedEvent, now: datetime) -> Text:
    heading = Text(clip(f"{event.home} - {event.away}", 160), style="bold")
    ids = [f"id {event.id}", event.sportradar_id and f"SportRadar {event.sportradar_id}"]
    ids += [event.genius_id and f"Genius {event.genius_id}", event.match_kind == "weak" and "matched by names"]
    where = ", ".join(part for part in (event.country, event.competition) if part)
    start = f"{event.starts_at:%Y-%m-%d %H:%M} UTC ({_distance(event.starts_at - now)})"
    details = "  ".join(part for part in (start, clip(where, 160), ", ".join(filter(None, ids))) if part)
    return heading.append(f"\n{details}", style="not bold")


def _table(name: str, lines: Sequence[MarketComparison], now: datetime) -> Table:
    outcomes = list(dict.fromkeys(outcome for line in lines for outcome in line.outcomes))
    table = Table(title=Text(clip(name, 80)), title_justify="left", box=box.SIMPLE, pad_edge=False)
    if len(outcomes) > WIDEST:
        _fill_downwards(table, lines, now)
        return table
    table.add_column("line", justify="right")
    table.add_column("bookmaker")
    for outcome in outcomes:
        table.add_column(Text(clip(outcome, 40)), justify="right")
    for title in ("margin", "seen"):
        table.add_column(title, justify="right")
    for line in lines:
        for place, book in enumerate(line.books):
            number = "" if place or line.line is None else line_text(line.line)
            prices = (_marked(book, outcome) for outcome in outcomes)
            table.add_row(number, clip(book.bookmaker, 40), *prices, _margin(book), _ago(book, now))
        table.add_section()
    return table


def _fill_downwards(table: Table, lines: Sequence[MarketComparison], now: datetime) -> None:
    """Write the outcomes as rows and the books as columns."""
    bookmakers = sorted({book.bookmaker for line in lines for book in line.books})
    table.add_column("line", justify="right")
    table.add_column("outcome")
    for bookmaker in bookmakers:
        table.add_column(Text(clip(bookmaker, 40)), justify="right")
    for line in lines:
        books = {book.bookmaker: book for book in line.books}
        for place, outcome in enumerate(line.outcomes):
            number = "" if place or line.line is None else line_text(line.line)
            cells = (_marked(books.get(bookmaker), outcome) for bookmaker in bookmakers)
            table.add_row(number, clip(outcome, 40), *cells)
        for title, say in (("margin", _margin), ("seen", lambda book: _ago(book, now))):
            table.add_row("", title, *(say(books[name]) if name in books else "" for name in bookmakers))
        table.add_section()


def _marked(book: BookOffer | None, outcome: str) -> Text:
    """Write a price; a star says that nobody offers more."""
    if book is None or outcome not in book.prices:
        return Text("-  ")
    is_best = outcome in book.best
    return Text(f"{_price(book.prices[outcome])}{' *' if is_best else '  '}", style="bold green" if is_best else "")


def _price(price: Decimal) -> str:
    """Write odds with two places, with more only where they are needed."""
    cents = f"{price:.2f}"
    return cents if Decimal(cents) == price else f"{price.normalize():f}"


def _margin(book: BookOffer) -> str:
    return "" if book.margin is None else f"{book.margin * 100:.1f} %"


def _ago(book: BookOffer, now: datetime) -> str:
    return _distance(book.seen_at - now)


def _distance(time: timedelta) -> str:
    """Say how far away a time is, to the minute, to the second where it is nearer than one."""
    distance = abs(time)
    unit = timedelta(minutes=1) if distance >= timedelta(minutes=1) else timedelta(seconds=1)
    words = format_duration(distance // unit * unit)
    return f"in {words}" if time > timedelta(0) else f"{words} ago"


def _rfc3339(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def nothing_found(text: str | None) -> Iterator[str]:
    """Say why there is nothing to compare."""
    if text is None:
        yield "no event with odds is to begin: has a schedule with a bookmaker's platform run yet?"
    else:
        yield f"no event {clip(text, 80)!r}: give an id, SportRadar's id, or part of the teams' names"
