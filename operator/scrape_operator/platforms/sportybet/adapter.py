"""The walk through SportyBet's API. Found by entry point `SportyBet`."""

from collections.abc import AsyncGenerator, Iterable, Mapping
from contextlib import aclosing
from datetime import timedelta
from typing import Any

from scrape_operator.core.errors import ScrapeFailed
from scrape_operator.core.items import JSONValue
from scrape_operator.core.ports import Fetcher
from scrape_operator.core.reasons import Reason
from scrape_operator.platforms.asking import JsonApi, Pairs
from scrape_operator.platforms.odds.choosing import host_of
from scrape_operator.platforms.odds.events import EVENT_KEY, BookEvent
from scrape_operator.platforms.odds.gathering import Gathering
from scrape_operator.platforms.port import HostBudget, Phase, ScrapeContext
from scrape_operator.platforms.shapes import changed, required_object
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
BUDGET = HostBudget(concurrency=10)

_HEADERS = (("Accept", "application/json"), ("clientid", "web"), ("platform", "web"))


class SportyBet:
    """Reads the prematch football odds of one country's site; the listing holds every line of the markets asked for."""

    name = parsing.NAME
    config_model = SportyBetConfig
    key = EVENT_KEY

    def budgets(self, config: SportyBetConfig) -> Mapping[str, HostBudget]:
        """Ten requests at a time; the site itself bears more."""
        return {host_of(config.root): BUDGET}

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
        pages = self._named(config, fetcher) if config.tournaments else self._upcoming(config, fetcher, context)
        async with aclosing(pages):
            async for listing in pages:
                context.count("pages")
                if listing.unreadable:
                    context.lose(f"{listing.unreadable} events of a page", _unreadable(), listing.unreadable)
                fresh = [event for event in listing.events if gathering.is_new(event) and gathering.is_wanted(event)]
                async with aclosing(self._details(config, fetcher, context, fresh)) as detailed:
                    async for event in detailed:
                        yield gathering.item(event)

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
    ) -> AsyncGenerator[parsing.Listing, None]:
        """Page through the whole list. Pages end between tournaments, so that they hold more or less than was asked."""
        where, api = f"{self.name} pcUpcomingEvents", _api(config, fetcher)
        seen: set[str] = set()
        total, idle, page = 0, 0, 0
        while page < MAX_PAGES and idle < 2:  # noqa: PLR2004 -- one page without news may lie between others
            page += 1
            answer = await api.get("pcUpcomingEvents", _upcoming_params(config, page))
            listing = parsing.parse_upcoming(parsing.open_envelope(answer, where), where)
            before = len(seen)
            seen.update(event.event_id for event in listing.events)
            idle = 0 if len(seen) > before else idle + 1
            total = total if listing.total is None else listing.total
            yield listing
            if listing.total is not None and len(seen) >= total:
                return
        if len(seen) < total:
            missing = total - len(seen)
            message = f"totalNum is {total}, all pages together have {len(seen)} events"
            context.lose(f"{missing} events of the list", ScrapeFailed(Reason.EXPECTATION_FAILED, message), missing)

    async def _named(self, config: SportyBetConfig, fetcher: Fetcher) -> AsyncGenerator[parsing.Listing, None]:
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


def _unreadable() -> ScrapeFailed:
    return ScrapeFailed(Reason.PLATFORM_CHANGED, "they lack eventId, estimateStartTime or the names of the teams")
