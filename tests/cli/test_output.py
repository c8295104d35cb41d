"""Every verb that prints something takes -o, and prints JSON for programs."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

import pytest
import typer.main
import yaml

from scrape_operator import __version__
from scrape_operator.api.schema.crd import crds
from scrape_operator.cli import app as operator_app
from scrape_operator.cli import main
from scrape_operator.platforms.registry import installed_platforms
from scrape_operator.plugin.app import DATA_VERBS
from scrape_operator.plugin.app import app as plugin_app
from scrape_operator.storage.engine.schema_version import HEAD
from tests.cli.printing import printed
from tests.support.databases import make_sqlite

PROCESSES = {"run", "results"}
"""Verbs of `scrape-operator` that serve until they are stopped, and print nothing but their log."""

LOGS = "logs"


def verbs_of(command: Any, name: str = "") -> Iterator[tuple[str, Any]]:
    """Yield the names and commands of a program, also those below a verb."""
    commands = getattr(command, "commands", None)
    if commands is None:
        yield name.strip(), command
    for below, each in (commands or {}).items():
        yield from verbs_of(each, f"{name} {below}")


def has_format(command: Any) -> bool:
    return any("-o" in parameter.opts for parameter in command.params)


def test_every_verb_takes_a_format() -> None:
    without = [name for name, verb in verbs_of(typer.main.get_command(operator_app)) if not has_format(verb)]
    assert set(without) == PROCESSES
    passed_on = {name for name, _verb in DATA_VERBS}
    of_plugin = {name: verb for name, verb in verbs_of(typer.main.get_command(plugin_app)) if name not in passed_on}
    assert {name for name, verb in of_plugin.items() if not has_format(verb)} == {LOGS}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DATABASE_URL", make_sqlite(tmp_path / "runs.db"))
    return tmp_path


@pytest.mark.parametrize(
    ("verb", "expected"),
    [
        ("version", {"version": __version__}),
        ("crd", {"apiVersion": "v1", "kind": "List", "items": crds()}),
        ("platforms", installed_platforms().schemas()),
        ("migrate", {"database": "the database of DATABASE_URL", "schema": HEAD}),
    ],
)
def test_verbs_without_rows_print_json(
    verb: str, expected: object, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert json.loads(printed(capsys, verb, "-o", "json")) == expected


def test_nothing_to_redeliver_is_a_count(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = printed(capsys, "deliveries", "redeliver", "-o", "json", code=1)
    assert json.loads(text) == {"waiting": 0}


def test_people_get_text(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert printed(capsys, "version", "-o", "text") == printed(capsys, "version") == f"{__version__}\n"
    assert printed(capsys, "platforms", "-o", "text").split() == installed_platforms().names
    documents = cast("list[object]", list(yaml.safe_load_all(printed(capsys, "crd"))))
    assert documents == crds()


def test_an_unknown_format_names_those_that_are_known(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["version", "-o", "xml"])
    assert ended.value.code == 2
    error = capsys.readouterr().err
    assert error.count("\n") == 1
    assert error.endswith(": 'xml' is not one of 'text', 'json': see scrape-operator version --help\n")
