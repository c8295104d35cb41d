"""Describes runs and their targets for `runs`: finished, running and skipped runs."""

from collections.abc import AsyncIterator, Iterable, Iterator, Sequence
from uuid import UUID

from rich.text import Text

from scrape_operator.cli.absent import find_run
from scrape_operator.cli.consoles import open_console
from scrape_operator.cli.formats import RowFormat
from scrape_operator.cli.listings import Listing
from scrape_operator.cli.records import Record
from scrape_operator.cli.removed import report_removed
from scrape_operator.cli.rows import print_lines, print_rows
from scrape_operator.core.errors import NotFound
from scrape_operator.core.ids import RunIDs
from scrape_operator.core.reading import OpenRows, Page, RowReader, RunQuery, RunRow, TargetRunRow
from scrape_operator.core.runs.outcome import run_message
from scrape_operator.core.runs.reasons import OUTAGES
from scrape_operator.core.runs.run import RunStatus, clip
from scrape_operator.core.times import rfc3339

LINE_MAX_BYTES = 1024
FAILED = frozenset({RunStatus.FAILED.value, RunStatus.PARTIALLY_SUCCEEDED.value})
STYLES = {
    RunStatus.SUCCEEDED.value: "green",
    RunStatus.SKIPPED.value: "yellow",
    RunStatus.PARTIALLY_SUCCEEDED.value: "red",
    RunStatus.FAILED.value: "red",
}


async def print_run(open_rows: OpenRows, namespace: str, ids: RunIDs, form: RowFormat) -> None:
    """Print one run and its targets; it is sought in the namespace first.

    Raises:
        NotFound: The database has no such run, or the ID is not whole.

    """
    async with open_rows() as rows:
        try:
            run = await find_run(rows, ids, namespace)
        except NotFound:
            await _print_records((), form)
            raise
        targets = await rows.target_runs([run.id])
    await _print_records([{**_record(run), "targets": [target._asdict() for target in targets]}], form)
    if form is RowFormat.TABLE:
        print_lines(open_console(), describe(run, targets, targets))


async def _print_records(records: Sequence[Record], form: RowFormat) -> None:
    """Print records for a program, also none of them; a person gets lines instead."""
    if form is not RowFormat.TABLE:
        await print_rows(_each(records), form, ())


async def _describe_page(rows: RowReader, runs: Sequence[RunRow]) -> Iterable[Text]:
    """Return the lines of runs, and for each that failed those of the targets that did."""
    targets: dict[UUID, list[TargetRunRow]] = {run.id: [] for run in runs}
    for target in await rows.target_runs(list(targets)):
        targets[target.run_id].append(target)
    return (line for run in runs for line in _describe_with_failed_targets(run, targets[run.id]))


def _describe_with_failed_targets(run: RunRow, targets: Sequence[TargetRunRow]) -> Iterator[Text]:
    failed = [target for target in targets if target.status in FAILED] if run.status in FAILED else []
    return describe(run, targets, failed)


def describe(run: RunRow, targets: Sequence[TargetRunRow], shown: Sequence[TargetRunRow]) -> Iterator[Text]:
    """Yield the lines of a run: outcome, counts and ID, then the message, then the targets that are shown.

    The message of a run is that of one of its targets. It has no line of its own where that target is shown.
    """
    items = f"items={run.items_scraped} new={run.items_new} changed={run.items_changed} gone={run.items_gone}"
    duration = "" if run.duration is None else f" {run.duration:.2f}s"
    outcome = f"{run.name} {run.trigger} {run.status} {run.reason or ''}".rstrip()
    count = sum(len(target.warnings) for target in targets)
    warnings = f" warnings={count}" if count else ""
    stay = stay_note(run.status, run.items_total)
    heading = f"{rfc3339(run.scheduled_for, 'seconds')} {outcome} {items}{duration}{stay}{warnings} id={run.id}"
    yield Text(clip(heading, LINE_MAX_BYTES), style=STYLES.get(run.status, ""))
    if run.message and not any(_has_message(target, run.message) for target in shown):
        yield Text(clip(f"  {run.message}", LINE_MAX_BYTES))
    for target in shown:
        yield from describe_target(target)


def stay_note(status: str, total: int) -> str:
    """Return that the stored items stay, for the line of a run that failed; an empty text for other runs."""
    if status != RunStatus.FAILED.value or not total:
        return ""
    return " (1 stored item stays)" if total == 1 else f" ({total} stored items stay)"


def _has_message(target: TargetRunRow, message: str) -> bool:
    """Return whether the message of a run is that of a target."""
    return bool(target.message) and message == run_message(target.target, target.message)


def describe_target(target: TargetRunRow) -> Iterator[Text]:
    """Yield a line with the outcome of a target, and a line each for its message and its warnings."""
    http = "" if target.http_status is None else f" {_http_label(target.reason)}={target.http_status}"
    counts = f"items={target.items} requests={target.requests} {target.duration:.2f}s"
    heading = f"  target {target.target}: {target.status} {target.reason}{http} {counts}"
    yield Text(clip(heading, LINE_MAX_BYTES), style=STYLES.get(target.status, ""))
    if target.message:
        yield Text(clip(f"    {target.message}", LINE_MAX_BYTES))
    for warning in target.warnings:
        yield Text(clip(f"    warning: {warning}", LINE_MAX_BYTES), style="yellow")


def _http_label(reason: str) -> str:
    """Return the label of a target's HTTP status: of another answer than the one that the target waited for, or not."""
    return "last answer http" if reason in OUTAGES else "http"


async def _each(records: Sequence[Record]) -> AsyncIterator[Record]:
    for record in records:
        yield record


def _record(run: RunRow) -> Record:
    return run._asdict() | {"duration": run.duration}


async def _read(rows: RowReader, query: RunQuery, after: str | None, limit: int) -> Page[RunRow]:
    return await rows.runs(query, after, limit)


RUNS = Listing(_read, _record, _describe_page, report_older=report_removed)
