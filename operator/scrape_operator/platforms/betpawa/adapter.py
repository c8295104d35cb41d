"""The walk through betPawa's API. Found by entry point `BetPawa`.

An event can't be asked for by its SportRadar id, so betPawa is listed. A listing that names markets leaves out events
that have none of them; a second one without markets finds those, and what the first one missed while it moved.
"""

from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import aclosing
from datetime import timedelta
from typing import Any

import orjson

from scrape_operator.core.errors import ScrapeFailed
from scrape_operator.core.net.host_budgets import HostBudget
from scrape_operator.core.ports import Fetcher
from scrape_operator.core.runs.items import JSONValue
from scrape_operator.core.runs.reasons import Reason
from scrape_operator.core.runs.run import SinkPayload
from scrape_operator.core.times import rfc3339
from scrape_operator.platforms.asking import JsonApi
from scrape_operator.platforms.betpawa import parsing
from scrape_operator.platforms.betpawa.config import BetPawaConfig
from scrape_operator.platforms.betpawa.markets import MARKETS
from scrape_operator.platforms.odds.choosing import host_of
from scrape_operator.platforms.odds.events import EVENT_KEY, BookEvent
from scrape_operator.platforms.odds.gathering import Gathering, payload_of
from scrape_operator.platforms.port import Phase, ScrapeContext
from scrape_operator.platforms.shapes import changed, required_object, text
from scrape_operator.platforms.walking import walk

PAGE_SIZE = 100
MAX_PAGES = 400
WIDTH = 8
BUDGET = HostBudget(max_concurrent=10)

_NOT_FOUND = 404
_MATCH_RESULT = "3743"
_COUNTRY_404 = "an API at this version; betPawa retires old ones: see config.apiVersion and config.country"


