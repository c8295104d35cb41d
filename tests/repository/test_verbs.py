"""The verbs and options of our two commands on pages exist, in blocks of code and in running text alike."""

import re
import shlex
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, cast

import pytest
import typer.main

from scrape_operator.cli import app as operator_app
from scrape_operator.cli.odds_app import COMPARE
from scrape_operator.plugin.app import app as plugin_app
from tests.repository.test_commands import PAGES, commands_of
from tests.repository.tree import text

HISTORY = (Path("operator/decisions"), Path("CHANGELOG.md"))
"""They tell of what was."""

COMMANDS: Mapping[tuple[str, ...], Any] = {
    ("scrape-operator",): typer.main.get_command(operator_app),
    ("kubectl", "scrape"): typer.main.get_command(plugin_app),
}
_FENCE = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)
_SPAN = re.compile(r"`((?:scrape-operator|kubectl scrape) [a-z-][^`]*)`")
_ENDS = {"|", ">", ">>", "&&", ";", "<"}


def shown_on(page: Path) -> Iterator[list[str]]:
    """Return the words of each command of a page up to a pipe or a redirection."""
    spans = (shlex.split(span) for span in _SPAN.findall(_FENCE.sub("", text(page))))
    for words in (*commands_of(page), *spans):
        ends = [number for number, word in enumerate(words) if word in _ENDS]
        yield words[: ends[0]] if ends else words


def unknown(words: Sequence[str]) -> Iterator[str]:
    """Return the verbs and options of a command that do not exist."""
    for name, command in COMMANDS.items():
        if tuple(words[: len(name)]) == name:
            yield from _unknown(command, words[len(name) :])


def _unknown(command: Any, words: Sequence[str]) -> Iterator[str]:
    rest = list(words)
    while subcommands := getattr(command, "commands", None):
        verb = rest[0] if rest else ""
        if verb not in subcommands and COMPARE in subcommands:  # the verb that `odds` has by default
            verb, rest = COMPARE, [COMPARE, *rest]
        if verb.startswith("-") or not verb:
            break
        if verb not in subcommands:
            yield verb
            return
        command, rest = subcommands[verb], rest[1:]
    if not has_options_of_its_own(command):
        return
    known = {option for parameter in command.params for option in (*parameter.opts, *parameter.secondary_opts)}
    options = (word.split("=")[0] for word in rest if re.match(r"--?[a-z]", word))
    yield from (option for option in options if option not in known | {"--help", "-h"})


def has_options_of_its_own(command: Any) -> bool:
    """Return whether a verb parses its options, in place of passing them on."""
    return not cast("Mapping[str, Any]", command.context_settings).get("ignore_unknown_options", False)


@pytest.mark.parametrize(
    "page", [pytest.param(page, id=str(page)) for page in PAGES if not any(page.is_relative_to(old) for old in HISTORY)]
)
def test_every_verb_and_option_on_a_page_exists(page: Path) -> None:
    wrong = {" ".join(words): found for words in shown_on(page) if (found := list(unknown(words)))}
    assert wrong == {}


@pytest.mark.parametrize(
    ("command", "found"),
    [
        ("scrape-operator run", []),
        ("scrape-operator runs quotes --failed --since 12h", []),
        ("scrape-operator runs quotes --filed", ["--filed"]),
        ("scrape-operator rnus", ["rnus"]),
        ("scrape-operator odds -n 3", []),
        ("scrape-operator odds --nope", ["--nope"]),
        ("scrape-operator odds history 81000001 -m 1x2", []),
        ("scrape-operator odds history 81000001 --markt 1x2", ["--markt"]),
        ("kubectl scrape run quotes --wait", []),
        ("kubectl scrape stop quotes", ["stop"]),
        ("kubectl get scs -o wide", []),
    ],
)
def test_what_does_not_exist_is_found(command: str, found: list[str]) -> None:
    assert list(unknown(shlex.split(command))) == found
