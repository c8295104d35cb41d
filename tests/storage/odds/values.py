"""Events, prices and readings as tests of odds need them: a match of two teams, six hours after the start."""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import text

from scrape_operator.core.odds.model import ODDS_SINK, Coverage, OddsEvent, OddsMarket, OddsReading, PriceKey
from scrape_operator.core.runs.items import ItemCounts
from scrape_operator.core.runs.run import SinkPayload, StoredSpec, TargetResult
from scrape_operator.storage.store import SQLRunStore
from tests.storage.values import START, claim_of, result_of, target_of

ONE_X_TWO = OddsMarket("1x2", ("home", "draw", "away"))
OVER_UNDER = OddsMarket("over_under", ("over", "under"))
DOUBLE_CHANCE = OddsMarket("double_chance", ("home_draw", "home_away", "draw_away"), winners=2)
SCORES = OddsMarket("correct_score")
ASIAN_HANDICAP = OddsMarket("asian_handicap", ("home", "away"))
MARKETS = (ONE_X_TWO, OVER_UNDER, DOUBLE_CHANCE, SCORES, ASIAN_HANDICAP)

FOREVER = datetime(9000, 1, 1, tzinfo=UTC)
EVERYTHING = Coverage("")
"""What a reading covers unless it says otherwise: all events of the bookmaker of its first event."""

KICK_OFF = START + timedelta(hours=6)


def key_of(name: str) -> PriceKey:
    """Read `market/outcome`, or `market@line/outcome`."""
    market, _, outcome = name.partition("/")
    market, _, line = market.partition("@")
    return PriceKey(market, Decimal(line) if line else None, outcome)


def prices_of(**prices: str) -> dict[str, str]:
    """Return prices of 1x2 by outcome."""
    return {f"1x2/{outcome}": price for outcome, price in prices.items()}


def event_of(
    prices: dict[str, str] | None = None, *, bookmaker: str = "Bet9ja", event_id: str = "", **others: Any
) -> OddsEvent:
    """Make an event at a bookmaker."""
    values: dict[str, Any] = {
        "bookmaker": bookmaker,
        "event_id": event_id or f"{bookmaker}-1",
        "home": "Acacia Rovers",
        "away": "Baobab United",
        "starts_at": KICK_OFF,
        "country": "Savannaland",
        "competition": "Premier League",
        "sportradar_id": "81000001",
        "prices": {key_of(name): Decimal(price) for name, price in (prices or {}).items()},
    }
    return OddsEvent(**values | others)


def reading_of(
    *events: OddsEvent,
    markets: Sequence[OddsMarket] = MARKETS,
    coverage: Coverage | None = EVERYTHING,
    fresh_until: datetime = FOREVER,
    **others: Any,
) -> TargetResult:
    """Make the result of a target that read these events, and covers all that their bookmaker lists."""
    if coverage is EVERYTHING and events:
        coverage = Coverage(events[0].bookmaker)
    payload = SinkPayload(ODDS_SINK, OddsReading(events, markets, coverage), fresh_until)
    values: dict[str, Any] = {"name": "book", "sink_payload": payload}
    return target_of(**values | others)


async def store_at(
    store: SQLRunStore, number: float, *targets: TargetResult, uid: str = "uid-1", spec: StoredSpec | None = None
) -> ItemCounts | None:
    """Claim the slot of a minute and finish it with these targets."""
    claim = claim_of(number, uid=uid, spec=spec or StoredSpec())
    assert await store.claim(claim)
    return await store.finish(result_of(claim, *targets))


async def read_at(
    store: SQLRunStore, number: float, *events: OddsEvent, markets: Sequence[OddsMarket] = MARKETS, **others: Any
) -> None:
    """Have a target read these events in the run of a minute."""
    uid, spec = others.pop("uid", "uid-1"), others.pop("spec", None)
    await store_at(store, number, reading_of(*events, markets=markets, **others), uid=uid, spec=spec)


async def query(store: SQLRunStore, statement: str, **values: Any) -> list[tuple[Any, ...]]:
    """Ask in SQL, as a user would."""
    rows = await store._database.read(lambda connection: connection.execute(text(statement), values).all())
    return [tuple(row) for row in rows]


async def offered(store: SQLRunStore) -> dict[str, Decimal]:
    """Return the prices that are offered now, by bookmaker, market, line and outcome."""
    rows = await query(store, "SELECT bookmaker, market, line, outcome, price FROM event_odds")
    return {f"{book} {_named(market, line)}/{outcome}": exact(price) for book, market, line, outcome, price in rows}


def _named(market: str, line: Any) -> str:
    return market if line is None else f"{market}@{exact(line).normalize():f}"


def exact(number: Any) -> Decimal:
    """Read a number of either database."""
    return number if isinstance(number, Decimal) else Decimal(repr(number))


async def changes(store: SQLRunStore) -> list[tuple[str, Decimal | None, Decimal | None]]:
    """Return what was appended, in order: market and outcome, before, after."""
    rows = await query(
        store,
        "SELECT odds.market, odds.outcome, change.before, change.after FROM odds_changes AS change"
        " JOIN odds ON odds.id = change.odds_id ORDER BY change.at, odds.market, odds.line, odds.outcome",
    )
    return [
        (f"{market}/{outcome}", None if before is None else exact(before), None if after is None else exact(after))
        for market, outcome, before, after in rows
    ]


async def matched(store: SQLRunStore) -> set[frozenset[tuple[str, str]]]:
    """Return which bookmakers' events are one: bookmaker's event id and match kind of each."""
    rows = await query(store, "SELECT event_id, bookmaker_event_id, match_kind FROM platform_events")
    return {
        frozenset((name, kind) for event, name, kind in rows if event == number) for number in {row[0] for row in rows}
    }


def together(*names: Iterable[tuple[str, str]]) -> set[frozenset[tuple[str, str]]]:
    """Return what `matched` should give."""
    return {frozenset(group) for group in names}
