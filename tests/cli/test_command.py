"""What every verb of the command line has in common."""

from typing import Any, cast

import pytest
import typer.main

from scrape_operator import __version__
from scrape_operator.cli import app, main
from tests.cli.printing import printed

VERBS = sorted(cast("Any", typer.main.get_command(app)).commands)


@pytest.mark.parametrize("words", [("--version",), ("version",)])
def test_the_version_is_printed(capsys: pytest.CaptureFixture[str], words: tuple[str, ...]):
    assert printed(capsys, *words).strip() == __version__


@pytest.mark.parametrize("option", ["-h", "--help"])
def test_help_lists_all_verbs_and_exit_codes(capsys: pytest.CaptureFixture[str], option: str):
    said = printed(capsys, option)
    assert [verb for verb in VERBS if f" {verb} " not in said] == []
    assert "Exit codes" in said
    assert "--install-completion" in said


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_has_help(capsys: pytest.CaptureFixture[str], verb: str):
    assert f" {verb} " in printed(capsys, verb, "-h").partition("Usage:")[2].partition("\n")[0] + " "


def test_a_wrong_option_ends_with_code_2():
    with pytest.raises(SystemExit) as ended:
        main(["lint", "--wrong"])
    assert ended.value.code == 2
