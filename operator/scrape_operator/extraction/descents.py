"""Paths such as `a.b` and `a.b[*].c`, which most JMESPath expressions are, followed without an interpreter.

Made by `jmespaths` at compile time, called for every value.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from scrape_operator.extraction.reading import Family, Page
from scrape_operator.extraction.work import Work

Names = tuple[str, ...]

_TRANSPARENT: Final = frozenset({"subexpression", "identity", "current"})


class Descent:
    """A selector of names to follow; where `[*]` comes next, `of_members` are those in each member of the list."""

    family = Family.JMESPATH
    gives_nodes = True

    def __init__(self, names: Names, of_members: Names | None = None) -> None:
        self._names = names
        self._of_members = of_members

    def nodes(self, page: Page, work: Work, *, readings: int) -> Sequence[Any]:
        """Give one node for each member of a list that is not null; anything else is one node, null is none."""
        return members_of(self.first(page.root, page, work))

    def values(self, node: Any, page: Page, work: Work) -> Sequence[Any]:
        """Give the one value found, or the members of a list; null is none."""
        return members_of(self.first(node, page, work))

    def first(self, node: Any, page: Page, work: Work) -> Any:
        """Give the value found: text, number, boolean, object or list; None for null."""
        for name in self._names:
            if type(node) is not dict:
                return None
            node = node.get(name)
        return node if self._of_members is None else self._in_members(node, self._of_members, work)

    @staticmethod
    def _in_members(found: Any, names: Names, work: Work) -> Any:
        if type(found) is not list:
            return None
        work.spend(len(found) * (1 + len(names)))
        for name in names:
            found = [member.get(name) for member in found if type(member) is dict]
        return [value for value in found if value is not None]


def members_of(found: Any) -> Sequence[Any]:
    """Give the members of a list but null, or the one value that is found."""
    if type(found) is list:
        return [member for member in found if member is not None]
    return [] if found is None else [found]


def descent_of(parsed: Mapping[str, Any]) -> Descent | None:
    """Read an expression off its syntax tree; None where it is more than a descent."""
    *before, last = parsed["children"] if parsed["type"] == "subexpression" else [parsed]
    first = _names(before)
    if first is None:
        return None
    if last["type"] != "projection":
        names = _names([last])
        return None if names is None else Descent(first + names)
    base, each = (_names([child]) for child in last["children"])
    return None if base is None or each is None else Descent(first + base, each)


def _names(steps: Sequence[Mapping[str, Any]]) -> Names | None:
    """Give the names of steps such as `a`, `a.b` and `@`; None where one is anything else."""
    names: Names = ()
    for step in steps:
        kind = step["type"]
        inner = (step["value"],) if kind == "field" else _names(step["children"]) if kind in _TRANSPARENT else None
        if inner is None:
            return None
        names += inner
    return names
