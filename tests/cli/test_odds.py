"""`odds` prints what bookmakers offer, side by side, beside an operator that holds the SQLite file open."""

import asyncio
import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from scrape_operator.cli import main
from scrape_operator.core.odds.model import ODDS_SINK, OddsEvent, OddsReading
from scrape_operator.core.runs.run import SinkPayload
from scrape_operator.storage.odds.sink import OddsSink
from scrape_operator.storage.store import open_store
from tests.storage.odds.values import MARKETS, event_of, prices_of
from tests.storage.values import claim_of, result_of, settings_for, target_of
from tests.support.databases import make_sqlite

pytestmark = pytest.mark.usefixtures("prompt_writes")

KICK_OFF = (datetime.now(UTC) + timedelta(days=3)).replace(minute=30, second=0, microsecond=0)

SCORES = {f"correct_score/{home}:{away}": "9.5" for home in range(3) for away in range(3)}
BOOKS = {
    "Bet9ja": prices_of(home="2.00", draw="4.00", away="4.00") | SCORES,
    "BetPawa": prices_of(home="2.10", draw="3.50", away="4.00") | {"over_under@2.5/over": "1.905"},
}


def evil(event: OddsEvent) -> OddsEvent:
    return event_of(
        prices_of(home="3"),
        bookmaker=event.bookmaker,
        event_id="evil",
        home="[bold]Ev\x1b[31mil",
        sportradar_id="81000002",
        starts_at=KICK_OFF + timedelta(hours=1),
    )


