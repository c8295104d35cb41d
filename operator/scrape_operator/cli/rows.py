"""Prints rows of the database for the verbs that list them: as a table, JSON, NDJSON or CSV.

All formats but the table are written row by row, so that a long history needs no memory.
"""

import csv
import io
import json
from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, TypeVar

import orjson
import typer
from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from scrape_operator.cli.formats import RowFormat
from scrape_operator.core.runs.run import clip

CELL_MAX_BYTES = 160

T = TypeVar("T")

Record = Mapping[str, Any]
"""A row as programs read it: values by column."""

Print = Callable[[str], None]


async def first(rows: AsyncIterator[T], limit: int) -> AsyncIterator[T]:
    """Yield the first `limit` rows, all where it is 0."""
    number = 0
    async for row in rows:
        yield row
        number += 1
        if number == limit:
            return


async def print_rows(records: AsyncIterator[Record], form: RowFormat, columns: Sequence[str]) -> int:
    """Print rows and return how many there were. `columns` are those of the table, in their order."""
    match form:
        case RowFormat.TABLE:
            return await _print_table(records, columns, Console())
        case RowFormat.JSON:
            return await _print_json(records, typer.echo)
        case RowFormat.NDJSON:
            return await _print_each(records, lambda record: typer.echo(_json(record)))
        case RowFormat.CSV:
            return await _print_csv(records, lambda line: typer.echo(line, nl=False))


async def print_described(rows: AsyncIterator[T], describe: Callable[[T], Iterable[Text]]) -> int:
    """Print the lines that describe each row, and return how many rows there were."""
    console = Console()
    return await _print_each(rows, lambda row: print_lines(console, describe(row)))


def print_lines(console: Console, lines: Iterable[Text]) -> None:
    """Print lines whole: the terminal wraps those that are too long."""
    for line in lines:
        console.print(line, soft_wrap=True)


async def _print_table(records: AsyncIterator[Record], columns: Sequence[str], console: Console) -> int:
    table = Table(box=box.SIMPLE, pad_edge=False)
    for column in columns:
        table.add_column(column.replace("_", " "), overflow="fold")
    number = await _print_each(records, lambda it: table.add_row(*(Text(_cell(it[column])) for column in columns)))
    if number:
        console.print(table)
    return number


async def _print_json(records: AsyncIterator[Record], echo: Print) -> int:
    number = 0
    async for record in records:
        echo(f"{',' if number else '['} {_json(record)}")
        number += 1
    echo("]" if number else "[]")
    return number


async def _print_csv(records: AsyncIterator[Record], echo: Print) -> int:
    number = 0
    async for record in records:
        if number == 0:
            echo(_csv_line(list(record)))
        echo(_csv_line([text_of(value) for value in record.values()]))
        number += 1
    return number


async def _print_each(rows: AsyncIterator[T], print_: Callable[[T], None]) -> int:
    number = 0
    async for row in rows:
        print_(row)
        number += 1
    return number


def _json(value: object) -> str:
    try:
        return orjson.dumps(value, option=orjson.OPT_UTC_Z).decode()
    except TypeError:  # integers beyond 64 bits, nesting beyond 254
        return json.dumps(value, default=text_of, ensure_ascii=False)


def text_of(value: object) -> str:
    """Return a value as one text: times as RFC 3339, lists and objects as JSON."""
    if value is None:
        return ""
    if isinstance(value, datetime):
        return _json(value).strip('"')
    return _json(value) if isinstance(value, dict | list | tuple) else str(value)


def _cell(value: object) -> str:
    """Return a value for a terminal: short, and without control characters."""
    if isinstance(value, datetime):
        return f"{value.astimezone(UTC):%Y-%m-%d %H:%M:%SZ}"
    return clip(f"{value:.2f}" if isinstance(value, float) else text_of(value), CELL_MAX_BYTES)


def _csv_line(values: Sequence[str]) -> str:
    buffer = io.StringIO()
    csv.writer(buffer, lineterminator="\n").writerow(values)
    return buffer.getvalue()
