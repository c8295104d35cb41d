"""Whatever is truncated, lost, down or reconfigured: a price is confirmed, and withdrawn, only by a reading of it."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from random import Random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from scrape_operator.core.odds.model import Coverage, OddsEvent, OddsMarket, PriceKey, line_text
from scrape_operator.storage.store import SQLRunStore
from tests.storage.odds.database import Database
from tests.storage.odds.values import (
    DOUBLE_CHANCE,
    KICK_OFF,
    ONE_X_TWO,
    OVER_UNDER,
    event_of,
    exact,
    key_of,
    offered,
    prices_of,
    query,
    read_at,
)
from tests.storage.values import minute

BOOKS = ("Bet9ja", "BetPawa")
MARKETS = {market.name: market for market in (ONE_X_TWO, OVER_UNDER, DOUBLE_CHANCE)}
BETS = [
    *(key_of(f"1x2/{outcome}") for outcome in ONE_X_TWO.outcomes),
    *(key_of(f"over_under@{line}/{outcome}") for line in ("2.5", "3.5") for outcome in OVER_UNDER.outcomes),
    *(key_of(f"double_chance/{outcome}") for outcome in DOUBLE_CHANCE.outcomes),
]
STEPS = 25

Key = tuple[str, str, PriceKey]
"""Bookmaker, its id of the event, and the bet."""


@dataclass
class Listing:
    """What a bookmaker lists of one event, and offers for it."""

    event: OddsEvent
    is_listed: bool = True
    prices: dict[PriceKey, Decimal] = field(default_factory=dict)


@dataclass(frozen=True)
class Read:
    """What one reading proves: these prices, and that of what it covers there is nothing else."""

    at: datetime
    prices: dict[Key, Decimal]
    markets: frozenset[str]
    whole: frozenset[tuple[str, str]]
    coverage: Coverage | None

    def denies(self, key: Key, starts_at: datetime, competition: str) -> bool:
        """Whether the reading proves that a price is not offered."""
        bookmaker, event_id, bet = key
        if (bookmaker, event_id) in self.whole:
            return bet.market in self.markets and key not in self.prices
        if self.coverage is None or self.coverage.bookmaker != bookmaker:
            return False
        is_before = self.coverage.until is None or starts_at <= self.coverage.until
        is_within = self.coverage.competitions is None or competition in self.coverage.competitions
        return is_before and is_within and starts_at > self.at


class World:
    """Two bookmakers that list matches, move and close prices, and are read in all kinds of ways."""

    def __init__(self, random: Random) -> None:
        self.random = random
        self.reads: list[Read] = []
        self.listings = [
            Listing(
                event_of(
                    bookmaker=book,
                    event_id=f"{book}-{number}",
                    home=f"Home {'abcd'[number]}",
                    sportradar_id=f"8100000{number}",
                    competition_id=str(number % 2),
                    starts_at=KICK_OFF + timedelta(hours=12 * number),
                )
            )
            for book in BOOKS
            for number in range(4)
        ]
        for listing in self.listings:
            self.move(listing, 1.0)

    def move(self, listing: Listing, share: float) -> None:
        """Change a share of the prices, and close some."""
        for bet in BETS:
            if self.random.random() < share:
                listing.prices.pop(bet, None)
                if self.random.random() < 0.8:
                    listing.prices[bet] = Decimal(self.random.randint(101, 120)) / 100

    def change(self) -> None:
        """Let some time pass at the bookmakers."""
        for listing in self.listings:
            if self.random.random() < 0.5:
                self.move(listing, 0.2)
            if self.random.random() < 0.1:
                listing.is_listed = not listing.is_listed

    async def read(self, store: SQLRunStore, number: int) -> None:
        """Read one bookmaker by some target, completely or not."""
        random = self.random
        book, uid = random.choice(BOOKS), f"uid-{random.randint(1, 3)}"
        markets = frozenset(random.sample(sorted(MARKETS), random.randint(1, 3)))
        until = KICK_OFF + timedelta(hours=random.choice([1, 13, 30])) if random.random() < 0.3 else None
        only = frozenset(random.choice("01")) if random.random() < 0.3 else None
        coverage: Coverage | None = Coverage(book, until, only)
        listed = [
            self._as_read(one, markets)
            for one in self.listings
            if one.event.bookmaker == book
            and one.is_listed
            and (until is None or one.event.starts_at <= until)
            and (only is None or one.event.competition_id in only)
        ]
        is_complete = random.random() < 0.5
        if not is_complete:
            listed = [event for event in listed if random.random() < 0.6]
            listed = [replace(event, dropped=int(random.random() >= 0.7)) for event in listed]
        if random.random() < 0.1:
            coverage = None
        late = random.choice([0, 0, 0, 7])
        at = number - late + random.random() / 100
        definitions: Sequence[OddsMarket] = [MARKETS[name] for name in sorted(markets)]
        await read_at(store, at, *listed, markets=definitions, coverage=coverage, complete=is_complete, uid=uid)
        self.reads.append(_proof(minute(at) + timedelta(seconds=6), listed, markets, coverage if is_complete else None))

    def _as_read(self, listing: Listing, markets: frozenset[str]) -> OddsEvent:
        return replace(
            listing.event, prices={bet: price for bet, price in listing.prices.items() if bet.market in markets}
        )


def _proof(at: datetime, listed: Sequence[OddsEvent], markets: frozenset[str], coverage: Coverage | None) -> Read:
    whole = [event for event in listed if event.is_whole]
    prices = {(event.bookmaker, event.event_id, bet): price for event in whole for bet, price in event.prices.items()}
    identities = frozenset((event.bookmaker, event.event_id) for event in whole)
    listed_ids = {(event.bookmaker, event.event_id) for event in listed}
    # An empty reading withdraws nothing.
    return Read(at, prices, markets, identities, coverage if listed_ids else None)


def _time(value: str | datetime) -> datetime:
    """Read a time of either database."""
    return datetime.fromisoformat(value).replace(tzinfo=UTC) if isinstance(value, str) else value


def _key(book: str, event_id: str, market: str, line: object, outcome: str) -> Key:
    return book, event_id, PriceKey(market, None if line in {None, ""} else Decimal(str(line)).normalize(), outcome)


def _same(key: Key) -> Key:
    return _key(*key[:2], key[2].market, line_text(key[2].line), key[2].outcome)


async def check(store: SQLRunStore, world: World) -> None:
    columns = "bookmaker, bookmaker_event_id, market, line, outcome"
    shown = {
        _key(*row[:5]): (exact(row[5]), _time(row[6]))
        for row in await query(store, f"SELECT {columns}, price, confirmed_at FROM event_odds")
    }
    proofs = {(_same(key), price, read.at) for read in world.reads for key, price in read.prices.items()}
    assert {(key, price, at) for key, (price, at) in shown.items()} <= proofs
    await _check_withdrawn(store, world)
    newest = max(world.reads, key=lambda read: read.at)
    assert {_same(key): (price, newest.at) for key, price in newest.prices.items()}.items() <= shown.items()


async def _check_withdrawn(store: SQLRunStore, world: World) -> None:
    rows = await query(
        store,
        "SELECT bookmaker, bookmaker_event_id, market, line, outcome, odds.withdrawn_at, starts_at, competition_id"
        " FROM odds JOIN platform_events AS book ON book.id = odds.platform_event_id"
        " WHERE odds.withdrawn_at IS NOT NULL",
    )
    for *names, withdrawn_at, starts_at, competition in rows:
        key, at = _key(*names), _time(withdrawn_at)
        assert any(read.at == at and read.denies(key, _time(starts_at), competition) for read in world.reads)


async def simulate(store: SQLRunStore, random: Random) -> None:
    world = World(random)
    for number in range(STEPS):
        world.change()
        await world.read(store, 10 * number)
        await check(store, world)


@settings(
    max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(seed=st.integers(0, 10**9))
def test_only_a_reading_of_a_price_confirms_or_withdraws_it(database: Database, seed: int) -> None:
    database.run(database.empty())
    database.run(simulate(database.store, Random(seed)))


OFFER = prices_of(home="2.15", draw="3.25", away="3.40")
TOTALS = {"over_under@2.5/over": "1.95", "over_under@2.5/under": "1.85"}


async def confirmed(store: SQLRunStore) -> dict[str, datetime]:
    rows = await query(store, "SELECT market, outcome, confirmed_at FROM event_odds")
    return {f"{market}/{outcome}": _time(at) for market, outcome, at in rows}


async def test_a_market_that_is_read_no_more_stays_as_old_as_its_last_reading(store: SQLRunStore) -> None:
    await read_at(store, 0, event_of(OFFER | TOTALS))
    await read_at(store, 5, event_of(OFFER), markets=[ONE_X_TWO])
    ages = await confirmed(store)
    assert {ages[name] for name in OFFER} == {minute(5) + timedelta(seconds=6)}
    assert {ages[f"over_under/{outcome}"] for outcome in ("over", "under")} == {minute(0) + timedelta(seconds=6)}


async def test_an_event_whose_prices_are_not_whole_confirms_and_withdraws_nothing(store: SQLRunStore) -> None:
    await read_at(store, 0, event_of(OFFER))
    await read_at(store, 5, replace(event_of({"1x2/home": "9"}), dropped=1))
    assert len(await offered(store)) == 3
    assert set((await confirmed(store)).values()) == {minute(0) + timedelta(seconds=6)}


async def test_a_shorter_horizon_or_fewer_leagues_withdraw_nothing_that_they_leave_out(store: SQLRunStore) -> None:
    far = event_of(OFFER, event_id="far", sportradar_id="2", competition_id="9", starts_at=KICK_OFF + timedelta(days=3))
    other = event_of(OFFER, event_id="other", sportradar_id="3", competition_id="7")
    await read_at(store, 0, event_of(OFFER), far, other)
    await read_at(store, 5, event_of(OFFER), other, coverage=Coverage("Bet9ja", until=KICK_OFF + timedelta(days=1)))
    await read_at(store, 9, event_of(OFFER), coverage=Coverage("Bet9ja", competitions=frozenset({""})))
    assert await query(store, "SELECT count(*) FROM event_odds") == [(9,)]


@pytest.mark.parametrize("uid", ["uid-1", "uid-2"], ids=["the same schedule", "another schedule"])
async def test_what_a_complete_reading_covers_and_lacks_is_withdrawn(store: SQLRunStore, uid: str) -> None:
    other = event_of(OFFER, event_id="other", sportradar_id="81000002")
    await read_at(store, 0, event_of(OFFER), other, uid="uid-1")
    await read_at(store, 5, other, uid=uid)
    assert await query(store, "SELECT DISTINCT bookmaker_event_id FROM event_odds") == [("other",)]


async def test_a_late_reading_of_another_market_counts_for_that_market(store: SQLRunStore) -> None:
    await read_at(store, 5, event_of(OFFER), markets=[ONE_X_TWO], uid="uid-1")
    await read_at(store, 4, event_of(TOTALS), markets=[OVER_UNDER], uid="uid-2")
    ages = await confirmed(store)
    assert len(ages) == 5
    assert ages["over_under/over"] == minute(4) + timedelta(seconds=6)


async def test_two_schedules_that_read_different_markets_skip_what_they_know(store: SQLRunStore) -> None:
    for number in range(4):
        markets, prices = ([ONE_X_TWO], OFFER) if number % 2 else ([OVER_UNDER], TOTALS)
        await read_at(store, number, event_of(prices), markets=markets, uid=f"uid-{number % 2}")
    assert len(await offered(store)) == 5
    assert await query(store, "SELECT count(*) FROM odds_changes") == [(0,)]