@pytest.fixture
def database(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A SQLite file with odds that a running operator has open."""
    url = make_sqlite(tmp_path / "runs.db")
    monkeypatch.setenv("DATABASE_URL", url)
    monkeypatch.setenv("COLUMNS", "100")
    with asyncio.Runner() as runner:
        opened = open_store(settings_for(url), [OddsSink()])
        store = runner.run(opened.__aenter__())
        claim = claim_of(0, started_at=datetime.now(UTC))  # the clock of the command is the machine's
        runner.run(store.claim(claim))
        targets = []
        for bookmaker, prices in BOOKS.items():
            event = event_of(prices, bookmaker=bookmaker, starts_at=KICK_OFF)
            reading = OddsReading([event, evil(event)] if bookmaker == "Bet9ja" else [event], MARKETS)
            targets.append(target_of(name=bookmaker.lower(), sink_payload=SinkPayload(ODDS_SINK, reading)))
        runner.run(store.finish(result_of(claim, *targets, seconds=0)))
        yield
        runner.run(opened.__aexit__(None, None, None))


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    with pytest.raises(SystemExit) as ended:
        main(["odds", *arguments])
    out, err = capsys.readouterr()
    return int(ended.value.code or 0), out, err


def words(out: str) -> list[list[str]]:
    return [line.split() for line in out.splitlines() if line.strip()]


def test_books_are_rows_and_the_best_price_of_each_outcome_is_marked(
    database: None, capsys: pytest.CaptureFixture[str]
) -> None:
    code, out, err = run(capsys, "81000001", "-m", "1x2")
    assert (code, err) == (0, "")
    lines = words(out)
    assert lines[0] == ["Acacia", "Rovers", "-", "Baobab", "United"]
    assert f"{KICK_OFF:%Y-%m-%d %H:%M} UTC" in out
    assert "Savannaland, Premier League" in out
    assert "SportRadar 81000001" in out
    assert lines[3] == ["bookmaker", "home", "draw", "away", "margin", "confirmed"]
    assert lines[5][:8] == ["Bet9ja", "2.00", "4.00", "*", "4.00", "*", "0.0", "%"]
    assert lines[6][:8] == ["BetPawa", "2.10", "*", "3.50", "4.00", "*", "1.2", "%"]


def test_lines_are_named_and_what_a_book_lacks_is_a_dash(database: None, capsys: pytest.CaptureFixture[str]) -> None:
    _, out, _ = run(capsys, "acacia", "-m", "over_under")
    lines = words(out)
    assert lines[3] == ["line", "bookmaker", "over", "margin", "confirmed"]
    assert lines[5][:4] == ["2.5", "BetPawa", "1.905", "*"]


def test_many_outcomes_stand_below_each_other(database: None, capsys: pytest.CaptureFixture[str]) -> None:
    _, out, _ = run(capsys, "acacia", "-m", "correct_score")
    lines = words(out)
    assert lines[3] == ["outcome", "Bet9ja"]
    assert lines[5] == ["0:0", "9.50", "*"]
    assert [line[0] for line in lines[-2:]] == ["margin", "confirmed"]


def test_without_an_event_the_next_ones_are_shown(database: None, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = run(capsys)
    assert code == 0
    assert out.index("Acacia Rovers") < out.index("[bold]Ev")
    assert "correct_score" not in out
    _, first, _ = run(capsys, "-n", "1")
    assert "[bold]Ev" not in first


def test_names_of_the_far_side_can_not_steer_the_terminal(database: None, capsys: pytest.CaptureFixture[str]) -> None:
    _, out, _ = run(capsys, "81000002")
    assert "[bold]Ev [31mil" in out
    assert "\x1b" not in out


def test_json_has_prices_as_text(database: None, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, err = run(capsys, "acacia", "-o", "json")
    assert (code, err) == (0, "")
    found: list[dict[str, Any]] = json.loads(out)
    (event,) = found
    assert (event["sportradar_id"], event["match_kind"]) == ("81000001", "id")
    assert event["starts_at"] == f"{KICK_OFF:%Y-%m-%dT%H:%M:%SZ}"
    result = event["markets"][0]
    assert (result["market"], result["line"]) == ("1x2", None)
    assert result["best"]["home"] == {"price": "2.10", "bookmakers": ["BetPawa"]}
    assert result["best"]["away"] == {"price": "4.00", "bookmakers": ["Bet9ja", "BetPawa"]}
    assert result["bookmakers"][1]["prices"] == {"home": "2.10", "draw": "3.50", "away": "4.00"}
    assert result["bookmakers"][1]["margin"] == "0.011905"
    totals = event["markets"][-1]
    assert (totals["line"], totals["bookmakers"][0]["margin"]) == ("2.5", None)


def test_an_event_that_is_not_there_is_an_error(database: None, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, err = run(capsys, "nobody")
    assert (code, out) == (1, "")
    assert "no event 'nobody': give an id" in err
    assert run(capsys, "nobody", "-o", "json")[:2] == (1, "[]\n")


@pytest.mark.parametrize("verb", [(), ("history",)], ids=["compare", "history"])
def test_an_event_that_is_not_there_suggests_teams(
    database: None, verb: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    code, _out, err = run(capsys, *verb, "acasia")
    assert (code, err) == (1, "no event 'acasia': did you mean Acacia Rovers?\n")


def test_a_market_that_nobody_offers_is_said(database: None, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = run(capsys, "acacia", "-m", "ht_ft")
    assert code == 0
    assert "nothing of this is offered now" in out


def test_a_database_that_is_not_there_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("DATABASE_URL", f"sqlite:///{tmp_path}/none.db")
    code, _, err = run(capsys)
    assert code == 2
    assert err.startswith("scrape-operator: there is no SQLite file")


def test_before_any_odds_were_read_the_remedy_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    url = make_sqlite(tmp_path / "runs.db")
    monkeypatch.setenv("DATABASE_URL", url)
    code, _, err = run(capsys)
    assert code == 0
    assert "has a schedule with a bookmaker's platform run yet?" in err


def test_an_unknown_market_is_a_wrong_use_and_the_known_ones_are_named(
    database: None, capsys: pytest.CaptureFixture[str]
) -> None:
    for verb in ((), ("history", "acacia")):
        code, out, err = run(capsys, *verb, "-m", "1x3")
        assert (code, out) == (2, "")
        assert "no market '1x3'" in err
        assert "over_under" in err


def test_an_age_that_is_none_is_a_wrong_use(database: None, capsys: pytest.CaptureFixture[str]) -> None:
    code, _, err = run(capsys, "--max-age", "soon")
    assert code == 2
    assert "--max-age" in err


def test_what_is_older_than_the_stated_age_is_not_marked(database: None, capsys: pytest.CaptureFixture[str]) -> None:
    _, out, _ = run(capsys, "81000001", "-m", "1x2", "--max-age", "0s")
    assert "*" not in out
    _, out, _ = run(capsys, "81000001", "-m", "1x2", "--max-age", "1h")
    assert "*" in out


def test_prices_as_csv_are_one_a_row_with_their_age(database: None, capsys: pytest.CaptureFixture[str]) -> None:
    _, out, _ = run(capsys, "81000001", "-m", "1x2", "-o", "csv")
    head, *rows = [line.split(",") for line in out.splitlines()]
    assert {"market", "outcome", "bookmaker", "price", "is_best", "age_seconds", "is_fresh"} <= set(head)
    assert len(rows) == 6


def test_the_history_has_opening_and_closing_prices(database: None, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, err = run(capsys, "history", "81000001", "-m", "1x2", "-o", "json")
    assert (code, err) == (0, "")
    found: list[dict[str, Any]] = json.loads(out)
    assert {(row["bookmaker"], row["outcome"], row["opening"], row["closing"]) for row in found} >= {
        ("Bet9ja", "home", "2.00", "2.00"),
        ("BetPawa", "draw", "3.50", "3.50"),
    }
    assert run(capsys, "history", "nobody")[0] == 1


def test_the_coverage_names_sets_gaps_and_reasons(database: None, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, err = run(capsys, "coverage", "-o", "json")
    assert (code, err) == (0, "")
    found: list[dict[str, Any]] = json.loads(out)
    sets = {row["bookmakers"]: row["events"] for row in found if row["report"] == "listed by"}
    assert sets == {"Bet9ja": 1, "Bet9ja, BetPawa": 1}
    (unmatched,) = [row for row in found if row["report"] == "unmatched"]
    assert unmatched["reason"] == "no other bookmaker lists teams like these at this time"
    missing = {(row["bookmakers"], row["market"]) for row in found if row["report"] == "missing market"}
    assert missing == {("Bet9ja", "over_under"), ("BetPawa", "correct_score")}
    assert "unmatched" in run(capsys, "coverage")[1]
