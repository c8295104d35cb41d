"""Reads betPawa's API. Found by entry point `BetPawa`.

An event can't be requested by its SportRadar id, so betPawa is listed. A listing that names markets leaves out events
that have none of them. A second one without markets finds those, and what the first one missed while it moved.
"""

from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import aclosing
from http import HTTPStatus
from typing import Any

import orjson

from scrape_operator.core.errors import ScrapeFailed
from scrape_operator.core.net.host_budgets import HostBudget
from scrape_operator.core.ports import Fetcher
from scrape_operator.core.runs.items import JSONValue
from scrape_operator.core.runs.reasons import Reason
from scrape_operator.core.runs.run import SinkPayload
from scrape_operator.platforms.betpawa import parsing
from scrape_operator.platforms.betpawa.config import BetPawaConfig
from scrape_operator.platforms.betpawa.markets import MARKETS
from scrape_operator.platforms.concurrency import Reading, Vanished, read_concurrently
from scrape_operator.platforms.json_api import JsonApi
from scrape_operator.platforms.json_values import changed, inner, required_object, text
from scrape_operator.platforms.odds.collector import EventCollector, payload_of
from scrape_operator.platforms.odds.config import host_of
from scrape_operator.platforms.odds.events import EVENT_KEY, BookEvent
from scrape_operator.platforms.port import Phase, ScrapeContext

PAGE_SIZE = 100
MAX_PAGES = 400
WIDTH = 8
BUDGET = HostBudget(max_concurrent=10)

_MATCH_RESULT = "3743"
_COUNTRY_404 = "an API at this version; betPawa retires old ones: see config.apiVersion and config.country"


