"""What bookmakers have in common: events by the set of bookmakers, events that stay alone, markets that are missing."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class ListedEvent:
    """An event of a bookmaker, and the event that it belongs to."""

    event_id: int
    bookmaker: str
    bookmaker_event_id: str
    home: str
    away: str
    starts_at: datetime
    match_kind: str
    apart_reason: str | None = None
    markets: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class MissingMarket:
    """A market that a bookmaker lacks of events that it shares with one that has it."""

    bookmaker: str
    market: str
    events: int


@dataclass(frozen=True, slots=True)
class CoverageReport:
    """How many events each set of bookmakers lists, the unmatched events with their reasons, the missing markets."""

    sets: Sequence[tuple[tuple[str, ...], int]]
    unmatched: Sequence[ListedEvent]
    missing: Sequence[MissingMarket]


def cover(listed: Iterable[ListedEvent]) -> CoverageReport:
    """Report what is listed. The largest sets and gaps come first."""
    by_event: dict[int, list[ListedEvent]] = defaultdict(list)
    for event in listed:
        by_event[event.event_id].append(event)
    sets = Counter(tuple(sorted({event.bookmaker for event in group})) for group in by_event.values())
    unmatched = [event for group in by_event.values() if len(group) == 1 for event in group]
    missing: Counter[tuple[str, str]] = Counter()
    for group in by_event.values():
        offered = frozenset().union(*(event.markets for event in group))
        missing.update((event.bookmaker, market) for event in group for market in offered - event.markets)
    return CoverageReport(
        sorted(sets.items(), key=lambda pair: (-pair[1], pair[0])),
        sorted(unmatched, key=lambda event: (event.starts_at, event.bookmaker, event.bookmaker_event_id)),
        [
            MissingMarket(bookmaker, market, count)
            for (bookmaker, market), count in sorted(missing.items(), key=lambda pair: (-pair[1], pair[0]))
        ],
    )
