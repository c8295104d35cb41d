"""Reads SportyBet's API. Found by entry point `SportyBet`."""

from collections.abc import AsyncGenerator, Iterable, Mapping, Sequence
from contextlib import aclosing
from datetime import timedelta
from typing import Any

from scrape_operator.core.net.host_budgets import HostBudget
from scrape_operator.core.ports import Fetcher
from scrape_operator.core.runs.items import JSONValue
from scrape_operator.core.runs.run import SinkPayload
from scrape_operator.platforms.concurrency import Reading, read_concurrently
from scrape_operator.platforms.json_api import JsonApi, Pairs
from scrape_operator.platforms.json_values import changed, text
from scrape_operator.platforms.odds.collector import EventCollector, payload_of
from scrape_operator.platforms.odds.config import host_of
from scrape_operator.platforms.odds.events import EVENT_KEY, BookEvent
from scrape_operator.platforms.port import Phase, ScrapeContext
from scrape_operator.platforms.sportybet import parsing
from scrape_operator.platforms.sportybet.config import SportyBetConfig
from scrape_operator.platforms.sportybet.markets import MARKET_IDS

FOOTBALL = "sr:sport:1"
PREMATCH = "3"
PAGE_SIZE = 100
MAX_PAGES = 200
TOURNAMENTS_PER_CALL = 20
WIDTH = 8
MAX_TIMELINE = timedelta(hours=720)
BUDGET = HostBudget(max_concurrent=10)

_HEADERS = (("Accept", "application/json"), ("clientid", "web"), ("platform", "web"))
_LISTED = "events of the list"


