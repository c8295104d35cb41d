"""Writes the reference pages that are generated from the code. `make generate` runs it.

`--check` writes nothing, and exits 1 if a page is not current.
"""

import re
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from enum import Enum
from functools import partial
from pathlib import Path
from types import NoneType
from typing import Any, Literal, get_args, get_origin

from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from scrape_operator.api.kinds.registry import SCRAPE_POLICY, SCRAPE_SCHEDULE
from scrape_operator.cli.field_tables import field_tables
from scrape_operator.cli.odds_markets import markets_page
from scrape_operator.reporting.metrics.page import metrics_page
from scrape_operator.settings import Settings, variable_of

DOCS = Path(__file__).resolve().parents[3] / "docs"
REMEDY = "make generate"

PAGES_WITH_PARTS = (DOCS / "scrapeschedule.md", DOCS / "policies.md")
PARTS: Mapping[str, Callable[[], str]] = {
    "spec": partial(field_tables, SCRAPE_SCHEDULE, "spec"),
    "status": partial(field_tables, SCRAPE_SCHEDULE, "status"),
    "policy": partial(field_tables, SCRAPE_POLICY, "spec"),
}
_PART = re.compile(r"(<!-- generated: (\w+) -->\n).*?(<!-- end -->)", re.DOTALL)

SETTINGS_HEAD = """# Settings

The operator is configured by environment variables. The chart sets them from `values.yaml`. A wrong value ends the
process with one line that names the variable, and with exit code 2. A variable that begins with `SCRAPE_OPERATOR_` and
is not in this table is named in a warning. This page is generated from `settings.py`.

| variable | default | meaning |
|---|---|---|
"""


def pages() -> dict[Path, str]:
    """Return the path and the text of each page."""
    whole = {
        DOCS / "configuration.md": settings_page(),
        DOCS / "metrics.md": metrics_page(),
        DOCS / "odds-markets.md": markets_page(),
    }
    return whole | {page: with_parts(page.read_text(encoding="utf-8"), PARTS) for page in PAGES_WITH_PARTS}


def with_parts(text: str, parts: Mapping[str, Callable[[], str]]) -> str:
    """Return a page with its generated parts made anew.

    A part begins with the line `<!-- generated: NAME -->` and ends with `<!-- end -->`.
    """
    return _PART.sub(lambda found: f"{found[1]}\n{parts[found[2]]()}\n{found[3]}", text)


def settings_page() -> str:
    """Return the page of the settings."""
    return SETTINGS_HEAD + "".join(f"| `{name}` | {default} | {text} |\n" for name, default, text in settings_rows())


def settings_rows() -> Iterator[tuple[str, str, str]]:
    """Return variable, default and meaning of each setting, in the order of the class."""
    for name, field in Settings.model_fields.items():
        text = " ".join((field.description or "").split())
        yield variable_of(name), _default(field), text + _choices(field)


def _default(field: FieldInfo) -> str:
    if field.default_factory is not None:
        return "the host's name"
    value: Any = field.default.value if isinstance(field.default, Enum) else field.default
    return "none" if value in (None, (), PydanticUndefined) else f"`{value}`"


def _choices(field: FieldInfo) -> str:
    """Return a sentence with the allowed values, or with the bounds."""
    if get_origin(field.annotation) is Literal:
        return " One of " + ", ".join(f"`{choice}`" for choice in get_args(field.annotation)) + "."
    return "" if NoneType in get_args(field.annotation) else _bounds(field)


def _bounds(field: FieldInfo) -> str:
    found = {type(rule).__name__: rule for rule in field.metadata}
    low = getattr(found.get("Ge"), "ge", getattr(found.get("Gt"), "gt", None))
    high = getattr(found.get("Le"), "le", None)
    if low is None or high is None:
        return ""
    return f" More than {low:g}, at most {high:g}." if "Gt" in found else f" Between {low:g} and {high:g}."


def main(arguments: Sequence[str]) -> int:
    """Write the pages, or check them, and return the exit code."""
    stale = [path for path, text in pages().items() if not path.exists() or path.read_text(encoding="utf-8") != text]
    if "--check" in arguments:
        for path in stale:
            sys.stderr.write(f"docs/{path.name} is not current: run `{REMEDY}`\n")
        return 1 if stale else 0
    for path in stale:
        path.parent.mkdir(exist_ok=True)
        path.write_text(pages()[path], encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
