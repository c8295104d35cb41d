"""The three simulated bookmakers with their adapters, ready to be read: what tests and benches of platforms share."""

from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from scrape_operator.core.errors import ScrapeFailed
from scrape_operator.core.odds.model import OddsEvent, line_text
from scrape_operator.core.ports import Fetcher
from scrape_operator.platforms.bet9ja.adapter import Bet9ja
from scrape_operator.platforms.betpawa.adapter import BetPawa
from scrape_operator.platforms.port import Platform, ScrapeContext
from scrape_operator.platforms.sportybet.adapter import SportyBet
from tests.dev.bookmakers import bet9ja, betpawa, sportybet
from tests.dev.bookmakers.faults import Bookmaker, serving
from tests.dev.bookmakers.world import Truth, World

FIRST_NUMBER = {"SportyBet": 81_000_000, "BetPawa": 45_000_000, "Bet9ja": 780_000_000}
OFFERS = {"SportyBet": sportybet.OFFERS, "BetPawa": betpawa.OFFERS, "Bet9ja": bet9ja.OFFERS}


@dataclass
class Reading:
    """What one scrape gave: its items, the events of its payload, what the context knows, and the failure, if any."""

    context: ScrapeContext
    items: list[Any] = field(default_factory=list)
    events: list[OddsEvent] = field(default_factory=list)
    failure: ScrapeFailed | None = None

    def prices(self) -> dict[int, Truth]:
        """Return the prices by the world's number of the match, as the world tells its truth."""
        return {number_of(event): _prices(event) for event in self.events}


def number_of(event: OddsEvent) -> int:
    """Return the world's number of a match."""
    return int(event.event_id.rsplit(":", 1)[-1]) - FIRST_NUMBER[event.bookmaker]


def _prices(event: OddsEvent) -> Truth:
    return {(key.market, line_text(key.line), key.outcome): price for key, price in event.prices.items()}


class Scene:
    """The world, its bookmakers, and the adapters that read them through `fetcher`."""

    def __init__(self, world: World, fetcher: Fetcher) -> None:
        self.world = world
        self.fetcher = fetcher
        self.sportybet = sportybet.SportyBetSite(world)
        self.betpawa = betpawa.BetPawaSite(world)
        self.bet9ja = bet9ja.Bet9jaSite(world)
        self.platforms: dict[str, Platform] = {one.name: one for one in (SportyBet(), BetPawa(), Bet9ja())}

    @property
    def sites(self) -> dict[str, Bookmaker]:
        return {"SportyBet": self.sportybet, "BetPawa": self.betpawa, "Bet9ja": self.bet9ja}

    def config(self, name: str, **values: Any) -> Any:
        """Make a config that points at the simulator."""
        return self.platforms[name].config_model.model_validate({"baseURL": self.sites[name].url, **values})

    async def read(self, name: str, fetcher: Fetcher | None = None, **values: Any) -> Reading:
        """Scrape one bookmaker to the end, whatever that is."""
        reading = Reading(ScrapeContext(self.world.start, self._now))
        platform, config = self.platforms[name], self.config(name, **values)
        scrape = platform.scrape(config, fetcher or self.fetcher, reading.context)
        try:
            async with aclosing(scrape) as items:
                async for item in items:
                    reading.items.append(item)
                    reading.context.deliver()
            reading.context.settle()
        except ScrapeFailed as failure:
            reading.failure = failure
        payload: Any = platform.sink_payload(config, reading.items, reading.context)
        reading.events = list(payload.content.events)
        return reading

    def truth(self, name: str, *markets: str) -> dict[int, Truth]:
        """Return what the bookmaker offers in these markets, or in all that its API has."""
        offers = OFFERS[name]
        return self.world.truth(
            name, {market: lines for market, lines in offers.items() if not markets or market in markets}
        )

    def _now(self) -> datetime:
        return self.world.start


@asynccontextmanager
async def open_scene(fetcher: Fetcher, *, leagues: int, events: int) -> AsyncIterator[Scene]:
    """Serve a world while the block runs."""
    scene = Scene(World(leagues, events), fetcher)
    async with serving(*scene.sites.values()):
        yield scene
