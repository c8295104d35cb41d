"""The walk through Bet9ja's API. Found by entry point `Bet9ja`.

Leagues are listed one request each. A listing holds few markets in full; where others are wanted, each event is asked
for. Bet9ja is the strictest of the three: its budget is part of the adapter.
"""

from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import aclosing
from datetime import timedelta

from scrape_operator.core.net.host_budgets import HostBudget
from scrape_operator.core.ports import Fetcher
from scrape_operator.core.runs.items import JSONValue
from scrape_operator.core.runs.run import SinkPayload
from scrape_operator.platforms.asking import JsonApi
from scrape_operator.platforms.bet9ja import parsing
from scrape_operator.platforms.bet9ja.config import Bet9jaConfig
from scrape_operator.platforms.bet9ja.markets import LISTED
from scrape_operator.platforms.odds.choosing import host_of
from scrape_operator.platforms.odds.events import EVENT_KEY, BookEvent
from scrape_operator.platforms.odds.gathering import Entry, Gathering, payload_of
from scrape_operator.platforms.port import Phase, ScrapeContext
from scrape_operator.platforms.shapes import changed
from scrape_operator.platforms.walking import walk

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
        """Fifteen requests at a time, 25 ms apart: what it was seen to bear without refusing."""
        return {host_of(config.root): BUDGET}

    def sink_payload(self, config: Bet9jaConfig, items: Sequence[Mapping[str, JSONValue]]) -> SinkPayload:
        """Return the items as a reading for the tables of odds."""
        return payload_of(config, items)

    async def check(self, config: Bet9jaConfig, fetcher: Fetcher) -> None:
        """Read the tree of sports."""
        await self.leagues(config, fetcher)

    async def leagues(self, config: Bet9jaConfig, fetcher: Fetcher) -> list[parsing.League]:
        """List the soccer leagues."""
        where = f"{self.name} GetSports"
        version = (("v_cache_version", config.cache_version),) if config.cache_version else ()
        answer = await _api(config, fetcher).get("GetSports", (("DISP", "0"), *version))
        return parsing.parse_leagues(parsing.open_envelope(answer, where), where)

    async def league(self, config: Bet9jaConfig, fetcher: Fetcher, league_id: str) -> Sequence[Entry]:
        """Read the events of one league, with the markets of its popular tab."""
        where = f"{self.name} GetEventsInGroupV2 {league_id}"
        params = (("GROUPID", league_id), ("DISP", "0"), ("GROUPMARKETID", _POPULAR), ("matches", "true"))
        answer = await _api(config, fetcher).get("GetEventsInGroupV2", params)
        return parsing.parse_league(parsing.open_envelope(answer, where), where)

    async def event(self, config: Bet9jaConfig, fetcher: Fetcher, event_id: str) -> BookEvent | None:
        """Read one event with all its markets; None where it is gone.

        Raises:
            ScrapeFailed: what the API answers, PlatformChanged also for an event that can't be read.

        """
        where = f"{self.name} GetEvent {event_id}"
        answer = await _api(config, fetcher).get("GetEvent", (("EVENTID", event_id), ("DISP", "0")))
        data = parsing.open_envelope(answer, where)
        if not data:
            return None
        event = parsing.parse_event(data) if isinstance(data, dict) else None
        if event is None:
            raise changed(f"{where} D", "ID, STARTDATE and DS with two teams", data)
        return event

    async def scrape(
        self, config: Bet9jaConfig, fetcher: Fetcher, context: ScrapeContext
    ) -> AsyncGenerator[Mapping[str, JSONValue], None]:
        """Yield every event with its odds."""
        gathering = Gathering(config, context)
        context.enter(Phase.DISCOVERING)
        listed = self._listed(config, fetcher, context, gathering)
        if config.wanted is not None and config.wanted <= LISTED:
            context.enter(Phase.SCRAPING)
            async with aclosing(listed):
                async for event in listed:
                    yield gathering.item(event)
            return
        async with aclosing(listed):
            event_ids = [event.event_id async for event in listed]
        context.enter(Phase.SCRAPING)
        details = walk(
            event_ids,
            lambda event_id: self.event(config, fetcher, event_id),
            context,
            width=WIDTH,
            name=lambda event_id: f"event {event_id}",
        )
        async with aclosing(details):
            async for found in details:
                if found is not None:
                    yield gathering.item(found)

    async def _listed(
        self, config: Bet9jaConfig, fetcher: Fetcher, context: ScrapeContext, gathering: Gathering
    ) -> AsyncGenerator[BookEvent, None]:
        leagues = await self._chosen(config, fetcher, context)
        pages = walk(
            leagues,
            lambda league_id: self.league(config, fetcher, league_id),
            context,
            width=WIDTH,
            name=lambda league_id: f"league {league_id}",
        )
        async with aclosing(pages):
            async for page in pages:
                context.count("pages")
                matches = [entry for entry in page if not parsing.is_outright(entry[0])]
                gathering.skip(len(page) - len(matches))
                for event in await gathering.read(matches, parsing.parse_event, f"{self.name} league"):
                    if gathering.is_new(event) and gathering.is_wanted(event):
                        yield event
        gathering.finish(f"{self.name} leagues")

    async def _chosen(self, config: Bet9jaConfig, fetcher: Fetcher, context: ScrapeContext) -> list[str]:
        leagues = {league.id: league for league in await self.leagues(config, fetcher)}
        for league_id in config.leagues:
            if league_id not in leagues:
                context.note(f"league {league_id} is not listed: Bet9ja may have given it another GROUPID")
        chosen = config.leagues or leagues
        listed = [league_id for league_id in chosen if league_id in leagues and leagues[league_id].size != 0]
        return listed[:MAX_LEAGUES]


def _api(config: Bet9jaConfig, fetcher: Fetcher) -> JsonApi:
    # Its front end refuses some requests without a referer.
    return JsonApi(fetcher, parsing.NAME, config.root, (("Accept", "application/json"), ("Referer", f"{config.site}/")))
