"""Pairs of events by names and kick-off alone, and why there is none."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from datetime import timedelta
from functools import lru_cache
from itertools import combinations

from scrape_operator.core.odds.groups import MAX_SHIFT, Conflict, Group, is_swapped, squads
from scrape_operator.core.odds.model import OddsEvent
from scrape_operator.core.odds.teams import club_likeness, read_team

WINDOW = timedelta(minutes=15)
LIKENESS = 0.9
MARGIN = 0.1
"""A pair by names: kick-offs so near, both teams so alike, and the next best candidate so much less."""
SIMILAR = 0.6
"""Both teams so alike are worth a reason why two events are not one."""

STEM = 3
"""Letters at the beginning of a word that look-alikes have in common."""

NOT_LISTED = "no other bookmaker lists teams like these at this time"


class NameIndex:
    """Events by bookmaker and kick-off, with the group that each is in."""

    def __init__(self, groups: Iterable[Group]) -> None:
        self._slots: dict[str, dict[int, list[OddsEvent]]] = defaultdict(lambda: defaultdict(list))
        self._group: dict[tuple[str, str], Group] = {}
        self._by_stem: dict[str, list[OddsEvent]] = defaultdict(list)
        for group in groups:
            for event in group.events.values():
                self._slots[event.bookmaker][_slot(event)].append(event)
                for stem in _stems(event.home) | _stems(event.away):
                    self._by_stem[stem].append(event)
                self._group[event.bookmaker, event.event_id] = group

    def move(self, group: Group, into: Group) -> None:
        """Record that a group was joined to another."""
        for event in group.events.values():
            self._group[event.bookmaker, event.event_id] = into

    def partners(self, group: Group, event: OddsEvent) -> list[Group]:
        """Return the groups of the events, one of each other bookmaker at most, that this one clearly is.

        None where two of them may not be one: then it is not clear which one it is.
        """
        found: dict[int, Group] = {}
        for bookmaker in sorted(self._slots.keys() - {event.bookmaker}):
            best = self._clear_best(event, bookmaker)
            if best is not None and self._clear_best(best, event.bookmaker) is event:
                partner = self._group[bookmaker, best.event_id]
                found[id(partner)] = partner
        partners = [partner for partner in found.values() if partner is not group]
        conflicts = (isinstance(one.orientation(other), Conflict) for one, other in combinations(partners, 2))
        return [] if any(conflicts) else partners

    def reason(self, event: OddsEvent) -> str:
        """Return why an event that is alone was not joined to any other bookmaker's."""
        found = [
            (-score, candidate.bookmaker, candidate.event_id, candidate)
            for candidate in self._look_alikes(event)
            if abs(candidate.starts_at - event.starts_at) <= MAX_SHIFT
            and (score := _similarity(event, candidate)) >= SIMILAR
        ]
        if not found:
            return NOT_LISTED
        candidate = min(found)[-1]
        teams = f"{candidate.home} - {candidate.away}"
        return f"{candidate.bookmaker} lists {teams}, but {self._difference(event, candidate)}"

    def _look_alikes(self, event: OddsEvent) -> Iterator[OddsEvent]:
        """Iterate over the events of other bookmakers whose teams both have a word that begins like one of this."""
        home, away = _stems(event.home), _stems(event.away)
        seen: set[tuple[str, str]] = set()
        for candidate in (candidate for stem in sorted(home) for candidate in self._by_stem[stem]):
            identity = (candidate.bookmaker, candidate.event_id)
            if candidate.bookmaker != event.bookmaker and identity not in seen:
                seen.add(identity)
                if away & (_stems(candidate.home) | _stems(candidate.away)):
                    yield candidate

    @staticmethod
    def _difference(event: OddsEvent, candidate: OddsEvent) -> str:
        shift = abs(candidate.starts_at - event.starts_at)
        turn = is_swapped(event, candidate)
        if isinstance(turn, Conflict):
            return f"that is {turn.reason.partition(':')[0]}"
        if event.sportradar_id and candidate.sportradar_id and event.sportradar_id != candidate.sportradar_id:
            return "with another SportRadar id"
        if event.genius_id and candidate.genius_id and event.genius_id != candidate.genius_id:
            return "with another Genius Sports id"
        if shift > WINDOW:
            return f"{shift // timedelta(minutes=1)} minutes apart"
        return "with home and away the other way round" if turn else "its names are not clearly the same"

    def _clear_best(self, event: OddsEvent, bookmaker: str) -> OddsEvent | None:
        best, best_score, runner_up = None, 0.0, 0.0
        for candidate in self._near(event, bookmaker):
            score = _score(event, candidate)
            if score > best_score:
                best, best_score, runner_up = candidate, score, best_score
            else:
                runner_up = max(runner_up, score)
        return best if best_score >= LIKENESS and best_score - runner_up >= MARGIN else None

    def _near(self, event: OddsEvent, bookmaker: str) -> Iterator[OddsEvent]:
        slots, slot = self._slots[bookmaker], _slot(event)
        for near in (slot - 1, slot, slot + 1):
            for candidate in slots.get(near, ()):
                if abs(candidate.starts_at - event.starts_at) <= WINDOW:
                    yield candidate


@lru_cache(maxsize=16_384)
def _stems(team: str) -> frozenset[str]:
    return frozenset(word[:STEM] for word in read_team(team).words)


def _slot(event: OddsEvent) -> int:
    return int(event.starts_at.timestamp() // WINDOW.total_seconds())


def _similarity(one: OddsEvent, other: OddsEvent) -> float:
    """Return how alike the clubs of two events are, whichever is at home."""
    if one.sport != other.sport:
        return 0.0
    straight = min(club_likeness(one.home, other.home), club_likeness(one.away, other.away))
    return max(straight, min(club_likeness(one.home, other.away), club_likeness(one.away, other.home)))


def _score(one: OddsEvent, other: OddsEvent) -> float:
    if one.sport != other.sport or (one.genius_id and other.genius_id and one.genius_id != other.genius_id):
        return 0.0
    home = club_likeness(one.home, other.home)
    if home == 0.0 or squads(one, one.home) != squads(other, other.home):
        return 0.0
    return min(home, club_likeness(one.away, other.away)) if squads(one, one.away) == squads(other, other.away) else 0.0
