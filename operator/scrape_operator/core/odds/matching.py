"""Which events of several bookmakers are the same one. Pure; storage asks whenever it has seen new events.

By SportRadar's id first, then by Genius Sports' id, then, marked weak, by names and kick-off. A wrong pair is worse
than none: what contradicts itself is left apart. The answer does not depend on the order of the events.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from itertools import combinations

from scrape_operator.core.odds.model import OddsEvent
from scrape_operator.core.odds.teams import likeness

MAX_SHIFT = timedelta(hours=36)
"""Kick-offs that differ by more speak against a shared id: an id that was used again, or a match put off."""
WEAK_WINDOW = timedelta(minutes=5)
WEAK_LIKENESS = 0.9
WEAK_MARGIN = 0.1
"""A pair by names: kick-offs so near, both teams so alike, and the next best candidate so much less."""


@dataclass(frozen=True, slots=True)
class MatchedEvent:
    """One event, as the bookmakers that have it see it. `weak` names those that joined by names alone."""

    key: str
    events: Mapping[str, OddsEvent]
    weak: frozenset[str] = frozenset()


class _Group:
    """Events that are one so far: at most one of a bookmaker, at most one id of each kind."""

    def __init__(self, event: OddsEvent) -> None:
        self.events = {event.bookmaker: event}
        self.weak: set[str] = set()

    def ids(self, kind: str) -> set[str]:
        return {found for event in self.events.values() if (found := getattr(event, kind)) is not None}

    def may_join(self, other: "_Group") -> bool:
        if self is other or self.events.keys() & other.events.keys():
            return False
        if len(self.ids("sportradar_id") | other.ids("sportradar_id")) > 1:
            return False
        starts = [event.starts_at for group in (self, other) for event in group.events.values()]
        return max(starts) - min(starts) <= MAX_SHIFT

    def take(self, other: "_Group") -> None:
        self.events.update(other.events)
        self.weak |= other.weak

    @property
    def key(self) -> str:
        for kind, prefix in (("sportradar_id", "sr"), ("genius_id", "genius")):
            ids = self.ids(kind)
            if ids:
                return f"{prefix}:{min(ids)}"
        bookmaker, event = min(self.events.items())
        return f"{bookmaker.lower()}:{event.event_id}"


def match_events(events: Iterable[OddsEvent]) -> list[MatchedEvent]:
    """Group the events of all bookmakers; every event is in exactly one group, in order of key."""
    ordered = sorted(events, key=lambda event: (event.bookmaker, event.event_id))
    groups = _join_by("sportradar_id", [_Group(event) for event in ordered])
    groups = _join_by("genius_id", groups)
    groups = _join_by_names(groups)
    return sorted(
        (MatchedEvent(group.key, dict(sorted(group.events.items())), frozenset(group.weak)) for group in groups),
        key=lambda matched: (matched.key, min(event.event_id for event in matched.events.values())),
    )


def _join_by(kind: str, groups: Sequence[_Group]) -> list[_Group]:
    """Join groups that share an id. A bookmaker that has it twice is left out; where kick-offs differ much, all are."""
    holders: dict[str, list[_Group]] = defaultdict(list)
    for group in groups:
        for shared in group.ids(kind):
            holders[shared].append(group)
    gone: set[int] = set()
    for _id, holding in sorted(holders.items()):
        together = _without_doubles([group for group in holding if id(group) not in gone])
        if all(one.may_join(other) for one, other in combinations(together, 2)):
            for other in together[1:]:
                together[0].take(other)
                gone.add(id(other))
    return [group for group in groups if id(group) not in gone]


def _without_doubles(groups: Sequence[_Group]) -> list[_Group]:
    times = Counter(bookmaker for group in groups for bookmaker in group.events)
    return [group for group in groups if all(times[bookmaker] == 1 for bookmaker in group.events)]


def _join_by_names(groups: Sequence[_Group]) -> list[_Group]:
    """Join lone events without SportRadar's id to the one event at each other bookmaker that they clearly are."""
    index = _Index(groups)
    gone: set[int] = set()
    for group in groups:
        if id(group) in gone or not _is_lone(group):
            continue
        (event,) = group.events.values()
        partners = [found for found in index.partners(event) if id(found) not in gone and found is not group]
        distinct = list({id(found): found for found in partners}.values())
        if not all(one.may_join(other) for one, other in combinations([group, *distinct], 2)):
            continue
        for other in distinct:
            if _is_lone(other):
                group.weak |= other.events.keys()
            group.take(other)
            index.move(other, group)
            gone.add(id(other))
        if distinct:
            group.weak.add(event.bookmaker)
    return [group for group in groups if id(group) not in gone]


def _is_lone(group: _Group) -> bool:
    return len(group.events) == 1 and not group.ids("sportradar_id")


class _Index:
    """Events by bookmaker and kick-off, with the group that each is in."""

    def __init__(self, groups: Iterable[_Group]) -> None:
        self._slots: dict[str, dict[int, list[OddsEvent]]] = defaultdict(lambda: defaultdict(list))
        self._group: dict[tuple[str, str], _Group] = {}
        for group in groups:
            for event in group.events.values():
                self._slots[event.bookmaker][_slot(event)].append(event)
                self._group[event.bookmaker, event.event_id] = group

    def move(self, group: _Group, into: _Group) -> None:
        """Note that a group was taken up by another."""
        for event in group.events.values():
            self._group[event.bookmaker, event.event_id] = into

    def partners(self, event: OddsEvent) -> list[_Group]:
        """Give the groups of the events, one of each other bookmaker at most, that this one clearly is by its names."""
        found = []
        for bookmaker in sorted(self._slots):
            if bookmaker == event.bookmaker:
                continue
            best = self._clear_best(event, bookmaker)
            if best is not None and self._clear_best(best, event.bookmaker) is event:
                found.append(self._group[bookmaker, best.event_id])
        return found

    def _clear_best(self, event: OddsEvent, bookmaker: str) -> OddsEvent | None:
        best, best_score, runner_up = None, 0.0, 0.0
        for candidate in self._near(event, bookmaker):
            score = _score(event, candidate)
            if score > best_score:
                best, best_score, runner_up = candidate, score, best_score
            else:
                runner_up = max(runner_up, score)
        return best if best_score >= WEAK_LIKENESS and best_score - runner_up >= WEAK_MARGIN else None

    def _near(self, event: OddsEvent, bookmaker: str) -> Iterator[OddsEvent]:
        slots, slot = self._slots[bookmaker], _slot(event)
        for near in (slot - 1, slot, slot + 1):
            for candidate in slots.get(near, ()):
                if abs(candidate.starts_at - event.starts_at) <= WEAK_WINDOW:
                    yield candidate


def _slot(event: OddsEvent) -> int:
    return int(event.starts_at.timestamp() // WEAK_WINDOW.total_seconds())


def _score(one: OddsEvent, other: OddsEvent) -> float:
    if one.sport != other.sport or (one.genius_id and other.genius_id and one.genius_id != other.genius_id):
        return 0.0
    home = likeness(one.home, other.home)
    return home if home == 0.0 else min(home, likeness(one.away, other.away))