class BetPawa:
    """Reads the prematch football odds of one country's site."""

    name = parsing.NAME
    config_model = BetPawaConfig
    key = EVENT_KEY

    def budgets(self, config: BetPawaConfig) -> Mapping[str, HostBudget]:
        """Ten requests at a time; under load the site slows down rather than refuses."""
        return {host_of(config.root): BUDGET}

    def sink_payload(self, config: BetPawaConfig, items: Sequence[Mapping[str, JSONValue]]) -> SinkPayload:
        """Return the items as a reading for the tables of odds."""
        return payload_of(config, items)

    async def check(self, config: BetPawaConfig, fetcher: Fetcher) -> None:
        """Read the tree of regions and competitions."""
        await self.competitions(config, fetcher)

    async def competitions(self, config: BetPawaConfig, fetcher: Fetcher) -> list[parsing.Competition]:
        """List the football competitions.

        Raises:
            ScrapeFailed: PlatformChanged also where the path is gone, as a retired version's is.

        """
        path = f"categories/list/{parsing.FOOTBALL}"
        try:
            answer = await _api(config, fetcher).get(path, (("includeRegions", "true"),))
        except ScrapeFailed as failure:
            if failure.http_status != _NOT_FOUND:
                raise
            raise changed(f"{self.name} {path}", _COUNTRY_404, "404") from failure
        return parsing.parse_competitions(answer, f"{self.name} {path}")

    async def event(self, config: BetPawaConfig, fetcher: Fetcher, event_id: str) -> BookEvent | None:
        """Read one event with all its markets; None where it is gone.

        Raises:
            ScrapeFailed: what the API answers, PlatformChanged also for an event that can't be read.

        """
        where = f"{self.name} events/{event_id}"
        try:
            answer = await _api(config, fetcher).get(f"events/{event_id}")
        except ScrapeFailed as failure:
            if failure.http_status == _NOT_FOUND and failure.reason is Reason.HTTP_STATUS:
                return None
            raise
        event = parsing.parse_event(required_object(answer, where))
        if event is None:
            raise changed(where, "id, startTime and two participants", answer)
        return event

    async def scrape(
        self, config: BetPawaConfig, fetcher: Fetcher, context: ScrapeContext
    ) -> AsyncGenerator[Mapping[str, JSONValue], None]:
        """Yield every event with its odds."""
        gathering = Gathering(config, context)
        context.enter(Phase.DISCOVERING)
        promised = await self._promised(config, fetcher)
        context.enter(Phase.SCRAPING)
        types = _market_types(config)
        for view in ([{"marketTypes": types}] if types else []) + [{}]:
            listed = self._events(config, fetcher, context, gathering, view)
            async with aclosing(listed):
                async for event in listed:
                    yield gathering.item(event)
        gathering.finish(f"{self.name} listing")
        missing = promised - len(gathering)
        if missing > 0 and config.horizon is None:
            context.note(f"competitions count {promised} upcoming events, the listing gave {len(gathering)}")

    async def _promised(self, config: BetPawaConfig, fetcher: Fetcher) -> int:
        competitions = await self.competitions(config, fetcher)
        chosen = frozenset(config.competitions)
        return sum(one.size for one in competitions if not chosen or one.id in chosen)

    async def _events(
        self,
        config: BetPawaConfig,
        fetcher: Fetcher,
        context: ScrapeContext,
        gathering: Gathering,
        view: Mapping[str, Any],
    ) -> AsyncGenerator[BookEvent, None]:
        """Give what one way of listing shows anew, completed by the event's own page where the listing is thin."""
        pages = self._pages(config, fetcher, context, view)
        async with aclosing(pages):
            async for page in pages:
                thin = {text(entry.get("id")) for entry in page if parsing.is_thin(entry) or not view}
                listed = await gathering.read([(entry,) for entry in page], parsing.parse_event, f"{self.name} listing")
                fresh = [event for event in listed if gathering.is_new(event) and gathering.is_wanted(event)]
                rest = [event for event in fresh if config.wants_all or event.event_id in thin]
                for event in fresh if not config.wants_all else ():
                    if event.event_id not in thin:
                        yield event
                details = walk(
                    rest,
                    lambda event: self.event(config, fetcher, event.event_id),
                    context,
                    width=WIDTH,
                    name=lambda event: f"event {event.event_id}",
                )
                async with aclosing(details):
                    async for found in details:
                        if found is not None:
                            yield found

    async def _pages(
        self, config: BetPawaConfig, fetcher: Fetcher, context: ScrapeContext, view: Mapping[str, Any]
    ) -> AsyncGenerator[list[Mapping[str, Any]], None]:
        """Page by what was received: the server caps a page where it likes, and tells no total."""
        where, api = f"{self.name} events/lists/by-queries", _api(config, fetcher)
        received, seen = 0, set[str]()
        for _ in range(MAX_PAGES):
            question = orjson.dumps(_query(config, context, view, received)).decode()
            page = parsing.parse_listing(await api.get("events/lists/by-queries", (("q", question),)), where)
            context.count("pages")
            ids = {text(event.get("id")) for event in page}
            if not ids - seen:
                return
            seen |= ids
            received += len(page)
            yield page


def _api(config: BetPawaConfig, fetcher: Fetcher) -> JsonApi:
    # Without this Accept version 4 answers in protobuf.
    headers = (("Accept", "application/json"), ("x-pawa-brand", config.brand), ("devicetype", "web"))
    return JsonApi(fetcher, parsing.NAME, config.root, headers)


def _market_types(config: BetPawaConfig) -> list[str]:
    """Give the types to list, none where all are wanted. Markets that betPawa lacks leave the events without odds."""
    wanted = config.wanted
    if wanted is None:
        return []
    return [type_id for type_id, (name, _ids) in MARKETS.items() if name in wanted] or [_MATCH_RESULT]


def _query(config: BetPawaConfig, context: ScrapeContext, view: Mapping[str, Any], skip: int) -> dict[str, Any]:
    query: dict[str, Any] = {"eventType": "UPCOMING", "categories": [parsing.FOOTBALL], "zones": {}, "hasOdds": True}
    if config.competitions:
        query["zones"] = {"competitions": list(config.competitions)}
    if config.horizon is not None:
        now = context.now()
        end = now + config.horizon + timedelta(seconds=1)  # whole seconds, and `lt` leaves the end out
        query["startTime"] = {"gte": rfc3339(now), "lt": rfc3339(end)}
    return {"queries": [{"query": query, "view": view, "skip": skip, "take": PAGE_SIZE}]}
