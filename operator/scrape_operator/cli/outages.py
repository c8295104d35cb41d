"""Prints for `runs --outages` one row for each series of runs with the same outcome, the oldest first."""

from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime

from rich.text import Text

from scrape_operator.cli.absent import Sought, report_absence
from scrape_operator.cli.consoles import open_console
from scrape_operator.cli.formats import RowFormat
from scrape_operator.cli.limits import Limit
from scrape_operator.cli.records import Record
from scrape_operator.cli.removed import report_removed
from scrape_operator.cli.rows import print_lines, print_rows
from scrape_operator.cli.runs import FAILED, STYLES
from scrape_operator.core.reading import OpenRows, RowReader, RunQuery, RunRow, TargetRunRow, read_pages
from scrape_operator.core.runs.reasons import OUTAGES, Reason
from scrape_operator.core.runs.run import RunStatus, Trigger, clip
from scrape_operator.core.times import rfc3339

LINE_MAX_BYTES = 1024
HOUR_AT = len("2026-11-24T")
ORDINARY_SKIPS = frozenset({Reason.SKIPPED_OVERLAP.value, Reason.SKIPPED_WINDOW.value})
"""Skips that the spec asks for: they are no outage, and end none."""

Outcome = tuple[str, str | None, int | None]


@dataclass(frozen=True, slots=True)
class Series:
    """Runs of a schedule that follow each other and have the same outcome. The fields are the columns that are printed.

    Attributes:
        namespace: The namespace of the schedule.
        name: The schedule.
        first_due: The due time of the first run.
        last_due: The due time of the last run.
        status: The status of the runs. SKIPPED: due times that were not run.
        reason: Their reason; None for runs that succeeded.
        http_status: The status of the answer that made them fail, if there was one.
        runs: The number of runs, or of skipped due times that have a row.
        missed: The earlier due times that these rows stand for.
        message: The message of the first run.

    """

    namespace: str
    name: str
    first_due: datetime
    last_due: datetime
    status: str
    reason: str | None
    http_status: int | None
    runs: int
    missed: int
    message: str | None

    @property
    def outcome(self) -> Outcome:
        """Return what the runs have in common."""
        return self.status, self.reason, self.http_status

    def extended(self, earlier: "Series") -> "Series":
        """Return this series with the runs of one that ends before it begins."""
        return replace(
            earlier, last_due=self.last_due, runs=self.runs + earlier.runs, missed=self.missed + earlier.missed
        )


async def print_outages(
    open_rows: OpenRows, query: RunQuery, sought: Sought, form: RowFormat, limit: int, *, only_failed: bool
) -> None:
    """Print the newest `limit` series of runs, all where it is 0, the oldest of them first, or why there is none.

    Memory grows with the number of series, not of runs. `only_failed` leaves out those that succeeded or were skipped.

    Raises:
        NotFound: The database has no schedule of the name.

    """
    async with open_rows() as rows:
        found = await _read_series(rows, query)
        if only_failed:
            found = [series for series in found if series.status in FAILED]
        printed = Limit(limit, is_exceeded=bool(limit) and len(found) > limit)
        newest = found[-limit:]
        if form is RowFormat.TABLE:
            print_lines(open_console(), (line for series in newest for line in describe(series)))
        else:
            await print_rows(_records(newest), form, ())
        printed.report("newest")
        if not found:
            await report_absence(rows, sought)
        elif not printed.is_exceeded:
            await report_removed(rows, query)


async def _read_series(rows: RowReader, query: RunQuery) -> Sequence[Series]:
    """Return the series of all runs, ordered by their first due time. Runs are read with the newest first."""
    ended: list[Series] = []
    begun: dict[str, Series] = {}
    async for page in read_pages(lambda after: rows.runs(query, after)):
        runs = [run for run in page if _counts(run)]
        answers = _failed_answers(await rows.target_runs([run.id for run in runs if run.status in FAILED]))
        for run in runs:
            one = _series_of(run, answers)
            later = begun.get(run.schedule_uid)
            if later is not None and later.outcome == one.outcome:
                one = later.extended(one)
            elif later is not None:
                ended.append(later)
            begun[run.schedule_uid] = one
    return sorted([*ended, *begun.values()], key=lambda series: (series.first_due, series.name))


def _counts(run: RunRow) -> bool:
    """Return whether a run says something of the site or of the operator."""
    is_ordinary = run.status == RunStatus.SKIPPED.value and run.reason in ORDINARY_SKIPS
    return run.status != RunStatus.RUNNING.value and run.trigger != Trigger.REPLAY.value and not is_ordinary


def _failed_answers(targets: Sequence[TargetRunRow]) -> dict[tuple[object, str], int | None]:
    """Return the HTTP status of the first target of a run that failed for a reason, by run and reason."""
    found: dict[tuple[object, str], int | None] = {}
    for target in targets:
        if target.status in FAILED:
            found.setdefault((target.run_id, target.reason), target.http_status)
    return found


def _series_of(run: RunRow, answers: dict[tuple[object, str], int | None]) -> Series:
    """Return a series of one run."""
    has_succeeded = run.status == RunStatus.SUCCEEDED.value
    reason = None if has_succeeded else run.reason
    answer = None if reason is None or reason in OUTAGES else answers.get((run.id, reason))
    due, message = run.scheduled_for, run.message or None
    return Series(run.namespace, run.name, due, due, run.status, reason, answer, 1, run.missed, message)


def describe(series: Series) -> Iterator[Text]:
    """Yield the line of a series."""
    first, last = rfc3339(series.first_due, "seconds"), rfc3339(series.last_due, "seconds")
    is_one_day = first[:HOUR_AT] == last[:HOUR_AT]
    period = first if first == last else f"{first} to {last[HOUR_AT:] if is_one_day else last}"
    answer = "" if series.http_status is None else f" ({series.http_status})"
    outcome = f"{series.status} {series.reason or ''}{answer}".rstrip()
    what = "skipped due time" if series.status == RunStatus.SKIPPED.value else "run"
    number = f"{series.runs} {what}{'' if series.runs == 1 else 's'}"
    missed = f" missed={series.missed}" if series.missed else ""
    message = f": {series.message}" if series.message else ""
    text = f"{period} {series.name} {outcome} {number}{missed}{message}"
    yield Text(clip(text, LINE_MAX_BYTES), style=STYLES.get(series.status, ""))


async def _records(found: Sequence[Series]) -> AsyncIterator[Record]:
    for series in found:
        yield asdict(series)
