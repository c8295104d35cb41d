"""Prints for `changes` what runs have changed about items, the newest change first."""

from dataclasses import asdict

from scrape_operator.cli.formats import RowFormat
from scrape_operator.cli.rows import first, print_rows
from scrape_operator.core.reading import ChangeQuery, read_all
from scrape_operator.settings import Settings
from scrape_operator.storage.reading.history import open_history

COLUMNS = ("at", "target", "change", "key", "before", "after")


async def print_changes(settings: Settings, query: ChangeQuery, form: RowFormat, limit: int) -> int:
    """Print the newest `limit` changes, all where it is 0, and return how many there were."""
    async with open_history(settings) as history:
        changes = read_all(lambda after: history.changes(query, after))
        return await print_rows((asdict(change) async for change in first(changes, limit)), form, COLUMNS)
