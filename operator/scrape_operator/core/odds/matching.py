"""Which events of several bookmakers are the same one. Pure; storage calls it whenever an event is new or differs.

SportRadar's id comes first, then Genius Sports' id, then, marked weak, names and kick-off. A wrong pair is worse than
none: events that contradict each other stay apart, with the reason. The result does not depend on the input's order.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import permutations

from scrape_operator.core.odds.groups import Conflict, Group, IdKind
from scrape_operator.core.odds.model import OddsEvent
from scrape_operator.core.odds.names import NameIndex

Identity = tuple[str, str]
"""Bookmaker, and its id of the event."""


@dataclass(frozen=True, slots=True)
class MatchedEvent:
    """One event, as the bookmakers that have it list it.

    `weak` bookmakers joined by names alone. `swapped` ones list home and away the other way round.
    """

    key: str
    events: Mapping[str, OddsEvent]
    weak: frozenset[str] = frozenset()
    swapped: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Matching:
    """All events in groups, and why events that are alone were not joined to another bookmaker's."""

    matched: Sequence[MatchedEvent]
    apart: Mapping[Identity, str] = field(default_factory=dict)


def match_events(events: Iterable[OddsEvent]) -> Matching:
    """Group the events of all bookmakers; every event is in exactly one group, in order of key."""
    groups = [Group(event) for event in sorted(events, key=_identity)]
    conflicts: dict[Identity, str] = {}
    for kind in _ID_KINDS:
        groups = _join_by_id(kind, groups, conflicts)
    index = NameIndex(groups)
    groups = _join_by_names(index, groups)
    apart = {
        _identity(event): conflicts.get(_identity(event)) or index.reason(event)
        for group in groups
        if (event := group.single) is not None
    }
    matched = [
        MatchedEvent(group.key, dict(sorted(group.events.items())), frozenset(group.weak), group.minority())
        for group in groups
    ]
    return Matching(sorted(matched, key=lambda one: (one.key, sorted(map(_identity, one.events.values())))), apart)


_ID_KINDS: tuple[IdKind, ...] = ("sportradar_id", "genius_id")
_ID_NAMES: Mapping[IdKind, str] = {"sportradar_id": "SportRadar id", "genius_id": "Genius Sports id"}


def _identity(event: OddsEvent) -> Identity:
    return event.bookmaker, event.event_id


def _join_by_id(kind: IdKind, groups: Sequence[Group], conflicts: dict[Identity, str]) -> list[Group]:
    """Join groups that share an id and do not contradict each other; those that stay alone get their conflict."""
    holders: dict[str, list[Group]] = defaultdict(list)
    for group in groups:
        for shared in group.ids(kind):
            holders[shared].append(group)
    joined: set[int] = set()
    for shared, holding in sorted(holders.items()):
        rest = [group for group in holding if id(group) not in joined]
        if len(rest) > 1:
            joined |= _cluster(rest, f"{_ID_NAMES[kind]} {shared}", conflicts)
    return [group for group in groups if id(group) not in joined]


def _cluster(groups: Sequence[Group], shared: str, conflicts: dict[Identity, str]) -> set[int]:
    """Join what fits together of groups that share an id; return those that were taken into another."""
    times = Counter(bookmaker for group in groups for bookmaker in group.events)
    clusters: list[Group] = []
    joined: set[int] = set()
    for group in groups:
        if any(times[bookmaker] > 1 for bookmaker in group.events):
            _note(group, Conflict(f"its bookmaker lists {shared} twice"), conflicts)
            continue
        for cluster in clusters:
            found = cluster.orientation(group)
            if not isinstance(found, Conflict):
                cluster.add(group, swapped=found)
                joined.add(id(group))
                break
        else:
            clusters.append(group)
    for one, other in permutations(clusters, 2):
        found = one.orientation(other)
        if isinstance(found, Conflict):
            _note(one, Conflict(f"{shared} is on {found.reason}"), conflicts)
    return joined


def _note(group: Group, conflict: Conflict, conflicts: dict[Identity, str]) -> None:
    for event in group.events.values():
        conflicts.setdefault(_identity(event), conflict.reason)


def _join_by_names(index: NameIndex, groups: Sequence[Group]) -> list[Group]:
    """Join events without a SportRadar id to the one event at each other bookmaker that they clearly are."""
    joined: set[int] = set()
    for group in groups:
        if id(group) in joined or group.ids("sportradar_id"):
            continue
        partners = [other for event in group.events.values() for other in index.partners(group, event)]
        for other in partners:
            found = group.orientation(other)
            if id(other) in joined or isinstance(found, Conflict):
                continue
            group.weak |= group.events.keys()
            if not other.ids("sportradar_id"):
                group.weak |= other.events.keys()
            group.add(other, swapped=found)
            index.move(other, group)
            joined.add(id(other))
    return [group for group in groups if id(group) not in joined]
