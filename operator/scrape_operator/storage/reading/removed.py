"""Counts the runs of schedules that are not stored any more. Used by `history`."""

from typing import Any

from sqlalchemy import Row, Select, case, func, select

from scrape_operator.core.reading import RemovedRuns
from scrape_operator.core.runs.run import RunStatus, Trigger
from scrape_operator.storage.runs.pruning import GOOD
from scrape_operator.storage.tables import schedules, scrape_runs

_runs = scrape_runs.c

_NOT_ENDED = (RunStatus.RUNNING.value, RunStatus.SKIPPED.value)

Statement = Select[*tuple[Any, ...]]


def select_removed(uids: Statement) -> Statement:
    """Return the statement that compares the counters of schedules with their stored runs, for `removed_of`.

    Replays are left out: the counters do not count them.
    """
    counted = select(func.coalesce(func.sum(schedules.c.runs), 0)).where(schedules.c.uid.in_(uids)).scalar_subquery()
    is_good = _runs.status.in_(GOOD)
    return select(
        counted,
        func.count(),
        func.min(case((is_good, _runs.scheduled_for))),
        func.min(case((~is_good, _runs.scheduled_for))),
    ).where(_runs.schedule_uid.in_(uids), _runs.status.not_in(_NOT_ENDED), _runs.trigger != Trigger.REPLAY.value)


def removed_of(row: Row[*tuple[Any, ...]]) -> RemovedRuns:
    """Return what a row of `select_removed` says."""
    counted, stored, oldest_good, oldest_failed = row
    return RemovedRuns(max(int(counted) - int(stored), 0), oldest_good, oldest_failed)
