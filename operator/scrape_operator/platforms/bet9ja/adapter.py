"""Reads Bet9ja's API. Found by entry point `Bet9ja`.

Leagues are listed with one request each. A listing holds few markets in full: where others are wanted, each event is
requested. Bet9ja is the strictest of the three, so its budget is part of the adapter.
"""

from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import aclosing
from datetime import timedelta
from typing import Any

from scrape_operator.core.errors import ScrapeFailed
from scrape_operator.core.net.host_budgets import HostBudget
from scrape_operator.core.ports import Fetcher
from scrape_operator.core.runs.items import JSONValue
from scrape_operator.core.runs.reasons import Reason
from scrape_operator.core.runs.run import SinkPayload
from scrape_operator.platforms.bet9ja import parsing
from scrape_operator.platforms.bet9ja.config import Bet9jaConfig
from scrape_operator.platforms.bet9ja.markets import LISTED
from scrape_operator.platforms.concurrency import Reading, read_concurrently
from scrape_operator.platforms.json_api import JsonApi
from scrape_operator.platforms.json_values import changed, text
from scrape_operator.platforms.odds.collector import Entry, EventCollector, payload_of
from scrape_operator.platforms.odds.config import host_of
from scrape_operator.platforms.odds.events import EVENT_KEY, BookEvent
from scrape_operator.platforms.port import Phase, ScrapeContext

WIDTH = 15
MAX_LEAGUES = 2000
BUDGET = HostBudget(max_concurrent=15, min_interval=timedelta(milliseconds=25))

_POPULAR = "1"


class Bet9ja:
    """Reads the prematch football odds of Bet9ja (Nigeria)."""

    name = parsing.NAME
    config_model = Bet9jaConfig
    key = EVENT_KEY

    def budgets(self, config: Bet9jaConfig) -> Mapping[str, HostBudget]:
        """Allow fifteen requests at a time, 25 ms apart: what it was seen to bear without refusing."""
        return {host_of(config.root): BUDGET}

    def sink_payload(
        self, config: Bet9jaConfig, items: Sequence[Mapping[str, JSONValue]], context: ScrapeContext
    ) -> SinkPayload:
        """Return the items as a reading for the tables of odds."""
        return payload_of(config, items, context)

    async def check(self, config: Bet9jaConfig, fetcher: Fetcher) -> None:
        """Read the tree of sports."""
        await self.leagues(config, fetcher)

    async def leagues(self, config: Bet9jaConfig, fetcher: Fetcher) -> list[parsing.League]:
        """List the soccer leagues."""
        version = (("v_cache_version", config.cache_version),) if config.cache_version else ()
        tree = await _api(config, fetcher).get("GetSports", (("DISP", "0"), *version))
        return parsing.parse_leagues(tree, f"{self.name} GetSports")

    async def league(self, config: Bet9jaConfig, fetcher: Fetcher, league_id: str) -> Sequence[Entry]:
        """Read the events of one league, with the markets of its popular tab."""
        params = (("GROUPID", league_id), ("DISP", "0"), ("GROUPMARKETID", _POPULAR), ("matches", "true"))
        data = await _api(config, fetcher).get("GetEventsInGroupV2", params)
        return parsing.parse_league(data, f"{self.name} GetEventsInGroupV2 {league_id}")

    async def event(self, config: Bet9jaConfig, fetcher: Fetcher, event_id: str) -> BookEvent:
        """Read one event with all its markets.

        Raises:
            Vanished: there is no such event any more.
            ScrapeFailed: what the API answers, PlatformChanged also for an event that can't be read.

        """
        params = (("EVENTID", event_id), ("DISP", "0"))
        data: Any = await _api(config, fetcher).get("GetEvent", params, parsing.open_event_envelope)
        event = parsing.parse_event(data) if isinstance(data, dict) else None
        if event is None:
            raise changed(f"{self.name} GetEvent {event_id} D", "ID, STARTDATE and DS with two teams", data)
        return event

    async def scrape(
        self, config: Bet9jaConfig, fetcher: Fetcher, context: ScrapeContext
    ) -> AsyncGenerator[Mapping[str, JSONValue], None]:
        """Yield every event with its odds."""
        collector = EventCollector(config, context, self.name)
        context.enter(Phase.DISCOVERING)
        listed = self._listed(config, fetcher, context, collector)
        if config.wanted is not None and config.wanted <= LISTED:
            context.enter(Phase.SCRAPING)
            async with aclosing(listed):
                async for event in listed:
                    yield collector.item(event)
            return
        async with aclosing(listed):
            event_ids = [event.event_id async for event in listed]
        context.enter(Phase.SCRAPING)
        reading = Reading[str, BookEvent](
            read=lambda event_id: self.event(config, fetcher, event_id),
            name=lambda event_id: f"event {event_id}",
            width=WIDTH,
        )
        async with aclosing(read_concurrently(event_ids, reading, context)) as details:
            async for found in details:
                yield collector.item(found)

    async def _listed(
        self, config: Bet9jaConfig, fetcher: Fetcher, context: ScrapeContext, collector: EventCollector
    ) -> AsyncGenerator[BookEvent, None]:
        leagues = await self._chosen(config, fetcher, context, collector)

        async def read(league: parsing.League) -> tuple[parsing.League, Sequence[Entry]]:
            return league, await self.league(config, fetcher, league.id)

        reading = Reading[parsing.League, tuple[parsing.League, Sequence[Entry]]](
            read=read, name=lambda league: f"league {league.id}", width=WIDTH
        )
        async with aclosing(read_concurrently(leagues, reading, context)) as pages:
            async for league, page in pages:
                context.count("pages")
                context.promise(league.size, f"events of league {league.id}")
                context.deliver(len({text(entry[0].get("ID")) for entry in page}), f"events of league {league.id}")
                matches = [entry for entry in page if not parsing.is_outright(entry[0])]
                collector.skip(len(page) - len(matches))
                for event in await collector.parse(matches, parsing.parse_event, f"{self.name} league"):
                    if collector.is_new(event) and collector.is_wanted(event):
                        yield event
        collector.finish(f"{self.name} leagues")

    async def _chosen(
        self, config: Bet9jaConfig, fetcher: Fetcher, context: ScrapeContext, collector: EventCollector
    ) -> list[parsing.League]:
        """Return the leagues to read: those that have events, or do not say how many."""
        leagues = {league.id: league for league in await self.leagues(config, fetcher)}
        for league_id in config.leagues:
            if league_id not in leagues:
                context.note(f"league {league_id} is not listed: Bet9ja may have given it another GROUPID")
        chosen = [league_id for league_id in config.leagues or leagues if league_id in leagues]
        collector.cover(chosen if config.leagues else None)
        filled = [leagues[league_id] for league_id in chosen if leagues[league_id].size != 0]
        for league in filled[MAX_LEAGUES:]:
            failure = ScrapeFailed(Reason.TOO_LARGE, f"more than {MAX_LEAGUES} leagues are listed")
            context.lose(f"league {league.id}", failure, league.size or 1)
        return filled[:MAX_LEAGUES]


def _api(config: Bet9jaConfig, fetcher: Fetcher) -> JsonApi:
    # Its front end refuses some requests without a referer.
    headers = (("Accept", "application/json"), ("Referer", f"{config.site}/"))
    return JsonApi(fetcher, parsing.NAME, config.root, headers, config.headers, parsing.open_envelope)
