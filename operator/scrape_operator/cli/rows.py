"""Prints rows of the database for the verbs that list them: as a table, JSON, NDJSON, CSV or Parquet.

All formats but the table are written row by row, so that a long history needs no memory.
"""

import csv
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sequence
from datetime import UTC, datetime
from typing import TypeVar

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from scrape_operator.cli.consoles import open_console
from scrape_operator.cli.formats import RowFormat
from scrape_operator.cli.records import Record, json_of, text_of
from scrape_operator.core.runs.run import clip

CELL_MAX_BYTES = 160
CHUNK_LENGTH = 65_536

T = TypeVar("T")


async def print_rows(records: AsyncIterator[Record], form: RowFormat, columns: Sequence[str]) -> int:
    """Print rows and return how many there were. `columns` are those of the table, in their order."""
    match form:
        case RowFormat.TABLE:
            return await _print_table(records, columns, open_console())
        case RowFormat.PARQUET:
            from scrape_operator.cli.parquet import print_parquet

            return await print_parquet(records)
        case _:
            out = _Chunks(sys.stdout.write)
            number = await _print_text(records, form, out)
            out.flush()
            return number


async def print_described(
    pages: AsyncIterator[Sequence[T]], describe: Callable[[Sequence[T]], Awaitable[Iterable[Text]]]
) -> int:
    """Print the lines that describe the rows of each page, and return how many rows there were."""
    console = open_console()
    number = 0
    async for rows in pages:
        print_lines(console, await describe(rows))
        number += len(rows)
    return number


def print_lines(console: Console, lines: Iterable[Text]) -> None:
    """Print lines whole: the terminal wraps those that are too long."""
    for line in lines:
        console.print(line, soft_wrap=True)


async def _print_table(records: AsyncIterator[Record], columns: Sequence[str], console: Console) -> int:
    table = Table(box=box.SIMPLE, pad_edge=False)
    for column in columns:
        table.add_column(column, overflow="fold")
    number = await _print_each(records, lambda it: table.add_row(*(Text(_cell(it[column])) for column in columns)))
    if number:
        console.print(table)
    return number


async def _print_text(records: AsyncIterator[Record], form: RowFormat, out: "_Chunks") -> int:
    match form:
        case RowFormat.JSON:
            return await _print_json(records, out)
        case RowFormat.CSV:
            return await _print_csv(records, out)
        case _:
            return await _print_each(records, lambda record: out.write(f"{json_of(record)}\n"))


class _Chunks:
    """Collects text for a program that reads: one write for each row costs more than to make the row."""

    def __init__(self, write: Callable[[str], object]) -> None:
        self._write = write
        self._texts: list[str] = []
        self._length = 0

    def write(self, text: str) -> None:
        """Add a text, and write all if they are many."""
        self._texts.append(text)
        self._length += len(text)
        if self._length >= CHUNK_LENGTH:
            self.flush()

    def flush(self) -> None:
        """Write what was added."""
        self._write("".join(self._texts))
        self._texts.clear()
        self._length = 0


async def _print_json(records: AsyncIterator[Record], out: _Chunks) -> int:
    number = 0
    async for record in records:
        out.write(f"{',' if number else '['} {json_of(record)}\n")
        number += 1
    out.write("]\n" if number else "[]\n")
    return number


async def _print_csv(records: AsyncIterator[Record], out: _Chunks) -> int:
    write = csv.writer(out, lineterminator="\n").writerow
    number = 0
    async for record in records:
        if number == 0:
            write(record)
        write(map(text_of, record.values()))
        number += 1
    return number


async def _print_each(rows: AsyncIterator[T], print_: Callable[[T], object]) -> int:
    number = 0
    async for row in rows:
        print_(row)
        number += 1
    return number


def _cell(value: object) -> str:
    """Return a value for a terminal: short, and without control characters."""
    if isinstance(value, datetime):
        return f"{value.astimezone(UTC):%Y-%m-%d %H:%M:%SZ}"
    return clip(text_of(value), CELL_MAX_BYTES)
