"""Prints for `odds` what bookmakers offer for events, side by side."""

import json
from collections.abc import AsyncIterator, Iterator, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import typer
from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from scrape_operator.cli.consoles import open_console
from scrape_operator.cli.formats import RowFormat
from scrape_operator.cli.records import Record
from scrape_operator.cli.rows import print_rows
from scrape_operator.core.durations import format_duration
from scrape_operator.core.nearest import shown
from scrape_operator.core.odds.comparison import BookOffer, MarketComparison
from scrape_operator.core.odds.model import line_text
from scrape_operator.core.runs.run import clip
from scrape_operator.core.times import rfc3339
from scrape_operator.settings import Settings
from scrape_operator.storage.reading.odds import ComparedEvent, open_odds

FIRST_MARKETS = ("1x2",)
"""What is shown of each event where many are shown."""
WIDEST = 6
"""So many outcomes stand side by side; more of them, such as scores, stand below each other."""

Cells = Sequence[str | Text]
Compared = Sequence[tuple[ComparedEvent, Sequence[MarketComparison]]]


async def compare_odds(
    settings: Settings,
    text: str | None,
    markets: Sequence[str],
    now: datetime,
    limit: int,
    max_age: timedelta | None = None,
) -> Compared:
    """Compare the odds of the events that a text names, or else of those that begin next."""
    async with open_odds(settings) as reader:
        if text is None:
            found, markets = await reader.upcoming(now, limit), markets or FIRST_MARKETS
        else:
            found = await reader.find(text, now, limit)
        return [(event, await reader.compare(event, now, markets, max_age)) for event in found]


async def print_compared(compared: Compared, now: datetime, form: RowFormat) -> None:
    """Print a comparison: as tables, as nested JSON, or one price a row."""
    if form is RowFormat.TABLE:
        print_tables(compared, now, open_console())
    elif form is RowFormat.JSON:
        typer.echo(as_json(compared, now))
    else:
        await print_rows(_prices(compared, now), form, ())


async def _prices(compared: Compared, now: datetime) -> AsyncIterator[Record]:
    for event, markets in compared:
        for market in markets:
            for book in market.books:
                for outcome, price in book.prices.items():
                    yield {
                        "event_id": event.id,
                        "home": event.home,
                        "away": event.away,
                        "starts_at": event.starts_at,
                        "market": market.market,
                        "line": line_text(market.line),
                        "outcome": outcome,
                        "bookmaker": book.bookmaker,
                        "price": price_text(price),
                        "is_best": outcome in book.best,
                        "margin": None if book.margin is None else f"{book.margin:.6f}",
                        "confirmed_at": book.confirmed_at,
                        "age_seconds": _age_seconds(book, now),
                        "is_fresh": book.is_fresh,
                    }


def as_json(compared: Compared, now: datetime) -> str:
    """Return a comparison as JSON: prices, lines and margins are text, times RFC 3339."""
    return json.dumps([_event(event, markets, now) for event, markets in compared], indent=2, ensure_ascii=False)


def _event(event: ComparedEvent, markets: Sequence[MarketComparison], now: datetime) -> dict[str, Any]:
    names = ("id", "sportradar_id", "genius_id", "sport", "country", "competition", "home", "away")
    facts = {name: getattr(event, name) for name in names}
    return facts | {
        "starts_at": rfc3339(event.starts_at),
        "match_kind": event.match_kind,
        "markets": [_market(market, now) for market in markets],
    }


def _market(market: MarketComparison, now: datetime) -> dict[str, Any]:
    return {
        "market": market.market,
        "line": None if market.line is None else line_text(market.line),
        "best": {
            outcome: {
                "price": price_text(max(book.prices[outcome] for book in holders)),
                "bookmakers": [book.bookmaker for book in holders],
            }
            for outcome in market.outcomes
            if (holders := [book for book in market.books if outcome in book.best])
        },
        "bookmakers": [_book(book, market.outcomes, now) for book in market.books],
    }


