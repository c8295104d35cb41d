"""Reads runs, their targets and items for people: `core.reading.HistoryReader` on SQLite and PostgreSQL."""

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any, TypeVar
from uuid import UUID

from sqlalchemy import ColumnElement, Select, Table, select, tuple_

from scrape_operator.core.errors import InvalidValue
from scrape_operator.core.reading import (
    NAMES_MAX,
    PAGE_MAX_ROWS,
    ChangeQuery,
    ChangeRow,
    DeliveryQuery,
    DeliveryRow,
    HistoryReader,
    ItemQuery,
    ItemRow,
    Page,
    RemovedRuns,
    RunQuery,
    RunRow,
    ScheduleRow,
    TargetRunRow,
)
from scrape_operator.core.runs.run import clip
from scrape_operator.settings import Settings
from scrape_operator.storage.engine.transactions import Timeouts
from scrape_operator.storage.messages.tables import webhook_messages
from scrape_operator.storage.reading.connections import ReadOnlyDatabase, Rows, open_read_only
from scrape_operator.storage.reading.removed import removed_of, select_removed
from scrape_operator.storage.reading.tokens import decode_token, encode_token
from scrape_operator.storage.tables import item_changes, items, schedules, scrape_runs, scrape_target_runs

T = TypeVar("T")

LONGEST_ID = 18
"""Digits; no row has an id with more, and a column of numbers cannot hold them."""

_runs, _targets, _items, _changes = scrape_runs.c, scrape_target_runs.c, items.c, item_changes.c
_schedules, _messages = schedules.c, webhook_messages.c


class SQLHistoryReader(HistoryReader):
    """Reads history with keyset paging: a page costs the same wherever it is. Made by `open_history`."""

    def __init__(self, database: ReadOnlyDatabase) -> None:
        self._database = database

    async def runs(self, query: RunQuery, after: str | None = None, limit: int = PAGE_MAX_ROWS) -> Page[RunRow]:
        """Return runs, the newest first: their ids sort by the time at which they were claimed."""
        statement = select(*(_runs[name] for name in RunRow._fields))
        if query.namespace is not None or query.name is not None:
            statement = statement.where(_runs.schedule_uid.in_(_uids(query)))
        if query.statuses:
            statement = statement.where(_runs.status.in_([status.value for status in query.statuses]))
        if query.ids is not None:
            statement = statement.where(_runs.id.between(query.ids.first, query.ids.last))
        if query.since is not None:
            statement = statement.where(_runs.scheduled_for >= query.since)
        if query.until is not None:
            statement = statement.where(_runs.scheduled_for < query.until)
        if after is not None:
            statement = statement.where(_runs.id < _run_id(after))
        rows = await self._rows(statement.order_by(_runs.id.desc()), limit)
        return _page(list(map(RunRow._make, rows)), limit, lambda run: (str(run.id),))

    async def target_runs(self, run_ids: Sequence[UUID]) -> Sequence[TargetRunRow]:
        """Return the targets of runs, in the order of the spec."""
        columns = (_targets[name] for name in TargetRunRow._fields)
        statement = select(*columns).where(_targets.run_id.in_(run_ids)).order_by(_targets.run_id, _targets.position)
        return list(map(TargetRunRow._make, await self._database.rows(statement)))

    async def removed_runs(self, query: RunQuery) -> RemovedRuns:
        """Return how many runs of the schedules of a query are not stored any more."""
        (row,) = await self._database.rows(select_removed(_uids(query)))
        return removed_of(row)

    async def items(self, query: ItemQuery, after: str | None = None, limit: int = PAGE_MAX_ROWS) -> Page[ItemRow]:
        """Return items, ordered by schedule, target and key."""
        statement = _select_items(query)
        rows = [] if after is None else list(await self._items_of_schedule(statement, query, after, limit))
        if after is not None:
            statement = statement.where(_items.schedule_uid > decode_token(after, 3)[0])
        if len(rows) <= limit:
            statement = statement.order_by(_items.schedule_uid, _items.target, _items.key)
            rows += await self._rows(statement, limit, found=len(rows))
        return _page(list(map(ItemRow._make, rows)), limit, lambda it: (it.schedule_uid, it.target, it.key))

    async def _items_of_schedule(
        self, statement: Select[*tuple[Any, ...]], query: ItemQuery, after: str, limit: int
    ) -> Rows:
        """Read the rest of the schedule that the page before ended in.

        One comparison of schedule, target and key would not do: SQLite then reads each page from the first item on.
        """
        uid, target, key = decode_token(after, 3)
        is_later = tuple_(_items.target, _items.key) > tuple_(target, key)
        if query.target is not None:
            is_later = _items.key > key
        statement = statement.where(_items.schedule_uid == uid, is_later)
        return await self._rows(statement.order_by(_items.target, _items.key), limit)

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
        if query.until is not None:
            statement = statement.where(_changes.at < query.until)
        if after is not None:
            statement = statement.where(_changes.id < _row_number(after))
        rows = await self._rows(statement.order_by(_changes.id.desc()), limit)
        return _page(list(map(ChangeRow._make, rows)), limit, lambda change: (str(change.id),))

    async def schedules(self, name: str, limit: int = PAGE_MAX_ROWS) -> Sequence[ScheduleRow]:
        """Return the schedules of a name in all namespaces: those that are not deleted, then the others."""
        columns = (_schedules[field] for field in ScheduleRow._fields)
        statement = select(*columns).where(_schedules.name == name)
        ordered = statement.order_by(_schedules.deleted_at.is_not(None), _schedules.namespace).limit(limit)
        return list(map(ScheduleRow._make, await self._database.rows(ordered)))

    async def schedule_names(self, namespace: str, limit: int = NAMES_MAX) -> Sequence[str]:
        """Return the names of the schedules of a namespace that are not deleted, in their order."""
        statement = select(_schedules.name).where(_schedules.namespace == namespace, _schedules.deleted_at.is_(None))
        return [str(name) for (name,) in await self._database.rows(statement.order_by(_schedules.name).limit(limit))]

    async def namespaces(self, limit: int = PAGE_MAX_ROWS) -> Sequence[str]:
        """Return the namespaces of the schedules that are not deleted, in their order."""
        statement = select(_schedules.namespace).distinct().where(_schedules.deleted_at.is_(None))
        rows = await self._database.rows(statement.order_by(_schedules.namespace).limit(limit))
        return [str(namespace) for (namespace,) in rows]

    async def deliveries(
        self, query: DeliveryQuery, after: str | None = None, limit: int = PAGE_MAX_ROWS
    ) -> Page[DeliveryRow]:
        """Return messages to webhooks, the newest first."""
        statement = select(*(_messages[name] for name in DeliveryRow._fields)).where(*_of_messages(query))
        if query.statuses:
            statement = statement.where(_messages.status.in_([status.value for status in query.statuses]))
        if after is not None:
            statement = statement.where(_messages.id < _row_number(after))
        rows = await self._rows(statement.order_by(_messages.id.desc()), limit)
        return _page(list(map(DeliveryRow._make, rows)), limit, lambda message: (str(message.id),))

    async def webhook_names(self, namespace: str | None, name: str | None = None) -> Sequence[str]:
        """Return the webhooks to which there are messages, of a schedule or of a whole namespace, in their order."""
        statement = select(_messages.webhook).distinct().where(*_of_messages(DeliveryQuery(namespace, name)))
        rows = await self._database.rows(statement.order_by(_messages.webhook).limit(NAMES_MAX))
        return [str(webhook) for (webhook,) in rows]

    async def _rows(self, statement: Select[*tuple[Any, ...]], limit: int, found: int = 0) -> Rows:
        """Read one row more than the page has, which says whether there is another page; some may be there already."""
        return await self._database.rows(statement.limit(_bounded(limit) + 1 - found))


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


