"""Whose events are the same one: `core.matching` on all that are listed, and the rows that follow. Called by `storing`.

It is asked anew about all of them whenever one is new or differs, so that the answer depends on what is listed and
not on the order in which it came: two events that were taken for one by their names part again when their ids say so.
What was withdrawn, or began two days ago, keeps the event that it was matched with.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import BigInteger, Connection, Row, bindparam, cast, delete, exists, insert, or_, select, update

from scrape_operator.core.odds.matching import MatchedEvent, match_events
from scrape_operator.core.odds.model import OddsEvent
from scrape_operator.storage.engine.transactions import aside
from scrape_operator.storage.engine.upserts import unfold
from scrape_operator.storage.odds.listing import INSERTED_AT_ONCE, UNMATCHED
from scrape_operator.storage.tables import events, platform_events

MATCHED_FOR = timedelta(hours=48)
"""So long after its kick-off an event is still matched: longer than a kick-off may differ between two bookmakers."""

BY_ID, WEAK = "id", "weak"
"""Match kinds: known by an id of SportRadar or Genius Sports, or by names and kick-off."""

_c = platform_events.c
_FACTS = ("sport", "country", "competition", "home", "away")
_VALUES = (*_FACTS, "sportradar_id", "genius_id", "starts_at", "match_kind")

Member = Row[*tuple[Any, ...]]


@dataclass(frozen=True, slots=True)
class _Group:
    """Bookmakers' events that are one: their rows, what is to be stored of it, and which of them are weak."""

    members: Sequence[Member]
    values: Mapping[str, Any]
    weak: frozenset[str]

    def kind_of(self, member: Member) -> str:
        if member.bookmaker in self.weak:
            return WEAK
        return BY_ID if member.sportradar_id or member.genius_id else UNMATCHED


def match_again(connection: Connection, at: datetime) -> None:
    """Match all events that are listed, and write what differs."""
    groups = _groups(connection, at)
    stored = _stored(connection, groups)
    rows = _rows(groups, stored)
    _write_events(connection, groups, rows, stored)
    _write_members(connection, groups, rows)
    drop_unused(connection, stored.keys() - set(rows.values()))


def _groups(connection: Connection, at: datetime) -> list[_Group]:
    identity = (_c.id, _c.event_id, _c.bookmaker, _c.bookmaker_event_id, _c.match_kind)
    facts = (*(_c[name] for name in _FACTS), _c.starts_at, _c.sportradar_id, _c.genius_id)
    is_listed = or_(_c.event_id.is_(None), _c.withdrawn_at.is_(None) & (_c.starts_at >= at - MATCHED_FOR))
    listed = {
        (row.bookmaker, row.bookmaker_event_id): row
        for row in connection.execute(select(*identity, *facts).where(is_listed))
    }
    return aside(connection, _match, listed)


def _match(listed: Mapping[tuple[str, str], Member]) -> list[_Group]:
    return [_group(matched, listed) for matched in match_events(map(_event_of, listed.values()))]


def _event_of(row: Member) -> OddsEvent:
    return OddsEvent(
        row.bookmaker,
        row.bookmaker_event_id,
        row.home,
        row.away,
        row.starts_at,
        sport=row.sport,
        sportradar_id=row.sportradar_id,
        genius_id=row.genius_id,
    )


def _group(matched: MatchedEvent, listed: Mapping[tuple[str, str], Member]) -> _Group:
    """Say what is stored of an event: of the surest members the one that spells the names out speaks for all."""
    members = [listed[bookmaker, event.event_id] for bookmaker, event in matched.events.items()]
    speaker = max(
        members, key=lambda row: (row.bookmaker not in matched.weak, len(row.home) + len(row.away), row.bookmaker)
    )
    starts = Counter(row.starts_at for row in members)
    sportradar_id = min((row.sportradar_id for row in members if row.sportradar_id), default=None)
    genius_id = min((row.genius_id for row in members if row.genius_id), default=None)
    values = {name: getattr(speaker, name) for name in _FACTS} | {
        "sportradar_id": sportradar_id,
        "genius_id": genius_id,
        "starts_at": min(starts, key=lambda start: (-starts[start], start)),
        "match_kind": WEAK if matched.weak else BY_ID if sportradar_id or genius_id else UNMATCHED,
    }
    return _Group(members, values, matched.weak)


