"""Reads runs, their targets and items for people: `core.reading.HistoryReader` on SQLite and PostgreSQL."""

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any, TypeVar
from uuid import UUID

from sqlalchemy import ColumnElement, Row, Select, Table, select, tuple_

from scrape_operator.core.errors import InvalidValue
from scrape_operator.core.reading import (
    PAGE_MAX_ROWS,
    ChangeQuery,
    ChangeRow,
    HistoryReader,
    ItemQuery,
    ItemRow,
    Page,
    RunQuery,
    RunRow,
    TargetRunRow,
)
from scrape_operator.core.runs.run import clip
from scrape_operator.settings import Settings
from scrape_operator.storage.engine.factory import Timeouts
from scrape_operator.storage.reading.connections import ReadOnlyDatabase, open_read_only
from scrape_operator.storage.reading.tokens import decode_token, encode_token
from scrape_operator.storage.tables import item_changes, items, schedules, scrape_runs, scrape_target_runs

T = TypeVar("T")

LONGEST_ID = 18
"""Digits; more are no id of ours, and too many for a column of numbers."""

_runs, _targets, _items, _changes = scrape_runs.c, scrape_target_runs.c, items.c, item_changes.c
_schedules = schedules.c


class SQLHistoryReader(HistoryReader):
    """Reads history with keyset paging: a page costs the same wherever it is. Made by `open_history`."""

    def __init__(self, database: ReadOnlyDatabase) -> None:
        self._database = database

    async def runs(self, query: RunQuery, after: str | None = None, limit: int = PAGE_MAX_ROWS) -> Page[RunRow]:
        """Return runs, the newest first: their ids sort by the time at which they were claimed."""
        statement = select(*(_runs[name] for name in RunRow.__dataclass_fields__))
        if query.namespace is not None or query.name is not None:
            statement = statement.where(_runs.schedule_uid.in_(_uids(query)))
        if query.statuses:
            statement = statement.where(_runs.status.in_([status.value for status in query.statuses]))
        if query.run_id is not None:
            statement = statement.where(_runs.id == query.run_id)
        if query.since is not None:
            statement = statement.where(_runs.scheduled_for >= query.since)
        if after is not None:
            statement = statement.where(_runs.id < _run_id(after))
        rows = await self._rows(statement.order_by(_runs.id.desc()), limit)
        return _page([RunRow(*row) for row in rows], limit, lambda run: (str(run.id),))

    async def target_runs(self, run_ids: Sequence[UUID]) -> Sequence[TargetRunRow]:
        """Return the targets of runs, in the order of the spec."""
        columns = (_targets[name] for name in TargetRunRow.__dataclass_fields__)
        statement = select(*columns).where(_targets.run_id.in_(run_ids)).order_by(_targets.run_id, _targets.position)
        return [TargetRunRow(*row) for row in await self._database.rows(statement)]

    async def items(self, query: ItemQuery, after: str | None = None, limit: int = PAGE_MAX_ROWS) -> Page[ItemRow]:
        """Return items, ordered by schedule, target and key."""
        place = _items.schedule_uid, _items.target, _items.key
        statement = _select_items(query).order_by(*place)
        if after is not None:
            statement = statement.where(tuple_(*place) > tuple_(*decode_token(after, len(place))))
        rows = await self._rows(statement, limit)
        return _page([ItemRow(*row) for row in rows], limit, lambda it: (it.schedule_uid, it.target, it.key))

    async def changes(
        self, query: ChangeQuery, after: str | None = None, limit: int = PAGE_MAX_ROWS
    ) -> Page[ChangeRow]:
        """Return changes of items, the newest first."""
        columns = _with_names(ChangeRow, item_changes)
        statement = select(*columns).join_from(item_changes, schedules, _schedules.uid == _changes.schedule_uid)
        statement = statement.where(_changes.schedule_uid.in_(_uids(query)))
        if query.target is not None:
            statement = statement.where(_changes.target == query.target)
        if query.kinds:
            statement = statement.where(_changes.change.in_([kind.value for kind in query.kinds]))
        if query.since is not None:
            statement = statement.where(_changes.at >= query.since)
        if after is not None:
            statement = statement.where(_changes.id < _change_id(after))
        rows = await self._rows(statement.order_by(_changes.id.desc()), limit)
        return _page([ChangeRow(*row) for row in rows], limit, lambda change: (str(change.id),))

    async def _rows(self, statement: Select[*tuple[Any, ...]], limit: int) -> Sequence[Row[*tuple[Any, ...]]]:
        """Read one row more than the page has, which says whether there is another page."""
        return await self._database.rows(statement.limit(_bounded(limit) + 1))


@asynccontextmanager
async def open_history(settings: Settings, timeouts: Timeouts | None = None) -> AsyncIterator[SQLHistoryReader]:
    """Open a reader of the database that the settings name, with connections of its own.

    Raises:
        InvalidValue: the settings name no usable database.

    """
    async with open_read_only(settings, timeouts) as database:
        yield SQLHistoryReader(database)


def _uids(query: RunQuery | ItemQuery | ChangeQuery) -> Select[*tuple[Any, ...]]:
    """Return the statement that reads the UIDs of the schedules that a query names: runs and items are by UID."""
    statement = select(_schedules.uid)
    if query.namespace is not None:
        statement = statement.where(_schedules.namespace == query.namespace)
    return statement if query.name is None else statement.where(_schedules.name == query.name)


def _select_items(query: ItemQuery) -> Select[*tuple[Any, ...]]:
    """Return the statement that reads items; those of deleted schedules are gone as well."""
    joined = select(*_with_names(ItemRow, items)).join_from(items, schedules, _schedules.uid == _items.schedule_uid)
    statement = joined.where(_items.schedule_uid.in_(_uids(query)))
    if query.target is not None:
        statement = statement.where(_items.target == query.target)
    if query.changed_since is not None:
        statement = statement.where(_items.changed_at >= query.changed_since)
    if not query.with_gone:
        statement = statement.where(_items.gone_at.is_(None), _schedules.deleted_at.is_(None))
    return statement


def _with_names(row: type[ItemRow | ChangeRow], table: Table) -> list[ColumnElement[Any]]:
    """Return the columns of a table, with the names of the schedule that it belongs to."""
    of_schedule = {"namespace": _schedules.namespace, "name": _schedules.name}
    return [of_schedule[name] if name in of_schedule else table.c[name] for name in row.__dataclass_fields__]


def _bounded(limit: int) -> int:
    if not 1 <= limit <= PAGE_MAX_ROWS:
        raise InvalidValue(f"a page has 1 to {PAGE_MAX_ROWS} rows, not {limit}")
    return limit


def _page(rows: Sequence[T], limit: int, place_of: Callable[[T], Sequence[str]]) -> Page[T]:
    if len(rows) <= limit:
        return Page(rows)
    return Page(rows[:limit], encode_token(place_of(rows[limit - 1])))


def _run_id(token: str) -> UUID:
    (text,) = decode_token(token, 1)
    try:
        return UUID(text)
    except ValueError as error:
        raise InvalidValue(f"the page token names no run: {clip(text)}") from error


def _change_id(token: str) -> int:
    (text,) = decode_token(token, 1)
    if not (text.isascii() and text.isdecimal() and len(text) <= LONGEST_ID):
        raise InvalidValue(f"the page token names no change: {clip(text)}")
    return int(text)
