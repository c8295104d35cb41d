"""Paths such as `a.b` and `a.b[*].c`, which most JMESPath expressions are, followed without an interpreter.

Made by `jmespaths` at compile time, called for every value.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from scrape_operator.extraction.work import Work

Names = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Descent:
    """Names to follow, and where `[*]` comes after them, the names to follow in each member of the list found there."""

    names: Names
    of_members: Names | None = None

    def follow(self, node: Any, work: Work) -> Any:
        """Give what the expression gives. Raises WorkExceeded."""
        found = _follow(self.names, node)
        if self.of_members is None:
            return found
        if type(found) is not list:
            return None
        work.spend(len(found) * (1 + len(self.of_members)))
        reached = [_follow(self.of_members, member) for member in found] if self.of_members else found
        return [value for value in reached if value is not None]


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


_TRANSPARENT = frozenset({"subexpression", "identity", "current"})


def _follow(names: Names, node: Any) -> Any:
    for name in names:
        if type(node) is not dict:
            return None
        node = node.get(name)
    return node
