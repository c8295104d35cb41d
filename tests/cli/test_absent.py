"""A verb that finds no row says why: a name that the database does not have is an error with a remedy."""

import asyncio
from pathlib import Path
from uuid import UUID

import pytest

from scrape_operator.cli import main
from scrape_operator.storage.store import SQLRunStore, open_store
from tests.storage.values import claim_of, failed_of, items_of, minute, result_of, settings_for, skip_of, target_of
from tests.support.databases import make_sqlite

RUN_ID = UUID("0193b3c4-0000-7000-8000-00000000abcd")
UNKNOWN = "no ScrapeSchedule default/{} in the database: "
ELSEWHERE = "namespaces that have it: team (option -n)"


async def fill(store: SQLRunStore) -> None:
    """Store schedules of two namespaces: with items, with a skip alone, without items, and a deleted one."""
    for uid, namespace, name in (("1", "default", "quotes"), ("2", "team", "shop"), ("3", "default", "removed")):
        claim = claim_of(0, uid=uid, namespace=namespace, name=name, id=RUN_ID if uid == "1" else UUID(int=int(uid)))
        await store.claim(claim)
        await store.finish(result_of(claim, target_of(items_of(a="1"), name="main")))
    await store.skip(skip_of(1, uid="4", name="paused"))
    claim = claim_of(2, uid="5", name="failing")
    await store.claim(claim)
    await store.finish(failed_of(claim, target_of(name="main")))
    await store.mark_deleted(["3"], minute(9))


@pytest.fixture(autouse=True)
def database(tmp_path: Path, prompt_writes: None, monkeypatch: pytest.MonkeyPatch) -> None:
    url = make_sqlite(tmp_path / "runs.db")
    monkeypatch.setenv("DATABASE_URL", url)
    monkeypatch.setenv("KUBECONFIG", str(tmp_path / "absent"))

    async def write() -> None:
        async with open_store(settings_for(url)) as store:
            await fill(store)

    asyncio.run(write())


def said(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[object, str, str]:
    """Return the exit code, the output and the line on standard error of a command."""
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    output = capsys.readouterr()
    assert output.err.count("\n") == 1, output.err
    return ended.value.code, output.out, output.err.removesuffix("\n")


VERBS = ("items", "runs", "changes", "export", "replay", "deliveries list", "deliveries redeliver")


@pytest.mark.parametrize("verb", VERBS)
@pytest.mark.parametrize(
    ("name", "hint"),
    [
        pytest.param("qoutes", "did you mean quotes?", id="similar"),
        pytest.param("Quotes", "did you mean quotes?", id="capitals"),
        pytest.param("shop", ELSEWHERE, id="another namespace"),
        pytest.param("zzz", "known are failing, paused, quotes", id="like nothing"),
    ],
)
def test_an_unknown_name_is_an_error_that_suggests_others(
    verb: str, name: str, hint: str, capsys: pytest.CaptureFixture[str]
) -> None:
    code, _out, line = said(capsys, *verb.split(), name)
    assert (code, line) == (1, f"scrape-operator: {UNKNOWN.format(name)}{hint}")


def test_a_namespace_without_schedules_names_those_that_have_some(capsys: pytest.CaptureFixture[str]) -> None:
    code, _out, line = said(capsys, "items", "x", "-n", "tem")
    hint = "a schedule is there from its first run on; namespaces with schedules: default, team"
    assert (code, line) == (1, f"scrape-operator: no ScrapeSchedule tem/x in the database: {hint}")
    code, _out, line = said(capsys, "items", "-n", "tem")
    hint = "namespaces with schedules: default, team"
    assert (code, line) == (0, f"no item of any schedule in namespace tem; {hint}")


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (("items", "paused"), "default/paused has no item yet: --gone prints those that are gone"),
        (("export", "failing"), "default/failing has no item yet: --gone prints those that are gone"),
        (("items", "paused", "--gone"), "default/paused has no item yet"),
        (("items", "removed"), "default/removed was deleted at 2026-11-24T10:09:00Z: --gone prints its items"),
        (("items", "quotes", "--where", "text=2"), "default/quotes has no item that fits the options"),
        (("changes", "paused"), "default/paused has no change of an item yet"),
        (("runs", "quotes", "--failed"), "default/quotes has no run that fits the options"),
        (("deliveries", "list", "quotes"), "default/quotes has no message to a webhook yet"),
    ],
)
def test_a_schedule_without_such_rows_is_said_to_have_none(
    arguments: tuple[str, ...], expected: str, capsys: pytest.CaptureFixture[str]
) -> None:
    code, _out, line = said(capsys, *arguments)
    assert (code, line) == (0, f"ScrapeSchedule {expected}")


