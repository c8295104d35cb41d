"""Reads runs and items as resources: `core.results.ResultReader` on SQLite and PostgreSQL.

Each list is read in one snapshot, so that its rows and its revision belong together.
"""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from functools import partial
from itertools import accumulate
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Connection, Row, Select, Text, case, cast, func, select

from scrape_operator.core.errors import InvalidValue
from scrape_operator.core.reading import ItemRow
from scrape_operator.core.results import (
    LIST_MAX_ROWS,
    Changes,
    Listing,
    ListQuery,
    ResultReader,
    StoredItem,
    VersionedRun,
)
from scrape_operator.core.selection import Operator, Selection
from scrape_operator.settings import Settings
from scrape_operator.storage.engine.revisions import LastRevision
from scrape_operator.storage.engine.transactions import Timeouts
from scrape_operator.storage.reading.changes import read_changes
from scrape_operator.storage.reading.connections import ReadOnlyDatabase, open_read_only
from scrape_operator.storage.reading.run_rows import ONLY_TARGET, add_targets, run_of, select_runs
from scrape_operator.storage.reading.selections import conditions_of
from scrape_operator.storage.reading.tokens import decode_token, encode_token
from scrape_operator.storage.tables import items, schedules, scrape_runs

LIST_MAX_TARGETS = 2000
"""Rows of targets in one page; a page with more of them ends earlier."""

LIST_MAX_CHARACTERS = 4 * 1024 * 1024
"""Characters of the data of the items in one page; a page with more of them ends earlier. One item can be large."""

Statement = Select[*tuple[Any, ...]]

_runs, _items, _schedules = scrape_runs.c, items.c, schedules.c

RUN_FIELDS: Mapping[str, ColumnElement[Any]] = {
    "id": _runs.id,
    "namespace": _runs.namespace,
    "schedule": _runs.name,
    "status": _runs.status,
    "reason": _runs.reason,
    "trigger": _runs.trigger,
    "target": ONLY_TARGET,
}

ITEM_FIELDS: Mapping[str, ColumnElement[Any]] = {
    "id": _items.id,
    "namespace": _schedules.namespace,
    "schedule": _schedules.name,
    "target": _items.target,
    "status": case((_items.gone_at.is_(None), "PRESENT"), else_="GONE"),
}

_DATA_LENGTH = func.length(cast(_items.data, Text))

_ITEM_PLACE = (_items.schedule_uid, _items.target, _items.key)
"""The order of items: that of their index, so that a page costs the same wherever it is."""


class SQLResultReader(ResultReader):
    """Reads by keyset paging. Made by `open_results`."""

    def __init__(self, database: ReadOnlyDatabase) -> None:
        self._database = database

    async def runs(self, query: ListQuery) -> Listing[VersionedRun]:
        """Return runs, the newest first: their ids sort by the time at which they were claimed."""
        return await self._database.snapshot(partial(_list_runs, query=query))

    async def run(self, namespace: str, run_id: UUID) -> VersionedRun | None:
        """Return one run with its targets."""
        return await self._database.snapshot(partial(_read_run, namespace=namespace, run_id=run_id))

    async def items(self, query: ListQuery) -> Listing[StoredItem]:
        """Return items, ordered by schedule, target and key."""
        return await self._database.snapshot(partial(_list_items, query=query))

    async def item(self, namespace: str, item_id: int) -> StoredItem | None:
        """Return one item."""
        statement = _select_items().where(_items.id == item_id, _schedules.namespace == namespace)
        rows = await self._database.rows(statement)
        return _item_of(rows[0]) if rows else None

    async def last_revision(self) -> int:
        """Return the revision up to which everything can be read now."""
        return await self._database.snapshot(_last_revision)

    async def changes(self, since: int, until: int | None = None) -> Changes:
        """Return the next changes of runs after a revision."""
        return await self._database.snapshot(partial(read_changes, since=since, until=until))


@asynccontextmanager
async def open_results(settings: Settings, timeouts: Timeouts | None = None) -> AsyncIterator[SQLResultReader]:
    """Open a reader of the database that the settings name, with connections of its own.

    Until the operator has made it, a SQLite file is a database that is away.

    Raises:
        InvalidValue: the settings name no usable database.

    """
    async with open_read_only(settings, timeouts, may_come_later=True) as database:
        yield SQLResultReader(database)


def _last_revision(connection: Connection) -> int:
    revision: int = connection.execute(select(LastRevision())).scalar_one()
    return revision


def _list_runs(connection: Connection, query: ListQuery) -> Listing[VersionedRun]:
    statement = select_runs().where(*conditions_of(query.selection, RUN_FIELDS))
    if query.namespace is not None:
        statement = statement.where(_runs.namespace == query.namespace)
    if (of_schedules := _schedules_of(query)) is not None:
        statement = statement.where(_runs.schedule_uid.in_(of_schedules))
    if query.since is not None:
        statement = statement.where(_runs.scheduled_for >= query.since)
    if query.until is not None:
        statement = statement.where(_runs.scheduled_for < query.until)
    revision, place = _start(connection, query, 1)
    if place:
        statement = statement.where(_runs.id < _run_id(place[0]))
    limit = min(query.limit, LIST_MAX_ROWS)
    statement = statement.order_by(_runs.id.desc()).limit(limit + 1)
    rows = connection.execute(statement).all()
    runs = list(map(run_of, rows[:limit]))
    if query.with_targets:
        runs = add_targets(connection, runs[: _within([run.target_count for run in runs], LIST_MAX_TARGETS)])
    following = _token(revision, [str(runs[-1].run.id)]) if len(runs) < len(rows) else None
    return Listing(runs, revision, following)