class BetPawa:
    """Reads the prematch football odds of one country's site."""

    name = parsing.NAME
    config_model = BetPawaConfig
    key = EVENT_KEY

    def budgets(self, config: BetPawaConfig) -> Mapping[str, HostBudget]:
        """Allow ten requests at a time; under load the site slows down rather than refuses."""
        return {host_of(config.root): BUDGET}

    def sink_payload(
        self, config: BetPawaConfig, items: Sequence[Mapping[str, JSONValue]], context: ScrapeContext
    ) -> SinkPayload:
        """Return the items as a reading for the tables of odds."""
        return payload_of(config, items, context)

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
            if failure.http_status != HTTPStatus.NOT_FOUND:
                raise
            raise changed(f"{self.name} {path}", _COUNTRY_404, "404") from failure
        return parsing.parse_competitions(answer, f"{self.name} {path}")

    async def event(self, config: BetPawaConfig, fetcher: Fetcher, event_id: str) -> BookEvent:
        """Read one event with all its markets.

        Raises:
            Vanished: there is no such event any more.
            ScrapeFailed: what the API answers, PlatformChanged also for an event that can't be read.

        """
        where = f"{self.name} events/{event_id}"
        try:
            answer = await _api(config, fetcher).get(f"events/{event_id}")
        except ScrapeFailed as failure:
            if failure.http_status == HTTPStatus.NOT_FOUND and failure.reason is Reason.HTTP_STATUS:
                raise Vanished(failure.reason, failure.message, http_status=failure.http_status) from failure
            raise
        event = parsing.parse_event(required_object(answer, where))
        if event is None:
            raise changed(where, "id, startTime and two participants", answer)
        return event

    async def scrape(
        self, config: BetPawaConfig, fetcher: Fetcher, context: ScrapeContext
    ) -> AsyncGenerator[Mapping[str, JSONValue], None]:
        """Yield every event with its odds."""
        collector = EventCollector(config, context, self.name)
        context.enter(Phase.DISCOVERING)
        await self._promise(config, fetcher, context, collector)
        context.enter(Phase.SCRAPING)
        types = _market_types(config)
        delivered: set[str] = set()
        for view in ([{"marketTypes": types}] if types else []) + [{}]:
            pages = self._pages(config, fetcher, context, view)
            async with aclosing(pages):
                async for page in pages:
                    _deliver(page, delivered, context)
                    async with aclosing(self._read_page(config, fetcher, context, collector, page, view)) as listed:
                        async for event in listed:
                            yield collector.item(event)
        collector.finish(f"{self.name} listing")

    async def _promise(
        self, config: BetPawaConfig, fetcher: Fetcher, context: ScrapeContext, collector: EventCollector
    ) -> None:
        """Record how many events each competition claims: the listing itself gives no total."""
        listed = {one.id: one for one in await self.competitions(config, fetcher)}
        chosen = [name for name in config.competitions if name in listed] if config.competitions else list(listed)
        for name in sorted(set(config.competitions) - listed.keys()):
            context.note(f"competition {name} is not listed: it has no events, or another id")
        for name in chosen:
            context.promise(listed[name].size, _events_of(name))
        collector.cover(chosen if config.competitions else None)

    async def _read_page(
        self,
        config: BetPawaConfig,
        fetcher: Fetcher,
        context: ScrapeContext,
        collector: EventCollector,
        page: Sequence[Mapping[str, Any]],
        view: Mapping[str, Any],
    ) -> AsyncGenerator[BookEvent, None]:
        """Yield the new events of a page, completed by the event's own page where the listing is thin."""
        thin = {text(entry.get("id")) for entry in page if parsing.is_thin(entry) or not view}
        listed = await collector.parse([(entry,) for entry in page], parsing.parse_event, f"{self.name} listing")
        fresh = [event for event in listed if collector.is_new(event) and collector.is_wanted(event)]
        rest = [event for event in fresh if config.wants_all or event.event_id in thin]
        for event in fresh if not config.wants_all else ():
            if event.event_id not in thin:
                yield event
        reading = Reading[BookEvent, BookEvent](
            read=lambda event: self.event(config, fetcher, event.event_id),
            name=lambda event: f"event {event.event_id}",
            width=WIDTH,
        )
        async with aclosing(read_concurrently(rest, reading, context)) as details:
            async for event in details:
                yield event

    async def _pages(
        self, config: BetPawaConfig, fetcher: Fetcher, context: ScrapeContext, view: Mapping[str, Any]
    ) -> AsyncGenerator[list[Mapping[str, Any]], None]:
        """Page by what was received: the server limits a page as it likes, and gives no total."""
        where, api = f"{self.name} events/lists/by-queries", _api(config, fetcher)
        received, seen = 0, set[str]()
        for _ in range(MAX_PAGES):
            query = orjson.dumps(_query(config, view, received)).decode()
            page = parsing.parse_listing(await api.get("events/lists/by-queries", (("q", query),)), where)
            context.count("pages")
            ids = {text(event.get("id")) for event in page}
            if not ids - seen:
                return
            seen |= ids
            received += len(page)
            yield page


def _events_of(competition: str) -> str:
    return f"events of competition {competition}"


def _deliver(page: Sequence[Mapping[str, Any]], delivered: set[str], context: ScrapeContext) -> None:
    for entry in page:
        event_id = text(entry.get("id"))
        if event_id not in delivered:
            delivered.add(event_id)
            context.deliver(1, _events_of(text(inner(entry, "competition", "id"))))


def _api(config: BetPawaConfig, fetcher: Fetcher) -> JsonApi:
    # Without this Accept version 4 answers in protobuf.
    headers = (("Accept", "application/json"), ("x-pawa-brand", config.brand), ("devicetype", "web"))
    return JsonApi(fetcher, parsing.NAME, config.root, headers, config.headers)


def _market_types(config: BetPawaConfig) -> list[str]:
    """Return the types to list, none where all are wanted. If betPawa lacks a market, its events come without odds."""
    wanted = config.wanted
    if wanted is None:
        return []
    return [type_id for type_id, (name, _ids) in MARKETS.items() if name in wanted] or [_MATCH_RESULT]


def _query(config: BetPawaConfig, view: Mapping[str, Any], skip: int) -> dict[str, Any]:
    """Return the query of one page.

    The horizon is not part of it: competitions count all their events, so that only a whole listing can be proved.
    """
    zones = {"competitions": list(config.competitions)} if config.competitions else {}
    query = {"eventType": "UPCOMING", "categories": [parsing.FOOTBALL], "zones": zones, "hasOdds": True}
    return {"queries": [{"query": query, "view": view, "skip": skip, "take": PAGE_SIZE}]}
