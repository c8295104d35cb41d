"""Writes a plan of matches, some groups at a time, for as long as the listed events are those that it was made of."""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

from sqlalchemy import BigInteger, Connection, Row, bindparam, cast, select, update

from scrape_operator.core.odds.model import PriceKey, line_text
from scrape_operator.core.odds.sides import other_market, other_side
from scrape_operator.storage.engine.upserts import unfold
from scrape_operator.storage.odds.events import drop_unused, insert_events, update_events
from scrape_operator.storage.odds.market_readings import forget_fingerprints
from scrape_operator.storage.odds.matching import GroupPlan, MatchPlan, MemberChange
from scrape_operator.storage.odds.state import Versions, lock_odds, versions, write_versions
from scrape_operator.storage.tables import market_readings, odds, platform_events

GROUPS_AT_ONCE = 100

MOVING = "~"
"""The beginning of a market's name while its sides change places."""

_c = platform_events.c
_r = market_readings.c


@dataclass(frozen=True, slots=True)
class Part:
    """Some groups of a plan. It is written if the state is what `before` says, and leaves the state `after`.

    Between its first and last part, the matched version is a number of the plan's own. So a part of another plan of the
    same version is refused.
    """

    before: Versions
    after: Versions
    groups: Sequence[GroupPlan]
    unused: Sequence[int] = ()


def parts_of(plan: MatchPlan) -> list[Part]:
    """Return the parts of a plan in order: at least one."""
    starts = range(0, max(1, len(plan.groups)), GROUPS_AT_ONCE)
    listed, number = plan.versions.listed, -1 - secrets.randbits(62)
    parts = [
        Part(
            plan.versions if start == 0 else Versions(listed, number),
            Versions(listed, number),
            plan.groups[start : start + GROUPS_AT_ONCE],
        )
        for start in starts
    ]
    return [*parts[:-1], replace(parts[-1], after=Versions(listed, listed), unused=plan.unused)]


def apply_parts(connection: Connection, parts: Sequence[Part]) -> list[bool]:
    """Write parts; False for one whose plan is out of date, of which nothing is written."""
    lock_odds(connection)
    return [_apply(connection, part) for part in parts]


def _apply(connection: Connection, part: Part) -> bool:
    if versions(connection) != part.before:
        return False
    new = [group for group in part.groups if group.row is None]
    ids = insert_events(connection, [dict(group.values or {}) for group in new])
    update_events(
        connection,
        {group.row: group.values for group in part.groups if group.row is not None and group.values is not None},
    )
    rows = {id(group): row for group, row in zip(new, ids, strict=True)}
    changes = [(rows.get(id(group), group.row), member) for group in part.groups for member in group.members]
    _turn_sides(connection, [member for _, member in changes])
    _write_members(connection, changes)
    drop_unused(connection, part.unused)
    write_versions(connection, part.after)
    return True


def _write_members(connection: Connection, changes: Sequence[tuple[int | None, MemberChange]]) -> None:
    rows = [
        (change.id, event, change.match_kind, int(change.is_swapped), change.apart_reason) for event, change in changes
    ]
    if rows:
        given = unfold(connection.dialect.name, "members").c.value
        moved = (
            update(platform_events)
            .where(_c.id == cast(given[0].as_string(), BigInteger))
            .values(
                event_id=cast(given[1].as_string(), BigInteger),
                match_kind=given[2].as_string(),
                is_swapped=given[3].as_string() == "1",
                apart_reason=given[4].as_string(),
            )
        )
        connection.execute(moved, {"members": rows})


def _turn_sides(connection: Connection, changes: Sequence[MemberChange]) -> None:
    """Rewrite the stored prices of events whose sides change places, which is rare."""
    swapped = {change.id: change.is_swapped for change in changes}
    rows = connection.execute(select(_c.id, _c.is_swapped).where(_c.id.in_(swapped)))
    turned = [row.id for row in rows if row.is_swapped != swapped[row.id]]
    if not turned:
        return
    columns = (odds.c.id, odds.c.market, odds.c.line, odds.c.outcome)
    prices = connection.execute(select(*columns).where(odds.c.platform_event_id.in_(turned))).all()
    readings = connection.execute(select(_r.platform_event_id, _r.market).where(_r.platform_event_id.in_(turned))).all()
    for before, after in (("", MOVING), (MOVING, "")):  # in two steps, so that no two rows ever have one key
        if prices:
            connection.execute(_TURN_PRICES, [_turned(row, after) for row in prices])
        if readings:
            connection.execute(_TURN_READINGS, [_turned_reading(row, before, after) for row in readings])
    forget_fingerprints(connection, turned)


_TURN_PRICES = (
    update(odds)
    .where(odds.c.id == bindparam("row"))
    .values(market=bindparam("new_market"), line=bindparam("new_line"), outcome=bindparam("new_outcome"))
)


_TURN_READINGS = (
    update(market_readings)
    .where(_r.platform_event_id == bindparam("event"), _r.market == bindparam("old_market"))
    .values(market=bindparam("new_market"))
)


def _turned(price: Row[*tuple[Any, ...]], mark: str) -> dict[str, Any]:
    key = other_side(PriceKey(price.market, Decimal(price.line) if price.line else None, price.outcome))
    names = {"new_market": mark + key.market, "new_line": line_text(key.line), "new_outcome": key.outcome}
    return {"row": price.id, **names}


def _turned_reading(reading: Row[*tuple[Any, ...]], before: str, after: str) -> dict[str, Any]:
    old = reading.market if not before else before + other_market(reading.market)
    new = after + other_market(reading.market)
    return {"event": reading.platform_event_id, "old_market": old, "new_market": new}
