"""Reads what changed after a revision. Used by `results`."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Connection, Row, Table, and_, exists, func, or_, select

from scrape_operator.core.results import Changes, DeletedRun, RevisionExpired, VersionedRun
from scrape_operator.storage.engine.revisions import LastRevision
from scrape_operator.storage.reading.run_rows import add_targets, run_of, select_runs
from scrape_operator.storage.tables import run_tombstones, schedules, scrape_runs

CHANGES_AT_ONCE = 500
"""Rows of one answer; it has more where more were written in one transaction."""

EXPANDED_MAX = 10_000
"""Runs of deleted schedules that are named one by one; of more, the reader must list again."""

NO_RUN = UUID(int=0)

_runs, _gone, _schedules = scrape_runs.c, run_tombstones.c, schedules.c

_DELETED_FIELDS = ("namespace", "name", "trigger", "status", "reason", "inserted_revision", "run_revision")


def read_changes(connection: Connection, since: int, until: int | None = None) -> Changes:
    """Return the next changes of runs after a revision, up to another.

    Raises:
        RevisionExpired: some are forgotten, or the revision is not reached yet.

    """
    row = connection.execute(select(LastRevision(), func.min(_gone.revision)).select_from(run_tombstones)).one()
    last, oldest = row
    if since > last:
        raise RevisionExpired(f"the revision {since} is not reached yet: the newest one is {last}")
    if oldest is not None and since < oldest - 1:
        raise RevisionExpired(f"the changes after revision {since} are not kept any more: list again")
    bound = last if until is None else min(until, last)
    end = min(_end_of_page(connection, table, since, bound) for table in (scrape_runs, run_tombstones))
    if end <= since:
        return Changes(since, since)
    return Changes(since, end, _changed(connection, since, end), _deleted(connection, since, end))


def _within(table: Table, since: int, until: int) -> ColumnElement[bool]:
    return and_(table.c.revision > since, table.c.revision <= until)


def _end_of_page(connection: Connection, table: Table, since: int, last: int) -> int:
    """Return the revision of the last row of a page. All rows of a revision belong to one page."""
    page = select(table.c.revision).where(_within(table, since, last)).order_by(table.c.revision)
    end: int | None = connection.scalar(page.offset(CHANGES_AT_ONCE - 1).limit(1))
    return last if end is None else end


def _changed(connection: Connection, since: int, until: int) -> Sequence[VersionedRun]:
    statement = (
        select_runs(with_sums=False).where(_within(scrape_runs, since, until)).order_by(_runs.revision, _runs.id)
    )
    return add_targets(connection, map(run_of, connection.execute(statement).all()))


def _deleted(connection: Connection, since: int, until: int) -> Sequence[DeletedRun]:
    """Return the runs whose rows were deleted, and those of schedules that were deleted, each once.

    After a schedule is deleted, its rows go one after the other; readers were told of them before.
    """
    announced = run_tombstones.alias("announced").c
    is_live = exists().where(_schedules.uid == _gone.schedule_uid, _schedules.deleted_at.is_(None))
    is_news = exists().where(
        announced.schedule_uid == _gone.schedule_uid, announced.run_id == NO_RUN, announced.revision > since
    )
    columns = (_gone.run_id, *(_gone[name] for name in _DELETED_FIELDS), _gone.revision)
    rows = (
        select(*columns)
        .where(_within(run_tombstones, since, until), _gone.run_id != NO_RUN, or_(is_live, is_news))
        .order_by(_gone.revision, _gone.run_id)
    )
    deleted = [_deleted_run(row) for row in connection.execute(rows)]
    return sorted([*deleted, *_of_schedules(connection, since, until)], key=lambda run: run.revision)


def _of_schedules(connection: Connection, since: int, until: int) -> Sequence[DeletedRun]:
    """Return the runs, whose rows are still there, of schedules that were deleted."""
    columns = (_runs.id, *(_runs[name] for name in _DELETED_FIELDS[:-1]), _runs.revision, _gone.revision)
    rows = (
        select(*columns)
        .join_from(run_tombstones, scrape_runs, _runs.schedule_uid == _gone.schedule_uid)
        .where(_within(run_tombstones, since, until), _gone.run_id == NO_RUN)
        .order_by(_gone.revision, _runs.id)
        .limit(EXPANDED_MAX + 1)
    )
    found = [_deleted_run(row) for row in connection.execute(rows)]
    if len(found) > EXPANDED_MAX:
        raise RevisionExpired("too many runs were deleted at once: list again")
    return found


def _deleted_run(row: Row[*tuple[Any, ...]]) -> DeletedRun:
    return DeletedRun._make(row)
