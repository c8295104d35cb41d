"""Paths such as `a.b`, `a[0].b` and `a[*].b`, which most JMESPath expressions are, followed without an interpreter.

Made by `jmespaths` at compile time, called by `compiled` for every value.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from scrape_operator.extraction.formats.reader import Family, Page
from scrape_operator.extraction.step_budget import StepBudget

Steps = tuple[str | int, ...]
"""Names of members, and places in lists; negative ones count from the end."""

_TRANSPARENT: Final = frozenset({"subexpression", "index_expression", "identity", "current"})
"""Kinds of expressions that only apply their parts to each other, or have none."""


class Descent:
    """A selector of steps; where `[*]` comes after them, `in_each` goes on in each member of the list found there."""

    family = Family.JMESPATH
    gives_nodes = True

    def __init__(self, steps: Steps, in_each: "Descent | None" = None) -> None:
        self._steps = steps
        self._in_each = in_each

    def nodes(self, page: Page, work: StepBudget, *, readings: int) -> Sequence[Any]:
        """Give one node for each member of a list that is not null; anything else is one node, null is none."""
        return members_of(self.first(page.root, page, work))

    def values(self, node: Any, page: Page, work: StepBudget) -> Sequence[Any]:
        """Give the one value found, or the members of a list; null is none."""
        return members_of(self.first(node, page, work))

    def first(self, node: Any, page: Page, work: StepBudget) -> Any:
        """Give the value found: text, number, boolean, object or list; None for null."""
        for step in self._steps:
            if type(node) is dict:
                node = node.get(step)
            elif type(node) is list and type(step) is int:
                node = node[step] if -len(node) <= step < len(node) else None
            else:
                return None
        return node if self._in_each is None else self._project(node, self._in_each, page, work)

    @staticmethod
    def _project(found: Any, in_each: "Descent", page: Page, work: StepBudget) -> Any:
        if type(found) is not list:
            return None
        work.spend(len(found))
        return [value for member in found if (value := in_each.first(member, page, work)) is not None]


def members_of(found: Any) -> Sequence[Any]:
    """Give the members of a list but null, or the one value that is found."""
    if type(found) is list:
        return [member for member in found if member is not None]
    return [] if found is None else [found]


def descent_of(parsed: Mapping[str, Any]) -> Descent | None:
    """Read an expression off its syntax tree; None where it is more than a descent."""
    *before, last = parsed["children"] if parsed["type"] == "subexpression" else [parsed]
    if last["type"] != "projection":
        steps = _steps([*before, last])
        return None if steps is None else Descent(steps)
    base, each = last["children"]
    steps, in_each = _steps([*before, base]), descent_of(each)
    return None if steps is None or in_each is None else Descent(steps, in_each)


def _steps(parts: Iterable[Mapping[str, Any]]) -> Steps | None:
    """Give the steps of parts such as `a`, `a.b`, `a[0]` and `@`; None where one is anything else."""
    steps: Steps = ()
    for part in parts:
        kind = part["type"]
        is_step = kind in {"field", "index"}
        inner = (part["value"],) if is_step else _steps(part["children"]) if kind in _TRANSPARENT else None
        if inner is None:
            return None
        steps += inner
    return steps
