"""Items that are in no whole snapshot any more. Called by `storing`, in its transaction."""

from collections.abc import Sequence
from functools import cache
from typing import Any

from sqlalchemy import Connection, Select, and_, bindparam, cast, func, select, update
from sqlalchemy import Uuid as UuidType

from scrape_operator.core.runs.items import Change
from scrape_operator.storage.engine.columns import UTCDateTime
from scrape_operator.storage.engine.upserts import unfold
from scrape_operator.storage.items.changes import ItemChanges
from scrape_operator.storage.items.repeats import Reading
from scrape_operator.storage.tables import items

_c = items.c

_GONE = update(items).where(_c.id == bindparam("item")).values(gone_at=bindparam("at", type_=UTCDateTime))


def mark_gone(connection: Connection, readings: Sequence[Reading], changes: ItemChanges) -> None:
    """Mark the items of these targets that their run did not see, and add them to `changes`."""
    if not readings:
        return
    asked = [(number, it.uid, it.target, _run_text(connection, it)) for number, it in enumerate(readings)]
    rows = connection.execute(_unseen(connection.dialect.name), {"targets": asked}).all()
    gone = []
    for number, item, key, data in rows:
        reading = readings[int(number)]
        changes.add(reading, key, Change.GONE, data, None)
        gone.append({"item": item, "at": reading.at})
    if gone:
        connection.execute(_GONE, gone)


def _run_text(connection: Connection, reading: Reading) -> str:
    """Write a run's id as its column holds it: 32 digits on SQLite."""
    return str(reading.run_id) if connection.dialect.name == "postgresql" else reading.run_id.hex


@cache
def _unseen(dialect: str) -> Select[*tuple[Any, ...]]:
    given = unfold(dialect, "targets")
    number, uid, target, run = (given.c.value[place].as_string() for place in range(4))
    is_other = _c.run_id != cast(run, UuidType) if dialect == "postgresql" else func.lower(_c.run_id) != run
    fits = and_(_c.schedule_uid == uid, _c.target == target, _c.gone_at.is_(None), is_other)
    return select(number, _c.id, _c.key, _c.data).select_from(given).join(items, fits).order_by(_c.id)
