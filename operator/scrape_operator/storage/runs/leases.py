"""Leases of running runs: prolonged by their owner, ended by whoever finds them run out. Called by the committer."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Row, bindparam, exists, select, update

from scrape_operator.core.runs.reasons import Reason
from scrape_operator.core.runs.run import RunStatus, RunSummary, clip
from scrape_operator.core.schedule.plan import ObjectKey
from scrape_operator.core.times import rfc3339
from scrape_operator.storage.runs.pruning import GOOD
from scrape_operator.storage.runs.schedule_rows import add_orphans
from scrape_operator.storage.runs.summaries import SUMMARY_COLUMNS, summary_of
from scrape_operator.storage.tables import is_running, scrape_runs

_c = scrape_runs.c

REAPED_AT_ONCE = 1_000

_PROLONGED = (
    update(scrape_runs)
    .where(_c.id == bindparam("run"), _c.owner == bindparam("by"), is_running)
    .values(lease_expires_at=bindparam("until"))
)

OBJECT_COLUMNS = (_c.schedule_uid, _c.namespace, _c.name)

_later = scrape_runs.alias("later")
_good_later = exists().where(
    _later.c.schedule_uid == _c.schedule_uid,
    _later.c.scheduled_for > _c.scheduled_for,
    _later.c.status.in_(GOOD),
)
"""A later run was good, so that the orphan is no failure in a row (`ScheduleState.record_orphan` has the same rule)."""

Renewal = tuple[str, Collection[UUID], datetime]
"""Owner, run ids, until when."""

Reaped = Sequence[tuple[ObjectKey, RunSummary]]


def renew_leases(connection: Connection, renewals: Sequence[Renewal]) -> list[None]:
    """Prolong the leases of runs that are RUNNING and the owner's; others are left as they are."""
    rows = [
        {"run": run_id, "by": owner, "until": until} for owner, run_ids, until in renewals for run_id in sorted(run_ids)
    ]
    if rows:
        connection.execute(_PROLONGED, rows)
    return [None] * len(renewals)


def reap_runs(connection: Connection, instants: Sequence[datetime]) -> list[Reaped]:
    """End runs whose lease was over at an instant, REAPED_AT_ONCE at most, and give them."""
    return [_reap(connection, now) for now in instants]


def _reap(connection: Connection, now: datetime) -> Reaped:
    orphans = (
        select(*SUMMARY_COLUMNS, *OBJECT_COLUMNS, _c.owner, _c.lease_expires_at, _good_later.label("is_made_good"))
        .where(is_running, _c.lease_expires_at < now)
        .order_by(_c.lease_expires_at)
        .limit(REAPED_AT_ONCE)
        .with_for_update(skip_locked=True)  # another reaper has them, or their owner is just writing
    )
    rows = connection.execute(orphans).all()
    ended = [_ended(row, now) for row in rows]
    statement = (
        update(scrape_runs)
        .where(_c.id == bindparam("run"))
        .values(status=RunStatus.FAILED.value, reason=Reason.ORPHANED.value, message=bindparam("why"), completed_at=now)
    )
    if ended:
        connection.execute(statement, [{"run": run.id, "why": run.message} for _, run in ended])
        add_orphans(connection, sorted((row.schedule_uid, int(not row.is_made_good)) for row in rows), now)
    return ended


def _ended(row: Row[*tuple[Any, ...]], now: datetime) -> tuple[ObjectKey, RunSummary]:
    expired = rfc3339(row.lease_expires_at)
    message = clip(f"{row.owner} stopped renewing the lease of this run, which was over at {expired}")
    summary = summary_of(row, status=RunStatus.FAILED, reason=Reason.ORPHANED, message=message, completed_at=now)
    return ObjectKey(row.schedule_uid, row.namespace, row.name), summary
