"""SportyBet's back end over the world: bizCode envelopes, a market object per line, pages cut at tournaments."""

from itertools import groupby
from typing import Any

from aiohttp import web

from tests.dev.bookmakers.faults import Bookmaker, Fault, to_json
from tests.dev.bookmakers.world import Fixture, World

OK = 10_000
_THREE = {"home": "1", "draw": "2", "away": "3"}
_TOTAL = {"over": "12", "under": "13"}
_YES = {"yes": "74", "no": "76"}
MARKETS: dict[str, tuple[str, str, dict[str, str]]] = {
    "1x2": ("1", "", _THREE),
    "over_under": ("18", "total", _TOTAL),
    "btts": ("29", "", _YES),
    "double_chance": ("10", "", {"home_draw": "9", "home_away": "10", "draw_away": "11"}),
    "draw_no_bet": ("11", "", {"home": "4", "away": "5"}),
    "asian_handicap": ("16", "hcp", {"home": "1714", "away": "1715"}),
    "european_handicap": ("14", "score", {"home": "1711", "draw": "1712", "away": "1713"}),
    "home_total": ("19", "total", _TOTAL),
    "away_total": ("20", "total", _TOTAL),
    "odd_even": ("26", "", {"odd": "70", "even": "72"}),
    "1x2_1st_half": ("60", "", _THREE),
    "over_under_1st_half": ("68", "total", _TOTAL),
    "btts_1st_half": ("75", "", _YES),
    "1x2_2nd_half": ("83", "", _THREE),
    "over_under_2nd_half": ("90", "total", _TOTAL),
    "corners_over_under": ("166", "total", _TOTAL),
    "1x2_1up": ("60200", "", _THREE),
    "1x2_2up": ("60100", "", _THREE),
}
OFFERS: dict[str, set[str] | None] = dict.fromkeys(MARKETS)


