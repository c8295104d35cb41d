"""Prints for `items` what schedules have scraped: the items that are there now, or also those that are gone."""

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import asdict, dataclass

import typer

from scrape_operator.cli.formats import RowFormat
from scrape_operator.cli.rows import Record, first, print_rows
from scrape_operator.core.errors import InvalidValue
from scrape_operator.core.reading import ItemQuery, ItemRow, read_all
from scrape_operator.settings import Settings
from scrape_operator.storage.reading.history import open_history

COLUMNS = ("target", "key", "data", "changed_at", "last_seen_at")


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
        return {name: item.data.get(name) for name in self.columns} if self.columns else asdict(item)


def parse_where(texts: Sequence[str]) -> Mapping[str, str]:
    """Return names and texts of `field=value`. Raises InvalidValue."""
    pairs = [text.partition("=") for text in texts]
    for name, sign, _value in pairs:
        if not (name and sign):
            raise InvalidValue(f"--where {name}: write it as field=value")
    return {name: value for name, _sign, value in pairs}


async def print_items(settings: Settings, query: ItemQuery, view: ItemView, form: RowFormat, limit: int) -> int:
    """Print `limit` items, all where it is 0, and return how many there were."""
    async with open_history(settings) as history:
        unseen = set(view.columns)
        items = _shown(read_all(lambda after: history.items(query, after)), view)
        records = (view.record(item) async for item in _noting(first(items, limit), unseen))
        number = await print_rows(records, form, view.columns or COLUMNS)
    if number and unseen:
        typer.echo(f"no printed item has the field {', '.join(sorted(unseen))}", err=True)
    return number


async def _shown(items: AsyncIterator[ItemRow], view: ItemView) -> AsyncIterator[ItemRow]:
    async for item in items:
        if view.shows(item):
            yield item


async def _noting(items: AsyncIterator[ItemRow], unseen: set[str]) -> AsyncIterator[ItemRow]:
    """Yield the items, and remove their fields from `unseen`."""
    async for item in items:
        unseen.difference_update(item.data)
        yield item
