"""Every command and every query of docs/odds.md answers, on a database that holds odds."""

import asyncio
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from scrape_operator.cli import main
from scrape_operator.core.odds.model import ODDS_SINK, Coverage, OddsReading
from scrape_operator.core.runs.run import SinkPayload
from scrape_operator.storage.odds.sink import OddsSink
from scrape_operator.storage.store import SQLRunStore, open_store
from tests.docs.reading import DOCS
from tests.storage.odds.values import MARKETS, event_of, prices_of
from tests.storage.values import claim_of, result_of, settings_for, target_of
from tests.support.databases import make_sqlite

PAGE = (DOCS / "odds.md").read_text(encoding="utf-8")
COMMANDS = [line.removeprefix("$ ") for line in PAGE.splitlines() if re.match(r"(\$ )?scrape-operator odds", line)]
QUERIES = [
    query.strip()
    for block in re.findall(r"^```sql\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
    for query in block.split(";")
    if query.strip()
]
VIEWS = re.findall(r"^### (event_odds|odds_comparison)\n(.*?)(?=^##)", PAGE, re.MULTILINE | re.DOTALL)
BOOKS = {
    "Bet9ja": prices_of(home="2.00", draw="4.00", away="4.20") | {"over_under@2.5/over": "1.9"},
    "BetPawa": prices_of(home="2.10", draw="4.10", away="4.30") | {"over_under@2.5/over": "1.95"},
}


async def fill(store: SQLRunStore) -> None:
    """Have two bookmakers read twice: a match that has begun, one to come, and one that is not matched."""
    now = datetime.now(UTC)  # the clock of the commands and of the views is the machine's
    for number in (0, 1):
        at = now - timedelta(hours=2 - 2 * number)
        claim = claim_of(number, started_at=at)
        assert await store.claim(claim)
        await store.finish(result_of(claim, *(_target(book, number, now) for book in BOOKS), seconds=0))


def _target(book: str, number: int, now: datetime) -> Any:
    moved = {name: str(round(float(price) + number / 20, 2)) for name, price in BOOKS[book].items()}
    events = [
        event_of(moved, bookmaker=book, event_id=f"{book}-1", starts_at=now + timedelta(days=1)),
        event_of(moved, bookmaker=book, event_id=f"{book}-2", sportradar_id="2", starts_at=now - timedelta(hours=1)),
    ]
    if book == "Bet9ja":
        events.append(event_of(moved, event_id="x", sportradar_id="3", starts_at=now + timedelta(days=2)))
    payload = SinkPayload(ODDS_SINK, OddsReading(events, MARKETS, Coverage(book)), now + timedelta(hours=1))
    return target_of(name=book.lower(), sink_payload=payload)


@pytest.fixture
def filled(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    url = make_sqlite(tmp_path / "runs.db")
    monkeypatch.setenv("DATABASE_URL", url)

    async def write() -> None:
        async with open_store(settings_for(url), [OddsSink()]) as store:
            await fill(store)

    asyncio.run(write())


def test_the_page_shows_every_verb() -> None:
    assert {command.split()[2] for command in COMMANDS if len(command.split()) > 2} >= {"history", "coverage"}
    assert len(QUERIES) >= 5


@pytest.mark.parametrize("command", COMMANDS)
def test_a_command_of_the_page_answers(command: str, filled: None, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(command.split()[1:])
    assert not ended.value.code
    assert capsys.readouterr().out.strip()


@pytest.mark.parametrize("query", QUERIES, ids=range(len(QUERIES)))
async def test_a_query_of_the_page_answers_on_both_databases(query: str, url: str) -> None:
    async with open_store(settings_for(url), [OddsSink()]) as store:
        await fill(store)
        rows = await store._database.read(lambda connection: connection.execute(text(query)).all())
        assert rows


@pytest.mark.parametrize(("view", "section"), VIEWS, ids=[view for view, _ in VIEWS])
async def test_a_view_has_the_columns_of_the_page(view: str, section: str, store: SQLRunStore) -> None:
    rows = await store._database.read(
        lambda connection: list(connection.execute(text(f"SELECT * FROM {view} LIMIT 0")).keys())
    )
    if view == "event_odds":
        assert columns(section) == rows
    else:
        assert set(columns(section)) <= set(rows)
        assert set(rows) - set(columns(section)) <= set(columns(dict(VIEWS)["event_odds"]))


def columns(section: str) -> list[str]:
    """Return the columns that a table of the page names."""
    cells = re.findall(r"^\| (`[^|]*) \|", section, re.MULTILINE)
    return [name for cell in cells for name in re.findall(r"`(\w+)`", cell)]
