"""Prints for `runs` the history of schedules: finished, running and skipped runs, the newest first."""

from dataclasses import asdict

from scrape_operator.cli.formats import RowFormat
from scrape_operator.cli.rows import Record, first, print_rows
from scrape_operator.core.reading import RunQuery, RunRow, read_all
from scrape_operator.settings import Settings
from scrape_operator.storage.reading.history import open_history

COLUMNS = (
    *("scheduled_for", "name", "trigger", "status", "reason", "duration"),
    *("items_scraped", "items_new", "items_changed", "items_gone", "message"),
)


async def print_runs(settings: Settings, query: RunQuery, form: RowFormat, limit: int) -> int:
    """Print the newest `limit` runs, all where it is 0, and return how many there were."""
    async with open_history(settings) as history:
        runs = read_all(lambda after: history.runs(query, after))
        return await print_rows((_record(run) async for run in first(runs, limit)), form, COLUMNS)


def _record(run: RunRow) -> Record:
    return asdict(run) | {"duration": run.duration}
