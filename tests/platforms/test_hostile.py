"""Nothing that a far side sends makes a parser raise anything but ScrapeFailed, or take without end."""

import copy
import json
import tracemalloc
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scrape_operator.core.errors import ScrapeFailed
from scrape_operator.core.net.documents import Response
from scrape_operator.core.runs.reasons import Reason
from scrape_operator.platforms.bet9ja import parsing as bet9ja
from scrape_operator.platforms.betpawa import parsing as betpawa
from scrape_operator.platforms.json_responses import read_json
from scrape_operator.platforms.odds.events import MAX_PRICES
from scrape_operator.platforms.odds.markets import LineKind
from scrape_operator.platforms.odds.values import read_line, read_price
from scrape_operator.platforms.sportybet import parsing as sportybet

PAYLOADS = Path(__file__).parent / "payloads"


def read_sportybet(answer: Any) -> None:
    data = sportybet.open_envelope(answer, "x")
    for parse in (sportybet.parse_tournament_events, sportybet.parse_upcoming):
        try:
            page = parse(data, "x")
        except ScrapeFailed:
            continue
        for entry in page.entries:
            write(sportybet.parse_event(*entry))
    write(sportybet.parse_event(data) if isinstance(data, dict) else None)
    sportybet.parse_tournaments(data, "x")


def read_betpawa(answer: Any) -> None:
    write(betpawa.parse_event(answer) if isinstance(answer, dict) else None)
    for entry in betpawa.parse_listing(answer, "x"):
        write(betpawa.parse_event(entry))


def read_bet9ja(answer: Any) -> None:
    data = bet9ja.open_envelope(answer, "x")
    write(bet9ja.parse_event(data) if isinstance(data, dict) else None)
    for entry in bet9ja.parse_league(data, "x"):
        bet9ja.is_outright(entry[0])
        write(bet9ja.parse_event(*entry))
    bet9ja.parse_leagues(data, "x")


def write(event: Any) -> None:
    if event is not None:
        json.dumps(event.as_item(), allow_nan=False)


READERS = {"sportybet": read_sportybet, "betpawa": read_betpawa, "bet9ja": read_bet9ja}
CASES = [(path.parent.name, path) for path in sorted(PAYLOADS.glob("*/*.json"))]
NOTHINGS: list[Any] = [None, True, False, "", " ", [], {}, [[]], [None], {"": {}}]
STRANGE = st.sampled_from([*NOTHINGS, 0, -1, 2**63, -0.5, 1e308, "x" * 10_000, "\ud800", "1:", "::"])


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    inside = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path, *(place for name, inner in inside for place in places(inner, (*path, name)))]


def replaced(value: Any, path: tuple[Any, ...], strange: Any) -> Any:
    if not path:
        return strange
    whole = copy.deepcopy(value)
    inner = whole
    for step in path[:-1]:
        inner = inner[step]
    inner[path[-1]] = strange
    return whole


@pytest.mark.parametrize(("book", "path"), CASES, ids=lambda one: one.stem if isinstance(one, Path) else one)
@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_a_payload_with_something_strange_in_any_place_is_read_or_refused(book, path, data) -> None:
    answer = json.loads(path.read_text())
    for _ in range(data.draw(st.integers(1, 3))):
        answer = replaced(answer, data.draw(st.sampled_from(places(answer))), data.draw(STRANGE))
    try:
        READERS[book](answer)
    except ScrapeFailed as failure:
        assert failure.reason in {Reason.PLATFORM_CHANGED, Reason.RATE_LIMITED}
        assert len(failure.message) < 1000


def test_prices_without_end_are_cut_and_counted() -> None:
    odds = {f"S_OU@{line / 4}_{side}": "2.5" for line in range(40_000) for side in "OU"}
    sheet = bet9ja.read_odds(odds, {})
    assert len(sheet.prices) <= MAX_PRICES
    assert sheet.dropped
    raw = [{"id": "9", "status": 0, "outcomes": [{"id": "1", "odds": "2", "isActive": 1}] * 30_000}]
    kept = sportybet.read_markets({"markets": raw})
    assert (len(kept.raw), kept.dropped) == (MAX_PRICES, 30_000 - MAX_PRICES)


@pytest.mark.parametrize(
    ("status", "headers", "body", "reason"),
    [
        pytest.param(202, {}, b"", Reason.BLOCKED, id="202 and nothing"),
        pytest.param(204, {}, b"", Reason.BLOCKED, id="204"),
        pytest.param(200, {}, b"", Reason.PLATFORM_CHANGED, id="200 and nothing"),
        pytest.param(200, {"Content-Type": "text/html"}, b"{}", Reason.BLOCKED, id="JSON that calls itself HTML"),
        pytest.param(200, {}, b"\xef\xbb\xbf <html>", Reason.BLOCKED, id="HTML without a content type"),
        pytest.param(200, {"X-Amzn-Waf-Action": "captcha"}, b"{}", Reason.BLOCKED, id="a firewall's header"),
        pytest.param(200, {"cf-mitigated": "challenge"}, b"x", Reason.BLOCKED, id="a challenge"),
        pytest.param(
            200, {"Content-Type": "application/x-protobuf"}, b"\n\x01", Reason.PLATFORM_CHANGED, id="protobuf"
        ),
        pytest.param(200, {}, b'{"a": ', Reason.PLATFORM_CHANGED, id="JSON that breaks off"),
        pytest.param(200, {}, b"[" * 100_000, Reason.PLATFORM_CHANGED, id="nesting without end"),
        pytest.param(200, {}, b'{"a": NaN}', Reason.PLATFORM_CHANGED, id="NaN"),
    ],
)
def test_what_is_no_json_has_its_reason(status, headers, body, reason) -> None:
    with pytest.raises(ScrapeFailed) as caught:
        read_json(Response("http://127.0.0.1/", status, headers, body), "Book list")
    assert caught.value.reason is reason
    assert caught.value.message.startswith("Book list")
    assert caught.value.http_status == status


def test_json_after_a_byte_order_mark_is_read() -> None:
    assert read_json(Response("http://127.0.0.1/", 200, {}, b"\xef\xbb\xbf{}"), "x") == {}


def test_long_texts_are_not_remembered() -> None:
    tracemalloc.start()
    try:
        for number in range(100):
            long = f"{number} " * 20_000
            assert read_price(long) is None
            assert read_line(long, LineKind.TOTAL) is None
            sheet = bet9ja.read_odds({f"S_1X2_{long}": "2.0"}, {})
            assert [len(raw.outcome) for raw in sheet.raw] == [bet9ja.MAX_KEY]
        kept, _peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert kept < 1_000_000
