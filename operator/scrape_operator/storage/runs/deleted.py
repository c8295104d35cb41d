"""Rows of schedules whose objects were deleted: they go by `dataPolicy`. Called by the committer, a batch at a time.

Delete: all rows go. Retain: runs go when they are older than `historyMaxAge`, items stay; the row of the schedule
goes with its last run and item. What is still running stays until it has ended.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, Table, bindparam, delete, exists, not_, select, update

from scrape_operator.core.runs.run import DataPolicy
from scrape_operator.storage.tables import is_running, item_changes, items, schedules, scrape_runs, validators

ROWS_AT_ONCE = 1_000
SCHEDULES_AT_ONCE = 200

GRACE = timedelta(minutes=1)
"""How long the rows of a deleted schedule stay in any case: a slot on its way to the database may still follow."""

OWNED: Sequence[Table] = (scrape_runs, items, item_changes)
"""The tables whose rows belong to one schedule, besides those that belong to its runs or are one for each target."""

_s = schedules.c
_r = scrape_runs.c


@dataclass(frozen=True, slots=True)
class Deletion:
    """Schedules whose objects were found to be deleted at an instant."""

    uids: Sequence[str]
    at: datetime


@dataclass(frozen=True, slots=True)
class Expiry:
    """Asks for the next deleted schedules after a UID, and which of their runs are too old at an instant."""

    after: str
    now: datetime


def mark_deleted(connection: Connection, deletions: Sequence[Deletion]) -> list[None]:
    """Note when schedules were deleted; one that was noted before keeps its time."""
    rows = [{"of": uid, "at": deletion.at} for deletion in deletions for uid in sorted(deletion.uids)]
    if rows:
        connection.execute(_MARKED, rows)
    return [None] * len(deletions)


def purge_deleted(connection: Connection, instants: Sequence[datetime]) -> list[bool]:
    """Delete rows of schedules with the policy Delete. Return whether there are more."""
    return [_purge(connection, now) for now in instants]


def expire_deleted(connection: Connection, expiries: Sequence[Expiry]) -> list[str]:
    """Delete old runs of some schedules with the policy Retain. Return the last UID of them; "" after the last one."""
    return [_expire(connection, expiry) for expiry in expiries]


_MARKED = (
    update(schedules)
    .where(_s.uid == bindparam("of"), _s.deleted_at.is_(None))
    .values(deleted_at=bindparam("at", type_=_s.deleted_at.type))
)

_OLD_RUNS = delete(scrape_runs).where(
    _r.schedule_uid == bindparam("of"), not_(is_running), _r.completed_at < bindparam("before")
)

_OLD_CHANGES = delete(item_changes).where(
    item_changes.c.schedule_uid == bindparam("of"), item_changes.c.at < bindparam("before")
)


def _purge(connection: Connection, now: datetime) -> bool:
    runs = exists().where(_r.schedule_uid == _s.uid, is_running)
    is_due = _s.deleted_at <= now - GRACE
    due = select(_s.uid).where(_s.data_policy == DataPolicy.DELETE.value, is_due, not_(runs)).order_by(_s.uid)
    uids = connection.scalars(due.limit(SCHEDULES_AT_ONCE)).all()
    if not uids:
        return False
    connection.execute(delete(validators).where(validators.c.schedule_uid.in_(uids)))
    if sum(_delete_some(connection, table, uids) for table in OWNED) == 0:
        connection.execute(delete(schedules).where(_s.uid.in_(uids)))
    return True


def _delete_schedules(connection: Connection, uids: Sequence[str]) -> None:
    connection.execute(delete(validators).where(validators.c.schedule_uid.in_(uids)))
    connection.execute(delete(schedules).where(_s.uid.in_(uids)))


def _delete_some(connection: Connection, table: Table, uids: Sequence[str]) -> int:
    doomed = select(table.c.id).where(table.c.schedule_uid.in_(uids)).limit(ROWS_AT_ONCE)
    return connection.execute(delete(table).where(table.c.id.in_(doomed))).rowcount


def _expire(connection: Connection, expiry: Expiry) -> str:
    retained = select(_s.uid, _s.history_max_age).where(_s.deleted_at.is_not(None), _s.uid > expiry.after)
    page = connection.execute(retained.order_by(_s.uid).limit(SCHEDULES_AT_ONCE)).all()
    if not page:
        return ""
    rows = [{"of": row.uid, "before": expiry.now - timedelta(seconds=row.history_max_age)} for row in page]
    connection.execute(_OLD_RUNS, rows)
    connection.execute(_OLD_CHANGES, rows)
    is_owner = [exists().where(table.c.schedule_uid == _s.uid) for table in OWNED]
    uids: list[str] = [row.uid for row in page]
    connection.execute(delete(validators).where(validators.c.schedule_uid.in_(uids)))
    unused = (_s.uid.in_(uids), _s.deleted_at <= expiry.now - GRACE, *(not_(owner) for owner in is_owner))
    connection.execute(delete(schedules).where(*unused))
    return uids[-1]
