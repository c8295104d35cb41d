"""A fictional world of football: leagues, teams, kick-offs and odds that move. Three bookmakers see the same one.

The truth that simulators serve and tests compare with is here; what a bookmaker's API looks like is not.
"""

import math
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from random import Random

from tests.dev.bookmakers.goals import Prices, all_prices

BOOKS = ("SportyBet", "BetPawa", "Bet9ja")
MARGINS = {"SportyBet": 1.05, "BetPawa": 1.06, "Bet9ja": 1.08}
START = datetime(2026, 12, 1, 12, 0, tzinfo=UTC)

_FIRST = (
    "Acacia", "Baobab", "Cedar", "Dune", "Ember", "Flint", "Granite", "Harbour", "Indigo", "Juniper", "Kestrel",
    "Lagoon", "Marula", "Nimbus", "Ochre", "Papyrus", "Quartz", "Raffia", "Sorghum", "Tamarind", "Umber", "Velvet",
    "Willow", "Zephyr",
)  # fmt: skip
_SYLLABLES = (
    "ba", "ke", "lo", "mi", "nu", "pa", "re", "so", "ti", "vu", "za", "che", "do", "fi", "gu", "ha", "je", "wo",
)  # fmt: skip
"""Two of them name the place that a league's clubs are from: 324 places."""
_LAST = (
    "Rovers",
    "United",
    "Town",
    "City",
    "Athletic",
    "Wanderers",
    "Stars",
    "Olympic",
    "Dynamo",
    "Rangers",
    "Albion",
    "Ports",
)
_LANDS = (
    "Savannaland",
    "Côte d'Ambre",
    "Northmark",
    "Isles",
    "Highveld",
    "Delta",
    "Sahelia",
    "Lowlands",
    "Karroo",
    "Sundara",
)

Truth = dict[tuple[str, str, str], Decimal]
"""(market, line, outcome) -> offered price."""


@dataclass(frozen=True)
class League:
    number: int
    name: str
    country: str


@dataclass(frozen=True)
class Fixture:
    """One match. `strength` are the goals that home and away are expected to score."""

    number: int
    league: League
    home: str
    away: str
    kickoff: datetime
    strength: tuple[float, float]
    has_ids: dict[str, str]
    """By bookmaker: "sr", "genius" or "none": which id it knows the match by."""

    @property
    def sportradar_id(self) -> str:
        return str(81_000_000 + self.number)

    @property
    def genius_id(self) -> str:
        return str(13_900_000 + self.number)


class World:
    """`events` matches in `leagues` leagues; `tick` moves the odds of a third of them."""

    def __init__(self, leagues: int = 6, events: int = 30, seed: int = 7, start: datetime = START) -> None:
        self.start = start
        self.tick = 0
        self.random = Random(seed)
        self.leagues = [self._league(number) for number in range(leagues)]
        self.fixtures = [self._fixture(number, self.leagues[number % leagues]) for number in range(events)]
        self._memory: dict[tuple[str, int], tuple[int, Prices]] = {}

    @staticmethod
    def _league(number: int) -> League:
        # Every tenth league is the juniors' of the one before: same clubs, same times.
        senior = number - 1 if number % 10 == 9 else number
        land = _LANDS[senior % len(_LANDS)]
        return League(number, f"{land} League {senior}{' U19' if senior != number else ''}", land)

    def _fixture(self, number: int, league: League) -> Fixture:
        senior = league.number - 1 if league.name.endswith(" U19") else league.number
        turn = number // len(self.leagues)
        home, away = self._team(senior, 2 * turn), self._team(senior, 2 * turn + 1)
        squad = " U19" if senior != league.number else ""
        kickoff = self.start + timedelta(hours=6 + 2 * (turn % 12) + 24 * (senior % 4), minutes=15 * (senior % 3))
        strength = (0.8 + 1.4 * self.random.random(), 0.6 + 1.2 * self.random.random())
        return Fixture(number, league, home + squad, away + squad, kickoff, strength, self._ids(number))

    @staticmethod
    def _team(league: int, number: int) -> str:
        first, last = _FIRST[(number + league * 5) % len(_FIRST)], _LAST[(number + league * 7) % len(_LAST)]
        place = _SYLLABLES[league // len(_SYLLABLES) % len(_SYLLABLES)] + _SYLLABLES[league % len(_SYLLABLES)]
        return f"{first} {place.title()} {last}"

    @staticmethod
    def _ids(number: int) -> dict[str, str]:
        pawa = "genius" if number % 17 == 3 else "none" if number % 23 == 5 else "sr"
        return {"SportyBet": "sr", "BetPawa": pawa, "Bet9ja": "none" if number % 19 == 4 else "sr"}

    def offered(self, book: str) -> list[Fixture]:
        """Return the matches that a bookmaker has: each leaves out some."""
        gap = 29 + BOOKS.index(book)
        return [fixture for fixture in self.fixtures if fixture.number % gap != 11]

    def name(self, book: str, team: str) -> str:
        """Write a team as a bookmaker does."""
        if book == "SportyBet":
            return f"{team} FC" if len(team) % 3 == 0 else team
        return team.replace("United", "Utd").replace("Olympic", "Olympíc") if book == "Bet9ja" else team

    def prices(self, book: str, fixture: Fixture) -> Prices:
        """Return everything that a bookmaker might offer, as of this tick; what its API has no word for included."""
        moment = self.tick - (self.tick + fixture.number) % 3
        known = self._memory.get((book, fixture.number))
        if known is not None and known[0] == moment:
            return known[1]
        sway = 1 + 0.08 * math.sin(fixture.number + moment)
        whole = all_prices(fixture.strength[0] * sway, fixture.strength[1] / sway, MARGINS[book])
        prices = {name: {line: dict(outcomes) for line, outcomes in lines.items()} for name, lines in whole.items()}
        self._close_some(book, fixture, prices)
        self._memory[book, fixture.number] = moment, prices
        return prices

    def _close_some(self, book: str, fixture: Fixture, prices: Prices) -> None:
        mark = fixture.number * 7 + BOOKS.index(book) * 3
        if mark % 31 == 0:
            for outcomes in prices["1x2"].values():
                outcomes.update(dict.fromkeys(outcomes))
        if mark % 13 == 0:
            prices["over_under"]["2.5"]["under"] = None
        if mark % 11 == 0:
            for market in [name for name in prices if name not in {"1x2", "odd_even"}]:
                del prices[market]  # a thin match
        if mark % 37 == 5:
            for market in [name for name in prices if name != "odd_even"]:
                del prices[market]  # one that a listing by markets leaves out

    def truth(self, book: str, offers: dict[str, set[str] | None]) -> dict[int, Truth]:
        """Return the offered prices by match, of the markets that `offers` names; its lines, or None for all lines."""
        return {
            fixture.number: {
                (market, line, outcome): price
                for market, lines in self.prices(book, fixture).items()
                if market in offers
                for line, outcomes in lines.items()
                if offers[market] is None or line in (offers[market] or ())
                for outcome, price in outcomes.items()
                if price is not None
            }
            for fixture in self.offered(book)
        }
