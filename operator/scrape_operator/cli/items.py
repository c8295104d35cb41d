"""Prints for `items` what schedules have scraped: the items that are there now, or also those that are gone."""

from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TypeVar

import typer

from scrape_operator.cli.absent import Sought, not_found, report_absence
from scrape_operator.cli.formats import RowFormat
from scrape_operator.cli.limits import Limit
from scrape_operator.cli.program import ExitCode
from scrape_operator.cli.records import Record
from scrape_operator.cli.rows import print_rows
from scrape_operator.core.errors import InvalidValue
from scrape_operator.core.nearest import hint_for, shown
from scrape_operator.core.reading import PAGE_MAX_ROWS, ItemQuery, ItemRow, OpenRows, page_rows, read_all
from scrape_operator.core.runs.run import clip

T = TypeVar("T")

LINE_MAX_BYTES = 1024

COLUMNS = ("target", "key", "data", "changed_at", "last_seen_at")
GONE_AT = "gone_at"
SCHEDULE = "schedule"
FACTS = (SCHEDULE, "namespace", "target", "key", "first_seen_at", "last_seen_at", "changed_at", GONE_AT)
"""What `--columns` may name beside the fields of items. A field of the same name comes first."""

ALL_FIELDS = "*"
"""Stands in `--columns` for the fields of the first items. No field can have this name."""

FIRST_ITEMS = PAGE_MAX_ROWS
"""The items that decide which columns `*` means: the heading is printed before the others are read."""


@dataclass(frozen=True, slots=True)
class ItemView:
    """What of the items is printed.

    Attributes:
        where: The texts that fields must have.
        columns: The fields to print, each in a column of its own; `*` for all of them. Empty: whole rows.

    """

    where: Mapping[str, str]
    columns: Sequence[str] = ()

    def shows(self, item: ItemRow) -> bool:
        """Return whether an item has the texts."""
        return all(str(item.data.get(name)) == text for name, text in self.where.items())

    def record(self, item: ItemRow) -> Record:
        """Return what is printed of an item."""
        return {name: _value(item, name) for name in self.columns} if self.columns else item._asdict()

    async def resolve(self, items: AsyncIterator[ItemRow]) -> "tuple[ItemView, AsyncIterator[ItemRow]]":
        """Return this view with the fields of the first items in place of `*`, and all of the items."""
        if ALL_FIELDS not in self.columns:
            return self, items
        first = await _first(items, FIRST_ITEMS)
        fields = list(dict.fromkeys(name for item in first for name in item.data))
        columns = [name for column in self.columns for name in (fields if column == ALL_FIELDS else [column])]
        return replace(self, columns=list(dict.fromkeys(columns))), _chain(first, items)


def _value(item: ItemRow, name: str) -> object:
    """Return a field of an item, or what the database knows of the item."""
    return item.data.get(name, _fact(item, name) if name in FACTS else None)


def _fact(item: ItemRow, name: str) -> object:
    """Return what the database knows of an item."""
    return getattr(item, "name" if name == SCHEDULE else name)


def parse_where(texts: Sequence[str]) -> Mapping[str, str]:
    """Return names and texts of `field=value`. Raises InvalidValue."""
    pairs = [text.partition("=") for text in texts]
    for name, sign, _value in pairs:
        if not (name and sign):
            raise InvalidValue(f"--where {name}: write it as field=value")
    return {name: value for name, _sign, value in pairs}


@dataclass(slots=True)
class Fields:
    """The names of the fields of the items that were read."""

    names: set[str] = field(default_factory=set)

    async def note(self, items: AsyncIterator[ItemRow]) -> AsyncIterator[ItemRow]:
        """Yield the items, and note their fields."""
        async for item in items:
            self.names.update(item.data)
            yield item

    def hint(self, name: str) -> str:
        """Return the names that may have been meant, as the end of a line."""
        hint = hint_for(name, sorted(self.names))
        return hint and f": {hint}"


async def _demand_fields(read: Fields, names: Iterable[str]) -> None:
    """Raise NotFound for a field that none of the items has that were read, if there were any."""
    for name in names if read.names else ():
        if name not in read.names:
            raise not_found(f"no item has the field {name}{read.hint(name)}")


