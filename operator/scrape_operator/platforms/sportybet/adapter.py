"""The walk through SportyBet's API. Found by entry point `SportyBet`."""

from collections.abc import AsyncGenerator, Iterable, Mapping, Sequence
from contextlib import aclosing
from datetime import timedelta
from typing import Any

from scrape_operator.core.errors import ScrapeFailed
from scrape_operator.core.net.host_budgets import HostBudget
from scrape_operator.core.ports import Fetcher
from scrape_operator.core.runs.items import JSONValue
from scrape_operator.core.runs.reasons import Reason
from scrape_operator.core.runs.run import SinkPayload
from scrape_operator.platforms.asking import JsonApi, Pairs
from scrape_operator.platforms.odds.choosing import host_of
from scrape_operator.platforms.odds.events import EVENT_KEY, BookEvent
from scrape_operator.platforms.odds.gathering import Gathering, payload_of
from scrape_operator.platforms.port import Phase, ScrapeContext
from scrape_operator.platforms.shapes import changed, required_object, text
from scrape_operator.platforms.sportybet import parsing
from scrape_operator.platforms.sportybet.config import SportyBetConfig
from scrape_operator.platforms.sportybet.markets import MARKET_IDS
from scrape_operator.platforms.walking import walk

FOOTBALL = "sr:sport:1"
PREMATCH = "3"
PAGE_SIZE = 100
MAX_PAGES = 200
TOURNAMENTS_PER_CALL = 20
WIDTH = 8
LONGEST_TIMELINE = timedelta(hours=720)
BUDGET = HostBudget(max_concurrent=10)

_HEADERS = (("Accept", "application/json"), ("clientid", "web"), ("platform", "web"))


class SportyBet:
    """Reads the prematch football odds of one country's site; the listing holds every line of the markets asked for."""

    name = parsing.NAME
    config_model = SportyBetConfig
    key = EVENT_KEY

    def budgets(self, config: SportyBetConfig) -> Mapping[str, HostBudget]:
        """Ten requests at a time; the site itself bears more."""
        return {host_of(config.root): BUDGET}

    def sink_payload(self, config: SportyBetConfig, items: Sequence[Mapping[str, JSONValue]]) -> SinkPayload:
        """Return the items as a reading for the tables of odds."""
        return payload_of(config, items)

    async def check(self, config: SportyBetConfig, fetcher: Fetcher) -> None:
        """Read the tree of sports."""
        await self.tournaments(config, fetcher)

    async def tournaments(self, config: SportyBetConfig, fetcher: Fetcher) -> list[parsing.Tournament]:
        """List all football tournaments that have events."""
        path = "popularAndSportList"
        answer = await _api(config, fetcher).get(
            path, (("sportId", FOOTBALL), ("timeline", ""), ("productId", PREMATCH))
        )
        return parsing.parse_tournaments(parsing.open_envelope(answer, f"{self.name} {path}"), f"{self.name} {path}")

    async def event(self, config: SportyBetConfig, fetcher: Fetcher, event_id: str) -> BookEvent:
        """Read one event with all its markets.

        Raises:
            ScrapeFailed: what the API answers, PlatformChanged also for an event that can't be read.

        """
        answer = await _api(config, fetcher).get("event", (("eventId", event_id), ("productId", PREMATCH)))
        where = f"{self.name} event"
        event = parsing.parse_event(required_object(parsing.open_envelope(answer, where), f"{where} data"))
        if event is None:
            raise changed(where, "eventId, estimateStartTime, homeTeamName and awayTeamName", answer)
        return event

    async def scrape(
        self, config: SportyBetConfig, fetcher: Fetcher, context: ScrapeContext
    ) -> AsyncGenerator[Mapping[str, JSONValue], None]:
        """Yield every event with its odds."""
        gathering = Gathering(config, context)
        context.enter(Phase.SCRAPING)
        where = f"{self.name} listing"
        pages = self._named(config, fetcher) if config.tournaments else self._upcoming(config, fetcher, context)
        async with aclosing(pages):
            async for page in pages:
                context.count("pages")
                listed = await gathering.read(page.entries, parsing.parse_event, where)
                fresh = [event for event in listed if gathering.is_new(event) and gathering.is_wanted(event)]
                async with aclosing(self._details(config, fetcher, context, fresh)) as detailed:
                    async for event in detailed:
                        yield gathering.item(event)
        gathering.finish(where)

    async def _details(
        self, config: SportyBetConfig, fetcher: Fetcher, context: ScrapeContext, events: Iterable[BookEvent]
    ) -> AsyncGenerator[BookEvent, None]:
        if not config.wants_all:
            for event in events:
                yield event
            return
        reading = walk(
            events,
            lambda event: self.event(config, fetcher, event.event_id),
            context,
            width=WIDTH,
            name=lambda event: f"event {event.event_id}",
        )
        async with aclosing(reading):
            async for event in reading:
                yield event

    async def _upcoming(
        self, config: SportyBetConfig, fetcher: Fetcher, context: ScrapeContext
    ) -> AsyncGenerator[parsing.Page, None]:
        """Page through the whole list. Pages end between tournaments, so that they hold more or less than was asked."""
        where, api = f"{self.name} pcUpcomingEvents", _api(config, fetcher)
        seen: set[str] = set()
        total, idle = 0, 0
        for number in range(1, MAX_PAGES + 1):
            answer = await api.get("pcUpcomingEvents", _upcoming_params(config, number))
            page = parsing.parse_upcoming(parsing.open_envelope(answer, where), where)
            ids = {text(event.get("eventId")) for event, _tournament in page.entries}
            idle = 0 if ids - seen else idle + 1
            seen |= ids
            total = total if page.total is None else page.total
            yield page
            enough = page.total is not None and len(seen) >= total
            if enough or idle > 1:  # one page without news may lie between others
                break
        if len(seen) < total:
            missing = total - len(seen)
            message = f"totalNum is {total}, all pages together have {len(seen)} events"
            context.lose(f"{missing} events of the list", ScrapeFailed(Reason.EXPECTATION_FAILED, message), missing)

    async def _named(self, config: SportyBetConfig, fetcher: Fetcher) -> AsyncGenerator[parsing.Page, None]:
        where, api = f"{self.name} pcEvents", _api(config, fetcher)
        names = config.tournament_ids
        for start in range(0, len(names), TOURNAMENTS_PER_CALL):
            chosen: list[Any] = [list(names[start : start + TOURNAMENTS_PER_CALL])]
            question = {"sportId": FOOTBALL, "marketId": _market_ids(config), "tournamentId": chosen}
            data = parsing.open_envelope(await api.post("pcEvents", [question]), where)
            yield parsing.parse_tournament_events(data, where)


def _api(config: SportyBetConfig, fetcher: Fetcher) -> JsonApi:
    return JsonApi(fetcher, parsing.NAME, config.root, _HEADERS)


def _market_ids(config: SportyBetConfig) -> str:
    wanted = config.wanted or {"1x2"}
    ids = [market_id for name, market_id in MARKET_IDS.items() if name in wanted]
    return ",".join(ids or [MARKET_IDS["1x2"]])


def _upcoming_params(config: SportyBetConfig, page: int) -> Pairs:
    """Ask for one page. `option=2`, since 1 leaves out all but ten events of a tournament without a word."""
    params = [("sportId", FOOTBALL), ("marketId", _market_ids(config)), ("pageSize", str(PAGE_SIZE))]
    params += [("pageNum", str(page)), ("option", "2")]
    if config.horizon is not None and config.horizon <= LONGEST_TIMELINE:
        params.append(("timeline", str(-(config.horizon // -timedelta(hours=1)))))
    return params
