"""Leases of running runs: renewed by their owner, else the run is ended. Called by the committer."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Row, bindparam, exists, select, update

from scrape_operator.core.notifications.events import RunEnd
from scrape_operator.core.runs.leases import Lease
from scrape_operator.core.runs.reasons import Reason
from scrape_operator.core.runs.run import RunStatus, RunSummary, Trigger, clip
from scrape_operator.core.schedule.plan import ObjectKey
from scrape_operator.core.times import rfc3339
from scrape_operator.storage.messages.writing import Ending, subscriptions_of, write_messages
from scrape_operator.storage.runs.pruning import GOOD
from scrape_operator.storage.runs.schedule_rows import add_orphans
from scrape_operator.storage.runs.summaries import SUMMARY_COLUMNS, summary_of
from scrape_operator.storage.tables import is_running, scrape_runs

_c = scrape_runs.c

REAPED_AT_ONCE = 1_000

_RENEWED = (
    update(scrape_runs)
    .where(_c.id == bindparam("run"), _c.owner == bindparam("by"), is_running)
    .values(lease_expires_at=bindparam("until"), revision=_c.revision)
)
"""No reader waits for a longer lease: the revision stays."""

OBJECT_COLUMNS = (_c.schedule_uid, _c.namespace, _c.name)

_later = scrape_runs.alias("later")
_good_later = exists().where(
    _later.c.schedule_uid == _c.schedule_uid,
    _later.c.scheduled_for > _c.scheduled_for,
    _later.c.status.in_(GOOD),
    _later.c.trigger != Trigger.REPLAY.value,
)
"""A later run was good, so that the orphan is no failure in a row (`ScheduleState.record_orphan` has the same rule)."""

Renewal = tuple[str, Collection[UUID], datetime]
"""Owner, ids of runs, and the new end of their leases."""

Orphans = tuple[Sequence[Lease], datetime]
"""Leases that are not renewed, and when their runs end."""

Reaped = Sequence[tuple[ObjectKey, RunSummary]]


def renew_leases(connection: Connection, renewals: Sequence[Renewal]) -> list[None]:
    """Renew the leases of runs that are RUNNING and the owner's; others are left as they are."""
    rows = [
        {"run": run_id, "by": owner, "until": until} for owner, run_ids, until in renewals for run_id in sorted(run_ids)
    ]
    if rows:
        connection.execute(_RENEWED, rows)
    return [None] * len(renewals)


def read_leases(connection: Connection) -> list[Lease]:
    """Return the leases of all runs that are RUNNING."""
    columns = (_c.id, _c.owner, _c.lease_expires_at)
    return [Lease(*row) for row in connection.execute(select(*columns).where(is_running))]


def reap_runs(connection: Connection, groups: Sequence[Orphans]) -> list[Reaped]:
    """End runs that are RUNNING with the lease that was seen, and return them."""
    return [_reap(connection, leases, now) for leases, now in groups]


def _reap(connection: Connection, leases: Sequence[Lease], now: datetime) -> Reaped:
    seen = {lease.run_id: lease for lease in leases}
    orphans = (
        select(*SUMMARY_COLUMNS, *OBJECT_COLUMNS, _c.owner, _c.lease_expires_at, _good_later.label("is_made_good"))
        .where(is_running, _c.id.in_(seen))
        .with_for_update(skip_locked=True)  # another reaper has them, or their owner is just writing
    )
    rows = [row for row in connection.execute(orphans) if seen[row.id].expires_at == row.lease_expires_at]
    ended = [_ended(row, now) for row in rows]
    statement = (
        update(scrape_runs)
        .where(_c.id == bindparam("run"))
        .values(status=RunStatus.FAILED.value, reason=Reason.ORPHANED.value, message=bindparam("why"), completed_at=now)
    )
    if ended:
        connection.execute(statement, [{"run": run.id, "why": run.message} for _, run in ended])
        add_orphans(connection, sorted((row.schedule_uid, int(not row.is_made_good)) for row in rows), now)
        _write_messages(
            connection, [entry for row, entry in zip(rows, ended, strict=True) if not row.is_made_good], now
        )
    return ended


def _write_messages(connection: Connection, ended: Reaped, now: datetime) -> None:
    """Write the messages of orphaned runs, one after the other: a run must see the messages of the one before."""
    stored = subscriptions_of(connection, {key.uid for key, _run in ended})
    for key, run in ended:
        if key.uid in stored:
            write_messages(connection, [Ending(RunEnd.of_orphan(key, run, now), stored[key.uid])])


def _ended(row: Row[*tuple[Any, ...]], now: datetime) -> tuple[ObjectKey, RunSummary]:
    until = rfc3339(row.lease_expires_at)
    message = clip(f"{row.owner} stopped renewing the lease of this run, which it had renewed until {until}")
    summary = summary_of(row, status=RunStatus.FAILED, reason=Reason.ORPHANED, message=message, completed_at=now)
    return ObjectKey(row.schedule_uid, row.namespace, row.name), summary
