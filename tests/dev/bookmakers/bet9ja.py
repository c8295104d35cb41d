"""Bet9ja's back end over the world: {R, D} envelopes, leagues one by one, all odds in one flat dictionary."""

from decimal import Decimal
from typing import Any

from aiohttp import web

from tests.dev.bookmakers.faults import Bookmaker, Fault, to_json
from tests.dev.bookmakers.world import Fixture, World

_THREE = {"home": "1", "draw": "X", "away": "2"}
_TOTAL = {"over": "O", "under": "U"}
MARKETS: dict[str, tuple[str, dict[str, str]]] = {
    "1x2": ("1X2", _THREE),
    "over_under": ("OU", _TOTAL),
    "btts": ("GGNG", {"yes": "Y", "no": "N"}),
    "double_chance": ("DC", {"home_draw": "1X", "home_away": "12", "draw_away": "X2"}),
    "draw_no_bet": ("DNB", {"home": "1", "away": "2"}),
    "asian_handicap": ("AH", {"home": "1", "away": "2"}),
    "european_handicap": ("1X2HND", {"home": "1H", "draw": "XH", "away": "2H"}),
    "home_total": ("HAOU", {"over": "OH", "under": "UH"}),
    "away_total": ("HAOU", {"over": "OA", "under": "UA"}),
    "odd_even": ("OE", {"odd": "OD", "even": "EV"}),
    "1x2_1st_half": ("1X21T", _THREE),
    "over_under_1st_half": ("OU1T", _TOTAL),
    "btts_1st_half": ("GGNG1T", {"yes": "Y", "no": "N"}),
    "1x2_2nd_half": ("1X22T", _THREE),
    "over_under_2nd_half": ("OU2T", _TOTAL),
    "corners_over_under": ("OUCORNERS", _TOTAL),
    "1x2_1up": ("1X21", {"home": "11", "draw": "X1", "away": "21"}),
    "1x2_2up": ("1X22", {"home": "12", "draw": "X2", "away": "22"}),
}
OFFERS: dict[str, set[str] | None] = dict.fromkeys(MARKETS)
_POPULAR = ("S_1X2_", "S_DC_", "S_OU@2.5_")
_CLOSED = ("1", "-", "", None)


class Bet9jaSite(Bookmaker):
    """`throttled_leagues` answer R=E, `empty_leagues` have no events though they are counted."""

    def __init__(self, world: World) -> None:
        super().__init__()
        self.world = world
        self.throttled_leagues: set[int] = set()
        self.empty_leagues: set[int] = set()
        self.has_sizes = True

    def throttled(self) -> web.Response:
        return to_json({"R": "E", "D": False})

    async def answer(self, request: web.Request, fault: Fault) -> web.StreamResponse:
        if not request.headers.get("Referer") or not request.path.startswith("/desktop/feapi/PalimpsestAjax/"):
            return web.Response(status=403, text="<html></html>", content_type="text/html")
        query = request.query
        match request.path.rsplit("/", 1)[-1]:
            case "GetSports":
                return _good(self._tree(fault))
            case "GetEventsInGroupV2":
                return self._league(int(query["GROUPID"]) - 1_990_000, fault)
            case "GetEvent":
                found = [one for one in self.world.offered("Bet9ja") if str(_event_id(one)) == query.get("EVENTID")]
                found = [one for one in found if one.number not in self.vanished]
                return _good(self.event(found[0], None, fault)) if found else self.throttled()
            case _:
                return web.Response(status=404)

    def _tree(self, fault: Fault) -> Any:
        sizes: dict[int, int] = {}
        for fixture in self.world.offered("Bet9ja"):
            sizes[fixture.league.number] = sizes.get(fixture.league.number, 0) + 1
        lands: dict[str, Any] = {}
        for league in self.world.leagues:
            land = lands.setdefault(league.country, {"SG_DESC": league.country, "G": {}})
            size = {"NUM": sizes.get(league.number, 0)} if self.has_sizes else {}
            land["G"][str(1_990_000 + league.number)] = {"G_DESC": league.name} | size
        countries: Any = {str(at): land for at, land in enumerate(lands.values())}
        if fault is Fault.LISTS:
            for land in lands.values():
                land["G"] = [{"GID": int(key)} | league for key, league in land["G"].items()]
            countries = list(lands.values())
        sports: Any = {"1": {"S_DESC": "Soccer", "SG": countries}, "2": {"S_DESC": "Basketball", "SG": {}}}
        if fault is Fault.LISTS:
            return {"PAL": [{"SID": int(key), "SG": sport["SG"]} for key, sport in sports.items()]}
        return {"PAL": sports}

    def _league(self, number: int, fault: Fault) -> web.Response:
        if number in self.throttled_leagues:
            return self.throttled()
        league = self.world.leagues[number]
        events: Any = [
            self.event(one, _POPULAR, fault)
            for one in self.world.offered("Bet9ja")
            if one.league.number == number and number not in self.empty_leagues
        ]
        if fault is Fault.LISTS:
            events = {str(at): event for at, event in enumerate(events)}
        about = {"GID": 1_990_000 + number, "GN": league.name, "SGID": 11_900, "SG": league.country, "SID": 1}
        return _good({**about, "E": events})

    def event(self, fixture: Fixture, keys: tuple[str, ...] | None, fault: Fault) -> Any:
        names = [self.world.name("Bet9ja", team) for team in (fixture.home, fixture.away)]
        odds = {key: value for key, value in self._odds(fixture) if keys is None or key.startswith(keys)}
        if keys is None:
            odds |= {"S_COLOUR_BLUE": "4.2", "S_COLOUR@1.5_RED": "2"}
        event = {
            "ID": _event_id(fixture),
            "C": str(4_000 + fixture.number),
            "EXTID": fixture.sportradar_id if fixture.has_ids["Bet9ja"] == "sr" else None,
            "DS": " - ".join(names),
            "STARTDATE": fixture.kickoff.strftime("%Y-%m-%d %H:%M:%S"),
            "GID": 1_990_000 + fixture.league.number,
            "GN": fixture.league.name,
            "SG": fixture.league.country,
            "SID": 1,
            "O": odds or [],
        }
        if fixture.number % 2:
            event["STARTDATEUTC"] = fixture.kickoff.strftime("%Y-%m-%dT%H:%M:%SZ")
        if fault is Fault.NULLS:
            event |= {"GN": None, "SG": None, "GID": None, "C": None, "STARTDATEUTC": None}
        if fault is Fault.EMPTY_EVENTS:
            event |= {"DS": "", "STARTDATE": None, "STARTDATEUTC": None}
        return event

    def _odds(self, fixture: Fixture) -> list[tuple[str, Any]]:
        pairs = []
        for market, lines in self.world.prices("Bet9ja", fixture).items():
            code, suffixes = MARKETS[market]
            for line, outcomes in lines.items():
                asian = code == "OU" and Decimal(line) % 1 != Decimal("0.5")
                for at, (outcome, price) in enumerate(outcomes.items()):
                    key = f"S_{code}{'A' if asian else ''}{f'@{line}' if line else ''}_{suffixes[outcome]}"
                    closed = _CLOSED[(fixture.number + at) % len(_CLOSED)]
                    value = closed if price is None else f"{price.normalize():f}"
                    if value is not None:
                        pairs.append((key, value))
        return pairs


def _good(data: Any) -> web.Response:
    return to_json({"R": "OK", "D": data})


def _event_id(fixture: Fixture) -> int:
    return 780_000_000 + fixture.number
