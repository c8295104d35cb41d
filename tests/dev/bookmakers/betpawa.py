"""betPawa's back end over the world: versions 3 and 4, protobuf unless JSON is asked for, pages without a total."""

from decimal import Decimal
from typing import Any

import orjson
from aiohttp import web

from tests.dev.bookmakers.faults import Bookmaker, Fault, to_json
from tests.dev.bookmakers.world import Fixture, World

PAGE_CAP = 50
_THREE = {"home": "1", "draw": "X", "away": "2"}
_TOTAL = {"over": "Over", "under": "Under"}
_YES = {"yes": "Yes", "no": "No"}
MARKETS: dict[str, tuple[str, str, dict[str, str]]] = {
    "1x2": ("3743", "", _THREE),
    "over_under": ("5000", "total", _TOTAL),
    "btts": ("3795", "", _YES),
    "double_chance": ("4693", "", {"home_draw": "1X", "home_away": "12", "draw_away": "X2"}),
    "draw_no_bet": ("4703", "", {"home": "1", "away": "2"}),
    "asian_handicap": ("3774", "hcp", {"home": "1", "away": "2"}),
    "european_handicap": ("4724", "hcp", _THREE),
    "home_total": ("5006", "total", _TOTAL),
    "away_total": ("5003", "total", _TOTAL),
    "odd_even": ("4833", "", {"odd": "Odd", "even": "Even"}),
    "1x2_1st_half": ("3668", "", _THREE),
    "over_under_1st_half": ("4958", "total", _TOTAL),
    "btts_1st_half": ("3789", "", _YES),
    "1x2_2nd_half": ("3685", "", _THREE),
    "over_under_2nd_half": ("4976", "total", _TOTAL),
    "corners_over_under": ("1096783", "total", _TOTAL),
    "1x2_1up": ("28000810", "", _THREE),
    "1x2_2up": ("28000850", "", _THREE),
}
OFFERS: dict[str, set[str] | None] = dict.fromkeys(MARKETS)
TYPE_IDS = {
    "3743": {"1": "3744", "X": "3745", "2": "3746"},
    "5000": {"Over": "5001", "Under": "5002"},
    "3795": {"Yes": "3796", "No": "3797"},
    "4693": {"1X": "4694", "X2": "4695", "12": "4696"},
    "4703": {"1": "4704", "2": "4705"},
    "3774": {"1": "3775", "2": "3776"},
    "4724": {"1": "4725", "X": "4726", "2": "4727"},
}
_UNKNOWN_TYPE = "77001"


