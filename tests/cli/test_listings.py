"""What a person learns from a list of rows: warnings, messages, that there are more rows, and which items are gone."""

import asyncio
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from scrape_operator.cli import main
from scrape_operator.cli.formats import parse_time
from scrape_operator.core.errors import InvalidValue
from scrape_operator.core.runs.items import Item, ItemMode
from scrape_operator.core.runs.outcome import evaluate_run
from scrape_operator.core.runs.reasons import Reason
from scrape_operator.core.runs.run import RunStatus, TargetResult
from scrape_operator.storage.store import open_store
from tests.cli.printing import captured
from tests.storage.values import claim_of, minute, result_of, settings_for, target_of
from tests.support.databases import make_sqlite

pytestmark = pytest.mark.usefixtures("prompt_writes")

NOW = datetime(2026, 11, 30, 12, tzinfo=UTC)

Fill = Callable[..., None]


@pytest.fixture
def fill(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Fill:
    """Return a function that stores a run for each list of targets, the oldest first."""
    url = make_sqlite(tmp_path / "runs.db")
    monkeypatch.setenv("DATABASE_URL", url)
    monkeypatch.setenv("COLUMNS", "200")

    async def store_runs(*runs: list[TargetResult]) -> None:
        async with open_store(settings_for(url)) as store:
            for number, targets in enumerate(runs):
                claim = claim_of(number)
                await store.claim(claim)
                outcome = evaluate_run(targets)
                await store.finish(result_of(claim, *targets, **outcome._asdict()))

    return lambda *runs: asyncio.run(store_runs(*runs))


def shop(*numbers: int, warnings: tuple[str, ...] = ()) -> list[TargetResult]:
    items = [Item.of({"sku": number, "price": f"{number}.50"}, ["sku"]) for number in numbers]
    return [target_of(items, mode=ItemMode.SNAPSHOT, warnings=warnings)]


def failed(name: str, message: str) -> TargetResult:
    return target_of(name=name, status=RunStatus.FAILED, reason=Reason.TIMEOUT, message=message)


def test_a_list_of_runs_counts_the_warnings_of_each(fill: Fill, capsys: pytest.CaptureFixture[str]) -> None:
    other = target_of(name="other", warnings=("c",))
    fill(shop(1), [*shop(1, warnings=("a", "b")), other])
    newest, oldest = captured(capsys, "runs", "quotes")[0].splitlines()
    assert " warnings=3 id=" in newest
    assert "warnings" not in oldest


def test_the_message_of_a_run_is_printed_once(fill: Fill, capsys: pytest.CaptureFixture[str]) -> None:
    fill([failed("main", "no answer"), *shop(1), failed("other", "refused")])
    [run] = json.loads(captured(capsys, "runs", "-o", "json")[0])
    assert run["message"] == "target main: no answer"
    for arguments in (("--failed",), ("--id", run["id"])):
        text, _ = captured(capsys, "runs", *arguments)
        assert (text.count("no answer"), text.count("refused")) == (1, 1)


@pytest.mark.parametrize("form", ["table", "csv"])
def test_a_list_says_that_there_are_more_rows(fill: Fill, form: str, capsys: pytest.CaptureFixture[str]) -> None:
    fill(shop(1, 2, 3), shop(1, 2, 3), shop(1, 2, 3))
    more = "{} are printed, and there are more: --limit N prints N, {}"
    verbs = (("items", "first", "`export`"), ("runs", "newest", "--limit 0"), ("changes", "newest", "--limit 0"))
    for verb, which, all_ in verbs:
        _, notes = captured(capsys, verb, "quotes", "--limit", "2", "-o", form)
        assert notes == f"only the {which} {more.format(2, all_)} prints all\n"
        for limit in ("0", "3", "4"):
            assert captured(capsys, verb, "quotes", "--limit", limit, "-o", form)[1] == ""


def test_chosen_items_are_not_sought_only_to_count_them(fill: Fill, capsys: pytest.CaptureFixture[str]) -> None:
    fill(shop(1, 2, 3))
    _, notes = captured(capsys, "items", "quotes", "--where", "sku=1", "--limit", "1")
    assert notes.startswith("only the first one is printed, and there may be more: ")
    assert captured(capsys, "items", "quotes", "--where", "sku=3", "--limit", "1")[1] == ""


@pytest.mark.parametrize("arguments", [("items", "--gone"), ("items", "quotes", "--gone", "--columns", "price")])
def test_a_table_says_which_items_are_gone(
    fill: Fill, arguments: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    fill(shop(1, 2), shop(1))
    _, heading, _, *rows = captured(capsys, *arguments)[0].splitlines()
    assert heading.startswith(" gone_at")
    assert [row.strip().startswith("2026-") for row in rows if row.strip()] == [False, True]


def test_columns_may_name_what_the_database_knows_of_an_item(fill: Fill, capsys: pytest.CaptureFixture[str]) -> None:
    fill(shop(1, 2), shop(1))
    text, notes = captured(capsys, "export", "quotes", "--gone", "--columns", "sku,key,gone_at", "-o", "ndjson")
    rows = [json.loads(line) for line in text.splitlines()]
    assert [(row["sku"], row["key"], row["gone_at"] is None) for row in rows] == [(1, "[1]", True), (2, "[2]", False)]
    assert notes == ""


@pytest.mark.parametrize("form", ["table", "csv", "json", "ndjson", "parquet"])
def test_a_column_that_no_item_has_ends_every_format_with_1(
    fill: Fill, form: str, capfd: pytest.CaptureFixture[str]
) -> None:
    fill(shop(1))
    with pytest.raises(SystemExit) as ended:
        main(("items", "quotes", "--columns", "sku,prize", "-o", form))
    output = capfd.readouterr()
    assert (ended.value.code, output.err) == (1, "no printed item has the field prize: did you mean price?\n")
    assert output.out


def test_a_star_stands_for_the_fields_of_the_first_items(
    fill: Fill, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    wide = target_of([Item.of({"id": "x", "size": 3}, ["id"])], name="wide")
    fill([*shop(1, 2), wide])

    def rows(*arguments: str) -> list[str]:
        return captured(capsys, "export", "quotes", *arguments)[0].splitlines()

    assert rows("--columns", "*") == ["sku,price,id,size", "1,1.50,,", "2,2.50,,", ",,x,3"]
    assert rows("--columns", "key,*,price", "--target", "quotes")[0] == "key,sku,price"
    assert rows("--columns", "schedule,*", "--target", "wide") == ["schedule,id,size", "quotes,x,3"]
    assert json.loads(rows("--columns", "*", "--target", "wide", "-o", "ndjson")[0]) == {"id": "x", "size": 3}
    monkeypatch.setattr("scrape_operator.cli.items.FIRST_ITEMS", 2)
    with pytest.raises(SystemExit) as ended:
        main(("export", "quotes", "--columns", "key,*"))
    output = capsys.readouterr()
    assert (ended.value.code, output.out.splitlines()[0]) == (1, "key,sku,price")
    assert output.err == (
        "the first 2 items do not have the fields id, size, which have no column: add them: --columns 'key,*,id,size'\n"
    )
    assert rows("--columns", "key,*,id,size")[-1] == '"[""x""]",,,x,3'


@pytest.mark.parametrize(
    ("text", "since"),
    [
        ("2d", NOW - timedelta(days=2)),
        ("1h30m", NOW - timedelta(minutes=90)),
        ("today", datetime(2026, 11, 30, tzinfo=UTC)),
        ("yesterday", datetime(2026, 11, 29, tzinfo=UTC)),
        ("2026-11-29", datetime(2026, 11, 29, tzinfo=UTC)),
        ("2026-11-29T08:00Z", datetime(2026, 11, 29, 8, tzinfo=UTC)),
        ("2026-11-29T08:00", datetime(2026, 11, 29, 8, tzinfo=UTC)),
        ("2026-11-29 08:00:30.5", datetime(2026, 11, 29, 8, 0, 30, 500_000, tzinfo=UTC)),
        ("2026-11-29T08:00+02:00", datetime(2026, 11, 29, 6, tzinfo=UTC)),
    ],
)
def test_since_is_a_length_of_time_or_a_time(text: str, since: datetime) -> None:
    assert parse_time(text, NOW) == since


@pytest.mark.parametrize(
    "text",
    ["", "soon", "2026-13-01", "2026-11-29T", "2026-11-29T25:00", "0001-01-01T00:00+01:00", "99999999d", "20261129"],
)
def test_since_may_be_nothing_else(text: str) -> None:
    with pytest.raises(InvalidValue, match="2026-11-29T08:00Z"):
        parse_time(text, NOW)


def test_rows_are_chosen_by_a_time(fill: Fill, capsys: pytest.CaptureFixture[str]) -> None:
    fill(shop(1), shop(1, 2))
    at = minute(1).isoformat()
    for verb in ("runs", "items", "changes"):
        assert len(captured(capsys, verb, "quotes", "--since", at, "-o", "ndjson")[0].splitlines()) == 1


@pytest.mark.parametrize("verb", ["runs", "items", "changes", "export"])
def test_rows_are_chosen_by_the_end_of_a_period(fill: Fill, verb: str, capsys: pytest.CaptureFixture[str]) -> None:
    fill(shop(1), shop(1, 2), shop(1, 2, 3))
    period = ("--since", minute(1).isoformat(), "--until", minute(2).isoformat())
    assert len(captured(capsys, verb, "quotes", *period, "-o", "ndjson")[0].splitlines()) == 1
    with pytest.raises(SystemExit) as ended:
        main((verb, "quotes", "--since", "1h", "--until", "2h"))
    assert ended.value.code == 2
    assert " is not before --until " in capsys.readouterr().err


def test_changes_are_chosen_by_their_kind(fill: Fill, capsys: pytest.CaptureFixture[str]) -> None:
    fill(shop(1, 2), shop(1), shop(1, 2))

    def kinds(*chosen: str) -> list[str]:
        options = [option for kind in chosen for option in ("--change", kind)]
        lines = captured(capsys, "changes", "quotes", "-o", "ndjson", *options)[0].splitlines()
        return [json.loads(line)["change"] for line in lines]

    assert kinds() == ["BACK", "GONE", "NEW", "NEW"]
    assert kinds("gone", "BACK") == ["BACK", "GONE"]
    with pytest.raises(SystemExit) as ended:
        main(("changes", "--change", "LOST"))
    assert (ended.value.code, capsys.readouterr().err.count("write NEW, CHANGED, GONE or BACK")) == (2, 1)


def test_new_and_gone_items_are_shown_with_their_fields(fill: Fill, capsys: pytest.CaptureFixture[str]) -> None:
    fill(shop(1, 2), shop(1))
    gone, *new = captured(capsys, "changes", "quotes")[0].splitlines()
    assert gone.endswith("Z GONE    quotes/quotes [2] sku: 2, price: 2.50")
    assert sorted(line.partition("[")[2] for line in new) == ["1] sku: 1, price: 1.50", "2] sku: 2, price: 2.50"]
