"""The decisions of `operator/decisions`: each has a number of its own, by which others name it."""

import re
from collections import Counter
from pathlib import Path

from tests.repository.tree import files, text

FOLDER = Path("operator/decisions")
NAME = re.compile(r"(\d{4})-[a-z0-9]+(?:-[a-z0-9]+)*\.md")
HEADING = re.compile(r"# (\d{4}) \S")
CITED = re.compile(r"\bdecisions? (\d{4})\b|\bdecisions/(\d{4})")


def decisions() -> dict[Path, str]:
    """Return the number of each decision, by its file."""
    names = {path: NAME.fullmatch(path.name) for path in files() if path.parent == FOLDER}
    return {path: name[1] for path, name in names.items() if name}


def test_every_file_is_named_by_its_number() -> None:
    others = {path for path in files() if path.parent == FOLDER and path.name != "README.md"} - set(decisions())
    assert others == set()


def test_no_two_decisions_have_the_same_number() -> None:
    counts = Counter(decisions().values())
    assert [path.name for path, number in decisions().items() if counts[number] > 1] == []


def test_a_heading_has_the_number_of_its_file() -> None:
    headings = {path: HEADING.match(text(path)) for path in decisions()}
    wrong = [path.name for path, number in decisions().items() if (headings[path] or ("", ""))[1] != number]
    assert wrong == []


def test_decisions_that_are_named_are_there() -> None:
    numbers = set(decisions().values())
    named = [(path, one or other) for path in files() for one, other in CITED.findall(text(path))]
    assert [f"{path}: {number}" for path, number in named if number not in numbers] == []
