"""Prices: the difference between what is stored and what was read, and the changes that it makes. Called by `storing`.

Events are compared here and not in SQL: only those come here whose fingerprint differs, and of their prices most are
the same all the same.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any, NamedTuple

from sqlalchemy import BigInteger, Connection, Numeric, bindparam, cast, func, insert, select, true, update

from scrape_operator.storage.engine.columns import UTCDateTime
from scrape_operator.storage.engine.upserts import unfold
from scrape_operator.storage.odds.listing import Listed
from scrape_operator.storage.odds.offers import Key, Offers
from scrape_operator.storage.tables import odds, odds_changes

CHUNK = 100
"""Events that are compared and written at a time: some thousand prices, so that other tasks come to their turn."""

_c = odds.c


class Stored(NamedTuple):
    """What is known of a price. `price` is the last one, also where none is offered any more."""

    id: int
    price: Decimal
    offered: bool


class Difference(NamedTuple):
    """A stored price that is another one now. None: it is offered no more."""

    stored: Stored
    price: Decimal | None

    @property
    def row(self) -> tuple[int, str | None, str | None]:
        """Give the id, and what was offered before and is after, for SQL; the last price stays where none is."""
        before = str(self.stored.price) if self.stored.offered else None
        return self.stored.id, before, None if self.price is None else str(self.price)


def store_prices(connection: Connection, listed: Sequence[Listed], markets: Collection[str], at: datetime) -> None:
    """Store the prices of these events; of `markets`, what has no price any more is withdrawn."""
    for first in range(0, len(listed), CHUNK):
        chunk = listed[first : first + CHUNK]
        stored = _stored(connection, [book.id for book in chunk if not book.is_new])
        fresh: list[tuple[Any, ...]] = []
        moved: list[Difference] = []
        for book in chunk:
            before = stored.get(book.id, {})
            fresh += [(book.id, *key, str(price)) for key, price in book.offers.items() if key not in before]
            moved += _differences(before, book.offers, markets)
        _write(connection, fresh, moved, at)


def _differences(before: Mapping[Key, Stored], offers: Offers, markets: Collection[str]) -> Iterator[Difference]:
    """Give what moved, what came back, and what of the markets that were read is offered no more."""
    for key, stored in before.items():
        price = offers.get(key)
        if price is None:
            if stored.offered and key[0] in markets:
                yield Difference(stored, None)
        elif not stored.offered or price != stored.price:
            yield Difference(stored, price)


def _stored(connection: Connection, ids: Sequence[int]) -> dict[int, dict[Key, Stored]]:
    found: dict[int, dict[Key, Stored]] = {listed: {} for listed in ids}
    if ids:
        columns = (_c.platform_event_id, _c.market, _c.line, _c.outcome, _c.id, _c.price, _c.offered)
        rows = connection.execute(select(*columns).where(_c.platform_event_id.in_(ids)))
        for owner, market, line, outcome, *stored in rows:
            found[owner][market, line, outcome] = Stored(*stored)
    return found


def _write(connection: Connection, fresh: Sequence[tuple[Any, ...]], moved: Iterable[Difference], at: datetime) -> None:
    if fresh:
        connection.execute(_insert(connection), {"fresh": fresh, "at": at})
    rows = [difference.row for difference in moved]
    if rows:
        connection.execute(_change(connection), {"moved": rows, "at": at})
        connection.execute(_update(connection), {"moved": rows, "at": at})


def _insert(connection: Connection) -> Any:
    value = unfold(connection.dialect.name, "fresh").c.value
    at = bindparam("at", type_=UTCDateTime)
    price = cast(value[4].as_string(), Numeric)
    owner = cast(value[0].as_string(), BigInteger)
    key = (value[place].as_string() for place in (1, 2, 3))
    names = ("platform_event_id", "market", "line", "outcome", "price", "opening_price", "offered", "opened_at")
    return insert(odds).from_select([*names, "changed_at"], select(owner, *key, price, price, true(), at, at))


def _change(connection: Connection) -> Any:
    value = unfold(connection.dialect.name, "moved").c.value
    before, after = (cast(value[place].as_string(), Numeric) for place in (1, 2))
    row = cast(value[0].as_string(), BigInteger)
    columns = select(row, before, after, bindparam("at", type_=UTCDateTime))
    return insert(odds_changes).from_select(["odds_id", "before", "after", "at"], columns)


def _update(connection: Connection) -> Any:
    value = unfold(connection.dialect.name, "moved").c.value
    after = cast(value[2].as_string(), Numeric)
    changed = {"offered": after.is_not(None), "changed_at": bindparam("at", type_=UTCDateTime)}
    return (
        update(odds)
        .where(_c.id == cast(value[0].as_string(), BigInteger))
        .values(price=func.coalesce(after, _c.price), **changed)
    )
