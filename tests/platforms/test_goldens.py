"""Payloads in the bookmakers' own formats, and the canonical odds that they mean (worked out by hand)."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from scrape_operator.core.errors import ScrapeFailed
from scrape_operator.core.net.documents import Response
from scrape_operator.core.runs.reasons import Reason
from scrape_operator.platforms.bet9ja import parsing as bet9ja
from scrape_operator.platforms.betpawa import parsing as betpawa
from scrape_operator.platforms.json_responses import read_json
from scrape_operator.platforms.sportybet import parsing as sportybet

HERE = Path(__file__).parent


def payload(name: str) -> Any:
    body = (HERE / "payloads" / f"{name}.json").read_bytes()
    return read_json(Response("http://127.0.0.1/", 200, {"Content-Type": "application/json"}, body), name)


def sportybet_data(name: str) -> Any:
    return sportybet.open_envelope(payload(f"sportybet/{name}"), name)


def bet9ja_data(name: str) -> Any:
    return bet9ja.open_envelope(payload(f"bet9ja/{name}"), name)


READERS: dict[str, Callable[[], list[Any]]] = {
    "sportybet/tournament-events": lambda: [
        sportybet.parse_event(*entry)
        for entry in sportybet.parse_tournament_events(sportybet_data("tournament-events"), "").entries
    ],
    "sportybet/upcoming": lambda: [
        sportybet.parse_event(*entry) for entry in sportybet.parse_upcoming(sportybet_data("upcoming"), "").entries
    ],
    "sportybet/event": lambda: [sportybet.parse_event(sportybet_data("event"))],
    "betpawa/listing": lambda: [
        betpawa.parse_event(entry) for entry in betpawa.parse_listing(payload("betpawa/listing"), "")
    ],
    "betpawa/event": lambda: [betpawa.parse_event(payload("betpawa/event"))],
    "betpawa/event-v3": lambda: [betpawa.parse_event(payload("betpawa/event-v3"))],
    "bet9ja/league": lambda: [bet9ja.parse_event(*entry) for entry in bet9ja.parse_league(bet9ja_data("league"), "")],
    "bet9ja/event": lambda: [bet9ja.parse_event(bet9ja_data("event"))],
    "bet9ja/live-event": lambda: [bet9ja.parse_event(bet9ja_data("live-event"))],
}


def events(name: str) -> list[Any]:
    return READERS[name]()


NAMES = sorted(READERS)


@pytest.mark.parametrize("name", NAMES)
def test_a_payload_means_its_canonical_odds(name: str) -> None:
    expected = json.loads((HERE / "expected" / f"{name}.json").read_text())
    assert [event.as_item() for event in events(name)] == expected


def test_every_payload_is_read_by_a_test() -> None:
    stored = {str(path.relative_to(HERE / "expected").with_suffix("")) for path in HERE.glob("expected/*/*.json")}
    assert stored == READERS.keys()


def test_version_3_and_4_of_betpawa_mean_the_same() -> None:
    assert events("betpawa/event") == events("betpawa/event-v3")


def test_the_same_handicap_has_the_same_line_at_all_three() -> None:
    for name in ("sportybet/event", "betpawa/event", "bet9ja/event"):
        (event,) = events(name)
        assert event.as_item()["odds"]["asian_handicap"].keys() == {"-0.5"}
    market = next(one for one in sportybet_data("event")["markets"] if one["id"] == "14")
    opened = sportybet.read_markets({"markets": [market | {"status": 0}]})
    assert {(key.market, str(key.line), key.outcome) for key in opened.prices} == {
        ("european_handicap", "-1", outcome) for outcome in ("home", "draw", "away")
    }
    for name in ("betpawa/event", "bet9ja/event"):
        (event,) = events(name)
        assert event.as_item()["odds"]["european_handicap"].keys() == {"-1"}


def test_the_trees_of_leagues_are_read_and_repeated_ones_count_once() -> None:
    trees: list[list[Any]] = [
        sportybet.parse_tournaments(sportybet_data("tournaments"), "tree"),
        betpawa.parse_competitions(payload("betpawa/competitions"), "tree"),
        bet9ja.parse_leagues(bet9ja_data("sports"), "tree"),
    ]
    for tree in trees:
        assert [one.name for one in tree] == ["Savanna Premier League", "Savanna Second Division"]
        assert {one.country for one in tree} == {"Savannaland"}
    assert [[one.size for one in tree] for tree in trees] == [[12, 25], [12, 19], [12, 25]]


@pytest.mark.parametrize(
    ("reading", "reason"),
    [
        pytest.param(lambda: sportybet_data("refused"), Reason.PLATFORM_CHANGED, id="an argument refused by SportyBet"),
        pytest.param(lambda: bet9ja_data("throttled"), Reason.RATE_LIMITED, id="R=E of Bet9ja"),
        pytest.param(
            lambda: betpawa.parse_competitions(payload("betpawa/sports"), "x"),
            Reason.PLATFORM_CHANGED,
            id="another tree of betPawa",
        ),
        pytest.param(
            lambda: betpawa.parse_listing(payload("betpawa/not-found"), "x"),
            Reason.PLATFORM_CHANGED,
            id="an error of betPawa in place of a listing",
        ),
        pytest.param(
            lambda: sportybet.parse_upcoming(sportybet_data("success"), "x"),
            Reason.PLATFORM_CHANGED,
            id="SportyBet's success without data",
        ),
        pytest.param(
            lambda: sportybet.open_envelope({"bizCode": 19999, "message": "busy"}, "x"),
            Reason.RATE_LIMITED,
            id="an unknown bizCode",
        ),
        pytest.param(
            lambda: bet9ja.open_envelope({"R": "ERROR", "D": {"ERROR_MESSAGE": "no"}}, "x"),
            Reason.PLATFORM_CHANGED,
            id="an error of Bet9ja",
        ),
    ],
)
def test_an_error_in_an_envelope_has_its_reason(reading, reason) -> None:
    with pytest.raises(ScrapeFailed) as caught:
        reading()
    assert caught.value.reason is reason
