"""The texts of a status that people read: lines of the history, and cells of the table of `kubectl get`."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from scrape_operator.core.runs.run import RunStatus, RunSummary, clip
from scrape_operator.core.schedule.pauses import Pause
from scrape_operator.core.times import rfc3339
from scrape_operator.planning.timing import EXPRESSION_SEPARATOR
from scrape_operator.reporting.status.condition_types import FALSE, TRUE, Condition, ConditionType

HISTORY_MESSAGE_MAX_BYTES = 120
ONE_WEEK = timedelta(days=7)

SCHEDULE_MAX_LENGTH = 13
"""The width of the column SCHEDULE. With names of up to 20 characters a table of Ready schedules is then at most 100
wide: 20 NAME, 5 READY, 13 SCHEDULE, 5 LAST, 10 NEXT, 5 ITEMS, 7 TARGETS, 6 REASON, 5 AGE, and 3 between two columns."""

_STATUS_WORDS = {
    RunStatus.SUCCEEDED: "Succeeded",
    RunStatus.PARTIALLY_SUCCEEDED: "PartiallySucceeded",
    RunStatus.FAILED: "Failed",
    RunStatus.CANCELED: "Canceled",
    RunStatus.SKIPPED: "Skipped",
    RunStatus.RUNNING: "Running",
}


def history_line(run: RunSummary) -> str:
    """Return a run as one line: due time, trigger, outcome, counts, duration, id, and why it did not succeed."""
    outcome = _STATUS_WORDS[run.status]
    reason = "" if run.reason == outcome else f" reason={run.reason}"
    counts = f"items={run.items_scraped} new={run.counts.new} changed={run.counts.changed} gone={run.counts.gone}"
    line = f"{rfc3339(run.scheduled_for)} {run.trigger} {outcome}{reason} {counts} {_seconds(run):.1f}s run={run.id}"
    if run.status is RunStatus.SUCCEEDED or not run.message:
        return line
    return f"{line} {clip(run.message, HISTORY_MESSAGE_MAX_BYTES)}"


def schedule_cell(text: str) -> str:
    """Return what the column SCHEDULE shows: the interval, or the first cron expression and the number of others."""
    first, *others = text.split(EXPRESSION_SEPARATOR)
    count = f" +{len(others)}" if others else ""
    room = SCHEDULE_MAX_LENGTH - len(count)
    return (first if len(first) <= room else f"{first[: room - 1].rstrip()}…") + count


def next_text(due: datetime | None, now: datetime) -> str | None:
    """Return a due time as the column NEXT shows it: the time today, the weekday within a week, else the date."""
    if due is None:
        return None
    due = due.astimezone(UTC)
    if due.date() == now.astimezone(UTC).date():
        return f"{due:%H:%M:%S}Z"
    return f"{due:%a %H:%M}Z" if now <= due < now + ONE_WEEK else f"{due:%Y-%m-%d}"


def reason_text(conditions: Sequence[Condition]) -> str | None:
    """Return what the column REASON shows: why not Ready, else Suspended, else the breach of the data."""
    known = {condition.type: condition for condition in conditions}
    ready, scheduled = known[ConditionType.READY], known[ConditionType.SCHEDULED]
    data = known[ConditionType.DATA_HEALTHY]
    if ready.status != TRUE:
        return str(ready.reason)
    if scheduled.reason == Pause.SUSPENDED:
        return str(scheduled.reason)
    return str(data.reason) if data.status == FALSE else None


def _seconds(run: RunSummary) -> float:
    if run.started_at is None or run.completed_at is None:
        return 0.0
    return max(0.0, (run.completed_at - run.started_at).total_seconds())
