"""What was spent of the budgets of days, by policy and day. Called by the committer and the store."""

from collections.abc import Sequence
from datetime import date
from functools import cache

from sqlalchemy import Connection, bindparam, case, delete, select, update

from scrape_operator.core.net.day_budgets import DayCount, DayDemand, DayGrant, Unit, grant
from scrape_operator.storage.engine.upserts import Upsert, insert_into
from scrape_operator.storage.tables import day_budgets

_d = day_budgets.c
_COLUMNS = {Unit.REQUESTS: _d.requests, Unit.BYTES: _d.bytes}
_OF_DAY = (_d.policy == bindparam("of"), _d.day == bindparam("at"))
_COUNTED = {unit: select(column).where(*_OF_DAY).with_for_update() for unit, column in _COLUMNS.items()}
_SET = {
    unit: update(day_budgets).where(*_OF_DAY).values({column.name: bindparam("to")})
    for unit, column in _COLUMNS.items()
}
_LESS = {
    unit: update(day_budgets)
    .where(*_OF_DAY)
    .values({column.name: case((column > bindparam("by"), column - bindparam("by")), else_=0)})
    for unit, column in _COLUMNS.items()
}


def reserve_day(connection: Connection, demands: Sequence[DayDemand]) -> list[DayGrant]:
    """Count what each demand gets, within its limit."""
    return [_reserve(connection, demand) for demand in demands]


def release_day(connection: Connection, demands: Sequence[DayDemand]) -> list[None]:
    """Take back what was reserved and not spent. It must not be repeated: it would take back more."""
    for demand in demands:
        connection.execute(_LESS[demand.limit.unit], {**_place(demand), "by": demand.wanted})
    return [None] * len(demands)


def read_day(connection: Connection, day: date) -> Sequence[DayCount]:
    """Return what is counted for a day."""
    rows = connection.execute(select(_d.policy, *_COLUMNS.values()).where(_d.day == day))
    return [DayCount(policy, unit, count) for policy, *counts in rows for unit, count in zip(Unit, counts, strict=True)]


def prune_days(connection: Connection, days: Sequence[date]) -> list[None]:
    """Delete what is counted for earlier days."""
    connection.execute(delete(day_budgets).where(_d.day < max(days)))
    return [None] * len(days)


def _reserve(connection: Connection, demand: DayDemand) -> DayGrant:
    place, unit = _place(demand), demand.limit.unit
    connection.execute(_first(connection.dialect.name), {"policy": place["of"], "day": place["at"]})
    got = grant(connection.execute(_COUNTED[unit], place).scalar_one(), demand)
    if got.granted:
        connection.execute(_SET[unit], {**place, "to": got.counted})
    return got


def _place(demand: DayDemand) -> dict[str, object]:
    return {"of": demand.limit.key, "at": demand.day}


@cache
def _first(dialect: str) -> Upsert:
    return insert_into(dialect, day_budgets).on_conflict_do_nothing()
