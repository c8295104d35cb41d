"""The time since which a target fails with its reason. Called by `finishing`, in its transaction.

It is stored with the target, since history does not show it once old runs are pruned.
"""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import Connection, bindparam, exists, select

from scrape_operator.core.runs.run import RunResult, RunStatus, Trigger
from scrape_operator.storage.tables import scrape_runs, scrape_target_runs

_r, _t, _e = scrape_runs.c, scrape_target_runs.c, scrape_runs.alias("earlier").c
_previous = (
    select(_e.id)
    .where(
        _e.schedule_uid == _r.schedule_uid,
        _e.id != _r.id,
        _e.completed_at.is_not(None),
        _e.status != RunStatus.CANCELED.value,
        _e.trigger != Trigger.REPLAY.value,
        exists().where(_t.run_id == _e.id),
    )
    .order_by(_e.scheduled_for.desc(), _e.id.desc())
    .limit(1)
    .correlate(scrape_runs)
    .scalar_subquery()
)
_BEFORE = (
    select(_r.id, _t.target, _t.status, _t.reason, _t.since)
    .join_from(scrape_runs, scrape_target_runs, _t.run_id == _previous)
    .where(_r.id.in_(bindparam("ids", expanding=True)))
)
"""The targets of the run before each of these runs."""


Since = dict[tuple[UUID, str], datetime]
"""By run and target: since when the target ends with the status and reason that it has in the run."""


def failing_since(connection: Connection, results: Sequence[RunResult]) -> Since:
    """Compare each failing target with the last run before it that has targets.

    A run that was stopped or is a replay does not count (`core.state.ScheduleState.record_finish` has the same rule).
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
    rows = connection.execute(_BEFORE, {"ids": list(run_ids)})
    return [(run_id, target, status, reason, since) for run_id, target, status, reason, since in rows]
