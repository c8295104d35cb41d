"""What every keystroke of a person waits for starts without the libraries that take long to import."""

import ast
import os
import subprocess
import sys
from pathlib import Path

import pytest

HEAVY = {
    "aiohttp",
    "asyncio",
    "asyncpg",
    "httpx",
    "importlib.metadata",
    "kopf",
    "kubernetes",
    "lxml",
    "pydantic",
    "rich",
    "sqlalchemy",
    "yaml",
}
PROGRAM = """
import atexit, sys
atexit.register(lambda: print(sorted(name for name in %r & set(sys.modules) if sys.modules[name]), file=sys.stderr))
from scrape_operator.%s import main
main(sys.argv[1:] or None)
"""


def start(folder: Path, *arguments: str, program: str = "cli", **environment: str) -> subprocess.CompletedProcess[str]:
    """Run the command in a process of its own, which prints the heavy modules that it imported."""
    command = [sys.executable, "-c", PROGRAM % (HEAVY, program), *arguments]
    variables = {name: text for name, text in os.environ.items() if name != "DATABASE_URL"} | environment
    return subprocess.run(command, env=variables, cwd=folder, capture_output=True, text=True, check=False)


def complete(folder: Path, words: str, shell: str = "bash", **environment: str) -> subprocess.CompletedProcess[str]:
    """Ask for the completions of the last word, as a shell does."""
    typed = {
        "_SCRAPE_OPERATOR_COMPLETE": f"complete_{shell}",
        "COMP_WORDS": words,
        "COMP_CWORD": str(words.count(" ")),
        "_TYPER_COMPLETE_ARGS": words,
    }
    return start(folder, **typed, **environment)


@pytest.mark.parametrize(
    "arguments", [("version",), ("--version",), ("--help",), ("items", "--help"), ("odds", "-h"), ("odds", "--help")]
)
def test_help_and_version_import_nothing_heavy(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    done = start(tmp_path, *arguments)
    assert (done.returncode, done.stderr) == (0, "[]\n")
    assert done.stdout


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
@pytest.mark.parametrize(
    ("words", "expected"),
    [("scrape-operator it", "items"), ("scrape-operator items -o c", "csv"), ("scrape-operator items --wh", "--where")],
)
def test_completion_imports_nothing_heavy(tmp_path: Path, shell: str, words: str, expected: str) -> None:
    done = complete(tmp_path, words, shell, _TYPER_COMPLETE_FISH_ACTION="get-args")
    assert (done.returncode, done.stderr) == (0, "[]\n")
    assert expected in done.stdout


@pytest.mark.parametrize("arguments", [("--help",), ("doctor", "--help"), ("items", "--help")])
def test_help_of_the_plugin_imports_nothing_heavy(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    done = start(tmp_path, *arguments, program="plugin.app")
    assert (done.returncode, done.stderr) == (0, "[]\n")
    assert "Usage: kubectl scrape" in done.stdout


MANIFEST = """
apiVersion: scrape-operator.dev/v1alpha1
kind: ScrapeSchedule
metadata: {name: quotes}
spec:
  interval: 5m
  targets:
  - name: main
    http: {url: "http://127.0.0.1:1/"}
    retry: {attempts: 1}
    extract: {items: {css: p}, fields: [{name: text, css: "::text"}]}
"""


WITHOUT_DATABASE = [
    (("lint", "quotes.yaml"), 0),
    (("next", "quotes.yaml"), 0),
    (("init", "http://127.0.0.1:1/"), 3),
    (("test", "quotes.yaml", "--body", "saved.html"), 0),
    (("test", "quotes.yaml"), 1),
]
WITHOUT_CLUSTER = [
    (("items", "quotes"), 2),
    (("replay", "quotes", "-f", "quotes.yaml"), 2),
    (("local", "quotes.yaml", "--once"), 1),
]
LIBRARIES = ("kubernetes", "kopf", "sqlalchemy", "asyncpg")
SEVERAL = """
import sys
from contextlib import redirect_stdout
from io import StringIO
from scrape_operator.cli import main
for arguments in %r:
    with redirect_stdout(StringIO()):
        try:
            main(arguments)
        except SystemExit as end:
            code = int(end.code)
    print((arguments, code, {name for name in %r if sys.modules.get(name)} or None))
"""


def test_what_needs_no_database_or_cluster_imports_no_library_of_one(tmp_path: Path) -> None:
    (tmp_path / "quotes.yaml").write_text(MANIFEST)
    (tmp_path / "saved.html").write_text("<p>one</p>")
    verbs = [arguments for arguments, _code in WITHOUT_DATABASE + WITHOUT_CLUSTER]
    variables = {name: text for name, text in os.environ.items() if name != "DATABASE_URL"}
    done = subprocess.run(
        [sys.executable, "-c", SEVERAL % (verbs, LIBRARIES)],  # a process for each would cost a second of CPU time
        env=variables | {"SCRAPE_OPERATOR_ALLOW_CIDRS": "127.0.0.0/8"},
        cwd=tmp_path, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    seen = [ast.literal_eval(line) for line in done.stdout.splitlines()]
    assert [(arguments, code) for arguments, code, _imported in seen] == WITHOUT_DATABASE + WITHOUT_CLUSTER
    assert [imported for _arguments, _code, imported in seen[: len(WITHOUT_DATABASE)]] == [None] * 5
    assert all((imported or set()).isdisjoint({"kubernetes", "kopf"}) for _arguments, _code, imported in seen)
