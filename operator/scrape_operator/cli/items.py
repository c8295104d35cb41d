"""Prints for `items` what schedules have scraped: the items that are there now, or also those that are gone."""

from dataclasses import asdict

from scrape_operator.cli.formats import RowFormat
from scrape_operator.cli.rows import first, print_rows
from scrape_operator.core.reading import ItemQuery, read_all
from scrape_operator.settings import Settings
from scrape_operator.storage.reading.history import open_history

COLUMNS = ("target", "key", "data", "changed_at", "last_seen_at")


async def print_items(settings: Settings, query: ItemQuery, form: RowFormat, limit: int) -> int:
    """Print `limit` items, all where it is 0, and return how many there were."""
    async with open_history(settings) as history:
        items = read_all(lambda after: history.items(query, after))
        return await print_rows((asdict(item) async for item in first(items, limit)), form, COLUMNS)
