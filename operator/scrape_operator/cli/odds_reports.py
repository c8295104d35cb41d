"""Prints for `odds history` and `odds coverage` how prices moved, and what bookmakers have in common."""

from collections.abc import AsyncIterator, Iterable, Sequence
from datetime import datetime

from rich.text import Text

from scrape_operator.cli.consoles import open_console
from scrape_operator.cli.formats import RowFormat
from scrape_operator.cli.odds import price_text
from scrape_operator.cli.records import Record
from scrape_operator.cli.rows import CELL_MAX_BYTES, print_rows
from scrape_operator.core.odds.coverage import CoverageReport
from scrape_operator.core.odds.history import PriceHistory
from scrape_operator.core.odds.model import line_text
from scrape_operator.core.runs.run import clip
from scrape_operator.settings import Settings
from scrape_operator.storage.reading.odds import ComparedEvent, open_odds

HISTORY = ("market", "line", "outcome", "bookmaker", "at", "price", "opening", "closing")
COVERAGE = ("report", "bookmakers", "events", "market", "event", "starts_at", "reason")


async def print_history(settings: Settings, text: str, markets: Sequence[str], now: datetime, form: RowFormat) -> int:
    """Print every price of the first event that a text names; return how many events it names."""
    async with open_odds(settings) as reader:
        found = await reader.find(text, now, 1)
        for event in found:
            if form is RowFormat.TABLE:
                heading = f"{event.home} - {event.away}, {event.starts_at:%Y-%m-%d %H:%M} UTC"
                open_console().print(Text(clip(heading, CELL_MAX_BYTES), style="bold"))
            await print_rows(_each(_history(event, await reader.history(event, markets))), form, HISTORY)
    return len(found)


def _history(event: ComparedEvent, histories: Iterable[PriceHistory]) -> Iterable[Record]:
    for history in histories:
        closing = history.closing(event.starts_at)
        for point in history.points:
            yield {
                "event_id": event.id,
                "market": history.market,
                "line": line_text(history.line),
                "outcome": history.outcome,
                "bookmaker": history.bookmaker,
                "at": point.at,
                "price": None if point.price is None else price_text(point.price),
                "opening": None if history.opening is None else price_text(history.opening),
                "closing": None if closing is None else price_text(closing),
            }


async def print_coverage(settings: Settings, now: datetime, form: RowFormat) -> None:
    """Print what bookmakers have in common of the events that are to begin: one row a fact."""
    async with open_odds(settings) as reader:
        await print_rows(_each(_coverage(await reader.coverage(now))), form, COVERAGE)


def _coverage(report: CoverageReport) -> Iterable[Record]:
    empty: Record = dict.fromkeys(COVERAGE)
    for bookmakers, count in report.sets:
        yield {**empty, "report": "listed by", "bookmakers": ", ".join(bookmakers), "events": count}
    for gap in report.missing:
        yield {
            **empty,
            "report": "missing market",
            "bookmakers": gap.bookmaker,
            "events": gap.events,
            "market": gap.market,
        }
    for event in report.unmatched:
        yield {
            **empty,
            "report": "unmatched",
            "bookmakers": event.bookmaker,
            "events": 1,
            "event": f"{event.home} - {event.away}",
            "starts_at": event.starts_at,
            "reason": event.apart_reason,
        }


async def _each(records: Iterable[Record]) -> AsyncIterator[Record]:
    for record in records:
        yield record
