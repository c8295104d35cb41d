"""Exit codes of every verb of `kubectl scrape` without a cluster, and that help has an example."""

from pathlib import Path
from typing import Any, cast

import pytest
import typer.main

from scrape_operator import cli
from scrape_operator.plugin.app import WITHOUT_CLUSTER, app, main

VERBS = frozenset(cast("Any", typer.main.get_command(app)).commands)
WRONG_USE, UNREACHABLE = 2, 3
KUBECONFIG = """
apiVersion: v1
kind: Config
current-context: nowhere
contexts: [{name: nowhere, context: {cluster: nowhere, user: nobody}}]
clusters: [{name: nowhere, cluster: {server: "https://127.0.0.1:1"}}]
users: [{name: nobody, user: {token: "none"}}]
"""

TABLE = [
    ("changes", UNREACHABLE, ("quotes",)),
    ("deliveries", UNREACHABLE, ("quotes",)),
    ("doctor", WRONG_USE, ("-o", "nonsense")),
    ("export", UNREACHABLE, ("quotes",)),
    ("items", UNREACHABLE, ("quotes",)),
    ("logs", UNREACHABLE, ()),
    ("logs", WRONG_USE, ("--wrong",)),
    ("redeliver", UNREACHABLE, ("quotes",)),
    ("replay", UNREACHABLE, ("quotes",)),
    ("resume", UNREACHABLE, ("quotes",)),
    ("resume", WRONG_USE, ()),
    ("run", UNREACHABLE, ("quotes",)),
    ("run", WRONG_USE, ()),
    ("runs", UNREACHABLE, ("quotes",)),
    ("suspend", UNREACHABLE, ("quotes",)),
    ("suspend", WRONG_USE, ()),
    ("test", UNREACHABLE, ("quotes",)),
    ("test", WRONG_USE, ()),
]


@pytest.fixture(autouse=True)
def no_cluster(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "config").write_text(KUBECONFIG)
    monkeypatch.setenv("KUBECONFIG", str(tmp_path / "config"))
    monkeypatch.delenv("DATABASE_URL", raising=False)
    monkeypatch.chdir(tmp_path)


def code_of(*arguments: str) -> object:
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    return ended.value.code


@pytest.mark.parametrize(("verb", "code", "arguments"), TABLE)
def test_a_verb_ends_with_its_code(
    verb: str, code: int, arguments: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    assert code_of(verb, *arguments) == code
    *hints, error = capsys.readouterr().err.splitlines()
    assert error.startswith("kubectl scrape")
    exec_ = "reading by kubectl exec from the operator's pod: the results API does not serve "
    assert [hint.startswith(exec_) for hint in hints] == [True] * len(hints)
    assert len(hints) == (verb in {"changes", "deliveries", "redeliver", "replay"})


def test_doctor_finds_a_cluster_that_is_away(capsys: pytest.CaptureFixture[str]) -> None:
    assert code_of("doctor") == UNREACHABLE
    assert "API server" in capsys.readouterr().out


@pytest.mark.parametrize("config", [KUBECONFIG, None])
def test_doctor_says_once_that_the_cluster_is_away(
    config: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    if config is None:
        monkeypatch.setenv("KUBECONFIG", str(tmp_path / "absent"))
    assert code_of("doctor", "-n", "default") == UNREACHABLE
    lines = [line for line in capsys.readouterr().out.splitlines() if not line.startswith(" ")]
    assert [line.split()[1:3] for line in lines] == [["API", "server:"], ["database:", "not"]]


def test_a_verb_of_the_other_program_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    others = {verb for verb, _command in cli.VERBS} | {"odds"}
    assert others - VERBS == set(WITHOUT_CLUSTER)
    assert set(cli.OF_THE_PLUGIN) == VERBS - others - {"deliveries"}
    for verb in WITHOUT_CLUSTER:
        assert code_of(verb, "x") == WRONG_USE
        line = f"kubectl scrape: no such command '{verb}'; write: scrape-operator {verb}: see kubectl scrape --help\n"
        assert capsys.readouterr().err == line


def test_the_table_has_every_verb() -> None:
    assert {verb for verb, _code, _arguments in TABLE} == VERBS


@pytest.mark.parametrize("verb", sorted(VERBS))
def test_help_has_an_example_and_the_exit_codes(verb: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert code_of(verb, "--help") == 0
    words = " ".join(capsys.readouterr().out.split())
    assert verb in words.partition("Example: ")[2]
    assert "0 fine, 1 found something wrong, 2 wrong use" in words