def test_programs_get_an_empty_list_also_for_an_unknown_name(capsys: pytest.CaptureFixture[str]) -> None:
    assert said(capsys, "items", "qoutes", "-o", "json")[:2] == (1, "[]\n")
    assert said(capsys, "items", "paused", "-o", "json")[:2] == (0, "[]\n")
    assert said(capsys, "runs", "--id", "f" * 32, "-o", "json")[:2] == (1, "[]\n")


@pytest.mark.parametrize("verb", ["items", "changes"])
@pytest.mark.parametrize(("target", "hint"), [("mian", "did you mean main?"), ("x", "known are main")])
def test_an_unknown_target_is_an_error_that_names_others(
    verb: str, target: str, hint: str, capsys: pytest.CaptureFixture[str]
) -> None:
    code, _out, line = said(capsys, verb, "quotes", "--target", target)
    expected = f"ScrapeSchedule default/quotes has no target {target}: {hint}"
    assert (code, line) == (1, f"scrape-operator: {expected}")


@pytest.mark.parametrize("verb", ["items", "export"])
def test_an_unknown_field_is_an_error_that_names_others(verb: str, capsys: pytest.CaptureFixture[str]) -> None:
    code, _out, line = said(capsys, verb, "quotes", "--where", "txet=1")
    assert (code, line) == (1, "scrape-operator: no item has the field txet: did you mean text?")


def test_a_column_that_no_item_has_is_told_with_similar_names(capsys: pytest.CaptureFixture[str]) -> None:
    code, _out, line = said(capsys, "items", "quotes", "--columns", "text,txet")
    assert (code, line) == (1, "no printed item has the field txet: did you mean text?")


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        pytest.param(str(RUN_ID)[:-1] + "f", f"did you mean {RUN_ID}?", id="one digit is wrong"),
        pytest.param(str(RUN_ID)[:8], f"did you mean {RUN_ID}?", id="short"),
        pytest.param("run=" + str(RUN_ID)[:30], f"did you mean {RUN_ID}?", id="cut off"),
        pytest.param("f" * 32, "`scrape-operator runs` lists those that are kept", id="unlike all"),
    ],
)
@pytest.mark.parametrize("verb", [("runs", "--id"), ("replay", "quotes", "-f", "quotes.yaml", "--run")])
def test_an_unknown_or_short_id_of_a_run_is_an_error_that_suggests_others(
    verb: tuple[str, ...],
    given: str,
    expected: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    kind = "apiVersion: scrape-operator.dev/v1alpha1\nkind: ScrapeSchedule\nmetadata: {name: quotes}\n"
    (tmp_path / "quotes.yaml").write_text(f"{kind}spec: {{}}\n")
    code, out, line = said(capsys, *verb, given)
    assert (code, out) == (1, "")
    assert line.endswith(f": {expected}")
    assert given.removeprefix("run=").replace("-", "")[:8] in line


def test_an_empty_database_says_when_a_schedule_is_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("DATABASE_URL", f"sqlite:///{tmp_path}/empty.db")
    with pytest.raises(SystemExit):
        main(["migrate"])
    capsys.readouterr()
    code, _out, line = said(capsys, "runs", "quotes")
    hint = "a schedule is there from its first run on"
    assert (code, line) == (1, f"scrape-operator: {UNKNOWN.format('quotes')}{hint}")
