"""docs/troubleshooting.md has a section for each reason."""

import re
from pathlib import Path

from scrape_operator.core.runs.reasons import Reason
from tests.repository.tree import text


def test_every_reason_has_a_section_and_every_section_a_reason() -> None:
    sections = re.findall(r"^### (\w+)$", text(Path("docs/troubleshooting.md")), re.MULTILINE)
    assert sorted(sections) == sorted(reason.value for reason in Reason)
