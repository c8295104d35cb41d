"""The time since which a target fails with its reason. Called by `finishing`, in its transaction.

It is stored with the target, since history does not show it once old runs are pruned.
"""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import Connection, exists, select

from scrape_operator.core.runs.run import RunResult, RunStatus
from scrape_operator.storage.tables import scrape_runs, scrape_target_runs

Since = dict[tuple[UUID, str], datetime]
"""By run and target: since when the target ends with the status and reason that it has in the run."""


def failing_since(connection: Connection, results: Sequence[RunResult]) -> Since:
    """Compare each failing target with the last run before it that has targets.

    A run that was stopped does not (`core.state.ScheduleState.record_finish` has the same rule).
    """
    failing = {
        (result.claim.id, target.target): (target.status.value, target.reason.value, result.completed_at)
        for result in results
        for target in result.targets
        if target.status is not RunStatus.SUCCEEDED
    }
    since: Since = {key: at for key, (_, _, at) in failing.items()}
    if failing:
        for run_id, target, status, reason, began in _before(connection, {run_id for run_id, _ in failing}):
            now = failing.get((run_id, target))
            if now is not None and now[:2] == (status, reason) and began is not None:
                since[run_id, target] = began
    return since


def _before(connection: Connection, run_ids: set[UUID]) -> Sequence[tuple[UUID, str, str, str, datetime | None]]:
    runs, earlier, targets = scrape_runs, scrape_runs.alias("earlier"), scrape_target_runs
    previous = (
        select(earlier.c.id)
        .where(
            earlier.c.schedule_uid == runs.c.schedule_uid,
            earlier.c.id != runs.c.id,
            earlier.c.completed_at.is_not(None),
            earlier.c.status != RunStatus.CANCELED.value,
            exists().where(targets.c.run_id == earlier.c.id),
        )
        .order_by(earlier.c.scheduled_for.desc(), earlier.c.id.desc())
        .limit(1)
        .correlate(runs)
        .scalar_subquery()
    )
    rows = connection.execute(
        select(runs.c.id, targets.c.target, targets.c.status, targets.c.reason, targets.c.since)
        .join_from(runs, targets, targets.c.run_id == previous)
        .where(runs.c.id.in_(run_ids))
    )
    return [(run_id, target, status, reason, since) for run_id, target, status, reason, since in rows]
