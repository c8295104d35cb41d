"""Events of several bookmakers that are one so far, and whether two of them may be one."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from itertools import product
from typing import Literal

from scrape_operator.core.odds.model import OddsEvent
from scrape_operator.core.odds.teams import club_likeness, competition_squads, read_team

MAX_SHIFT = timedelta(hours=36)
"""Kick-offs that differ by more contradict a shared id: the id was used again, or the match was put off."""
SAME_CLUB = 0.6
OTHER_CLUB = 0.3
"""With a shared id, one name that is so alike, or two that are not less alike than the second, mean the same teams."""

IdKind = Literal["sportradar_id", "genius_id"]


@dataclass(frozen=True, slots=True)
class Conflict:
    """Why two events that share an id, or look the same, are not one."""

    reason: str


def squads(event: OddsEvent, team: str) -> frozenset[str]:
    """Return the squad markers of a team of an event: its own, and those of the competition."""
    return read_team(team).squads | competition_squads(event.competition)


def is_swapped(one: OddsEvent, other: OddsEvent) -> bool | Conflict:
    """Return whether two events with a shared id list home and away the other way round, or the conflict of names."""
    straight = (club_likeness(one.home, other.home), club_likeness(one.away, other.away))
    crossed = (club_likeness(one.home, other.away), club_likeness(one.away, other.home))
    swapped = min(crossed) >= SAME_CLUB and sum(crossed) > sum(straight)
    if not swapped and max(straight) < SAME_CLUB and min(straight) < OTHER_CLUB:
        return Conflict(f"other teams: {other.home} - {other.away}")
    home, away = (other.away, other.home) if swapped else (other.home, other.away)
    if squads(one, one.home) != squads(other, home) or squads(one, one.away) != squads(other, away):
        return Conflict(f"another squad: {other.home} - {other.away} ({other.competition})")
    return swapped


class Group:
    """Events that are one: at most one of a bookmaker, at most one SportRadar id.

    `swapped` bookmakers list home and away the other way round than the first event of the group; `weak` ones joined by
    names and kick-off alone.
    """

    def __init__(self, event: OddsEvent) -> None:
        self.events = {event.bookmaker: event}
        self.weak: set[str] = set()
        self.swapped: set[str] = set()

    @property
    def single(self) -> OddsEvent | None:
        """The event of a group that has one alone."""
        return next(iter(self.events.values())) if len(self.events) == 1 else None

    def ids(self, kind: IdKind) -> set[str]:
        """Return the ids of a kind that the events have."""
        return {found for event in self.events.values() if (found := getattr(event, kind)) is not None}

    def orientation(self, other: "Group") -> bool | Conflict:
        """Return whether another group has to be swapped to join this one, or why it may not join."""
        if shared := self.events.keys() & other.events.keys():
            return Conflict(f"a second event of {min(shared)}")
        if len(self.ids("sportradar_id") | other.ids("sportradar_id")) > 1:
            return Conflict("another SportRadar id")
        starts = [event.starts_at for group in (self, other) for event in group.events.values()]
        if max(starts) - min(starts) > MAX_SHIFT:
            return Conflict("a kick-off more than 36 hours away")
        turns = {self._turn(other, mine, theirs) for mine, theirs in product(self.events, other.events)}
        conflict = next((turn for turn in turns if isinstance(turn, Conflict)), None)
        if conflict is not None:
            return conflict
        return turns.pop() if len(turns) == 1 else Conflict("home and away listed in both orders")

    def _turn(self, other: "Group", mine: str, theirs: str) -> bool | Conflict:
        found = is_swapped(self.events[mine], other.events[theirs])
        if isinstance(found, Conflict):
            return found
        return found != ((mine in self.swapped) != (theirs in other.swapped))

    def add(self, other: "Group", *, swapped: bool) -> None:
        """Join another group, swapped or not."""
        self.events.update(other.events)
        self.weak |= other.weak
        self.swapped |= other.events.keys() - other.swapped if swapped else other.swapped

    def minority(self) -> frozenset[str]:
        """Return the bookmakers that list home and away unlike the majority; in a tie, unlike the first by name."""
        sides = (frozenset(self.swapped), frozenset(self.events.keys() - self.swapped))
        return min(sides, key=lambda side: (len(side), min(self.events) in side))

    @property
    def key(self) -> str:
        """A text that is the same for the same events: the smallest id that they have."""
        for kind, prefix in _KEYS.items():
            if ids := self.ids(kind):
                return f"{prefix}:{min(ids)}"
        bookmaker, event = min(self.events.items())
        return f"{bookmaker.lower()}:{event.event_id}"


_KEYS: Mapping[IdKind, str] = {"sportradar_id": "sr", "genius_id": "genius"}
