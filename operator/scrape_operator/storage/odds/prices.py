"""Prices: the difference between what is stored and what was read, and the changes that follow from it.

Prices are compared here and not in SQL: only markets whose fingerprint differs come here, and most of their prices are
the same all the same.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from functools import cache
from typing import Any, NamedTuple

from sqlalchemy import (
    BigInteger,
    Connection,
    DateTime,
    Numeric,
    bindparam,
    case,
    cast,
    func,
    insert,
    null,
    select,
    update,
)

from scrape_operator.storage.engine.columns import UTCDateTime
from scrape_operator.storage.engine.upserts import unfold
from scrape_operator.storage.odds.market_readings import ReadMarket
from scrape_operator.storage.odds.prepared import Bet
from scrape_operator.storage.tables import odds, odds_changes

_c = odds.c


class Stored(NamedTuple):
    """A stored price: the last one, also where it was withdrawn."""

    id: int
    price: Decimal
    is_offered: bool


class Difference(NamedTuple):
    """A stored price that was read differently. None: it was withdrawn."""

    stored: Stored
    price: Decimal | None

    @property
    def row(self) -> tuple[int, str | None, str | None]:
        """Return the id, and the offered price before and after, for SQL."""
        before = str(self.stored.price) if self.stored.is_offered else None
        return self.stored.id, before, None if self.price is None else str(self.price)


def store_prices(connection: Connection, markets: Sequence[ReadMarket], at: datetime) -> None:
    """Store the prices of markets that were read; what such a market has no more is withdrawn."""
    stored = _stored(connection, markets)
    fresh: list[tuple[Any, ...]] = []
    moved: list[Difference] = []
    for read in markets:
        before = stored.get((read.event_id, read.market), {})
        fresh += [
            (read.event_id, read.market, *bet, str(price)) for bet, price in read.bets.items() if bet not in before
        ]
        moved += _differences(before, read.bets)
    _write(connection, fresh, moved, at)


def _differences(before: Mapping[Bet, Stored], bets: Mapping[Bet, Decimal]) -> Iterator[Difference]:
    """Return what moved, what came back, and what is not offered any more."""
    for bet, stored in before.items():
        price = bets.get(bet)
        if price is None:
            if stored.is_offered:
                yield Difference(stored, None)
        elif not stored.is_offered or price != stored.price:
            yield Difference(stored, price)


def _stored(connection: Connection, markets: Sequence[ReadMarket]) -> dict[tuple[int, str], dict[Bet, Stored]]:
    found: dict[tuple[int, str], dict[Bet, Stored]] = {
        (read.event_id, read.market): {} for read in markets if not read.is_new
    }
    if found:
        columns = (_c.platform_event_id, _c.market, _c.line, _c.outcome, _c.id, _c.price, _c.withdrawn_at)
        ids = sorted({event_id for event_id, _ in found})
        for event_id, market, line, outcome, price_id, price, withdrawn_at in connection.execute(
            select(*columns).where(_c.platform_event_id.in_(ids))
        ):
            if (event_id, market) in found:
                found[event_id, market][line, outcome] = Stored(price_id, price, withdrawn_at is None)
    return found


def _write(connection: Connection, fresh: Sequence[tuple[Any, ...]], moved: Iterable[Difference], at: datetime) -> None:
    if fresh:
        connection.execute(_insert(connection.dialect.name), {"fresh": fresh, "at": at})
    rows = [difference.row for difference in moved]
    if rows:
        connection.execute(_change(connection.dialect.name), {"moved": rows, "at": at})
        connection.execute(_update(connection.dialect.name), {"moved": rows, "at": at})


_AT = bindparam("at", type_=UTCDateTime)


@cache
def _insert(dialect: str) -> Any:
    value = unfold(dialect, "fresh").c.value
    price = cast(value[4].as_string(), Numeric)
    event_id = cast(value[0].as_string(), BigInteger)
    key = (value[place].as_string() for place in (1, 2, 3))
    names = ["platform_event_id", "market", "line", "outcome", "price", "opening_price", "first_seen_at", "changed_at"]
    return insert(odds).from_select(names, select(event_id, *key, price, price, _AT, _AT))


@cache
def _change(dialect: str) -> Any:
    value = unfold(dialect, "moved").c.value
    before, after = (cast(value[place].as_string(), Numeric) for place in (1, 2))
    row = cast(value[0].as_string(), BigInteger)
    return insert(odds_changes).from_select(["odds_id", "before", "after", "at"], select(row, before, after, _AT))


@cache
def _update(dialect: str) -> Any:
    """Return the update: a withdrawn price keeps its last value, and the time when that changed."""
    value = unfold(dialect, "moved").c.value
    after = cast(value[2].as_string(), Numeric)
    is_withdrawn = after.is_(None)
    changed = {
        "price": func.coalesce(after, _c.price),
        "changed_at": case((is_withdrawn, _c.changed_at), else_=_AT),
        "withdrawn_at": case((is_withdrawn, _AT), else_=cast(null(), DateTime(timezone=True))),
    }
    return update(odds).where(_c.id == cast(value[0].as_string(), BigInteger)).values(changed)