class SportyBet:
    """Reads the prematch football odds of one country's site; the listing holds every line of the requested markets."""

    name = parsing.NAME
    config_model = SportyBetConfig
    key = EVENT_KEY

    def budgets(self, config: SportyBetConfig) -> Mapping[str, HostBudget]:
        """Allow ten requests at a time; the site itself bears more."""
        return {host_of(config.root): BUDGET}

    def sink_payload(
        self, config: SportyBetConfig, items: Sequence[Mapping[str, JSONValue]], context: ScrapeContext
    ) -> SinkPayload:
        """Return the items as a reading for the tables of odds."""
        return payload_of(config, items, context)

    async def check(self, config: SportyBetConfig, fetcher: Fetcher) -> None:
        """Read the tree of sports."""
        await self.tournaments(config, fetcher)

    async def tournaments(self, config: SportyBetConfig, fetcher: Fetcher) -> list[parsing.Tournament]:
        """List all football tournaments that have events."""
        path = "popularAndSportList"
        params = (("sportId", FOOTBALL), ("timeline", ""), ("productId", PREMATCH))
        return parsing.parse_tournaments(await _api(config, fetcher).get(path, params), f"{self.name} {path}")

    async def event(self, config: SportyBetConfig, fetcher: Fetcher, event_id: str) -> BookEvent:
        """Read one event with all its markets.

        Raises:
            Vanished: there is no such event any more.
            ScrapeFailed: what the API answers, PlatformChanged also for an event that can't be read.

        """
        params = (("eventId", event_id), ("productId", PREMATCH))
        data: Any = await _api(config, fetcher).get("event", params, parsing.open_event_envelope)
        event = parsing.parse_event(data) if isinstance(data, dict) else None
        if event is None:
            raise changed(f"{self.name} event", "eventId, estimateStartTime, homeTeamName and awayTeamName", data)
        return event

    async def scrape(
        self, config: SportyBetConfig, fetcher: Fetcher, context: ScrapeContext
    ) -> AsyncGenerator[Mapping[str, JSONValue], None]:
        """Yield every event with its odds."""
        collector = EventCollector(config, context, self.name)
        context.enter(Phase.SCRAPING)
        where = f"{self.name} listing"
        if config.tournaments:
            pages = self._named(config, fetcher, context, collector)
        else:
            collector.cover(None)
            pages = self._upcoming(config, fetcher, context)
        async with aclosing(pages):
            async for page in pages:
                context.count("pages")
                listed = await collector.parse(page.entries, parsing.parse_event, where)
                fresh = [event for event in listed if collector.is_new(event) and collector.is_wanted(event)]
                async with aclosing(self._details(config, fetcher, context, fresh)) as detailed:
                    async for event in detailed:
                        yield collector.item(event)
        collector.finish(where)

    async def _details(
        self, config: SportyBetConfig, fetcher: Fetcher, context: ScrapeContext, events: Iterable[BookEvent]
    ) -> AsyncGenerator[BookEvent, None]:
        if not config.wants_all:
            for event in events:
                yield event
            return
        reading = Reading[BookEvent, BookEvent](
            read=lambda event: self.event(config, fetcher, event.event_id),
            name=lambda event: f"event {event.event_id}",
            width=WIDTH,
        )
        async with aclosing(read_concurrently(events, reading, context)) as found:
            async for event in found:
                yield event

    async def _upcoming(
        self, config: SportyBetConfig, fetcher: Fetcher, context: ScrapeContext
    ) -> AsyncGenerator[parsing.Page, None]:
        """Page through the whole list. Pages end between tournaments, so that they hold more or less than was asked."""
        where, api = f"{self.name} pcUpcomingEvents", _api(config, fetcher)
        seen: set[str] = set()
        total, idle = 0, 0
        for number in range(1, MAX_PAGES + 1):
            page = parsing.parse_upcoming(await api.get("pcUpcomingEvents", _upcoming_params(config, number)), where)
            context.promise(page.total, _LISTED)
            new = {text(event.get("eventId")) for event, _tournament in page.entries} - seen
            context.deliver(len(new), _LISTED)
            idle = 0 if new else idle + 1
            seen |= new
            total = max(total, page.total or 0)
            yield page
            is_everything = bool(total) and len(seen) >= total
            if is_everything or idle > 1:  # one page without new events may lie between others
                return

    async def _named(
        self, config: SportyBetConfig, fetcher: Fetcher, context: ScrapeContext, collector: EventCollector
    ) -> AsyncGenerator[parsing.Page, None]:
        """Read the tournaments that the config names. Their sizes stand in the tree of sports alone."""
        where, api = f"{self.name} pcEvents", _api(config, fetcher)
        sizes = {one.id: one.size for one in await self.tournaments(config, fetcher)}
        names = [name for name in config.tournament_ids if name in sizes]
        for name in sorted(set(config.tournament_ids) - sizes.keys()):
            context.note(f"tournament {name} is not listed: it has no events, or another id")
        collector.cover(names)
        seen: set[str] = set()
        for start in range(0, len(names), TOURNAMENTS_PER_CALL):
            chosen = names[start : start + TOURNAMENTS_PER_CALL]
            question: JSONValue = {
                "sportId": FOOTBALL,
                "marketId": _market_ids(config),
                "tournamentId": [list[JSONValue](chosen)],
            }
            page = parsing.parse_tournament_events(await api.post("pcEvents", [question]), where)
            for name in chosen:
                context.promise(sizes[name], f"events of {name}")
            for event, tournament in page.entries:
                event_id = text(event.get("eventId"))
                context.deliver(int(event_id not in seen), f"events of {text(tournament.get('id'))}")
                seen.add(event_id)
            yield page


def _api(config: SportyBetConfig, fetcher: Fetcher) -> JsonApi:
    operid = (("operid", config.operid),) if config.operid else ()
    return JsonApi(fetcher, parsing.NAME, config.root, (*_HEADERS, *operid), config.headers, parsing.open_envelope)


def _market_ids(config: SportyBetConfig) -> str:
    wanted = config.wanted or {"1x2"}
    ids = [market_id for name, market_id in MARKET_IDS.items() if name in wanted]
    return ",".join(ids or [MARKET_IDS["1x2"]])


def _upcoming_params(config: SportyBetConfig, page: int) -> Pairs:
    """Return the query of one page. With `option=1` the list lacks all but ten events of a tournament."""
    params = [("sportId", FOOTBALL), ("marketId", _market_ids(config)), ("pageSize", str(PAGE_SIZE))]
    params += [("pageNum", str(page)), ("option", "2")]
    if config.horizon is not None and config.horizon <= MAX_TIMELINE:
        params.append(("timeline", str(-(config.horizon // -timedelta(hours=1)))))
    return params
