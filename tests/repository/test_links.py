"""Links between pages lead to files and headings that exist, and the manual's index has every page."""

import re
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

import pytest

from tests.repository.tree import files, text
from tests.support.paths import ROOT

PAGES = [path for path in files() if path.suffix == ".md"]
_LINK = re.compile(r"\]\((?!https?:|mailto:)([^)\s#]*)(?:#([^)\s]+))?\)")
_HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)


def anchor(heading: str) -> str:
    """Return the anchor that GitHub and GitLab give a heading."""
    return re.sub(r"[^\w\- ]", "", heading.strip().lower()).replace(" ", "-")


def links(page: Path) -> Iterator[tuple[Path, str]]:
    """Yield the file and the anchor of each link of a page."""
    for target, fragment in _LINK.findall(text(page)):
        yield (Path(PurePosixPath(page.parent / target)) if target else page), fragment


@pytest.mark.parametrize("page", [pytest.param(page, id=str(page)) for page in PAGES])
def test_every_link_of_a_page_leads_somewhere(page: Path) -> None:
    broken = []
    for target, fragment in links(page):
        where = (ROOT / target).resolve()
        if not where.exists():
            broken.append(str(target))
        elif fragment and fragment not in map(anchor, _HEADING.findall(where.read_text(encoding="utf-8"))):
            broken.append(f"{target}#{fragment}")
    assert broken == []


def test_the_index_of_the_manual_has_every_page() -> None:
    index = Path("docs/README.md")
    manual = {page for page in PAGES if page.parent == index.parent and page != index}
    assert manual - {target for target, _fragment in links(index)} == set()
