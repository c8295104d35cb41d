"""The rows of events, which several bookmakers' events share."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import BigInteger, Connection, bindparam, cast, delete, exists, insert, select, update

from scrape_operator.storage.engine.upserts import unfold
from scrape_operator.storage.tables import events, platform_events

VALUES = (
    *("sport", "country", "competition", "home", "away", "sportradar_id", "genius_id", "starts_at", "match_kind"),
)

_INSERT = insert(events).returning(events.c.id, sort_by_parameter_order=True)
_UPDATE = (
    update(events).where(events.c.id == bindparam("row")).values({name: bindparam(f"new_{name}") for name in VALUES})
)


def insert_events(connection: Connection, rows: Sequence[Mapping[str, Any]]) -> Sequence[int]:
    """Insert events; return their ids in order."""
    return connection.scalars(_INSERT, list(rows)).all() if rows else []


def update_events(connection: Connection, rows: Mapping[int, Mapping[str, Any]]) -> None:
    """Write the values of events, by id."""
    if rows:
        values = [{"row": row, **{f"new_{name}": value for name, value in new.items()}} for row, new in rows.items()]
        connection.execute(_UPDATE, values)


def drop_unused(connection: Connection, ids: Iterable[int]) -> None:
    """Delete those of these events that no bookmaker has any more."""
    rows = [[number] for number in sorted(ids)]
    if rows:
        given = select(cast(unfold(connection.dialect.name, "ids").c.value[0].as_string(), BigInteger))
        is_used = exists().where(platform_events.c.event_id == events.c.id)
        connection.execute(delete(events).where(events.c.id.in_(given), ~is_used), {"ids": rows})
