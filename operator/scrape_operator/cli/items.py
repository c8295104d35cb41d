"""Prints for `items` what schedules have scraped: the items that are there now, or also those that are gone."""

from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial

import typer

from scrape_operator.cli.absent import Sought, not_found, report_absence
from scrape_operator.cli.formats import RowFormat
from scrape_operator.cli.limits import Limit
from scrape_operator.cli.records import Record
from scrape_operator.cli.rows import print_rows
from scrape_operator.core.errors import InvalidValue
from scrape_operator.core.nearest import hint_for
from scrape_operator.core.reading import PAGE_MAX_ROWS, ItemQuery, ItemRow, OpenRows, page_rows, read_all

COLUMNS = ("target", "key", "data", "changed_at", "last_seen_at")
GONE_AT = "gone_at"
FACTS = ("target", "key", "first_seen_at", "last_seen_at", "changed_at", GONE_AT)
"""What `--columns` may name beside the fields of items. A field of the same name comes first."""


@dataclass(frozen=True, slots=True)
class ItemView:
    """What of the items is printed.

    Attributes:
        where: The texts that fields must have.
        columns: The fields to print, each in a column of its own. Empty: whole rows.

    """

    where: Mapping[str, str]
    columns: Sequence[str] = ()

    def shows(self, item: ItemRow) -> bool:
        """Return whether an item has the texts."""
        return all(str(item.data.get(name)) == text for name, text in self.where.items())

    def record(self, item: ItemRow) -> Record:
        """Return what is printed of an item."""
        return {name: _value(item, name) for name in self.columns} if self.columns else item._asdict()


def _value(item: ItemRow, name: str) -> object:
    """Return a field of an item, or what the database knows of the item."""
    return item.data.get(name, getattr(item, name) if name in FACTS else None)


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

    """
    read, printed, count = Fields(), Fields(), Limit(limit)
    page = PAGE_MAX_ROWS if view.where else page_rows(limit)
    async with open_rows() as rows:
        source = read.note(read_all(lambda after: rows.items(query, after, page)))
        number = await _print(printed.note(count.rows(_shown(source, view), source)), query, view, form)
        count.report("first", "`export`", is_certain=not view.where)
        if not number:
            await report_absence(rows, sought, partial(_demand_fields, read, view.where))
    for name in view.columns if number else ():
        if name not in printed.names and name not in FACTS:
            typer.echo(f"no printed item has the field {name}{printed.hint(name)}", err=True)


async def _print(items: AsyncIterator[ItemRow], query: ItemQuery, view: ItemView, form: RowFormat) -> int:
    """Print items, and return how many there were."""
    if form is RowFormat.TABLE and query.name is not None and not view.columns:
        return await _print_fields([item async for item in items], with_gone=query.with_gone)
    columns = view.columns or COLUMNS
    if form is RowFormat.TABLE and query.with_gone and GONE_AT not in columns:
        records = ({GONE_AT: item.gone_at, **view.record(item)} async for item in items)
        return await print_rows(records, form, (GONE_AT, *columns))
    return await print_rows((view.record(item) async for item in items), form, columns)


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


async def _each(records: Sequence[Record]) -> AsyncIterator[Record]:
    for record in records:
        yield record


async def _shown(items: AsyncIterator[ItemRow], view: ItemView) -> AsyncIterator[ItemRow]:
    async for item in items:
        if view.shows(item):
            yield item
