"""Prints for `runs` the history of schedules: finished, running and skipped runs, the newest first."""

from collections.abc import AsyncIterator
from dataclasses import asdict
from uuid import UUID

from scrape_operator.cli.formats import RowFormat
from scrape_operator.cli.rows import Record, first, print_rows
from scrape_operator.core.reading import HistoryReader, RunQuery, RunRow, read_all
from scrape_operator.settings import Settings
from scrape_operator.storage.reading.history import open_history

COLUMNS = (
    *("scheduled_for", "name", "trigger", "status", "reason", "duration"),
    *("items_scraped", "items_new", "items_changed", "items_gone", "message"),
)
TARGET_COLUMNS = ("target", "status", "reason", "http_status", "duration", "requests", "items", "message", "warnings")


async def print_runs(settings: Settings, query: RunQuery, form: RowFormat, limit: int) -> int:
    """Print the newest `limit` runs, all where it is 0, and return how many there were."""
    async with open_history(settings) as history:
        runs = read_all(lambda after: history.runs(query, after))
        return await print_rows((_record(run) async for run in first(runs, limit)), form, COLUMNS)


async def print_run(settings: Settings, run_id: UUID, form: RowFormat) -> int:
    """Print one run and its targets, and return how many runs there were: 0 or 1."""
    async with open_history(settings) as history:
        page = await history.runs(RunQuery(run_id=run_id))
        if form is RowFormat.TABLE:
            await print_rows(_one_by_one([_record(run) for run in page.rows]), form, COLUMNS)
            await print_rows(_targets(history, run_id), form, TARGET_COLUMNS)
        else:
            targets = [target async for target in _targets(history, run_id)]
            await print_rows(_one_by_one([{**_record(run), "targets": targets} for run in page.rows]), form, COLUMNS)
        return len(page.rows)


async def _targets(history: HistoryReader, run_id: UUID) -> AsyncIterator[Record]:
    for target in await history.target_runs([run_id]):
        yield asdict(target)


async def _one_by_one(records: list[Record]) -> AsyncIterator[Record]:
    for record in records:
        yield record


def _record(run: RunRow) -> Record:
    return asdict(run) | {"duration": run.duration}