def _read_run(connection: Connection, namespace: str, run_id: UUID) -> VersionedRun | None:
    statement = select_runs(with_sums=False)
    row = connection.execute(statement.where(_runs.id == run_id, _runs.namespace == namespace)).one_or_none()
    return None if row is None else add_targets(connection, [run_of(row)])[0]


def _list_items(connection: Connection, query: ListQuery) -> Listing[StoredItem]:
    statement = _select_items().where(*conditions_of(query.selection, ITEM_FIELDS))
    if (of_schedules := _schedules_of(query)) is not None:
        statement = statement.where(_items.schedule_uid.in_(of_schedules))
    elif query.namespace is not None:
        statement = statement.where(_items.schedule_uid.in_(_uids(query.namespace)))
    if query.since is not None:
        statement = statement.where(_items.changed_at >= query.since)
    if query.until is not None:
        statement = statement.where(_items.changed_at < query.until)
    revision, place = _start(connection, query, len(_ITEM_PLACE))
    statements = _following(statement.order_by(*_ITEM_PLACE), place)
    limit = min(query.limit, LIST_MAX_ROWS)
    lengths = [each.with_only_columns(_DATA_LENGTH) for each in statements]
    sizes = [size for (size,) in _read(connection, lengths, limit + 1)]
    count = _within(sizes[:limit], LIST_MAX_CHARACTERS)
    found = list(map(_item_of, _read(connection, statements, count)))
    if count == len(sizes):
        return Listing(found, revision)
    last = found[-1].item
    return Listing(found, revision, _token(revision, [last.schedule_uid, last.target, last.key]))


def _following(statement: Statement, place: Sequence[str]) -> Sequence[Statement]:
    """Return the statements that read what follows a place: in its target, in its schedule, and in other schedules.

    One comparison of all columns would not do: SQLite then reads each page from the first item of the schedule on.
    """
    if not place:
        return [statement]
    uid, target, key = place
    of_schedule = statement.where(_items.schedule_uid == uid)
    of_target = of_schedule.where(_items.target == target, _items.key > key)
    return [of_target, of_schedule.where(_items.target > target), statement.where(_items.schedule_uid > uid)]


def _read(connection: Connection, statements: Sequence[Statement], count: int) -> Sequence[Row[*tuple[Any, ...]]]:
    """Return the first rows of several statements, one after the other."""
    rows: list[Row[*tuple[Any, ...]]] = []
    for statement in statements:
        if len(rows) < count:
            rows += connection.execute(statement.limit(count - len(rows))).all()
    return rows


def _within(sizes: Sequence[int], most: int) -> int:
    """Return how many rows have this size at most together; one at least, if there is one."""
    fitting = sum(total <= most for total in accumulate(sizes))
    return max(fitting, min(len(sizes), 1))


def _select_items() -> Statement:
    of_schedule = {"namespace": _schedules.namespace, "name": _schedules.name}
    columns = [of_schedule.get(name, _items.get(name)) for name in ItemRow._fields]
    joined = select(_items.id, *columns).join_from(items, schedules, _schedules.uid == _items.schedule_uid)
    return joined.where(_schedules.deleted_at.is_(None))


def _item_of(row: Row[*tuple[Any, ...]]) -> StoredItem:
    return StoredItem(row[0], ItemRow._make(row[1:]))


def _uids(namespace: str | None) -> Statement:
    statement = select(_schedules.uid)
    return statement if namespace is None else statement.where(_schedules.namespace == namespace)


def _schedules_of(query: ListQuery) -> Statement | None:
    """Return the UIDs of the schedules that a selection names, so that the index of their rows is used."""
    names = _named_schedules(query.selection)
    return None if names is None else _uids(query.namespace).where(_schedules.name.in_(sorted(names)))


def _named_schedules(selection: Selection) -> frozenset[str] | None:
    named = (one.values for one in selection if one.field == "schedule" and one.operator is Operator.IN)
    return next(named, None)


def _start(connection: Connection, query: ListQuery, length: int) -> tuple[int, Sequence[str]]:
    """Return the revision of a list and the place after which its page begins; nothing for the first page."""
    if query.after is None:
        return _last_revision(connection), ()
    revision, *place = decode_token(query.after, length + 1)
    if not (revision.isascii() and revision.isdecimal() and len(revision) <= len(str(2**63))):
        raise InvalidValue("the continue token is not one that this server returned: list again without it")
    return int(revision), place


def _token(revision: int, place: Sequence[str]) -> str:
    return encode_token([str(revision), *place])


def _run_id(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError as error:
        raise InvalidValue("the continue token names no run: list again without it") from error
