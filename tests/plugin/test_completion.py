"""kubectl completes verbs, options and the names of schedules of `kubectl scrape`."""

import os
import stat
import sys
from pathlib import Path
from typing import Any, cast

import pytest
import typer.main

from scrape_operator.plugin.app import app
from scrape_operator.plugin.completion import main


@pytest.fixture
def kubectl(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A kubectl that notes its arguments and lists two schedules."""
    program = tmp_path / "kubectl"
    program.write_text(
        f"#!{sys.executable}\nimport sys\n"
        f"open({str(tmp_path / 'arguments')!r}, 'w').write(' '.join(sys.argv[1:]))\n"
        "print('scrapeschedule.scrape-operator.dev/quotes')\nprint('scrapeschedule.scrape-operator.dev/shop')\n"
    )
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    return tmp_path / "arguments"


def proposals(capsys: pytest.CaptureFixture[str], *words: str) -> list[str]:
    main(words)
    *lines, directive = capsys.readouterr().out.splitlines()
    assert directive == ":4"
    return lines


def test_verbs_are_completed(capsys: pytest.CaptureFixture[str]) -> None:
    assert proposals(capsys, "su") == ["suspend"]
    assert {"run", "runs"} <= set(proposals(capsys, "ru"))
    assert "doctor" in proposals(capsys, "")


def test_options_are_completed(capsys: pytest.CaptureFixture[str]) -> None:
    assert proposals(capsys, "run", "quotes", "--w") == ["--wait"]
    assert proposals(capsys, "items", "quotes", "--wh") == ["--where"]


@pytest.mark.parametrize("verb", sorted(cast("Any", typer.main.get_command(app)).commands))
def test_options_of_every_verb_can_be_asked_for(verb: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert all(proposal.startswith("-") for proposal in proposals(capsys, verb, "-"))


def test_names_come_from_the_cluster(kubectl: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert proposals(capsys, "items", "") == ["quotes", "shop"]
    assert proposals(capsys, "run", "-n", "team", "qu") == ["quotes"]
    assert kubectl.read_text().endswith("--request-timeout=2s -n team")


def test_no_kubectl_means_no_names(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert proposals(capsys, "items", "") == []
    assert capsys.readouterr().err == ""
