"""The blocks of code in the pages of docs/."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from tests.support.paths import ROOT

DOCS = ROOT / "docs"
PAGES = [*sorted(DOCS.glob("*.md")), ROOT / "README.md"]

_FENCE = re.compile(r"^```(\w+)\n(.*?)^```", re.MULTILINE | re.DOTALL)
_SHELLS = {"sh", "bash", "shell", "console"}
_FILE = re.compile(r"\A(?:#|<!--) ([\w-]+\.\w+)(?: -->)?\n")
_EXIT_CODE = re.compile(r"# exit code ([0-9])\b")


@dataclass(frozen=True)
class Command:
    """A command for the shell, and the exit code with which it ends: `# exit code 1` states one other than 0."""

    text: str
    exit_code: int


@dataclass(frozen=True)
class Page:
    """What a page shows: the documents of its YAML blocks, its commands in order, and the files that it names.

    A block whose first line is a comment with the name of a file, such as `# quotes.yaml`, is that file.
    """

    name: str
    documents: Sequence[Any]
    commands: Sequence[Command]
    files: Mapping[str, str]


@cache
def read(path: Path) -> Page:
    """Return the page at a path; do not change it."""
    blocks = [(found[1], found[2]) for found in _FENCE.finditer(path.read_text(encoding="utf-8"))]
    documents = [doc for language, text in blocks if language == "yaml" for doc in yaml.safe_load_all(text)]
    shown = [command for language, text in blocks if language in _SHELLS for command in commands_in(text)]
    files = {named[1]: text for _language, text in blocks if (named := _FILE.match(text))}
    return Page(path.name, documents, shown, files)


def commands_in(text: str) -> list[Command]:
    """Return the commands of a block, each as a line for the shell. Lines of output have no prompt."""
    lines = text.replace("\\\n", " ").splitlines()
    prompted = [line.removeprefix("$ ") for line in lines if line.startswith("$ ")]
    return [_command(line) for line in prompted or lines if line.strip() and not line.startswith("#")]


def _command(line: str) -> Command:
    stated = _EXIT_CODE.search(line)
    return Command(line, int(stated[1]) if stated else 0)


def objects(page: Page) -> list[dict[str, Any]]:
    """Return the documents that are Kubernetes objects."""
    return [doc for doc in page.documents if isinstance(doc, dict) and {"apiVersion", "kind"} <= doc.keys()]
