"""Odds are read side by side, also while an operator writes them."""

from collections.abc import AsyncIterator, Sequence
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from sqlalchemy import text

from scrape_operator.core.errors import InvalidValue, StoreUnavailable
from scrape_operator.settings import Settings
from scrape_operator.storage.engine.address import SQLiteAddress
from scrape_operator.storage.errors import SchemaMismatch
from scrape_operator.storage.reading.odds import ComparedEvent, OddsReader, open_odds
from scrape_operator.storage.store import SQLRunStore
from tests.storage.odds.values import KICK_OFF, event_of, prices_of, read_at, reading_of, store_at
from tests.storage.values import START, settings_for
from tests.support.databases import make_sqlite

OTHERS = (("Côte d'Ambre FC", "Dune City", 1), ("Ember 1860", "Flint", -20), ("Granite", "Côte Stars", -30))


@pytest.fixture
async def reader(store: SQLRunStore, url: str) -> AsyncIterator[OddsReader]:
    """Reads a match that three bookmakers have, and others, beside the store that is open."""
    books = {
        "Bet9ja": prices_of(home="2.00", draw="4.00", away="4.00") | {"over_under@10/over": "8"},
        "BetPawa": prices_of(home="2.10", draw="3.50", away="4.00") | {"over_under@2.5/over": "1.9"},
    }
    await store_at(
        store, 0, *(reading_of(event_of(odds, bookmaker=book), name=book.lower()) for book, odds in books.items())
    )
    others = [
        event_of(
            prices_of(home="3"),
            event_id=home,
            home=home,
            away=away,
            starts_at=KICK_OFF + timedelta(hours=hours),
            sportradar_id=None,
            genius_id=f"1390000{number}",
        )
        for number, (home, away, hours) in enumerate(OTHERS)
    ]
    await read_at(store, 1, *others, name="others", coverage=None)
    async with open_odds(settings_for(url)) as opened:
        yield opened


def names(events: Sequence[ComparedEvent]) -> list[str]:
    return [event.home for event in events]


async def test_the_next_kick_offs_are_given_in_order(reader: OddsReader) -> None:
    assert names(await reader.upcoming(START, 9)) == ["Acacia Rovers", "Côte d'Ambre FC"]
    assert names(await reader.upcoming(START, 1)) == ["Acacia Rovers"]


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        pytest.param("81000001", ["Acacia Rovers"], id="by SportRadar's id"),
        pytest.param("sr:match:81000001", ["Acacia Rovers"], id="by SportRadar's id as SportyBet writes it"),
        pytest.param("13900000", ["Côte d'Ambre FC"], id="by Genius Sports' id"),
        pytest.param("acacia", ["Acacia Rovers"], id="by part of a name"),
        pytest.param("baobab acacia", ["Acacia Rovers"], id="by words of both names"),
        pytest.param("COTE", ["Côte d'Ambre FC", "Granite"], id="without case and accents, what is to come first"),
        pytest.param("1860", ["Ember 1860"], id="by a number in a name"),
        pytest.param("%", [], id="a percent sign is one"),
        pytest.param("9" * 40, [], id="a number beyond all ids"),
    ],
)
async def test_events_are_found(reader: OddsReader, asked: str, found: list[str]) -> None:
    assert names(await reader.find(asked, START, 9)) == found


async def test_an_event_is_found_by_the_id_that_it_was_shown_with(reader: OddsReader) -> None:
    (event,) = await reader.find("acacia", START, 9)
    assert await reader.find(str(event.id), START, 9) == [event]


async def test_a_comparison_has_outcomes_in_order_best_prices_and_margins(reader: OddsReader) -> None:
    (event,) = await reader.find("acacia", START, 9)
    compared = await reader.compare(event, START)
    assert [(market.market, market.line) for market in compared] == [
        ("1x2", None),
        ("over_under", Decimal("2.5")),
        ("over_under", 10),
    ]
    result = compared[0]
    assert result.outcomes == ("home", "draw", "away")
    assert [(book.bookmaker, book.best, book.margin) for book in result.books] == [
        ("Bet9ja", frozenset({"draw", "away"}), Decimal(0)),
        ("BetPawa", frozenset({"home", "away"}), Decimal("0.011905")),
    ]
    assert result.books[1].prices == {"home": Decimal("2.10"), "draw": Decimal("3.50"), "away": Decimal("4.00")}
    assert result.books[1].confirmed_at == START + timedelta(seconds=6)
    assert [market.market for market in await reader.compare(event, START, ["over_under"])] == [
        "over_under",
        "over_under",
    ]


async def test_a_reader_can_not_write(store: SQLRunStore, reader: OddsReader) -> None:
    with pytest.raises(StoreUnavailable, match=r"(?i)read-?only"):
        async with open_odds(store_settings(store)) as opened:
            await opened._rows(text("DELETE FROM odds RETURNING id"))


def store_settings(store: SQLRunStore) -> Settings:
    address = store._database.address
    return settings_for(f"sqlite:///{address.path}" if isinstance(address, SQLiteAddress) else address.dsn)


async def test_a_file_that_is_not_there_is_named_and_not_made(tmp_path: Path) -> None:
    with pytest.raises(InvalidValue, match=f"no SQLite file {tmp_path}/none.db"):
        async with open_odds(settings_for(f"sqlite:///{tmp_path}/none.db")):
            pass
    assert not (tmp_path / "none.db").exists()


async def test_a_path_may_hold_any_sign(tmp_path: Path) -> None:
    path = tmp_path / "a?b#c%20d é.db"
    make_sqlite(path)
    async with open_odds(
        settings_for("sqlite:///x").model_copy(update={"database_url": None, "sqlite_path": path})
    ) as one:
        assert await one.upcoming(START, 9) == []


async def test_tables_of_another_version_are_refused(store: SQLRunStore) -> None:
    older = text("UPDATE alembic_version SET version_num = '0001'")
    await store._database.write(lambda connection: connection.execute(older))
    with pytest.raises(SchemaMismatch, match="run `scrape-operator migrate`"):
        async with open_odds(store_settings(store)):
            pass
