"""operator/README.md, the map of the source tree, names what is there and nothing else."""

import re
from pathlib import Path

from tests.repository.tree import files, text
from tests.support.paths import ROOT

README = Path("operator/README.md")
PACKAGE = Path("operator/scrape_operator")
FOLDERS = {path.parts[2] for path in files() if path.is_relative_to(PACKAGE) and len(path.parts) > 3}


def section(title: str) -> str:
    return text(README).partition(f"## {title}\n")[2].partition("\n## ")[0]


def test_every_package_is_in_the_table() -> None:
    named = re.findall(r"^\| `(\w+)/` \|", section("Packages"), re.MULTILINE)
    assert set(named) == FOLDERS


def test_every_path_on_the_map_exists() -> None:
    named = [path for path in re.findall(r"`([\w./]+)`", text(README)) if "/" in path and not path.startswith("/")]
    places = (ROOT, ROOT / "operator", ROOT / PACKAGE)
    assert [path for path in named if not any((place / path).exists() for place in places)] == []


def test_ten_typical_changes_have_a_place() -> None:
    assert len(re.findall(r"^\| a new ", section("Where a change goes"), re.MULTILINE)) == 10
