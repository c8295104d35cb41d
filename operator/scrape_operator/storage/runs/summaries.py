"""Conversion of rows of scrape_runs to the values of the history. Used by `leases` and `loading`."""

from typing import Any

from sqlalchemy import Row

from scrape_operator.core.runs.items import ItemCounts
from scrape_operator.core.runs.reasons import Reason
from scrape_operator.core.runs.run import RunStatus, RunSummary, Trigger
from scrape_operator.core.shared import shared
from scrape_operator.storage.tables import scrape_runs

_c = scrape_runs.c

SUMMARY_COLUMNS = (
    _c.id,
    _c.trigger,
    _c.generation,
    _c.scheduled_for,
    _c.status,
    _c.reason,
    _c.message,
    _c.started_at,
    _c.completed_at,
    _c.items_scraped,
    _c.items_total,
    _c.items_new,
    _c.items_changed,
    _c.items_gone,
)
"""The columns that `summary_of` reads."""


def counts_of(row: Row[*tuple[Any, ...]]) -> ItemCounts:
    """Return the counts of a row of a run or of a schedule."""
    return shared(ItemCounts(row.items_total, row.items_new, row.items_changed, row.items_gone))


def summary_of(row: Row[*tuple[Any, ...]], **instead: Any) -> RunSummary:
    """Return the summary of a finished run; `instead` has fields with other values than the row."""
    values = {
        "id": row.id,
        "trigger": Trigger(row.trigger),
        "generation": row.generation,
        "scheduled_for": row.scheduled_for,
        "status": RunStatus(row.status),
        "reason": reason_of(row.reason),
        "message": row.message or "",
        "started_at": row.started_at,
        "completed_at": row.completed_at,
        "counts": counts_of(row),
        "items_scraped": row.items_scraped,
    }
    return RunSummary(**values | instead)


def reason_of(text: str | None) -> Reason:
    """Return a reason; one that only a newer program has must not keep an older one from starting."""
    try:
        return Reason(text or "")
    except ValueError:
        return Reason.INTERNAL_ERROR
