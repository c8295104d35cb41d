"""Prints for `runs` the history of schedules: finished, running and skipped runs, the newest first."""

from collections.abc import AsyncIterator, Iterator
from dataclasses import asdict
from uuid import UUID

from rich.console import Console
from rich.text import Text

from scrape_operator.cli.formats import RowFormat
from scrape_operator.cli.rows import Record, first, print_described, print_lines, print_rows
from scrape_operator.core.reading import RunQuery, RunRow, TargetRunRow, read_all
from scrape_operator.core.runs.run import RunStatus, clip
from scrape_operator.core.times import rfc3339
from scrape_operator.settings import Settings
from scrape_operator.storage.reading.history import open_history

LINE_MAX_BYTES = 1024
STYLES = {
    RunStatus.SUCCEEDED.value: "green",
    RunStatus.SKIPPED.value: "yellow",
    RunStatus.PARTIALLY_SUCCEEDED.value: "red",
    RunStatus.FAILED.value: "red",
}


async def print_runs(settings: Settings, query: RunQuery, form: RowFormat, limit: int) -> int:
    """Print the newest `limit` runs, all where it is 0, and return how many there were."""
    async with open_history(settings) as history:
        runs = first(read_all(lambda after: history.runs(query, after)), limit)
        if form is not RowFormat.TABLE:
            return await print_rows((_record(run) async for run in runs), form, ())
        return await print_described(runs, describe)


async def print_run(settings: Settings, run_id: UUID, form: RowFormat) -> int:
    """Print one run and its targets, and return how many runs there were: 0 or 1."""
    async with open_history(settings) as history:
        runs = (await history.runs(RunQuery(run_id=run_id))).rows
        targets = await history.target_runs([run_id])
    if form is not RowFormat.TABLE:
        records: list[Record] = [{**_record(run), "targets": [asdict(target) for target in targets]} for run in runs]
        return await print_rows(_one_by_one(records), form, ())
    console = Console()
    for run in runs:
        print_lines(console, describe(run))
    for target in targets:
        print_lines(console, describe_target(target))
    return len(runs)


def describe(run: RunRow) -> Iterator[Text]:
    """Yield a line with the outcome, the counts and the ID of a run, and a line with its message."""
    items = f"items={run.items_scraped} new={run.items_new} changed={run.items_changed} gone={run.items_gone}"
    duration = "" if run.duration is None else f" {run.duration:.2f}s"
    outcome = f"{run.name} {run.trigger} {run.status} {run.reason or ''}".rstrip()
    heading = f"{rfc3339(run.scheduled_for, 'seconds')} {outcome} {items}{duration} id={run.id}"
    yield Text(clip(heading, LINE_MAX_BYTES), style=STYLES.get(run.status, ""))
    if run.message:
        yield Text(clip(f"  {run.message}", LINE_MAX_BYTES))


def describe_target(target: TargetRunRow) -> Iterator[Text]:
    """Yield a line with the outcome of a target, and a line each for its message and its warnings."""
    http = "" if target.http_status is None else f" http={target.http_status}"
    counts = f"items={target.items} requests={target.requests} {target.duration:.2f}s"
    heading = f"  target {target.target}: {target.status} {target.reason}{http} {counts}"
    yield Text(clip(heading, LINE_MAX_BYTES), style=STYLES.get(target.status, ""))
    if target.message:
        yield Text(clip(f"    {target.message}", LINE_MAX_BYTES))
    for warning in target.warnings:
        yield Text(clip(f"    warning: {warning}", LINE_MAX_BYTES), style="yellow")


async def _one_by_one(records: list[Record]) -> AsyncIterator[Record]:
    for record in records:
        yield record


def _record(run: RunRow) -> Record:
    return asdict(run) | {"duration": run.duration}
