"""The commands that the project's pages show are ones that exist."""

import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

import pytest
import typer.main

from scrape_operator.cli import app
from tests.repository.tree import files, text
from tests.support.paths import ROOT

FENCE = re.compile(r"^```(?:sh|bash|shell|console)\n(.*?)^```", re.MULTILINE | re.DOTALL)
PAGES = [path for path in files() if path.suffix == ".md"]
OUR_FOLDERS = ("operator", "manifests", "tests", "docs")


def commands_of(page: Path) -> Iterator[list[str]]:
    """Return the words of each command, without the settings before it."""
    for block in FENCE.findall(text(page)):
        lines = block.replace("\\\n", " ").splitlines()
        typed = [line for line in lines if line.startswith("$ ")] or lines
        for line in typed:
            words = shlex.split(line.removeprefix("$ "), comments=True)
            while words and re.match(r"[A-Z_]+=", words[0]):
                words.pop(0)
            if words:
                yield words


def verbs_of_make() -> set[str]:
    return set(re.findall(r"^([a-z-]+):", text(Path("Makefile")), re.MULTILINE))


@pytest.mark.parametrize("page", [pytest.param(page, id=str(page)) for page in PAGES])
def test_every_make_verb_on_a_page_exists(page: Path) -> None:
    shown = {word for words in commands_of(page) if words[0] == "make" for word in words[1:] if word.islower()}
    assert shown <= verbs_of_make()


@pytest.mark.parametrize("page", [pytest.param(page, id=str(page)) for page in PAGES])
def test_every_verb_of_the_operator_on_a_page_exists(page: Path) -> None:
    shown = {words[1] for words in commands_of(page) if words[0] == "scrape-operator" and len(words) > 1}
    verbs = set(cast("Any", typer.main.get_command(app)).commands)
    assert {verb for verb in shown if not verb.startswith("-")} <= verbs


@pytest.mark.parametrize("page", [pytest.param(page, id=str(page)) for page in PAGES])
def test_every_file_of_ours_in_a_command_exists(page: Path) -> None:
    words = {word for words in commands_of(page) for word in words}
    ours = {word for word in words if word.removeprefix("./").split("/")[0] in OUR_FOLDERS and "/" in word}
    assert {word for word in ours if not (ROOT / word).exists()} == set()


def test_every_verb_of_make_is_in_its_help() -> None:
    helped = set(re.findall(r"^([a-z]+):.*## ", text(Path("Makefile")), re.MULTILINE))
    assert {verb for verb in verbs_of_make() if not verb.startswith("check-")} == helped


def test_ci_runs_the_checks_and_the_tests() -> None:
    assert re.findall(r"^make .*$", text(Path(".ci/run")), re.MULTILINE) == ["make check", "make test"]
