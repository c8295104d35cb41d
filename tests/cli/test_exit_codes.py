"""Exit codes of every verb: 0 fine, 1 found something wrong, 2 wrong use, 3 cannot be reached; errors are one line."""

import os
import subprocess
from pathlib import Path
from typing import Any, cast

import pytest
import typer.main
import yaml

from scrape_operator.cli import OF_THE_PLUGIN, app, main
from tests.support.databases import make_sqlite
from tests.support.preloaded import program

VERBS = frozenset(cast("Any", typer.main.get_command(app)).commands)
FINE, FOUND, WRONG_USE, UNREACHABLE = range(4)
RUN_ID = "0190b3c4-0000-7000-8000-000000000000"

TABLE = [
    ("changes", FINE, ()),
    ("changes", FOUND, ("nosuch",)),
    ("changes", WRONG_USE, ("--since", "soon")),
    ("changes", UNREACHABLE, ()),
    ("deliveries", FINE, ("list", "--failed")),
    ("deliveries", FOUND, ("redeliver", "quotes")),
    ("deliveries", WRONG_USE, ("redeliver", "--wrong")),
    ("deliveries", UNREACHABLE, ("list",)),
    ("deliveries", UNREACHABLE, ("redeliver",)),
    ("crd", FINE, ()),
    ("crd", WRONG_USE, ("--wrong",)),
    ("export", FINE, ()),
    ("export", FOUND, ("nosuch",)),
    ("export", WRONG_USE, ("-o", "table")),
    ("export", UNREACHABLE, ()),
    ("init", WRONG_USE, ()),
    ("init", WRONG_USE, ("nonsense",)),
    ("init", UNREACHABLE, ("http://127.0.0.1:1/",)),
    ("items", FINE, ()),
    ("items", FOUND, ("nosuch",)),
    ("items", WRONG_USE, ("--where", "x")),
    ("items", WRONG_USE, ("-o", "nonsense")),
    ("items", UNREACHABLE, ()),
    ("lint", FINE, ("good.yaml",)),
    ("lint", FOUND, ("wrong.yaml",)),
    ("lint", WRONG_USE, ()),
    ("local", FOUND, ("empty", "--once")),
    ("local", FOUND, ("good.yaml", "--once")),
    ("local", WRONG_USE, ("absent.yaml",)),
    ("local", WRONG_USE, ("good.yaml", "--for", "soon")),
    ("local", UNREACHABLE, ("good.yaml", "--once")),
    ("migrate", FINE, ()),
    ("migrate", WRONG_USE, ("--wrong",)),
    ("migrate", UNREACHABLE, ()),
    ("next", FINE, ("good.yaml",)),
    ("next", FOUND, ("wrong.yaml",)),
    ("next", WRONG_USE, ("good.yaml", "--from", "soon")),
    ("odds", FINE, ()),
    ("odds", FOUND, ("nobody",)),
    ("odds", WRONG_USE, ("-m", "nonsense")),
    ("odds", UNREACHABLE, ()),
    ("platforms", FINE, ()),
    ("platforms", WRONG_USE, ("--wrong",)),
    ("replay", FOUND, ("nosuch",)),
    ("replay", FOUND, ("quotes", "-f", "good.yaml")),
    ("replay", WRONG_USE, ()),
    ("replay", WRONG_USE, ("quotes", "--run", "x")),
    ("results", WRONG_USE, ("--wrong",)),
    ("run", WRONG_USE, ("--wrong",)),
    ("runs", FINE, ("--failed",)),
    ("runs", FOUND, ("nosuch",)),
    ("runs", FOUND, ("--id", RUN_ID)),
    ("runs", WRONG_USE, ("--id", "x")),
    ("runs", UNREACHABLE, ()),
    ("test", FOUND, ("good.yaml",)),
    ("test", WRONG_USE, ("absent.yaml",)),
    ("version", FINE, ()),
    ("version", WRONG_USE, ("--wrong",)),
]
"""Verb, code, and its arguments. For UNREACHABLE nothing listens at the address of the database and of the site."""


def schedule(url: str) -> dict[str, Any]:
    extract = {"items": {"css": "div"}, "fields": [{"name": "text", "css": "::text"}]}
    return {
        "apiVersion": "scrape-operator.dev/v1alpha1",
        "kind": "ScrapeSchedule",
        "metadata": {"name": "quotes"},
        "spec": {"interval": "5m", "targets": [{"name": "main", "http": {"url": url}, "extract": extract}]},
    }


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with manifests and a database, in which the verbs are called."""
    (tmp_path / "good.yaml").write_text(yaml.safe_dump(schedule("http://127.0.0.1:1/")))
    (tmp_path / "wrong.yaml").write_text(yaml.safe_dump(schedule("ftp://nowhere")))
    (tmp_path / "empty").mkdir()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DATABASE_URL", make_sqlite(tmp_path / "runs.db"))
    monkeypatch.setenv("SCRAPE_OPERATOR_ALLOW_CIDRS", "127.0.0.0/8")
    monkeypatch.setenv("KUBECONFIG", str(tmp_path / "absent"))
    return tmp_path


def code_of(*arguments: str) -> object:
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    return ended.value.code


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize(("verb", "code", "arguments"), TABLE)
def test_a_verb_ends_with_its_code(
    verb: str,
    code: int,
    arguments: tuple[str, ...],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    if code == UNREACHABLE:
        monkeypatch.setenv("DATABASE_URL", "postgresql://nobody@127.0.0.1:1/none")
    assert code_of(verb, *arguments) == code
    errors = capsys.readouterr().err
    assert "Traceback" not in errors
    if code in {WRONG_USE, UNREACHABLE}:
        assert errors.count("\n") == 1
        assert errors.startswith("scrape-operator")


@pytest.mark.parametrize("verb", OF_THE_PLUGIN)
def test_a_verb_of_the_plugin_is_named(verb: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert code_of(verb, "quotes") == WRONG_USE
    hint = f"no such command '{verb}'; in a cluster: kubectl scrape {verb}: see scrape-operator --help"
    assert capsys.readouterr().err == f"scrape-operator: {hint}\n"


def test_run_with_a_schedule_names_the_verb_of_the_plugin(capsys: pytest.CaptureFixture[str]) -> None:
    assert code_of("run", "quotes") == WRONG_USE
    errors = capsys.readouterr().err
    assert "to run one now: kubectl scrape run quotes: see scrape-operator run --help" in errors


def test_the_table_has_every_verb() -> None:
    assert {verb for verb, _code, _arguments in TABLE} == VERBS


@pytest.mark.parametrize("verb", sorted(VERBS))
def test_help_has_an_example_and_the_exit_codes(verb: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert code_of(verb, "--help") == FINE
    words = " ".join(capsys.readouterr().out.split())
    assert f"scrape-operator {verb}" in words.partition("Example: ")[2] or verb == "odds"
    assert "0 fine, 1 found something wrong, 2 wrong use" in words


@pytest.mark.parametrize("verb", ["version", "crd", "platforms"])
def test_a_reader_that_has_gone_ends_the_verb_quietly(folder: Path, verb: str) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    command = [program(), verb]
    done = subprocess.run(command, stdout=writing, stderr=subprocess.PIPE, text=True, cwd=folder, check=False)
    os.close(writing)
    assert (done.returncode, done.stderr) == (141, "")
