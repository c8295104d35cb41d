"""Columns of CSV records, by name or by number. Made by the format CSV."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from scrape_operator.core.errors import InvalidValue
from scrape_operator.core.nearest import close_names
from scrape_operator.extraction.formats.reader import Family, Page, SelectorFailed
from scrape_operator.extraction.step_budget import StepBudget

_NAMES_SHOWN: Final = 12
_MESSAGE_LENGTH: Final = 200


@dataclass(frozen=True, slots=True)
class Columns:
    """The header of a document: the position of each column, by its name. Of equal names the first counts.

    `_absent` has the messages about unknown names: each record with such a column would make its own.
    """

    positions: Mapping[str, int]
    _absent: dict[str, str] = field(default_factory=dict, compare=False)

    @classmethod
    def of(cls, header: Sequence[str]) -> "Columns":
        """Return the columns of a header record."""
        positions: dict[str, int] = {}
        for number, name in enumerate(header):
            positions.setdefault(name.strip(), number)
        return cls(positions)

    def absent(self, name: str) -> str:
        """Return a message about a name that no column has."""
        if name not in self._absent:
            meant = close_names(name, list(self.positions))
            known = ", ".join(map(repr, list(self.positions)[:_NAMES_SHOWN]))
            hint = f"did you mean {' or '.join(map(repr, meant))}?" if meant else f"it has {known or 'none'}"
            self._absent[name] = f"the header has no column {name!r}: {hint}"[:_MESSAGE_LENGTH]
        return self._absent[name]


class ColumnSelector:
    """The value of one column in a record."""

    family = Family.COLUMN
    gives_nodes = False
    is_linear = True
    is_machine = True

    def __init__(self, name: str, position: int | None) -> None:
        self.text = name
        self._position = position

    def nodes(self, page: Page, work: StepBudget, *, readings: int) -> Sequence[Any]:
        """Raise SelectorFailed: a column gives no items."""
        raise SelectorFailed("a column gives no items: leave items out, and each record is one")

    def values(self, node: Any, page: Page, work: StepBudget) -> Sequence[Any]:
        """Return the value of the column. Raises SelectorFailed."""
        found = self.first(node, page, work)
        return [] if found is None else [found]

    def first(self, node: Any, page: Page, work: StepBudget) -> Any:
        """Return the value of the column, or None where the record is shorter or the value is blank.

        Raises:
            SelectorFailed: The header has no such column.

        """
        position = self._position if self._position is not None else page.root.positions.get(self.text)
        if position is None:
            raise SelectorFailed(page.root.absent(self.text))
        value = node[position] if position < len(node) else ""
        return value if value.strip() else None


def compile_column(column: str | int, *, has_header: bool) -> ColumnSelector:
    """Compile a column: a name of the header, or without a header a number from 1.

    Raises:
        InvalidValue: Without a header it is no number.

    """
    if has_header:
        return ColumnSelector(str(column).strip(), None)
    text = str(column)
    if not (text.isascii() and text.isdigit() and int(text) > 0):
        raise InvalidValue("with csv.header: false a column is a number from 1")
    return ColumnSelector(text, int(text) - 1)