def _of_messages(query: DeliveryQuery) -> list[ColumnElement[bool]]:
    """Return the conditions on messages by the names that a query gives."""
    given = (
        (_messages.namespace, query.namespace),
        (_messages.name, query.name),
        (_messages.webhook, query.webhook),
    )
    return [column == value for column, value in given if value is not None]


def _select_items(query: ItemQuery) -> Select[*tuple[Any, ...]]:
    """Return the statement that reads items; those of deleted schedules are gone as well."""
    joined = select(*_with_names(ItemRow, items)).join_from(items, schedules, _schedules.uid == _items.schedule_uid)
    statement = joined.where(_items.schedule_uid.in_(_uids(query)))
    if query.target is not None:
        statement = statement.where(_items.target == query.target)
    if query.changed_since is not None:
        statement = statement.where(_items.changed_at >= query.changed_since)
    if query.changed_until is not None:
        statement = statement.where(_items.changed_at < query.changed_until)
    if not query.with_gone:
        statement = statement.where(_items.gone_at.is_(None), _schedules.deleted_at.is_(None))
    return statement


def _with_names(row: type[ItemRow | ChangeRow], table: Table) -> list[ColumnElement[Any]]:
    """Return the columns of a table, with the names of the schedule that it belongs to."""
    of_schedule = {"namespace": _schedules.namespace, "name": _schedules.name}
    return [of_schedule[name] if name in of_schedule else table.c[name] for name in row._fields]


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


def _row_number(token: str) -> int:
    (text,) = decode_token(token, 1)
    if not (text.isascii() and text.isdecimal() and len(text) <= LONGEST_ID):
        raise InvalidValue(f"the page token names no row: {clip(text)}")
    return int(text)