class SportyBetSite(Bookmaker):
    """`hidden` events are counted in totalNum and on no page; pages after `last_page` are empty with a total of 0."""

    def __init__(self, world: World) -> None:
        super().__init__()
        self.world = world
        self.hidden = 0
        self.last_page: int | None = None
        self.has_total = True

    def throttled(self) -> web.Response:
        return to_json({"bizCode": 19999, "message": "busy", "data": None})

    async def answer(self, request: web.Request, fault: Fault) -> web.StreamResponse:
        if request.headers.get("clientid") != "web" or not request.path.startswith("/api/ng/factsCenter/"):
            return web.Response(status=403)
        query = request.query
        match request.path.rsplit("/", 1)[-1]:
            case "popularAndSportList":
                return self._good(self._tree())
            case "pcUpcomingEvents":
                return self._good(self._page(query, fault))
            case "pcEvents":
                return self._tournaments(await request.json(), fault)
            case "event":
                return self._event(query.get("eventId", ""), query.get("productId", ""), fault)
            case _:
                return self._invalid()

    def _event(self, event_id: str, product: str, fault: Fault) -> web.Response:
        found = next((one for one in self.world.offered("SportyBet") if _event_id(one) == event_id), None)
        if found is None or product != "3":
            return self._invalid()
        if found.number in self.vanished:
            return self._good(None) if found.number % 2 else self._invalid()
        return self._good(self.event(found, None, fault))

    @staticmethod
    def _invalid() -> web.Response:
        return to_json({"bizCode": 19000, "message": "Invalid", "data": None})

    @staticmethod
    def _good(data: Any) -> web.Response:
        return to_json({"bizCode": OK, "message": "0#0", "data": data})

    def _tree(self) -> Any:
        leagues = [
            {"id": f"sr:category:{league.number}", "name": league.country, "tournaments": [self._about(league.number)]}
            for league in self.world.leagues
        ]
        top = {"id": "sr:category:top", "name": "Top", "tournaments": [self._about(0)]}
        return {"popularEvents": [], "sportList": [{"id": "sr:sport:1", "categories": [top, *leagues]}]}

    def _about(self, number: int) -> Any:
        name = self.world.leagues[number].name
        return {"id": f"sr:tournament:{number}", "name": name, "eventSize": self._size(number)}

    def _size(self, number: int) -> int:
        return sum(one.league.number == number for one in self.world.offered("SportyBet"))

    def _tournaments(self, questions: Any, fault: Fault) -> web.Response:
        ((question),) = questions
        wanted = {name for group in question["tournamentId"] for name in group}
        fixtures = [one for one in self._sorted() if f"sr:tournament:{one.league.number}" in wanted]
        return self._good(self.grouped(fixtures, set(question["marketId"].split(",")), fault))

    def _page(self, query: Any, fault: Fault) -> Any:
        fixtures = self._sorted()
        if query.get("option") != "2":
            grouped = [list(group) for _, group in groupby(fixtures, key=lambda one: one.league.number)]
            fixtures = [one for group in grouped for one in group[:10]]
        size, number = int(query["pageSize"]), int(query["pageNum"])
        if self.last_page is not None and number > self.last_page:
            return {"totalNum": 0, "tournaments": []}
        start = (number - 1) * size
        # Pages end between tournaments: one that is cut comes again, with its last event, on the next page.
        chosen = fixtures[max(start - 1, 0) : start + size] if start < len(fixtures) else []
        listed = self.grouped(chosen, set(query["marketId"].split(",")), fault)
        return {"tournaments": listed} | ({"totalNum": len(fixtures) + self.hidden} if self.has_total else {})

    def _sorted(self) -> list[Fixture]:
        return sorted(self.world.offered("SportyBet"), key=lambda one: (one.league.number, one.number))

    def grouped(self, fixtures: list[Fixture], ids: set[str], fault: Fault) -> Any:
        tournaments = []
        for number, group in groupby(fixtures, key=lambda one: one.league.number):
            events: Any = [self.event(one, ids, fault) for one in group]
            about = {"categoryId": f"sr:category:{number}", "categoryName": self.world.leagues[number].country}
            if fault is Fault.LISTS:
                events = {event["eventId"]: event for event in events}
            tournaments.append({**self._about(number), **about, "events": events})
        return tournaments

    def event(self, fixture: Fixture, ids: set[str] | None, fault: Fault) -> Any:
        genius = fixture.has_ids["BetPawa"] == "genius"
        source = {"sourceType": "BET_GENIUS" if genius else "BET_RADAR"}
        source["sourceId"] = f"1111111{fixture.genius_id}" if genius else fixture.sportradar_id
        tournament = self._about(fixture.league.number)
        category = {"id": "sr:category:1", "name": fixture.league.country, "tournament": tournament}
        event = {
            "eventId": _event_id(fixture),
            "gameId": str(20_000 + fixture.number),
            "estimateStartTime": int(fixture.kickoff.timestamp() * 1000),
            "status": 0,
            "homeTeamName": self.world.name("SportyBet", fixture.home),
            "awayTeamName": self.world.name("SportyBet", fixture.away),
            "sport": {"id": "sr:sport:1", "name": "Football", "category": category},
            "eventSource": {"preMatchSource": source, "liveSource": source},
            "banned": False,
            "markets": self._markets(fixture, ids, fault),
        }
        if fault is Fault.NULLS:
            event |= {"sport": None, "eventSource": None, "banned": None, "gameId": None}
        if fault is Fault.EMPTY_EVENTS:
            event |= {"homeTeamName": "", "awayTeamName": None}
        return event

    def _markets(self, fixture: Fixture, ids: set[str] | None, fault: Fault) -> Any:
        markets = []
        for name, lines in self.world.prices("SportyBet", fixture).items():
            if name not in MARKETS or (ids is not None and MARKETS[name][0] not in ids):
                continue
            markets += [_market(name, line, outcomes, fault) for line, outcomes in lines.items()]
        if ids is None:
            markets.append(_market_of("35", "", {"1001": "2.90", "1002": None}, fault))
            markets.append(_market_of("18", "minsnr=30|total=2.5", {"12": "7.50", "13": "1.04"}, fault))
        return (
            {market["id"] + str(at): market for at, market in enumerate(markets)} if fault is Fault.LISTS else markets
        )


def _event_id(fixture: Fixture) -> str:
    return f"sr:match:{fixture.sportradar_id}"


def _market(name: str, line: str, outcomes: Any, fault: Fault) -> Any:
    market_id, form, ids = MARKETS[name]
    specifier = f"{form}={line}" if form else ""
    if form == "score":
        goals = int(line)
        specifier = f"hcp={goals}:0" if goals > 0 else f"hcp=0:{-goals}"
    return _market_of(market_id, specifier, {ids[outcome]: price for outcome, price in outcomes.items()}, fault)


def _market_of(market_id: str, specifier: str, outcomes: Any, fault: Fault) -> Any:
    closed = all(price is None for price in outcomes.values())
    market: dict[str, Any] = {
        "id": market_id,
        "product": 3,
        "desc": market_id,
        "status": 1 + int(market_id) % 2 if closed else 0,
    }
    if specifier:
        market["specifier"] = specifier
    elif fault is Fault.NULLS:
        market |= {"specifier": None, "name": None, "group": None, "banned": None, "marketExtendVOS": None}
    # A market that is closed leaves its outcomes active and priced; a single closed one is inactive.
    market["outcomes"] = [
        {"id": outcome, "odds": str(price or "1.90"), "isActive": int(closed or price is not None), "desc": "…"}
        for outcome, price in outcomes.items()
    ]
    return market