def _book(book: BookOffer, outcomes: Sequence[str], now: datetime) -> dict[str, Any]:
    return {
        "bookmaker": book.bookmaker,
        "prices": {outcome: price_text(book.prices[outcome]) for outcome in outcomes if outcome in book.prices},
        "margin": None if book.margin is None else f"{book.margin:.6f}",
        "confirmed_at": rfc3339(book.confirmed_at),
        "age_seconds": _age_seconds(book, now),
        "is_fresh": book.is_fresh,
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
    ids = [f"id {event.id}"]
    ids += [f"SportRadar {event.sportradar_id}"] if event.sportradar_id else []
    ids += [f"Genius {event.genius_id}"] if event.genius_id else []
    ids += ["matched by names"] if event.match_kind == "weak" else []
    where = ", ".join(part for part in (event.country, event.competition) if part)
    start = f"{event.starts_at:%Y-%m-%d %H:%M} UTC ({_distance(event.starts_at - now)})"
    details = "  ".join(part for part in (start, clip(where, 160), ", ".join(ids)) if part)
    return heading.append(f"\n{details}", style="not bold")


def _table(name: str, lines: Sequence[MarketComparison], now: datetime) -> Table:
    outcomes = list(dict.fromkeys(outcome for line in lines for outcome in line.outcomes))
    table = Table(title=Text(clip(name, 80)), title_justify="left", box=box.SIMPLE, pad_edge=False)
    has_lines = any(line.line is not None for line in lines)
    if has_lines:
        table.add_column("line", justify="right")
    across = len(outcomes) <= WIDEST
    bookmakers = sorted({book.bookmaker for line in lines for book in line.books})
    table.add_column("bookmaker" if across else "outcome")
    for title in (*outcomes, "margin", "confirmed") if across else bookmakers:
        table.add_column(Text(clip(title, 40)), justify="right")
    for line in lines:
        rows = _rows_of_books(line, outcomes, now) if across else _rows_of_outcomes(line, bookmakers, now)
        for place, (title, cells) in enumerate(rows):
            number = [line_text(line.line) if place == 0 else ""] if has_lines else []
            table.add_row(*number, Text(clip(title, 40)), *cells)
        table.add_section()
    return table


def _rows_of_books(line: MarketComparison, outcomes: Sequence[str], now: datetime) -> Iterator[tuple[str, Cells]]:
    for book in line.books:
        prices = [_marked(book, outcome) for outcome in outcomes]
        yield book.bookmaker, [*prices, _margin(book), _ago(book, now)]


def _rows_of_outcomes(line: MarketComparison, bookmakers: Sequence[str], now: datetime) -> Iterator[tuple[str, Cells]]:
    books = {book.bookmaker: book for book in line.books}
    for outcome in line.outcomes:
        yield outcome, [_marked(books.get(name), outcome) for name in bookmakers]
    yield "margin", [_margin(books[name]) if name in books else "" for name in bookmakers]
    yield "confirmed", [_ago(books[name], now) if name in books else "" for name in bookmakers]


def _marked(book: BookOffer | None, outcome: str) -> Text:
    """Return a price; a star marks the best one."""
    if book is None or outcome not in book.prices:
        return Text("-  ")
    is_best = outcome in book.best
    return Text(f"{price_text(book.prices[outcome])}{' *' if is_best else '  '}", style="bold green" if is_best else "")


def price_text(price: Decimal) -> str:
    """Return odds with two places, with more only where they are needed."""
    cents = f"{price:.2f}"
    return cents if Decimal(cents) == price else f"{price.normalize():f}"


def _margin(book: BookOffer) -> str:
    return "" if book.margin is None else f"{book.margin * 100:.1f} %"


def _ago(book: BookOffer, now: datetime) -> Text:
    return Text(_distance(book.confirmed_at - now), style="" if book.is_fresh else "red")


def _age_seconds(book: BookOffer, now: datetime) -> int:
    return round((now - book.confirmed_at).total_seconds())


def _distance(time: timedelta) -> str:
    """Return how far away a time is, to the minute; to the second where it is nearer than one."""
    distance = abs(time)
    unit = timedelta(minutes=1) if distance >= timedelta(minutes=1) else timedelta(seconds=1)
    words = format_duration(distance // unit * unit)
    return f"in {words}" if time > timedelta(0) else f"{words} ago"


async def nothing_found(settings: Settings, text: str | None) -> str:
    """Return why there is nothing to print."""
    if text is None:
        return "no event with odds is to begin: has a schedule with a bookmaker's platform run yet?"
    async with open_odds(settings) as reader:
        meant = await reader.similar_teams(text)
    hint = f"did you mean {shown(meant)}?" if meant else "give an id, SportRadar's id, or part of the teams' names"
    return clip(f"no event {clip(text, 80)!r}: {hint}", 512)
