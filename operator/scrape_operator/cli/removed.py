"""Says on standard error that older runs of a schedule are not stored any more."""

from collections.abc import Sequence
from datetime import datetime

import typer

from scrape_operator.core.reading import RemovedRuns, RowReader, RunQuery
from scrape_operator.core.runs.run import RunStatus
from scrape_operator.core.times import rfc3339

REMOVED_BY = "spec.successfulRunsHistoryLimit, spec.failedRunsHistoryLimit, spec.historyMaxAge"


async def report_removed(rows: RowReader, query: RunQuery) -> None:
    """Print a line on standard error if runs were removed that may have been among those of a query."""
    removed = await rows.removed_runs(query)
    if removed.number and any(_may_be_missing(oldest, query.since) for oldest in _oldest_of_kinds(removed, query)):
        were = "older run was" if removed.number == 1 else "older runs were"
        line = f"{removed.number} {were} removed ({REMOVED_BY}); {_stored(removed)}"
        typer.echo(line, err=True)


def _oldest_of_kinds(removed: RemovedRuns, query: RunQuery) -> Sequence[datetime | None]:
    """Return the due time of the oldest stored run of each kind that a query reads; each kind has its own limit."""
    kinds = {status.is_good for status in query.statuses or tuple(RunStatus)}
    return [removed.oldest_good if is_good else removed.oldest_failed for is_good in kinds]


def _may_be_missing(oldest: datetime | None, since: datetime | None) -> bool:
    """Return whether runs that are older than the oldest stored one may have been due since a time."""
    return oldest is None or since is None or oldest > since


def _stored(removed: RemovedRuns) -> str:
    kinds = (("succeeded", removed.oldest_good), ("failed", removed.oldest_failed))
    return ", ".join(f"the oldest stored that {kind}: {_time(oldest)}" for kind, oldest in kinds)


def _time(oldest: datetime | None) -> str:
    return "none" if oldest is None else rfc3339(oldest, "seconds")
