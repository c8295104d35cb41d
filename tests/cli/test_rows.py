"""`runs` and `items` print rows beside an operator that holds the SQLite file open."""

import asyncio
import csv
import io
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from scrape_operator.cli import main
from scrape_operator.core.runs.items import Item, JSONValue
from scrape_operator.core.runs.run import RunStatus
from scrape_operator.storage.store import open_store
from tests.cli.printing import printed
from tests.storage.values import claim_of, result_of, settings_for, target_of
from tests.support.databases import make_sqlite

pytestmark = pytest.mark.usefixtures("prompt_writes")

DATA: dict[str, JSONValue] = {
    "name": "<b>\x1b[31m",
    "note": 'a "quoted", text\nof two lines',
    "many": [1, 2**70],
    "part": 2.125,
}


@pytest.fixture
def database(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Make a SQLite file with three runs that a running operator has open."""
    url = make_sqlite(tmp_path / "runs.db")
    monkeypatch.setenv("DATABASE_URL", url)
    monkeypatch.setenv("COLUMNS", "200")
    with asyncio.Runner() as runner:
        opened = open_store(settings_for(url))
        store = runner.run(opened.__aenter__())
        for number in range(3):
            claim = claim_of(number)
            runner.run(store.claim(claim))
            runner.run(store.finish(result_of(claim, target_of([Item.of(DATA, ["name"])]))))
        yield
        runner.run(opened.__aexit__(None, None, None))


@pytest.mark.usefixtures("database")
def test_a_run_is_a_line_for_people_and_ends_with_its_id(capsys: pytest.CaptureFixture[str]) -> None:
    lines = printed(capsys, "runs", "quotes").splitlines()
    ids = [run["id"] for run in json.loads(printed(capsys, "runs", "-o", "json"))]
    assert [(*line.split()[:4], line.split()[-1]) for line in lines] == [
        (f"2026-11-24T10:0{number}:00Z", "quotes", "scheduled", "SUCCEEDED", f"id={run_id}")
        for number, run_id in zip((2, 1, 0), ids, strict=True)
    ]


@pytest.mark.usefixtures("database")
def test_the_id_of_a_run_shows_its_targets(capsys: pytest.CaptureFixture[str]) -> None:
    run = json.loads(printed(capsys, "runs", "-o", "json"))[0]
    lines = printed(capsys, "runs", "--id", run["id"]).splitlines()
    (record,) = json.loads(printed(capsys, "runs", "--id", run["id"], "-o", "json"))
    (target,) = record["targets"]
    assert lines[1].split()[:4] == ["target", f"{target['target']}:", target["status"], target["reason"]]


@pytest.mark.usefixtures("database")
def test_all_formats_hold_the_same_runs(capsys: pytest.CaptureFixture[str]) -> None:
    whole = json.loads(printed(capsys, "runs", "-o", "json"))
    lines = [json.loads(line) for line in printed(capsys, "runs", "-o", "ndjson").splitlines()]
    table = list(csv.DictReader(io.StringIO(printed(capsys, "runs", "-o", "csv"))))
    assert lines == whole
    assert [row["id"] for row in table] == [run["id"] for run in whole]
    assert whole[0]["started_at"] == table[0]["started_at"] == "2026-11-24T10:02:01.250000Z"
    assert (whole[0]["duration"], table[0]["duration"]) == (5.0, "5.0")


@pytest.mark.usefixtures("database")
def test_items_of_a_schedule_are_a_table_of_their_fields(capsys: pytest.CaptureFixture[str]) -> None:
    heading = printed(capsys, "items", "quotes").split("\n")[1].split()
    assert heading == ["name", "note", "many", "part"]
    assert printed(capsys, "items", "quotes", "--gone").split("\n")[1].split()[:2] == ["gone_at", "name"]
    first, _rule, row = printed(capsys, "items").split("\n")[1:4]
    assert first.split() == ["schedule", "target", "key", "data", "changed_at", "last_seen_at"]
    assert row.split()[:2] == ["quotes", "quotes"]


@pytest.mark.usefixtures("database")
def test_items_keep_their_data_in_formats_for_programs(capsys: pytest.CaptureFixture[str]) -> None:
    (item,) = json.loads(printed(capsys, "items", "quotes", "-o", "json"))
    (row,) = csv.DictReader(io.StringIO(printed(capsys, "items", "-o", "csv")))
    assert item["data"] == json.loads(row["data"]) == DATA


@pytest.mark.usefixtures("database")
def test_changes_tell_what_was_new(capsys: pytest.CaptureFixture[str]) -> None:
    (change,) = json.loads(printed(capsys, "changes", "quotes", "-o", "json"))
    assert (change["change"], change["before"], change["after"]) == ("NEW", None, DATA)


@pytest.mark.usefixtures("database")
def test_a_terminal_gets_no_control_characters(capsys: pytest.CaptureFixture[str]) -> None:
    assert "\x1b" not in printed(capsys, "items", "quotes")


@pytest.mark.usefixtures("database")
@pytest.mark.parametrize(("limit", "count"), [("1", 1), ("2", 2), ("0", 3)])
def test_a_limit_is_kept(capsys: pytest.CaptureFixture[str], limit: str, count: int) -> None:
    assert len(printed(capsys, "runs", "-o", "ndjson", "--limit", limit).splitlines()) == count


def shop(price: str, stock: int) -> Item:
    return Item.of({"sku": "a", "price": price, "stock": stock}, ["sku"])


@pytest.fixture
def changing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A database with an item that is new, then cheaper, and a run that failed."""
    url = make_sqlite(tmp_path / "changing.db")
    monkeypatch.setenv("DATABASE_URL", url)
    monkeypatch.setenv("COLUMNS", "200")

    async def fill() -> None:
        async with open_store(settings_for(url)) as store:
            for number, price in enumerate(("9.50", "8.00")):
                claim = claim_of(number)
                await store.claim(claim)
                await store.finish(result_of(claim, target_of([shop(price, 3)])))
            claim = claim_of(2)
            await store.claim(claim)
            failed = result_of(claim, target_of([], status=RunStatus.FAILED), status=RunStatus.FAILED)
            await store.finish(failed)

    asyncio.run(fill())


@pytest.mark.usefixtures("changing")
def test_changes_say_each_field_before_and_after(capsys: pytest.CaptureFixture[str]) -> None:
    lines = printed(capsys, "changes", "quotes").splitlines()
    assert [line.split()[1] for line in lines if not line.startswith(" ")] == ["CHANGED", "NEW"]
    assert lines[1] == "  price: 9.50 -> 8.00"
    [changed, new] = json.loads(printed(capsys, "changes", "-o", "json"))
    assert (changed["before"], changed["after"]) == ({"price": "9.50"}, {"price": "8.00"})
    assert new["change"] == "NEW"


@pytest.mark.usefixtures("changing")
def test_only_failed_runs_and_one_run_with_its_targets(capsys: pytest.CaptureFixture[str]) -> None:
    [failed] = json.loads(printed(capsys, "runs", "quotes", "--failed", "-o", "json"))
    assert failed["status"] == "FAILED"
    [run] = json.loads(printed(capsys, "runs", "--id", failed["id"], "-o", "json"))
    assert [target["status"] for target in run["targets"]] == ["FAILED"]


@pytest.mark.usefixtures("changing")
def test_a_run_that_failed_shows_the_targets_that_did(capsys: pytest.CaptureFixture[str]) -> None:
    lines = printed(capsys, "runs", "quotes").splitlines()
    assert [line.split()[:2] for line in lines if line.startswith("  target")] == [["target", "quotes:"]]
    assert "FAILED" in lines[0]
    assert " gone=0 5.00s (1 stored item stays) id=" in lines[0]
    assert "stay" not in lines[-1]
    assert lines[1].startswith("  target quotes: FAILED")


@pytest.mark.usefixtures("changing")
@pytest.mark.parametrize(
    ("options", "expected"),
    [
        (("--columns", "price,stock"), [{"price": "8.00", "stock": 3}]),
        (("--columns", "sku", "--where", "price=8.00"), [{"sku": "a"}]),
        (("--where", "price=9.50"), []),
        (("--columns", "sku", "--since", "36500d"), [{"sku": "a"}]),
    ],
)
def test_items_are_chosen_and_cut(
    options: tuple[str, ...], expected: list[object], capsys: pytest.CaptureFixture[str]
) -> None:
    assert json.loads(printed(capsys, "items", "quotes", "-o", "json", *options)) == expected


@pytest.mark.usefixtures("changing")
@pytest.mark.parametrize(
    "arguments", [("items", "--where", "x"), ("changes", "--since", "soon"), ("runs", "--id", "x")]
)
def test_what_cannot_be_read_is_one_line(arguments: tuple[str, ...], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    assert ended.value.code == 2
    assert capsys.readouterr().err.count("\n") == 1


@pytest.mark.usefixtures("database")
def test_a_column_that_no_item_has_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(("items", "quotes", "--columns", "name,prize"))
    assert ended.value.code == 1
    assert capsys.readouterr().err == "no printed item has the field prize: known are many, name, note, part\n"


@pytest.mark.usefixtures("database")
def test_a_table_shows_numbers_as_they_are_stored(capsys: pytest.CaptureFixture[str]) -> None:
    assert " 2.125" in printed(capsys, "items", "quotes")
