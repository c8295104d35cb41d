"""A store that properties use again and again: it is emptied between examples."""

import asyncio

from sqlalchemy import Connection, delete

from scrape_operator.core.odds.model import OddsEvent
from scrape_operator.storage.store import SQLRunStore
from scrape_operator.storage.tables import (
    events,
    market_readings,
    odds,
    odds_changes,
    odds_state,
    platform_events,
    scrape_runs,
)
from tests.storage.odds.values import matched, read_at


def delete_all(connection: Connection) -> None:
    for table in (odds_changes, odds, market_readings, platform_events, events, odds_state, scrape_runs):
        connection.execute(delete(table))


class Database:
    def __init__(self, runner: asyncio.Runner, store: SQLRunStore) -> None:
        self.run = runner.run
        self.store = store

    async def empty(self) -> None:
        await self.store._database.write(delete_all)

    async def matches_of(self, readings: list[OddsEvent]) -> set[frozenset[tuple[str, str]]]:
        """Empty it, have a target of its own read each event, one after the other, and return what was matched."""
        await self.empty()
        for number, event in enumerate(readings):
            await read_at(self.store, number, event, name=f"{event.event_id.lower()}", coverage=None)
        return await matched(self.store)