class BetPawaSite(Bookmaker):
    """`version` is the only one that is served; the listing ends after `last` events."""

    def __init__(self, world: World, version: str = "v4") -> None:
        super().__init__()
        self.world = world
        self.version = version
        self.last: int | None = None

    def throttled(self) -> web.Response:
        return web.Response(status=429, headers={"Retry-After": "7"})

    async def answer(self, request: web.Request, fault: Fault) -> web.StreamResponse:
        root = f"/api/sportsbook/{self.version}/"
        if request.headers.get("x-pawa-brand") != "betpawa-nigeria":
            return web.Response(status=403)
        if self.version == "v4" and "application/json" not in request.headers.get("Accept", ""):
            return web.Response(body=b"\x0a\x04\x08\x01", content_type="application/x-protobuf")
        path = request.path.removeprefix(root)
        if path == "categories/list/2":
            return to_json(self._competitions())
        if path == "events/lists/by-queries":
            queries = orjson.loads(request.query["q"])["queries"]
            return to_json({"responses": [self._listing(query, fault) for query in queries]})
        found = [one for one in self.world.offered("BetPawa") if path == f"events/{_event_id(one)}"]
        if found and found[0].number not in self.vanished:
            return to_json(self.event(found[0], None, fault))
        return to_json({"status": 404, "error": "NOT_FOUND"}, status=404)

    def _competitions(self) -> Any:
        sizes: dict[int, int] = {}
        for fixture in self.world.offered("BetPawa"):
            sizes[fixture.league.number] = sizes.get(fixture.league.number, 0) + 1
        regions = [
            {
                "region": {"id": str(900 + league.number), "name": league.country},
                "competitions": [
                    {
                        "competition": {"id": str(99_000 + league.number), "name": league.name},
                        "eventCounts": {"upcoming": str(sizes.get(league.number, 0))},
                    }
                ],
            }
            for league in self.world.leagues
        ]
        return {"withRegions": [{"category": {"id": "2", "name": "Football"}, "regions": regions}]}

    def _listing(self, question: Any, fault: Fault) -> Any:
        query, types = question["query"], question["view"].get("marketTypes")
        zones = query["zones"].get("competitions")
        times = query.get("startTime", {})
        events = []
        for fixture in sorted(self.world.offered("BetPawa"), key=lambda one: (one.kickoff, one.number)):
            kickoff = _time(fixture)
            if zones and str(99_000 + fixture.league.number) not in zones:
                continue
            if times and not times["gte"] <= kickoff < times["lt"]:
                continue
            if types is not None and not self._markets(fixture, set(types), fault):
                continue
            events.append(fixture)
        page = events[: self.last][question["skip"] :][: min(question["take"], PAGE_CAP)]
        if types is None:
            return {"responses": [self._thin(one) for one in page]}
        listed: Any = [self.event(one, set(types), fault) for one in page]
        return {"responses": {event["id"]: event for event in listed} if fault is Fault.LISTS else listed}

    def _thin(self, fixture: Fixture) -> Any:
        return {
            name: value
            for name, value in self.event(fixture, set(), Fault.NONE).items()
            if name not in {"widgets", "markets"}
        }

    def event(self, fixture: Fixture, types: set[str] | None, fault: Fault) -> Any:
        names = [self.world.name("BetPawa", team) for team in (fixture.home, fixture.away)]
        people: Any = [{"id": str(at), "name": name, "position": at} for at, name in ((2, names[1]), (1, names[0]))]
        event: dict[str, Any] = {
            "id": _event_id(fixture),
            "name": " - ".join(names) + (" (n)" if fixture.number % 5 == 0 else ""),
            "participants": people,
            "startTime": _time(fixture),
            "category": {"id": "2", "name": "Football"},
            "region": {"id": "900", "name": fixture.league.country},
            "competition": {"id": str(99_000 + fixture.league.number), "name": fixture.league.name},
            "markets": self._markets(fixture, types, fault),
        }
        widgets = _widgets(fixture)
        if widgets or self.version == "v3":
            event["widgets"] = widgets
        if fault is Fault.NULLS:
            event |= {"region": None, "competition": None, "additionalInfo": None, "results": None}
        if fault is Fault.EMPTY_EVENTS:
            event |= {"participants": [], "startTime": None}
        return event

    def _markets(self, fixture: Fixture, types: set[str] | None, fault: Fault) -> list[Any]:
        markets = []
        for name, lines in self.world.prices("BetPawa", fixture).items():
            market_id, form, names = MARKETS.get(name, ("", "", {}))
            if market_id and (types is None or market_id in types):
                rows = [self._row(market_id, form, line, names, outcomes, fault) for line, outcomes in lines.items()]
                markets.append({"marketType": {"id": market_id, "name": name, "priority": 1}, "row": rows})
        if types is None:
            strange = [{"name": "Blue", "typeId": "77002", "odds": 4.2, "price": 4.2}]
            markets.append({"marketType": {"id": _UNKNOWN_TYPE, "name": "First colour"}, "row": [{"prices": strange}]})
        return markets

    def _row(self, market_id: str, form: str, line: str, names: dict[str, str], outcomes: Any, fault: Fault) -> Any:
        row: dict[str, Any] = {
            "id": "5",
            "prices": [self._price(market_id, names[one], p) for one, p in outcomes.items()],
        }
        if form:
            quarters = int(Decimal(line) * 4)
            if quarters or self.version == "v3":
                row["handicap"] = quarters
            if self.version == "v4" and quarters:
                row["specifier"] = {form: line}
            if form == "hcp" and quarters:
                row["prices"][0]["handicap"] = line if market_id == "3774" else f"Home {line}"
        if fault is Fault.NULLS:
            row["specifier"] = row.get("specifier")
            for price in row["prices"]:
                price |= {"additionalInfo": None, "handicap": price.get("handicap"), "displayName": None}
        return row

    def _price(self, market_id: str, name: str, price: Decimal | None) -> Any:
        entry: dict[str, Any] = {"id": "1", "name": name, "displayName": name}
        entry["typeId"] = TYPE_IDS.get(market_id, {}).get(name, "1")
        field = "odds" if self.version == "v4" else "price"
        if price is not None:
            entry[field] = float(price)
        elif name in {"1", "Over"}:
            entry |= {field: 1.9, "suspended": True}
        elif self.version == "v3":
            entry |= {field: 0, "suspended": False}
        return entry


def _event_id(fixture: Fixture) -> str:
    return str(45_000_000 + fixture.number)


def _time(fixture: Fixture) -> str:
    return fixture.kickoff.strftime("%Y-%m-%dT%H:%M:%SZ")


def _widgets(fixture: Fixture) -> list[Any]:
    match fixture.has_ids["BetPawa"]:
        case "sr":
            radar = {"id": fixture.sportradar_id, "type": "SPORTRADAR"}
            return [radar | {"retention": "PREMATCH"}, radar | {"retention": "INPLAY"}]
        case "genius":
            return [{"id": fixture.genius_id, "type": "GENIUSSPORTS"}]
        case _:
            return []
