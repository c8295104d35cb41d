"""Rows of schedules whose objects were deleted: they go by `dataPolicy`. Called by the committer, a batch at a time.

Delete: all rows go, those of sinks first. Retain: runs and the rows of sinks go when they are older than
`historyMaxAge`, items stay; the row of the schedule goes with the last of its rows. What is still running stays until
it has ended.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from operator import itemgetter
from typing import Any

from sqlalchemy import Connection, Exists, Table, bindparam, delete, exists, false, func, not_, or_, select, update

from scrape_operator.core.runs.run import DataPolicy, StoredSpec
from scrape_operator.storage.messages.tables import webhooks
from scrape_operator.storage.sinks import Age
from scrape_operator.storage.tables import (
    is_running,
    item_changes,
    items,
    run_tombstones,
    schedules,
    scrape_runs,
    validators,
)

ROWS_AT_ONCE = 1_000
SCHEDULES_AT_ONCE = 200

GRACE = timedelta(minutes=1)
"""How long the rows of a deleted schedule stay in any case: a slot on its way to the database may still follow."""

TOMBSTONE_AGE = timedelta(minutes=10)
"""How long a watch may be away and still receive what was deleted meanwhile. etcd keeps its revisions for five."""

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
    """Asks for the next deleted schedules after a UID, and which of their rows are too old at an instant."""

    after: str
    now: datetime


def note_edited(connection: Connection, groups: Sequence[Mapping[str, StoredSpec]]) -> list[None]:
    """Note how long the rows of schedules are kept, by the specs that were edited since their last slots."""
    rows = [
        {"of": uid, "policy": spec.data_policy.value, "age": spec.history_max_age.total_seconds()}
        for specs in groups
        for uid, spec in sorted(specs.items(), key=itemgetter(0))
    ]
    if rows:
        connection.execute(_EDITED, rows)
    return [None] * len(groups)


def mark_deleted(connection: Connection, deletions: Sequence[Deletion]) -> list[None]:
    """Note when schedules were deleted; one that was noted before keeps its time."""
    rows = [{"of": uid, "at": deletion.at} for deletion in deletions for uid in sorted(deletion.uids)]
    if rows:
        connection.execute(_MARKED, rows)
    return [None] * len(deletions)


def prune_tombstones(connection: Connection, instants: Sequence[datetime]) -> list[None]:
    """Delete old tombstones of runs, except the newest of them: it shows from where on they are complete."""
    for now in instants:
        connection.execute(_OLD_TOMBSTONES, {"before": now - TOMBSTONE_AGE})
    return [None] * len(instants)


class DeletedSchedules:
    """Deletes rows of deleted schedules in the tables of the store, and says what sinks may delete.

    Args:
        of_sinks: The tables of sinks whose rows belong to one schedule. Its own row stays while they have some.

    """

    def __init__(self, of_sinks: Sequence[Table] = ()) -> None:
        self._has_sink_rows = or_(false(), *map(_owns, of_sinks))
        self._is_unused = not_(or_(self._has_sink_rows, *map(_owns, OWNED)))

    def ages(self, connection: Connection, expiry: Expiry) -> list[Age]:
        """Return what sinks may delete of the next deleted schedules that have rows there, in the order of UIDs."""
        due = select(_s.uid, _s.data_policy, _s.history_max_age).where(*_is_due(expiry.now), self._has_sink_rows)
        page = connection.execute(due.where(_s.uid > expiry.after).order_by(_s.uid).limit(SCHEDULES_AT_ONCE))
        return [
            Age(row.uid, None if row.data_policy == DataPolicy.DELETE.value else _before(row.history_max_age, expiry))
            for row in page
        ]

    def purge(self, connection: Connection, instants: Sequence[datetime]) -> list[bool]:
        """Delete rows of schedules with the policy Delete. Return whether there are more."""
        return [self._purge(connection, now) for now in instants]

    def expire(self, connection: Connection, expiries: Sequence[Expiry]) -> list[str]:
        """Delete old runs of some schedules with the policy Retain. Return the last UID; "" after the last of all."""
        return [self._expire(connection, expiry) for expiry in expiries]

    def _purge(self, connection: Connection, now: datetime) -> bool:
        due = select(_s.uid).where(_s.data_policy == DataPolicy.DELETE.value, *_is_due(now), not_(self._has_sink_rows))
        uids = connection.scalars(due.order_by(_s.uid).limit(SCHEDULES_AT_ONCE)).all()
        if not uids:
            return False
        _delete_memory(connection, uids)
        if sum(_delete_some(connection, table, uids) for table in OWNED) == 0:
            connection.execute(delete(schedules).where(_s.uid.in_(uids)))
        return True

    def _expire(self, connection: Connection, expiry: Expiry) -> str:
        retained = select(_s.uid, _s.history_max_age).where(_s.deleted_at.is_not(None), _s.uid > expiry.after)
        page = connection.execute(retained.order_by(_s.uid).limit(SCHEDULES_AT_ONCE)).all()
        if not page:
            return ""
        rows = [{"of": row.uid, "before": _before(row.history_max_age, expiry)} for row in page]
        connection.execute(_OLD_RUNS, rows)
        connection.execute(_OLD_CHANGES, rows)
        uids: list[str] = [row.uid for row in page]
        _delete_memory(connection, uids)
        unused = (_s.uid.in_(uids), _s.deleted_at <= expiry.now - GRACE, self._is_unused)
        connection.execute(delete(schedules).where(*unused))
        return uids[-1]


_t = run_tombstones.c

_OLD_TOMBSTONES = delete(run_tombstones).where(
    _t.revision < select(func.max(_t.revision)).where(_t.deleted_at < bindparam("before")).scalar_subquery()
)

_MARKED = (
    update(schedules)
    .where(_s.uid == bindparam("of"), _s.deleted_at.is_(None))
    .values(deleted_at=bindparam("at", type_=_s.deleted_at.type))
)

_EDITED = (
    update(schedules)
    .where(_s.uid == bindparam("of"))
    .values(data_policy=bindparam("policy"), history_max_age=bindparam("age"))
)

_OLD_RUNS = delete(scrape_runs).where(
    _r.schedule_uid == bindparam("of"), not_(is_running), _r.completed_at < bindparam("before")
)

_OLD_CHANGES = delete(item_changes).where(
    item_changes.c.schedule_uid == bindparam("of"), item_changes.c.at < bindparam("before")
)

_HAS_ACTIVE_RUN = exists().where(_r.schedule_uid == _s.uid, is_running)


def _delete_memory(connection: Connection, uids: Sequence[str]) -> None:
    """Delete what only helps the next run."""
    for table in (validators, webhooks):
        connection.execute(delete(table).where(table.c.schedule_uid.in_(uids)))


def _owns(table: Table) -> Exists:
    return exists().where(table.c.schedule_uid == _s.uid)


def _is_due(now: datetime) -> Sequence[Any]:
    return _s.deleted_at <= now - GRACE, not_(_HAS_ACTIVE_RUN)


def _before(history_max_age: float, expiry: Expiry) -> datetime:
    return expiry.now - timedelta(seconds=history_max_age)


def _delete_some(connection: Connection, table: Table, uids: Sequence[str]) -> int:
    doomed = select(table.c.id).where(table.c.schedule_uid.in_(uids)).limit(ROWS_AT_ONCE)
    return connection.execute(delete(table).where(table.c.id.in_(doomed))).rowcount
