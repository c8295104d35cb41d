"""Plans which events of several bookmakers become one, and how the rows follow.

All listed events are matched again whenever one is new or differs. So the result depends on what is listed, not on
the order of the readings. Two events that were matched by their names are separated again if their ids differ. Events
that were withdrawn, or began two days ago, keep the event that they were matched with.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Row, or_, select

from scrape_operator.core.odds.matching import Identity, MatchedEvent, match_events
from scrape_operator.core.odds.model import OddsEvent
from scrape_operator.storage.odds.events import VALUES
from scrape_operator.storage.odds.platform_events import UNMATCHED
from scrape_operator.storage.odds.state import Versions, versions
from scrape_operator.storage.tables import events, platform_events

MATCHED_FOR = timedelta(hours=48)
"""So long after its kick-off an event is still matched: longer than a kick-off may differ between two bookmakers."""

BY_ID, WEAK = "id", "weak"
"""Match kinds: known by an id of SportRadar or Genius Sports, or by names and kick-off."""

_c = platform_events.c
_FACTS = ("sport", "country", "competition", "home", "away")

Member = Row[*tuple[Any, ...]]


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The listed events and the stored events that they belong to, at one version."""

    versions: Versions
    listed: Mapping[Identity, Member]
    stored: Mapping[int, Member]


@dataclass(frozen=True, slots=True)
class MemberChange:
    """What is to be written of a bookmaker's event, whose event may have no row yet."""

    id: int
    match_kind: str
    is_swapped: bool
    apart_reason: str | None


@dataclass(frozen=True, slots=True)
class GroupPlan:
    """One event: the row to update, or None for a new one; its values, None where they are stored; its members.

    `members` are those that differ from their rows.
    """

    row: int | None
    values: Mapping[str, Any] | None
    members: Sequence[MemberChange]


@dataclass(frozen=True, slots=True)
class MatchPlan:
    """Everything that differs from the rows of a snapshot, and the events that may be unused afterwards."""

    versions: Versions
    groups: Sequence[GroupPlan]
    unused: Sequence[int]


def load_snapshot(connection: Connection, at: datetime) -> Snapshot:
    """Read what is matched: everything that is listed, and not long past at this time."""
    state = versions(connection)
    identity = (_c.id, _c.event_id, _c.bookmaker, _c.bookmaker_event_id, _c.match_kind, _c.is_swapped, _c.apart_reason)
    facts = (*(_c[name] for name in _FACTS), _c.starts_at, _c.sportradar_id, _c.genius_id)
    is_listed = or_(_c.event_id.is_(None), _c.withdrawn_at.is_(None) & (_c.starts_at >= at - MATCHED_FOR))
    rows = connection.execute(select(*identity, *facts).where(is_listed)).all()
    columns = (events.c.id, *(events.c[name] for name in VALUES))
    of_listed = select(_c.event_id).where(is_listed, _c.event_id.is_not(None))
    stored = connection.execute(select(*columns).where(events.c.id.in_(of_listed)))
    listed = {(row.bookmaker, row.bookmaker_event_id): row for row in rows}
    return Snapshot(state, listed, {row.id: row for row in stored})


def plan_matches(snapshot: Snapshot) -> MatchPlan:
    """Match all events of a snapshot, and find what differs. Takes about a second for some thousand events."""
    matching = match_events(_event_of(row) for row in snapshot.listed.values())
    rows = _rows(matching.matched, snapshot)
    plans = []
    for number, matched in enumerate(matching.matched):
        plan = _plan(matched, rows.get(number), matching.apart, snapshot)
        if plan.row is None or plan.values is not None or plan.members:
            plans.append(plan)
    return MatchPlan(snapshot.versions, plans, sorted(snapshot.stored.keys() - set(rows.values())))


def _event_of(row: Member) -> OddsEvent:
    return OddsEvent(
        row.bookmaker,
        row.bookmaker_event_id,
        row.home,
        row.away,
        row.starts_at,
        sport=row.sport,
        competition=row.competition,
        sportradar_id=row.sportradar_id,
        genius_id=row.genius_id,
    )


def _members(matched: MatchedEvent, snapshot: Snapshot) -> Sequence[Member]:
    return [snapshot.listed[bookmaker, event.event_id] for bookmaker, event in matched.events.items()]


def _rows(matched: Sequence[MatchedEvent], snapshot: Snapshot) -> dict[int, int]:
    """Return for each group, by its number, the row that it had, so that an event keeps its id."""
    rows: dict[int, int] = {}
    taken: set[int] = set()
    for number, one in enumerate(matched):
        members = _members(one, snapshot)
        had = Counter(member.event_id for member in members if member.event_id in snapshot.stored)
        ids = _ids(members)
        free = [(*_unlike(snapshot.stored[row], ids), -times, row) for row, times in had.items() if row not in taken]
        if free:
            rows[number] = min(free)[-1]
            taken.add(rows[number])
    return rows


def _ids(members: Sequence[Member]) -> tuple[str | None, str | None]:
    sportradar_id = min((row.sportradar_id for row in members if row.sportradar_id), default=None)
    return sportradar_id, min((row.genius_id for row in members if row.genius_id), default=None)


def _unlike(row: Member, ids: tuple[str | None, str | None]) -> tuple[bool, bool]:
    """Rank a row among those that a group could take: first the one with its ids."""
    return row.sportradar_id != ids[0], row.genius_id != ids[1]


def _plan(matched: MatchedEvent, row: int | None, apart: Mapping[Identity, str], snapshot: Snapshot) -> GroupPlan:
    members = _members(matched, snapshot)
    values = _values(matched, members)
    stored = None if row is None else snapshot.stored[row]
    is_stored = stored is not None and all(getattr(stored, name) == values[name] for name in VALUES)
    changes = [
        change
        for member in members
        if (change := _change(matched, member, apart)) != _as_stored(member) or member.event_id != row
    ]
    return GroupPlan(row, None if is_stored else values, changes)


def _values(matched: MatchedEvent, members: Sequence[Member]) -> Mapping[str, Any]:
    """Return what is stored of an event: the surest member that spells the names out most names it."""
    straight = [row for row in members if row.bookmaker not in matched.swapped]
    named = max(
        straight, key=lambda row: (row.bookmaker not in matched.weak, len(row.home) + len(row.away), row.bookmaker)
    )
    starts = Counter(row.starts_at for row in members)
    sportradar_id, genius_id = _ids(members)
    return {name: getattr(named, name) for name in _FACTS} | {
        "sportradar_id": sportradar_id,
        "genius_id": genius_id,
        "starts_at": min(starts, key=lambda start: (-starts[start], start)),
        "match_kind": WEAK if matched.weak else BY_ID if sportradar_id or genius_id else UNMATCHED,
    }


def _change(matched: MatchedEvent, member: Member, apart: Mapping[Identity, str]) -> MemberChange:
    kind = BY_ID if member.sportradar_id or member.genius_id else UNMATCHED
    return MemberChange(
        member.id,
        WEAK if member.bookmaker in matched.weak else kind,
        member.bookmaker in matched.swapped,
        apart.get((member.bookmaker, member.bookmaker_event_id)),
    )


def _as_stored(member: Member) -> MemberChange:
    return MemberChange(member.id, member.match_kind, member.is_swapped, member.apart_reason)