async def print_items(
    open_rows: OpenRows, query: ItemQuery, view: ItemView, sought: Sought, form: RowFormat, limit: int
) -> None:
    """Print `limit` items, all where it is 0, or why there is none.

    Raises:
        NotFound: The database has no schedule or no target of the name, or no item a field of `--where`.
        Exit: With 1, after the items: none of them has a field of `--columns`, or `*` does not mean all their fields.

    """
    read, printed, count = Fields(), Fields(), Limit(limit)
    page = PAGE_MAX_ROWS if view.where else page_rows(limit)
    async with open_rows() as rows:
        source = read.note(read_all(lambda after: rows.items(query, after, page)))
        resolved, chosen = await view.resolve(count.rows(_shown(source, view), source))
        number = await _print(printed.note(chosen), query, resolved, form)
        count.report("first", "`export`", is_certain=not view.where)
        if not number:
            await report_absence(rows, sought, partial(_demand_fields, read, view.where))
    if number and not _report_fields(printed, view, resolved):
        raise typer.Exit(ExitCode.FOUND)


def _report_fields(printed: Fields, asked: ItemView, resolved: ItemView) -> bool:
    """Return whether each column is a field of the printed items, and each field a column if all were asked for.

    Print on standard error what is missing.
    """
    unknown = [name for name in asked.columns if name not in {*printed.names, *FACTS, ALL_FIELDS}]
    for name in unknown:
        typer.echo(f"no printed item has the field {name}{printed.hint(name)}", err=True)
    left_out = sorted(printed.names.difference(resolved.columns)) if ALL_FIELDS in asked.columns else []
    if left_out:
        remedy = f"add them: --columns '{','.join((*asked.columns, *left_out))}'"
        text = f"the first {FIRST_ITEMS} items do not have the fields {shown(left_out)}, which have no column: {remedy}"
        typer.echo(clip(text, LINE_MAX_BYTES), err=True)
    return not (unknown or left_out)


async def _print(items: AsyncIterator[ItemRow], query: ItemQuery, view: ItemView, form: RowFormat) -> int:
    """Print items, and return how many there were."""
    if form is RowFormat.TABLE and query.name is not None and not view.columns:
        return await _print_fields([item async for item in items], with_gone=query.with_gone)
    if form is not RowFormat.TABLE:
        return await print_rows((view.record(item) async for item in items), form, ())
    facts = (GONE_AT,) if query.with_gone and GONE_AT not in view.columns else ()
    if not view.columns:
        facts = (*facts, SCHEDULE)
    columns = (*facts, *(view.columns or COLUMNS))
    records = ({**{name: _fact(item, name) for name in facts}, **view.record(item)} async for item in items)
    return await print_rows(records, form, columns)


async def _print_fields(items: Sequence[ItemRow], *, with_gone: bool) -> int:
    """Print the items of one schedule as a table for each target, with a column for each field."""
    times = (GONE_AT,) if with_gone else ()
    of_targets: dict[str, list[ItemRow]] = {}
    for item in items:
        of_targets.setdefault(item.target, []).append(item)
    for target, rows in of_targets.items():
        if len(of_targets) > 1:
            typer.echo(f"target {target}:")
        records = [{**{name: getattr(row, name) for name in times}, **row.data} for row in rows]
        columns = list(dict.fromkeys(name for record in records for name in record))
        await print_rows(_each([dict.fromkeys(columns) | record for record in records]), RowFormat.TABLE, columns)
    return len(items)


async def _first(items: AsyncIterator[T], number: int) -> list[T]:
    """Return the first items, and leave the others where they are."""
    first: list[T] = []
    async for item in items:
        first.append(item)
        if len(first) == number:
            break
    return first


async def _chain(first: Iterable[T], others: AsyncIterator[T]) -> AsyncIterator[T]:
    for item in first:
        yield item
    async for item in others:
        yield item


async def _each(records: Sequence[Record]) -> AsyncIterator[Record]:
    for record in records:
        yield record


async def _shown(items: AsyncIterator[ItemRow], view: ItemView) -> AsyncIterator[ItemRow]:
    async for item in items:
        if view.shows(item):
            yield item