def _stored(connection: Connection, groups: Sequence[_Group]) -> dict[int, Member]:
    ids = {member.event_id for group in groups for member in group.members if member.event_id is not None}
    given = unfold(connection.dialect.name, "ids").c.value
    columns = (events.c.id, *(events.c[name] for name in _VALUES))
    fits = events.c.id == cast(given[0].as_string(), BigInteger)
    rows = connection.execute(
        select(*columns).select_from(given.table).join(events, fits), {"ids": [[number] for number in sorted(ids)]}
    )
    return {row.id: row for row in rows}


def _rows(groups: Sequence[_Group], stored: Mapping[int, Member]) -> dict[int, int]:
    """Find for each group, by its number, the row that it had, so that an event keeps its id; none for a new one."""
    rows: dict[int, int] = {}
    taken: set[int] = set()
    for number, group in enumerate(groups):
        had = Counter(member.event_id for member in group.members if member.event_id in stored)
        free = [(*_unlike(stored[row], group), -times, row) for row, times in had.items() if row not in taken]
        if free:
            rows[number] = min(free)[-1]
            taken.add(rows[number])
    return rows


def _unlike(row: Member, group: _Group) -> tuple[bool, bool]:
    """Rank a row among those that a group could take: first the one with its ids."""
    return row.sportradar_id != group.values["sportradar_id"], row.genius_id != group.values["genius_id"]


def _write_events(
    connection: Connection, groups: Sequence[_Group], rows: dict[int, int], stored: Mapping[int, Member]
) -> None:
    """Write new events, whose ids are added to `rows`, and those that differ."""
    new = [number for number in range(len(groups)) if number not in rows]
    other = [
        {"row": row, **{f"new_{name}": value for name, value in groups[number].values.items()}}
        for number, row in rows.items()
        if any(getattr(stored[row], name) != groups[number].values[name] for name in _VALUES)
    ]
    for first in range(0, len(new), INSERTED_AT_ONCE):
        some = new[first : first + INSERTED_AT_ONCE]
        ids = connection.scalars(_INSERT, [groups[number].values for number in some])
        rows |= dict(zip(some, ids.all(), strict=True))
    if other:
        connection.execute(_UPDATE, other)


_INSERT = insert(events).returning(events.c.id, sort_by_parameter_order=True)
_UPDATE = (
    update(events).where(events.c.id == bindparam("row")).values({name: bindparam(f"new_{name}") for name in _VALUES})
)


def _write_members(connection: Connection, groups: Sequence[_Group], rows: Mapping[int, int]) -> None:
    other = list(_moved(groups, rows))
    if not other:
        return
    given = unfold(connection.dialect.name, "members").c.value
    moved = (
        update(platform_events)
        .where(_c.id == cast(given[0].as_string(), BigInteger))
        .values(event_id=cast(given[1].as_string(), BigInteger), match_kind=given[2].as_string())
    )
    connection.execute(moved, {"members": other})


def _moved(groups: Sequence[_Group], rows: Mapping[int, int]) -> Iterator[tuple[int, int, str]]:
    for number, group in enumerate(groups):
        for member in group.members:
            kind = group.kind_of(member)
            if (member.event_id, member.match_kind) != (rows[number], kind):
                yield member.id, rows[number], kind


def drop_unused(connection: Connection, ids: set[int]) -> None:
    """Delete those of these events that no bookmaker has any more."""
    if not ids:
        return
    given = select(cast(unfold(connection.dialect.name, "ids").c.value[0].as_string(), BigInteger))
    is_used = exists().where(_c.event_id == events.c.id)
    connection.execute(
        delete(events).where(events.c.id.in_(given), ~is_used), {"ids": [[number] for number in sorted(ids)]}
    )
