"""A simulated season at three bookmakers: no wrong pair, whatever they get wrong; each unpaired event has a reason."""

from collections import Counter
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from random import Random

import pytest

from scrape_operator.core.odds.matching import Matching, match_events
from scrape_operator.core.odds.model import OddsEvent
from scrape_operator.core.odds.names import NOT_LISTED

START = datetime(2026, 8, 1, 14, tzinfo=UTC)
BOOKS = ("Bet9ja", "BetPawa", "SportyBet")
CLUBS = (
    "Manchester United", "Manchester City", "Acacia Rovers", "Baobab Athletic", "Saint Cedar", "FC Dune", "Ember 1860",
    "Real Flint", "Flint Wanderers", "Olympique Granite",
)  # fmt: skip
SQUADS = {"": "Premier League", " U19": "U19 League", " Women": "Women League", " II": "Reserve League"}
SPELLINGS = {
    "Bet9ja": {"United": "Utd", "Women": "(W)", "U19": "U-19", "II": "B"},
    "BetPawa": {"Saint": "St", "Women": "Feminin", "U19": "Sub-19", "Olympique": "Olympique"},
    "SportyBet": {"FC ": "", "Athletic": "Ath.", "II": "Reserves"},
}


@dataclass(frozen=True)
class Match:
    """One match of the season: the truth."""

    number: int
    home: str
    away: str
    squad: str
    starts_at: datetime


def season() -> list[Match]:
    """Let every two clubs meet twice, with all their teams, at the same times."""
    matches: list[Match] = []
    pairs = [(home, away) for home in CLUBS for away in CLUBS if home != away]
    for turn, (home, away) in enumerate(pairs):
        starts_at = START + timedelta(days=turn // 5, hours=turn % 5)
        matches += [Match(len(matches) + at, home, away, squad, starts_at) for at, squad in enumerate(SQUADS)]
    return matches


def listed(match: Match, book: str, random: Random) -> OddsEvent:
    """Return a match as a bookmaker lists it: right, but spelled in its own way, and sometimes without an id."""
    names = [f"{club}{match.squad}" for club in (match.home, match.away)]
    for word, other in SPELLINGS[book].items():
        names = [name.replace(word, other) for name in names]
    has_id, has_genius = random.random() < 0.8, random.random() < 0.5
    return OddsEvent(
        book,
        f"{book}-{match.number}",
        home=names[0],
        away=names[1],
        starts_at=match.starts_at,
        competition=SQUADS[match.squad],
        sportradar_id=str(81_000_000 + match.number) if has_id else None,
        genius_id=str(13_900_000 + match.number) if has_genius else None,
    )


def wrong(event: OddsEvent, random: Random) -> OddsEvent:
    """Return an event with one thing that its bookmaker got wrong, or changed."""
    match random.randrange(6):
        case 0:
            return replace(event, home=event.away, away=event.home)
        case 1:
            return replace(event, starts_at=event.starts_at + timedelta(hours=2))
        case 2:
            return replace(event, starts_at=event.starts_at + timedelta(days=random.choice([-3, 4])))
        case 3:
            return replace(event, sportradar_id=str(81_000_000 + random.randrange(360)))
        case 4:
            return replace(event, genius_id=str(13_900_000 + random.randrange(360)))
        case _:
            return replace(event, starts_at=event.starts_at + timedelta(minutes=random.choice([-10, 5, 15])))


def number_of(event: OddsEvent) -> str:
    return event.event_id.rpartition("-")[2]


def played(seed: int, share: float) -> tuple[list[OddsEvent], Matching]:
    random = Random(seed)
    events = [listed(match, book, random) for match in season() for book in BOOKS if random.random() < 0.9]
    events = [wrong(event, random) if random.random() < share else event for event in events]
    random.shuffle(events)
    return events, match_events(events)


@pytest.mark.parametrize("seed", range(6))
def test_no_pair_of_the_season_is_wrong_and_each_single_event_has_its_reason(seed: int) -> None:
    events, matching = played(seed, 0.25)
    for matched in matching.matched:
        assert len({number_of(event) for event in matched.events.values()}) == 1, matched
    singles = {
        (event.bookmaker, event.event_id)
        for matched in matching.matched
        if len(matched.events) == 1
        for event in matched.events.values()
    }
    assert matching.apart.keys() == singles
    assert all(matching.apart.values())
    assert sum(len(matched.events) for matched in matching.matched) == len(events)


@pytest.mark.parametrize("seed", range(3))
def test_where_nothing_is_wrong_every_match_is_one_event(seed: int) -> None:
    events, matching = played(seed, 0.0)
    assert len(matching.matched) == len({number_of(event) for event in events})
    assert set(matching.apart.values()) <= {NOT_LISTED} | {
        reason for reason in matching.apart.values() if "squad" in reason or "apart" in reason or "way round" in reason
    }


@pytest.mark.parametrize("seed", range(3))
def test_venues_that_one_bookmaker_swaps_are_still_one_event(seed: int) -> None:
    random = Random(seed)
    events = [listed(match, book, Random(1)) for match in season() for book in BOOKS]
    events = [replace(event, sportradar_id=str(81_000_000 + int(number_of(event)))) for event in events]
    swapped = {event.event_id for event in random.sample(events, 200)}
    events = [replace(one, home=one.away, away=one.home) if one.event_id in swapped else one for one in events]
    matching = match_events(events)
    assert {len(matched.events) for matched in matching.matched} == {len(BOOKS)}
    counts = Counter(number_of(event) for event in events if event.event_id in swapped)
    for matched in matching.matched:
        (number,) = {number_of(event) for event in matched.events.values()}
        assert len(matched.swapped) == min(counts[number], len(BOOKS) - counts[number])
