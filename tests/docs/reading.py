"""The blocks of code in the pages of docs/."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from tests.support.paths import ROOT

DOCS = ROOT / "docs"
PAGES = [*sorted(DOCS.glob("*.md")), ROOT / "README.md"]

_FENCE = re.compile(r"^```(\w+)\n(.*?)^```", re.MULTILINE | re.DOTALL)
_SHELLS = {"sh", "bash", "shell", "console"}


@dataclass(frozen=True)
class Page:
    """What a page shows: the documents of its YAML blocks, and its commands in order."""

    name: str
    documents: Sequence[Any]
    commands: Sequence[str]


def read(path: Path) -> Page:
    """Return the page at a path."""
    blocks = [(found[1], found[2]) for found in _FENCE.finditer(path.read_text(encoding="utf-8"))]
    documents = [doc for language, text in blocks if language == "yaml" for doc in yaml.safe_load_all(text)]
    shown = [command for language, text in blocks if language in _SHELLS for command in commands_in(text)]
    return Page(path.name, documents, shown)


def commands_in(text: str) -> list[str]:
    """Return the commands of a block, each as a line for the shell. Lines of output have no prompt."""
    lines = text.replace("\\\n", " ").splitlines()
    prompted = [line.removeprefix("$ ") for line in lines if line.startswith("$ ")]
    return prompted or [line for line in lines if line.strip() and not line.startswith("#")]


def objects(page: Page) -> list[dict[str, Any]]:
    """Return the documents that are Kubernetes objects."""
    return [doc for doc in page.documents if isinstance(doc, dict) and {"apiVersion", "kind"} <= doc.keys()]
